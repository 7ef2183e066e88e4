//! The gateway that a drill's synthetic customers connect to, in plain text or encrypted.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use tandem_credentials::{ClientConfig, CredentialError, ServerName, client_side};
use tandem_drill::{Gateway, Stream, TcpGateway};
use tokio_rustls::TlsConnector;

use crate::settings::Settings;

/// Why there is no gateway to connect to.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum BadGateway {
    /// It is no gateway's address.
    #[error("--gateway {0} is refused; it is http://HOST, https://HOST, or either with :PORT")]
    Url(String),
    /// Its certificate is for a name that the settings do not say.
    #[error(
        "which gateway is meant must be said, as --gateway https://NAME: this machine's has a certificate for its name"
    )]
    Unnamed,
    /// Nothing can be believed of it.
    #[error("the gateway cannot be known by its certificate: {0}")]
    Authorities(#[from] CredentialError),
}

/// A gateway that encrypts what browsers say.
struct TlsGateway {
    tcp: TcpGateway,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

#[async_trait]
impl Gateway for TlsGateway {
    fn authority(&self) -> &str {
        self.tcp.authority()
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let connector = TlsConnector::from(self.config.clone());
        Ok(Box::new(connector.connect(self.name.clone(), self.tcp.connect().await?).await?))
    }
}

/// Where a gateway is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
    is_encrypted: bool,
}

/// As the flags say, or this machine's own as the settings have it.
pub(in crate::commands) fn of(
    url: Option<&str>,
    authorities: Option<&Path>,
    settings: &Settings,
) -> Result<Arc<dyn Gateway>, BadGateway> {
    let given = url.map(|url| place(url).ok_or_else(|| BadGateway::Url(url.to_owned()))).transpose()?;
    let is_named = given.is_some();
    let Place { host, port, is_encrypted } = given.unwrap_or_else(|| own(settings));
    if is_encrypted && !is_named {
        return Err(BadGateway::Unnamed);
    }
    let address = format!("{host}:{port}");
    let tcp = TcpGateway { address: address.clone() };
    if !is_encrypted {
        return Ok(Arc::new(tcp));
    }
    let name = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(|_| BadGateway::Url(address))?;
    Ok(Arc::new(TlsGateway { tcp, name, config: client_side(authorities)? }))
}

/// This machine's gateway.
fn own(settings: &Settings) -> Place {
    let listen = settings.gateway.place.listen.0;
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port()).to_string();
    let host = address.rsplit_once(':').map_or_else(|| ip.to_string(), |(host, _)| host.to_owned());
    Place { host, port: listen.port(), is_encrypted: settings.gateway.place.tls.files().is_some() }
}

/// What a URL without a path says.
fn place(url: &str) -> Option<Place> {
    let (scheme, authority) = url.split_once("://")?;
    let (is_encrypted, usual) = match scheme {
        "http" => (false, 80),
        "https" => (true, 443),
        _ => return None,
    };
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, usual),
    };
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
    is_host.then(|| Place { host: host.to_owned(), port, is_encrypted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_named_by_its_address_alone() {
        for (url, host, port, is_encrypted) in [
            ("http://10.0.0.3:8080", "10.0.0.3", 8080, false),
            ("https://chat.example.org/", "chat.example.org", 443, true),
            ("http://[::1]:8080", "[::1]", 8080, false),
            ("http://[::1]", "[::1]", 80, false),
        ] {
            assert_eq!(place(url), Some(Place { host: host.to_owned(), port, is_encrypted }), "{url}");
        }
        for url in ["10.0.0.3:8080", "ws://host", "http://", "http://host:port", "http://host/chat", "http://ben@host"]
        {
            assert_eq!(place(url), None, "{url}");
        }
    }

    #[test]
    fn without_an_address_it_is_the_one_of_the_settings() {
        let found = of(None, None, &Settings::default()).expect("is known");
        assert_eq!(found.authority(), "127.0.0.1:8080");
    }
}
