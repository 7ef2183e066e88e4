//! The gateway that a drill's synthetic customers connect to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use tandem_drill::{Gateway, TcpGateway};

use crate::settings::Settings;

/// The port of plain HTTP.
const PORT_DEFAULT: u16 = 80;

/// What is no gateway's address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("--gateway {0} is refused; it is http://HOST or http://HOST:PORT")]
pub(super) struct BadUrl(String);

/// As the flag says, or this machine's own as the settings have it.
pub(super) fn of(url: Option<&str>, settings: &Settings) -> Result<Arc<dyn Gateway>, BadUrl> {
    let address = match url {
        Some(url) => address(url).ok_or_else(|| BadUrl(url.to_owned()))?,
        None => {
            let listen = settings.gateway.place.listen.0;
            let ip = match listen.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            std::net::SocketAddr::new(ip, listen.port()).to_string()
        }
    };
    Ok(Arc::new(TcpGateway { address }))
}

/// `host:port` of a URL without a path.
fn address(url: &str) -> Option<String> {
    let authority = url.strip_prefix("http://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let is_host = |text: &str| !text.is_empty() && !text.contains(['/', '@', '?', '#', ' ']);
    let (host, port) = match authority.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().ok()?),
        _ => (authority, PORT_DEFAULT),
    };
    is_host(host).then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_named_by_its_address_alone() {
        for (url, found) in [
            ("http://10.0.0.3:8080", Some("10.0.0.3:8080")),
            ("http://chat.example.org/", Some("chat.example.org:80")),
            ("http://[::1]:8080", Some("[::1]:8080")),
            ("http://[::1]", Some("[::1]:80")),
            ("10.0.0.3:8080", None),
            ("http://", None),
            ("http://host:port", None),
            ("http://host/chat", None),
            ("http://ben@host", None),
        ] {
            assert_eq!(address(url).as_deref(), found, "{url}");
        }
    }

    #[test]
    fn without_an_address_it_is_the_one_of_the_settings() {
        let found = of(None, &Settings::default()).expect("is known");
        assert_eq!(found.authority(), "127.0.0.1:8080");
    }
}
