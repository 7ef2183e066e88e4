//! What the interaction server asks of an engine: to follow sessions, to queue them, to bring people into them.
//!
//! Facts of routing stand in the transcript, so that they survive whatever dies: who waits where (`queued`), who took
//! it (`joined` with `took`), who is asked to come (`invited`). The engine keeps the order of these facts and decides
//! between two who want the same; whom to ask is the interaction server's business.

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, ClientId, InvitationEnd, LeaveReason, ParticipantId, Place, QueueCause, QueueName, Seq, SessionId,
    SessionState,
};

/// Puts a session into a queue, all or nothing with what belongs to it: a note for whoever comes, and the going of
/// those who pass it on. Repeatable by client id. See [`crate::link::Request::Route`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The session.
    pub session: SessionId,
    /// Names this among all joins and routes of the session, so that a repeat is known (D-3).
    pub client_id: ClientId,
    /// The queue.
    pub queue: QueueName,
    /// The only account that it is to wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Why.
    pub cause: QueueCause,
    /// Who wants it; none for the service itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ParticipantId>,
    /// The session's last `queued` event as the asking side knows it, [`Seq::ZERO`] for none: at another it is refused
    /// as [`crate::ErrorCode::Taken`], since somebody has routed it meanwhile.
    pub after: Seq,
    /// A sentence for the customer, at most [`crate::limits::QUEUE_TEXT_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A note of `by` for the staff who come, at most [`crate::limits::NOTE_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Those who leave with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<Leaving>,
}

/// Somebody who leaves because he is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Who; nothing happens if he has left.
    pub participant: ParticipantId,
    /// Why.
    pub reason: LeaveReason,
}

/// Asks an agent to come into a session. Repeatable by client id. See [`crate::link::Request::Invite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The session.
    pub session: SessionId,
    /// As [`Route::client_id`].
    pub client_id: ClientId,
    /// Who is asked.
    pub agent: AgentId,
    /// Who asks.
    pub by: ParticipantId,
}

/// Ends the invitation of an agent who does not come; nothing happens if there is none. See
/// [`crate::link::Request::EndInvitation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndInvitation {
    /// The session.
    pub session: SessionId,
    /// Who was asked.
    pub agent: AgentId,
    /// Why he does not come.
    pub reason: InvitationEnd,
}

/// How a session stands, for whoever follows it: of two, the one with the greater head is newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The session.
    pub session: SessionId,
    /// Its last saved event.
    pub head: Seq,
    /// Its state at that event, with everything for every reader.
    pub state: SessionState,
}

/// The place of a waiting session. Never saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The session.
    pub session: SessionId,
    /// The `queued` event that it waits since; at another it means nothing.
    pub seq: Seq,
    /// Where it is.
    pub place: Place,
}
