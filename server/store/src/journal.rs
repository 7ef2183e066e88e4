//! What has happened to the pairs and what operators have done: an append-only record beside the transcripts.
//!
//! It is no part of any guarantee about what was said: who writes it never waits for it while he serves, and nothing is
//! decided by it. Every entry has a name of its own ([`Noted`]), so that one that is written twice stands there once.

use async_trait::async_trait;
use tandem_protocol::{
    Epoch, PairName, SessionId, Timestamp,
    control::{Act, Drill, Noted, Restoration, Takeover},
};

use crate::StoreError;

/// Keeps the journal of an installation, of all its pairs.
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

    /// What was done to restore a session, oldest first.
    async fn restorations(&self, session: SessionId) -> Result<Vec<Restoration>, StoreError>;

    /// Forgets restorations before this moment, which are many; the rest is kept. Returns how many they were.
    async fn forget_restorations(&self, before: Timestamp) -> Result<u64, StoreError>;
}
