//! What a link needs to know to begin.

use std::{path::PathBuf, time::Duration};

use tandem_protocol::{PairName, Speaks, limits, link::LinkRole};

use crate::{
    connection::{ConnectionSettings, HANDSHAKE_MAX},
    credentials::Credentials,
    outbox::OutboxBounds,
    unacked::UNACKED_BYTES_MAX,
};

/// How long an engine may hold a hello with nothing but heartbeats. A takeover on silence takes as long as the lease,
/// three seconds; an engine that holds for longer is asked again.
const WELCOME_MAX: Duration = Duration::from_secs(10);

/// Requests that may wait by default: three seconds of a busy system.
const UNACKED_MAX: usize = 65_536;

/// Frames that may wait to be written besides the waiting requests: reattachments, detaches and typing.
const OTHER_FRAMES_MAX: usize = 65_536;

/// Their bytes.
const OTHER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// See the fields; [`LinkSettings::new`] fills in everything that has a default.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The pair to connect to.
    pub pair: PairName,
    /// What connects.
    pub role: LinkRole,
    /// The versions of the protocol that are spoken.
    pub speaks: Speaks,
    /// The name of this process, for logs, such as `gateway-1`.
    pub name: String,
    /// The configured primary, `host:port`; several are tried in order. The backup is learnt.
    pub addresses: Vec<String>,
    /// The file in which the last pair is kept, so that a start works while the configured primary is down.
    pub cache: Option<PathBuf>,
    /// Requests that may wait for their answer; one more is refused (B-1).
    pub unacked_max: usize,
    /// A heartbeat goes out when nothing else did for so long.
    pub heartbeat: Duration,
    /// The engine counts as hung when nothing came for so long.
    pub silence_max: Duration,
    /// A handshake takes at most so long.
    pub handshake_max: Duration,
    /// A welcome takes at most so long after the handshake has begun, while heartbeats come.
    pub welcome_max: Duration,
    /// What the link proves itself with, and asks of the engines.
    pub credentials: Credentials,
}

impl LinkSettings {
    /// The settings of a link with the defaults of `tandem_protocol::limits`.
    #[must_use]
    pub fn new(pair: PairName, role: LinkRole, name: impl Into<String>, addresses: Vec<String>) -> Self {
        Self {
            pair,
            role,
            speaks: Speaks::ALL,
            name: name.into(),
            addresses,
            cache: None,
            unacked_max: UNACKED_MAX,
            heartbeat: limits::LINK_HEARTBEAT,
            silence_max: limits::LINK_SILENCE_MAX,
            handshake_max: HANDSHAKE_MAX,
            welcome_max: WELCOME_MAX,
            credentials: Credentials::default(),
        }
    }

    pub(crate) fn connection(&self) -> ConnectionSettings {
        ConnectionSettings {
            heartbeat: self.heartbeat,
            silence_max: self.silence_max,
            handshake_max: self.handshake_max,
            // Whatever waits for its answer can be resent in one go: only a slow engine overflows.
            outbox: OutboxBounds {
                frames_max: self.unacked_max.saturating_add(OTHER_FRAMES_MAX),
                bytes_max: UNACKED_BYTES_MAX + OTHER_BYTES_MAX,
            },
            credentials: self.credentials.clone(),
        }
    }
}
