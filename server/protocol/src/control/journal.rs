//! What has happened to a pair and what operators have done, as it is written down.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EngineName, Epoch, PairName, SessionId, Timestamp};

/// Entries of the journal in one answer.
pub const JOURNAL_LIMIT_MAX: u32 = 200;

/// Who did something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The login name of an account, or the user of the operating system, as `root@host`.
    pub who: String,
    /// The address of a browser, or the command and its process, as `tandem switchover (process 4711, uid 0)`.
    pub from: String,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noted {
    /// An engine has taken over. Known by pair and epoch.
    Takeover(Takeover),
    /// What the clients of a gateway noticed of a takeover; the greatest counts.
    Gap {
        /// The pair.
        pair: PairName,
        /// The epoch that began with it.
        epoch: Epoch,
        /// From the loss of the link until the last session was attached again, in milliseconds.
        gap_ms: u64,
    },
    /// An operator has done something. Known by its id.
    Act(Act),
    /// A drill is over. Known by its id.
    Drill(Drill),
    /// Sessions were restored. Known by session, epoch and moment.
    Restorations(Vec<Restoration>),
}

/// An engine became primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takeover {
    /// The pair.
    pub pair: PairName,
    /// The epoch that began with it.
    pub epoch: Epoch,
    /// When it served, by the clock of the engine that took over.
    pub at_ms: Timestamp,
    /// The engine that held the lease before; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<EngineName>,
    /// The engine that took over.
    pub to: EngineName,
    /// Why.
    pub cause: TakeoverCause,
    /// From the moment in which it found that it must take over until it served, in microseconds; of a planned
    /// switchover how long requests were held.
    pub took_us: u64,
    /// Open sessions that it inherited.
    pub sessions: u64,
    /// What clients noticed; none until a gateway has said so, and of a planned switchover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_ms: Option<u64>,
}

/// Why an engine took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeoverCause {
    /// Nobody ever held the lease.
    First,
    /// The primary had stopped in an orderly way.
    Released,
    /// The same engine came back before any other took over.
    Returned,
    /// The primary's process was gone.
    Died,
    /// The primary was silent for as long as the lease lasts.
    Silent,
    /// As planned.
    Planned,
}

/// An act of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Names it, so that it is written once.
    pub id: Uuid,
    /// When it was done, by the clock of whoever wrote it down.
    pub at_ms: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What.
    pub act: ActKind,
    /// To what: a pair, an account's login name, a number; never what anybody said, nor a secret.
    pub about: String,
    /// What became of it: `done`, or why not.
    pub outcome: String,
}

/// What operators do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// Had the primary hand over.
    Switchover,
    /// Rehearsed a failure.
    Drill,
    /// Had an engine end, to be started again.
    Restart,
    /// Logged in to the control page.
    ControlLogin,
    /// Made an account.
    AccountAdd,
    /// Closed an account.
    AccountDisable,
    /// Opened an account again.
    AccountEnable,
    /// Changed an account's password.
    AccountPassword,
    /// Erased a contact.
    ContactErase,
    /// Made one contact of two.
    ContactMerge,
    /// Made a copy of everything.
    StoreBackup,
    /// Copied everything into another store.
    StoreCopy,
    /// Took transcripts out.
    TranscriptExport,
}

/// A rehearsed failure and what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// Names it, so that it is written once.
    pub id: Uuid,
    /// The pair.
    pub pair: PairName,
    /// When it began.
    pub at_ms: Timestamp,
    /// Who had it.
    pub by: Actor,
    /// What was rehearsed.
    pub failure: DrillFailure,
    /// Synthetic sessions in which somebody spoke all the time.
    pub sessions: u32,
    /// Milliseconds between two messages of each.
    pub every_ms: u64,
    /// The primary that was to fail, and its epoch.
    pub from: EngineName,
    /// The epoch of that one.
    pub epoch: Epoch,
    /// The engine that went on; none where nobody did in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<EngineName>,
    /// What each session noticed; none where nobody went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<Gaps>,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// Of those, the ones that no transcript has (D-2).
    pub lost: u64,
    /// Messages that a transcript has twice (D-3).
    pub doubled: u64,
    /// Messages that stand before one that was acknowledged earlier (D-4).
    pub out_of_order: u64,
    /// Clients whose connection to the gateway broke.
    pub disconnected: u64,
    /// Why it was not carried through; none for one that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Drill {
    /// Whether it proves what a drill is to prove.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        let faults = self.lost + self.doubled + self.out_of_order + self.disconnected;
        self.aborted.is_none() && self.gaps.is_some() && self.acknowledged > 0 && faults == 0
    }
}

/// What a drill rehearses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillFailure {
    /// The primary is killed.
    Kill,
    /// The primary hangs.
    Hang,
    /// The primary hands over.
    Switchover,
}

/// How long sessions had to wait, over all of them, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// Half of them waited no longer.
    pub p50_us: u64,
    /// Of a hundred, one waited longer.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// A session was read back from its transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// The session.
    pub session: SessionId,
    /// The epoch of the engine that read it.
    pub epoch: Epoch,
    /// That engine.
    pub engine: EngineName,
    /// When it was restored, by that engine's clock.
    pub at_ms: Timestamp,
    /// What for.
    pub how: RestoredHow,
    /// Events that its transcript had.
    pub events: u64,
    /// How long reading took, together with the sessions that were read with it, in microseconds.
    pub took_us: u64,
}

/// What a session was restored for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoredHow {
    /// Ahead of a planned switchover, by the engine that was to take over.
    Prepared,
    /// Somebody asked for it, as a rule a gateway that attached it again.
    Asked,
    /// Nobody asked; the engine itself, for its timers.
    Unattended,
}
