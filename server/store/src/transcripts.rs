//! The [`Transcripts`] trait: what was written, for those who look back at it.
//!
//! It exists beside [`crate::Store`] because its callers hold no lease: the interaction server, which derives contacts
//! and the full-text index from the log, and the commands that export, verify, check and copy. They read what is
//! committed, of every pair, and write nothing, so that none of them can ever hold up a message.

use async_trait::async_trait;
use tandem_protocol::{PairName, RawEvent, SessionId, Timestamp, TokenHash};

use crate::StoreError;

/// A place in a pair's log. Places grow with the order in which events were committed; they have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct LogPlace(pub i64);

/// SHA-256 of an event and of all events of its session before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainLink(pub [u8; 32]);

/// What, together with an event, gives its link in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// The event is there. With these random bytes before its body nobody can find a body that was erased by trying.
    Salt([u8; 16]),
    /// The body was erased; this is the hash of the salt and the body that stood there.
    Leaf([u8; 32]),
}

/// One event with all that is stored with it.
#[derive(Debug, Clone)]
pub struct Written {
    /// The session.
    pub session: SessionId,
    /// Where it stands in its pair's log.
    pub place: LogPlace,
    /// When it was numbered.
    pub at: Timestamp,
    /// The event, or what stands in its place once it is erased.
    pub event: RawEvent,
    /// As [`crate::Entry::secret`].
    pub secret: Option<TokenHash>,
    /// Whether the session ends with it.
    pub closes: bool,
    /// Its part in the chain. None for events that were written before there was a chain.
    pub chained: Option<(Proof, ChainLink)>,
}

/// A whole transcript.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// The pair that keeps the session.
    pub pair: PairName,
    /// The session.
    pub session: SessionId,
    /// All its events from 1 on, in order.
    pub events: Vec<Written>,
}

/// See the module. Every call sees one state of the store, and everything that was acknowledged before the call.
#[async_trait]
pub trait Transcripts: Send + Sync {
    /// Every pair that has written here, by name.
    async fn pairs(&self) -> Result<Vec<PairName>, StoreError>;

    /// The events of a pair's log after a place, in the order of their places: at most `events_max`. Once an event was
    /// returned, none with a smaller place ever comes: who goes on from the last place misses nothing.
    async fn log(&self, pair: &PairName, after: LogPlace, events_max: usize) -> Result<Vec<Written>, StoreError>;

    /// Sessions of a pair, open and closed, in the order of their ids: those after `after`, at most `sessions_max`.
    async fn sessions(
        &self,
        pair: &PairName,
        after: Option<SessionId>,
        sessions_max: usize,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// How many events there are about, of all pairs: for a progress display.
    async fn size(&self) -> Result<u64, StoreError>;

    /// A session's whole transcript, of whichever pair; none when there is no such session.
    async fn transcript(&self, session: SessionId) -> Result<Option<Transcript>, StoreError>;
}
