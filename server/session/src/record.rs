//! What the core wants saved: an event, and what belongs to it but is nobody's to read.

use tandem_protocol::{RawEvent, SessionId, Timestamp, TokenHash};

/// One row of the transcript.
#[derive(Debug, Clone)]
pub struct Record {
    /// The session it belongs to.
    pub session: SessionId,
    /// When it was numbered.
    pub at: Timestamp,
    /// The event.
    pub event: RawEvent,
    /// With a join: what the participant's token hashes to, so that it is known after a failover too.
    pub secret: Option<TokenHash>,
    /// Whether the session ends with it.
    pub closes: bool,
    /// Whether it only says something: a message or a notice, which changes nothing in the session's state.
    pub says: bool,
}
