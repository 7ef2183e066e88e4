//! What an engine is told at its start. The executable reads it from flags, environment and file.

use std::{ffi::OsString, time::Duration};

use tandem_link::Credentials;
use tandem_protocol::{EngineName, PairName, Speaks};
use tandem_session::{LeaseTimes, SessionSettings};

/// The settings of one engine.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// The engine's name in its pair.
    pub name: EngineName,
    /// The pair.
    pub pair: PairName,
    /// `host:port` under which others reach this engine's listener.
    pub advertise: String,
    /// The version of the program: nothing is handed over to an older one.
    pub software: String,
    /// The versions of the link protocol that are spoken.
    pub speaks: Speaks,
    /// When the lease is renewed and when it has expired.
    pub lease: LeaseTimes,
    /// Sessions and their limits.
    pub sessions: SessionSettings,
    /// What happens when the store does not save.
    pub save: SaveSettings,
    /// Whether it fails when a drill asks for it.
    pub allow_drills: bool,
    /// A program and its first arguments; with a process id and milliseconds after them it lets that process, which has
    /// started it, go on after so long, should it be stopped. Without one no drill makes the engine hang.
    pub waker: Vec<OsString>,
    /// What links prove themselves with, those that are accepted and the one to the other engine.
    pub credentials: Credentials,
}

/// How long a save is tried again after a recoverable error, before it counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveSettings {
    /// `transcript-resend-attempts`: tries after the first.
    pub resend_attempts: u32,
    /// `transcript-resend-delay`: between two tries; meanwhile sends wait.
    pub resend_delay: Duration,
}

impl Default for SaveSettings {
    fn default() -> Self {
        Self { resend_attempts: 10, resend_delay: Duration::from_millis(500) }
    }
}
