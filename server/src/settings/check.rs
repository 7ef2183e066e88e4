//! What must hold between settings that are each in their bounds. Checked for the whole file, whichever role starts.

use tandem_interaction::InvalidSettings;
use tandem_protocol::QueueName;

use super::{LinksSection, MetricsSection, Settings, StoreSection, interaction::InteractionSection, metrics};

/// The reason that the interaction server itself gives to an agent who did not answer.
const RESERVED_REASON: &str = "no_answer";

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
    /// Links prove nothing.
    #[error(
        "engine.listen = \"{0}\" is refused: other machines reach it and links prove nothing; set links.key-file \
         (`tandem keys generate FILE` makes one) or links.certificate, listen on a loopback address, or set \
         engine.allow-unauthenticated-links = true where only trusted machines connect"
    )]
    OpenLinks(std::net::SocketAddr),
    /// Which of the two?
    #[error("links.key-file is refused: links.key has a key already; give it in one place")]
    TwoKeys,
    /// Links would be encrypted by halves.
    #[error(
        "{0} is missing: links.certificate, links.private-key and links.authorities are set together or not at all"
    )]
    HalfCertified(&'static str),
    /// HTTPS by halves.
    #[error("{0} is missing: gateway.tls.certificate and gateway.tls.private-key are set together or not at all")]
    HalfEncrypted(&'static str),
    /// Somebody believes that others are kept out by it.
    #[error("{0} is refused: it has no effect without links.certificate")]
    NameForNothing(&'static str),
    /// Chats would cross the network unencrypted.
    #[error(
        "gateway.listen = \"{0}\" is refused: other machines reach it without TLS; set gateway.tls.certificate and \
         gateway.tls.private-key, listen on a loopback address, or set gateway.allow-plain-http = true where a proxy \
         before it does TLS"
    )]
    PlainHttp(std::net::SocketAddr),
    /// Figures would be there for everybody.
    #[error(
        "metrics.listen = \"{0}\" is refused: other machines reach it, and whoever connects reads all figures \
         unencrypted; listen on a loopback address, or set metrics.allow-plain-http = true where only trusted machines \
         connect"
    )]
    PlainMetrics(std::net::SocketAddr),
    /// Nobody can connect to 0.0.0.0.
    #[error("engine.listen = \"{0}\" names no address that others can connect to; set engine.advertise too")]
    NoAddress(std::net::SocketAddr),
    /// Which of the two?
    #[error("store.password-file is refused: store.address has a password in it already; give it in one place")]
    TwoPasswords,
    /// Somebody believes that he uses a database.
    #[error("store.password-file is refused: it has no effect without store.address")]
    PasswordForNothing,
    /// The queues contradict each other.
    #[error("interaction.queues is refused: {0}")]
    Queues(InvalidSettings),
    /// Nothing would ever go on from there.
    #[error("interaction.queues is refused: the queue {0} is for people and has a then; only a bot queue passes on")]
    ThenOfPeople(QueueName),
    /// Two things would look like one.
    #[error("interaction.reasons is refused: \"{RESERVED_REASON}\" is given by Tandem itself; choose another word")]
    ReservedReason,
}

impl Unfit {
    /// The key that has to change.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::ExpiryTooShort { .. } => "engine.lease.expiry",
            Self::TwoKeys => "links.key-file",
            Self::HalfEncrypted("gateway.tls.certificate") => "gateway.tls.private-key",
            Self::HalfEncrypted(_) => "gateway.tls.certificate",
            Self::HalfCertified(_) => "links.certificate",
            Self::NameForNothing(key) => key,
            Self::OpenLinks(_) | Self::NoAddress(_) => "engine.listen",
            Self::PlainHttp(_) => "gateway.listen",
            Self::PlainMetrics(_) => metrics::LISTEN,
            Self::TwoPasswords | Self::PasswordForNothing => "store.password-file",
            Self::Queues(_) | Self::ThenOfPeople(_) => "interaction.queues",
            Self::ReservedReason => "interaction.reasons",
        }
    }
}

/// Everything that does not go together.
pub(super) fn check(settings: &Settings) -> Vec<Unfit> {
    let engine = &settings.engine;
    let (renew, expiry) = (engine.lease.renew.0, engine.lease.expiry.0);
    let links = engine.listen.0;
    let http = settings.gateway.place.listen.0;
    let is_guarded = settings.links.is_guarded() || engine.allow_unauthenticated_links;
    let open_links = !links.ip().is_loopback() && !is_guarded;
    let place = &settings.gateway.place;
    let tls = [&place.tls.certificate, &place.tls.private_key].map(Option::is_some);
    let plain_http = !http.ip().is_loopback() && !place.allow_plain_http && tls == [false; 2];
    let half_encrypted = match tls {
        [false, true] => Some("gateway.tls.certificate"),
        [true, false] => Some("gateway.tls.private-key"),
        _ => None,
    };
    let no_address = links.ip().is_unspecified() && engine.advertise.is_none();
    let of_places = [
        (expiry < renew * 2).then_some(Unfit::ExpiryTooShort { expiry, renew }),
        open_links.then_some(Unfit::OpenLinks(links)),
        (no_address && !open_links).then_some(Unfit::NoAddress(links)),
        plain_http.then_some(Unfit::PlainHttp(http)),
        of_metrics(&settings.metrics),
        half_encrypted.map(Unfit::HalfEncrypted),
    ];
    let others = [of_store(&settings.store)].into_iter().chain(of_links(&settings.links));
    let others = others.chain(of_queues(&settings.interaction));
    of_places.into_iter().chain(others).flatten().collect()
}

fn of_metrics(section: &MetricsSection) -> Option<Unfit> {
    let listen = section.listen.as_ref()?.0;
    (!listen.ip().is_loopback() && !section.allow_plain_http).then_some(Unfit::PlainMetrics(listen))
}

fn of_store(store: &StoreSection) -> Option<Unfit> {
    store.password_file.as_ref()?;
    match &store.address {
        None => Some(Unfit::PasswordForNothing),
        Some(address) => address.0.has_password().then_some(Unfit::TwoPasswords),
    }
}

fn of_links(links: &LinksSection) -> [Option<Unfit>; 4] {
    let files = [
        ("links.certificate", links.certificate.is_some()),
        ("links.private-key", links.private_key.is_some()),
        ("links.authorities", links.authorities.is_some()),
    ];
    let is_certified = files.iter().any(|(_, is_set)| *is_set);
    let missing = files.iter().find(|(_, is_set)| !is_set).filter(|_| is_certified);
    [
        (links.key.is_some() && links.key_file.is_some()).then_some(Unfit::TwoKeys),
        missing.map(|(key, _)| Unfit::HalfCertified(key)),
        (links.server_name.is_some() && !is_certified).then_some(Unfit::NameForNothing("links.server-name")),
        (!links.peers.is_empty() && !is_certified).then_some(Unfit::NameForNothing("links.peers")),
    ]
}

fn of_queues(interaction: &InteractionSection) -> [Option<Unfit>; 3] {
    let of_people = interaction.queues.0.iter().find(|queue| !queue.bot && queue.then.is_some());
    let is_reserved = interaction.reasons.0.iter().any(|reason| reason == RESERVED_REASON);
    [
        interaction.service().check().err().map(Unfit::Queues),
        of_people.map(|queue| Unfit::ThenOfPeople(queue.name.0.clone())),
        is_reserved.then_some(Unfit::ReservedReason),
    ]
}
