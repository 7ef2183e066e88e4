//! What operators ask of a pair, and what is told and written down of it.
//!
//! It is asked of the primary, by a gateway for the control page or by an operator's command over a link of
//! [`crate::link::LinkRole::Control`]. [`PairStatus`] is how things stand now; the journal ([`Takeover`], [`Act`],
//! [`Drill`], [`Restoration`]) is what has happened and outlives every process. An engine before link version 2 knows
//! none of it: whoever asks looks at the version of the primary first.

mod concern;
mod journal;
mod outlook;
mod status;
#[cfg(test)]
mod testing;

use serde::{Deserialize, Serialize};

pub use self::{
    concern::Concern,
    journal::{
        Act, ActKind, Actor, Drill, DrillFailure, Gaps, JOURNAL_LIMIT_MAX, Noted, Restoration, RestoredHow, Takeover,
        TakeoverCause,
    },
    outlook::{Outlook, Severity},
    status::{
        BackupStatus, EngineStatus, LinkStatus, PairStatus, SESSIONS_LIMIT_MAX, SavingStatus, SessionCounts,
        SessionSummary, StoreStatus, Traffic,
    },
};
use crate::{Epoch, SessionId, Timestamp};

/// What is asked, and who asks: every act that changes something is written down with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlAsk {
    /// Who asks.
    pub by: Actor,
    /// What.
    pub act: Control,
}

/// See [`ControlAsk`]. Each may be repeated after a failover, and is then done once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// How the pair stands. → [`Told::Status`]
    Status,
    /// The open sessions in the order of their ids: as a rule the oldest first. → [`Told::Sessions`]
    Sessions {
        /// Only those after this one in the order of their ids.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<SessionId>,
        /// At most so many, and at most [`SESSIONS_LIMIT_MAX`].
        limit: u32,
    },
    /// What was done to restore a session, oldest first. → [`Told::Restorations`]
    Restorations {
        /// The session.
        session: SessionId,
    },
    /// The pair's takeovers, newest first. → [`Told::Takeovers`]
    Takeovers {
        /// Only those of earlier epochs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Epoch>,
        /// At most so many, and at most [`JOURNAL_LIMIT_MAX`].
        limit: u32,
    },
    /// The audit log, newest first. → [`Told::Acts`]
    Acts {
        /// Only those before this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_ms: Option<Timestamp>,
        /// At most so many, and at most [`JOURNAL_LIMIT_MAX`].
        limit: u32,
    },
    /// The pair's drills, newest first. → [`Told::Drills`]
    Drills {
        /// Only those that began before this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_ms: Option<Timestamp>,
        /// At most so many, and at most [`JOURNAL_LIMIT_MAX`].
        limit: u32,
    },
    /// The primary fails for a drill, at once and without an answer; refused where drills are not allowed or nothing
    /// would take over. An engine of a later epoch answers [`Told::Done`] and goes on: it is the successor.
    Fail {
        /// The epoch of the primary that is to fail.
        from: Epoch,
        /// How.
        how: Failing,
    },
    /// The engine that stands by ends in an orderly way, for whoever supervises it to start it again. Its new process is
    /// another one: a repeat restarts nothing. → [`Told::Done`]
    RestartBackup {
        /// Its process, as the status says.
        pid: u32,
    },
    /// Writes this down. Known by its id: written once. → [`Told::Done`], once it is on the disk
    Note(Box<Noted>),
}

/// How a primary fails in a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failing {
    /// It kills itself (`SIGKILL`).
    Kill,
    /// It stops (`SIGSTOP`) and is let go on after so long.
    Hang {
        /// How long, in milliseconds; at least twice the lease's expiry, so that it is succeeded.
        for_ms: u64,
    },
}

/// The answer to a [`Control`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// How the pair stands.
    Status(Box<PairStatus>),
    /// Open sessions.
    Sessions(Vec<SessionSummary>),
    /// What was done to restore a session.
    Restorations(Vec<Restoration>),
    /// Takeovers.
    Takeovers(Vec<Takeover>),
    /// The audit log.
    Acts(Vec<Act>),
    /// Drills.
    Drills(Vec<Drill>),
    /// It is done.
    Done,
}
