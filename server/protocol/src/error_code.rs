//! The stable error codes of every interface: link, WebSocket and REST.

use serde::{Deserialize, Serialize};

/// What went wrong, by what the client can do about it. Codes are never renamed or reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed; the sentence says where. Repeating it does not help.
    BadRequest,
    /// The session token is missing or wrong.
    Unauthorized,
    /// The participant may not do this.
    Forbidden,
    /// There is no such session.
    UnknownSession,
    /// There is no such contact.
    UnknownContact,
    /// The session has ended, or the participant has left it.
    SessionClosed,
    /// The text is longer than `message-bytes-max`.
    MessageTooLong,
    /// Somebody else was faster: the session has been taken, passed on or answered meanwhile.
    Taken,
    /// The agent has all the sessions he may have.
    NoRoom,
    /// Too many attempts; the next one is heard after the pause. Try again later.
    SlowDown,
    /// The session has all the participants it may have.
    TooManyParticipants,
    /// The session has all the events it may have.
    SessionFull,
    /// `limit-for-sessions` is reached; existing sessions go on (O-1). Try again later.
    LimitSessions,
    /// `limit-for-clients` is reached; connected clients go on (O-1). Try again later.
    LimitClients,
    /// Too many requests are waiting already (B-1). Try again later.
    Busy,
    /// The store could not save it. Nothing was recorded.
    NotSaved,
    /// No engine answered in time; whether it was done is unknown. Repeat it with the same id: it is done once (D-3).
    Unavailable,
    /// Something in Tandem is broken; the log says what.
    Internal,
}

impl ErrorCode {
    /// Whether the same request may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::LimitSessions | Self::LimitClients | Self::Busy | Self::NotSaved | Self::Unavailable | Self::SlowDown
        )
    }
}
