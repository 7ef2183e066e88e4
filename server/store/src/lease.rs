//! The lease of a pair: which engine may write, and what the other needs to know to take over from it.
//!
//! It exists because safety rests on its epoch alone (F-1). Times and process ids in it only help to decide *when* to
//! take over, and must never decide whether a write is allowed.

use tandem_protocol::{EngineName, Epoch, Timestamp};

/// The lease row of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Raised by every takeover.
    pub epoch: Epoch,
    /// Who holds it.
    pub holder: Holder,
    /// When the holder last showed that it lives, by the holder's clock.
    pub renewed_at: Timestamp,
    /// Whether the holder gave it up on purpose.
    pub released: bool,
}

/// The process that holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The engine's name.
    pub name: EngineName,
    /// `host:port`, where it accepts links.
    pub address: String,
    /// Names the running kernel and process namespace in which `pid` means something: boot id and pid namespace.
    pub host: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, as field 22 of `/proc/<pid>/stat` says it: a pid alone may have been given away.
    pub pid_started: u64,
}

/// What became of an attempt to take the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is taken, durably, in this epoch.
    Held(Epoch),
    /// Somebody else was first; the lease as it stands.
    Lost(Lease),
}
