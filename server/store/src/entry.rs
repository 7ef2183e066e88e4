//! What is written to and read from a store: events with what only the engine may see beside them.
//!
//! It exists so that the store need not look into an event's JSON; what it must know stands in fields of its own.

use tandem_protocol::{RawEvent, Seq, SessionId, Timestamp, TokenHash};

/// One event on its way into the store.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The session it belongs to.
    pub session: SessionId,
    /// When the engine numbered it.
    pub at: Timestamp,
    /// The event; its number follows the session's last stored one (D-4).
    pub event: RawEvent,
    /// The token hash that this event brings, where a participant with a token joins. Never sent to a reader.
    pub secret: Option<TokenHash>,
    /// Whether the session ends with this event; it is then no longer among [`crate::Store::open_sessions`].
    pub closes: bool,
}

/// One event as the store gives it back.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// The event, byte for byte as it was appended.
    pub event: RawEvent,
    /// As [`Entry::secret`].
    pub secret: Option<TokenHash>,
}

/// A session that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession {
    /// The session.
    pub session: SessionId,
    /// Its last stored event.
    pub head: Seq,
    /// When that event was numbered.
    pub last_at: Timestamp,
}

/// The history of one session, or as much of it as was asked for.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The session.
    pub session: SessionId,
    /// Its events from 1 on, or from where it was asked for; empty when the store has none.
    pub events: Vec<StoredEvent>,
}

/// What became of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Nothing is left of what was said, durably.
    Done,
    /// The session has not ended; nothing was changed. It can be erased once it has.
    StillOpen,
}
