//! What must hold between settings that are each in their bounds. Checked for the whole file, whichever role starts.

use super::Settings;

/// What does not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// A stalled renewal or two must not count as death.
    #[error(
        "engine.lease.expiry = \"{expiry}\" is refused; it must be at least twice engine.lease.renew = \"{renew}\"",
        expiry = humantime::format_duration(*.expiry), renew = humantime::format_duration(*.renew)
    )]
    ExpiryTooShort {
        /// The expiry.
        expiry: std::time::Duration,
        /// The renewal.
        renew: std::time::Duration,
    },
    /// Links are not authenticated.
    #[error(
        "engine.listen = \"{0}\" is refused: other machines reach it and links are not authenticated yet; listen on \
         a loopback address, or set engine.allow-unauthenticated-links = true where only trusted machines connect"
    )]
    OpenLinks(std::net::SocketAddr),
    /// Chats would cross the network unencrypted.
    #[error(
        "gateway.listen = \"{0}\" is refused: other machines reach it and the gateway does no TLS; listen on a \
         loopback address, or set gateway.allow-plain-http = true where a proxy before it does TLS"
    )]
    PlainHttp(std::net::SocketAddr),
    /// Nobody can connect to 0.0.0.0.
    #[error("engine.listen = \"{0}\" names no address that others can connect to; set engine.advertise too")]
    NoAddress(std::net::SocketAddr),
}

impl Unfit {
    /// The key that has to change.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::ExpiryTooShort { .. } => "engine.lease.expiry",
            Self::OpenLinks(_) | Self::NoAddress(_) => "engine.listen",
            Self::PlainHttp(_) => "gateway.listen",
        }
    }
}

/// Everything that does not go together.
pub(super) fn check(settings: &Settings) -> Vec<Unfit> {
    let engine = &settings.engine;
    let (renew, expiry) = (engine.lease.renew.0, engine.lease.expiry.0);
    let links = engine.listen.0;
    let http = settings.gateway.place.listen.0;
    let open_links = !links.ip().is_loopback() && !engine.allow_unauthenticated_links;
    let plain_http = !http.ip().is_loopback() && !settings.gateway.place.allow_plain_http;
    let no_address = links.ip().is_unspecified() && engine.advertise.is_none();
    [
        (expiry < renew * 2).then_some(Unfit::ExpiryTooShort { expiry, renew }),
        open_links.then_some(Unfit::OpenLinks(links)),
        (no_address && !open_links).then_some(Unfit::NoAddress(links)),
        plain_http.then_some(Unfit::PlainHttp(http)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
