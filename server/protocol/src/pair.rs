//! Who is primary and who is backup, as the primary tells every link.

use serde::{Deserialize, Serialize};

use crate::{EngineName, Epoch, PairName};

/// A pair of engines as its primary knows it. A greater epoch is newer; within an epoch the last word counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The pair's name.
    pub name: PairName,
    /// The epoch in which `primary` holds the lease.
    pub epoch: Epoch,
    /// The engine that serves.
    pub primary: Peer,
    /// The engine that stands by; none while it is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Peer>,
}

/// One engine and where it accepts links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The engine's name.
    pub name: EngineName,
    /// `host:port`, as others reach it.
    pub address: String,
    /// The engine's process id, for people and for the pair on one host.
    pub pid: u32,
}
