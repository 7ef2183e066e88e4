//! What has happened to the pairs and what operators have done: an append-only record beside the transcripts.
//!
//! It is no part of any guarantee about what was said: who writes it never waits for it while he serves, and nothing is
//! decided by it. Every entry has a name of its own ([`Noted`]), so that one that is written twice stands there once.
//! Engines, the interaction server and the operator's commands write it, each in a process of its own, at the same time.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tandem_protocol::{
    Epoch, PairName, SessionId, Timestamp,
    control::{Act, Drill, Noted, Restoration, Takeover},
};
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;

use crate::StoreError;

/// Restorations that are forgotten in one transaction, so that no writer waits for long.
pub(crate) const FORGOTTEN_MAX: u32 = 1_000;

/// Restorations of one session that are told, the newest: a frame must hold them.
pub(crate) const RESTORATIONS_TOLD_MAX: u32 = 200;

/// Keeps the journal of an installation, of all its pairs. What opens it fails at its calls and not before, so that
/// nobody fails to start for it; once it can be opened it works.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes these down, all or none, and returns when they are on the disk. What is there already stays as it is; of
    /// the gaps of one takeover the greatest stays, and one of a takeover that is not there yet waits for it.
    async fn note(&self, notes: Vec<Noted>) -> Result<(), StoreError>;

    /// The pair's takeovers before this epoch, newest first.
    async fn takeovers(&self, pair: &PairName, before: Option<Epoch>, limit: u32) -> Result<Vec<Takeover>, StoreError>;

    /// What operators did before this moment, newest first.
    async fn acts(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<Act>, StoreError>;

    /// The pair's drills that began before this moment, newest first.
    async fn drills(&self, pair: &PairName, before: Option<Timestamp>, limit: u32) -> Result<Vec<Drill>, StoreError>;

    /// What was done to restore a session, oldest first; of very many the newest.
    async fn restorations(&self, session: SessionId) -> Result<Vec<Restoration>, StoreError>;

    /// Forgets restorations before this moment, which are many, piece by piece; the rest is kept. Returns how many they
    /// were.
    async fn forget_restorations(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Notes by their tables, in the order in which a transaction writes them.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    pub(crate) takeovers: Vec<Takeover>,
    pub(crate) gaps: Vec<(PairName, Epoch, u64)>,
    pub(crate) acts: Vec<Act>,
    pub(crate) drills: Vec<Drill>,
    pub(crate) restorations: Vec<Restoration>,
}

impl Sorted {
    pub(crate) fn of(notes: Vec<Noted>) -> Self {
        let mut sorted = Self::default();
        for noted in notes {
            match noted {
                Noted::Takeover(takeover) => sorted.takeovers.push(takeover),
                Noted::Gap { pair, epoch, gap_ms } => sorted.gaps.push((pair, epoch, gap_ms)),
                Noted::Act(act) => sorted.acts.push(act),
                Noted::Drill(drill) => sorted.drills.push(drill),
                Noted::Restorations(restorations) => sorted.restorations.extend(restorations),
            }
        }
        // Two who note the same rows in different orders would wait for each other.
        sorted.restorations.sort_unstable_by_key(|one| (one.session, one.epoch, one.at_ms));
        sorted
    }
}

/// A variant without fields as the word that it is on the wire.
pub(crate) fn word(variant: &impl Serialize) -> String {
    let value = serde_json::to_value(variant).ok();
    value.as_ref().and_then(Value::as_str).expect("a variant without fields is a word").to_owned()
}

/// The variant of a word, if it is one.
pub(crate) fn meaning<T: DeserializeOwned>(word: String) -> Option<T> {
    serde_json::from_value(Value::String(word)).ok()
}

/// Writes down an act that is done already, within this time. What cannot be written down stays done, and the log is told.
pub async fn note_done(journal: &dyn Journal, act: Act, wait_max: Duration) {
    let (kind, about) = (act.act, act.about.clone());
    let error = match timeout(wait_max, journal.note(vec![Noted::Act(act)])).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.in_full(),
        Err(_late) => "the journal does not answer".to_owned(),
    };
    warn!(act = ?kind, about, error, "done, and not written into the audit log");
}

/// The id of an act that more than one may write down, or one more than once: it follows from what tells it from others.
#[must_use]
pub fn id_of_act<const PARTS: usize>(parts: [&str; PARTS]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length before it, so that no two lists of parts read the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    uuid::Builder::from_custom_bytes(*hash.first_chunk().expect("a hash has 32 bytes, an id 16")).into_uuid()
}
