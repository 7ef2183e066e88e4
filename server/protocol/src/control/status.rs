//! How a pair stands at the moment, as its primary sees it.

use serde::{Deserialize, Serialize};

use crate::{Blocker, EngineName, Epoch, PairName, QueueName, Seq, SessionId, Timestamp};

/// Sessions in one answer.
pub const SESSIONS_LIMIT_MAX: u32 = 500;

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairStatus {
    /// The pair.
    pub pair: PairName,
    /// The moment of which all of this is told, by the primary's clock.
    pub at_ms: Timestamp,
    /// The epoch in which the primary serves.
    pub epoch: Epoch,
    /// Since when it does.
    pub since_ms: Timestamp,
    /// The engine that serves.
    pub primary: EngineStatus,
    /// The engine that stands by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupStatus>,
    /// Everything else that is linked to the primary: gateways, the interaction server, bots, operators.
    pub links: Vec<LinkStatus>,
    /// Sessions.
    pub sessions: SessionCounts,
    /// What is said.
    pub traffic: Traffic,
    /// What is on its way to the store.
    pub saving: SavingStatus,
    /// The store.
    pub store: StoreStatus,
    /// What would be in the way of a planned switchover now, as far as it is known without testing the store.
    pub blockers: Vec<Blocker>,
    /// Whether a primary may be made to fail for a drill.
    pub drills_allowed: bool,
}

/// An engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Its name.
    pub name: EngineName,
    /// `host:port`, as others reach it.
    pub address: String,
    /// The host it runs on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// The version of its program.
    pub version: String,
    /// When the process was started.
    pub started_ms: Timestamp,
}

/// The engine that stands by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupStatus {
    /// The engine. What it has not said yet is empty or zero.
    pub engine: EngineStatus,
    /// Since when it stands by.
    pub since_ms: Timestamp,
    /// How long ago it was last heard, in milliseconds; it says something every
    /// [`crate::limits::LINK_HEARTBEAT`] at least.
    pub heard_ms_ago: u64,
}

/// A link to the primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// The name of the process behind it, such as `gateway`.
    pub name: String,
    /// `gateway`, `interaction`, `external` or `control`.
    pub role: String,
    /// The address it comes from.
    pub from: String,
    /// Since when it is welcome; none for one that waits to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<Timestamp>,
    /// How long ago it was last heard, in milliseconds.
    pub heard_ms_ago: u64,
    /// Whether it has said that it knows the pair as it is.
    pub knows_pair: bool,
}

/// How many sessions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionCounts {
    /// Open ones.
    pub open: u64,
    /// Of those, the ones that wait in a queue, as far as this engine has them in memory.
    pub waiting: u64,
    /// Of those, the ones that this engine has in memory.
    pub live: u64,
    /// Participants who are connected.
    pub clients: u64,
    /// `limit-for-sessions`.
    pub sessions_max: u64,
    /// `limit-for-clients`.
    pub clients_max: u64,
}

/// What is said. Rates and latencies are over the last ten seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Traffic {
    /// Messages since this engine serves.
    pub messages: u64,
    /// Messages a second.
    pub messages_per_s: f64,
    /// From a message's arrival at the engine to its acknowledgement: half were faster; in microseconds; none when
    /// nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_p50_us: Option<u64>,
    /// Of a hundred, one was slower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_p99_us: Option<u64>,
}

/// What is on its way to the store. Latencies are over the last ten seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SavingStatus {
    /// Events that wait, those at the store included.
    pub waiting: u64,
    /// How long the batch at the store has been there, in milliseconds; none when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_ms: Option<u64>,
    /// Sessions of which something was told that is not saved.
    pub sessions_behind: u64,
    /// Transcripts are saved when their sessions end (`transcript-auto-save = 0`): that sessions are behind is as the
    /// operator wants it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_end: bool,
    /// A batch's way into the store: half were faster; in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_p50_us: Option<u64>,
    /// Of a hundred, one was slower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_p99_us: Option<u64>,
}

/// The store, as this engine knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// The directory or the database, without a password.
    pub place: String,
    /// Whether the lease could be read and written when that was tried last.
    pub in_reach: bool,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// The session.
    pub session: SessionId,
    /// Whether the engine has it in memory; what follows is only known of such a one.
    pub live: bool,
    /// When it was opened; none when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at_ms: Option<Timestamp>,
    /// Its last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Seq>,
    /// Participants who have joined and not left.
    pub participants: u32,
    /// Of those, the ones that are connected.
    pub connected: u32,
    /// The queue that it waits in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_in: Option<QueueName>,
    /// The drill that it belongs to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
}
