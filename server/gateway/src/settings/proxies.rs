//! Proxies that are believed when they say from where a request comes.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, de::Unexpected};

/// What one may be written as.
const ALLOWED: &str = "an IP address or a network that is not everywhere, such as \"10.0.0.5\" or \"10.1.0.0/16\"";

/// The addresses of a proxy, or of several in a network of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl TrustedProxy {
    /// Reads an address or a network. All addresses there are would be anybody: none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let address = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
        let network: IpNet = text.parse().ok().or_else(address)?;
        // No request comes from an IPv4 address as IPv6 writes it.
        let is_mapped = matches!(network, IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some());
        (network.prefix_len() > 0 && !is_mapped).then(|| Self(network.trunc()))
    }

    /// Whether this is its address, or one of theirs.
    pub(crate) fn is_at(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl Serialize for TrustedProxy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TrustedProxy {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &ALLOWED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_network_is_one_and_everywhere_is_none() {
        let cases = [
            ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5", "10.0.0.6", false),
            ("10.1.2.3/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.1", false),
            ("fd00::/8", "fd12::1", true),
            ("::ffff:10.0.0.5", "10.0.0.5", true),
            ("::1", "127.0.0.1", false),
        ];
        for (proxy, address, is_there) in cases {
            let proxy = TrustedProxy::parse(proxy).expect("is one");
            assert_eq!(proxy.is_at(address.parse().expect("is an address")), is_there, "{proxy:?} {address}");
        }
        for refused in ["", "proxy.example", "10.0.0.5:80", "10.0.0.0/33", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/112"] {
            assert_eq!(TrustedProxy::parse(refused), None, "{refused}");
        }
    }
}
