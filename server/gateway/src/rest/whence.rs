//! From where a request comes: the other side of its connection, or, where that is a proxy that is trusted
//! (`trusted-proxies`), whoever the proxy says.
//!
//! Anybody can write an `X-Forwarded-For`, and each proxy on the way only adds to its end. So it is read backwards, and
//! only for as long as a trusted proxy vouches for what it added.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use crate::{app::Shared, settings::TrustedProxy};

/// What proxies write it into, the nearest one last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address, for those who judge logins and write down who did what.
#[derive(Debug, Clone)]
pub(super) struct Whence(pub(super) String);

impl FromRequestParts<Shared> for Whence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await;
        let origin = |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
            nearest_untrusted(peer.ip(), &parts.headers, &app.settings.trusted_proxies).to_string()
        };
        // Only a request that came over no connection has no other side.
        Ok(Self(peer.map_or_else(|_| "?".to_owned(), origin)))
    }
}

/// The nearest address on the way that is no trusted proxy's; the farthest one that is known where all are.
fn nearest_untrusted(peer: IpAddr, headers: &HeaderMap, proxies: &[TrustedProxy]) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    // Each entry for itself: what somebody wrote before it takes nothing from what a proxy added.
    let mut written = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut nearest = peer.to_canonical();
    while proxies.iter().any(|proxy| proxy.is_at(nearest)) {
        let Some(before) = written.next().and_then(address) else { break };
        nearest = before;
    }
    nearest
}

/// One entry: an address, which some proxies write with the port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim();
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// A trusted proxy, and a network of such.
    const PROXIES: [&str; 2] = ["10.0.0.5", "10.1.0.0/16"];

    /// Where a request from this peer with these headers comes from.
    fn from(peer: &str, written: &[&str]) -> String {
        from_bytes(peer, &written.iter().map(|line| line.as_bytes()).collect::<Vec<_>>())
    }

    fn from_bytes(peer: &str, written: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in written {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).expect("is a header's"));
        }
        let proxies = PROXIES.map(|proxy| TrustedProxy::parse(proxy).expect("is one"));
        nearest_untrusted(peer.parse().expect("is an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(from("198.51.100.1", &["203.0.113.7"]), "198.51.100.1");
    }

    #[test]
    fn a_trusted_proxy_is_believed_for_what_it_added() {
        assert_eq!(from("10.0.0.5", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(from("::ffff:10.0.0.5", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(from("10.0.0.5", &["192.0.2.1, 203.0.113.7"]), "203.0.113.7", "the first one he wrote himself");
        assert_eq!(from("10.0.0.5", &["192.0.2.1", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(from_bytes("10.0.0.5", &[b"\xff, 203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn proxies_in_a_row_are_passed_over() {
        assert_eq!(from("10.0.0.5", &["192.0.2.1, 203.0.113.7, 10.1.0.9"]), "203.0.113.7");
        assert_eq!(from("10.0.0.5", &["10.1.0.8, 10.1.0.9"]), "10.1.0.8", "one of them asks itself");
    }

    #[test]
    fn what_is_no_address_ends_the_way() {
        assert_eq!(from("10.0.0.5", &[]), "10.0.0.5");
        assert_eq!(from("10.0.0.5", &["203.0.113.7, unknown"]), "10.0.0.5");
        assert_eq!(from("10.0.0.5", &["203.0.113.7, nonsense, 10.1.0.9"]), "10.1.0.9");
    }

    #[test]
    fn an_address_may_be_written_with_its_port() {
        let cases = [
            ("203.0.113.7:5021", "203.0.113.7"),
            ("[2001:db8::7]:5021", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ];
        for (written, is) in cases {
            assert_eq!(from("10.0.0.5", &[written]), is, "{written}");
        }
    }
}
