//! A session's current state in one piece, for a reader who joins or comes back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AgentId, ParticipantId, ParticipantKind, QueueCause, QueueName, Seq, Timestamp, Visibility};

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It goes on.
    #[default]
    Open,
    /// It has ended; its events can still be read.
    Closed,
}

/// Everything about a session that is not its events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionState {
    /// Whether it goes on.
    pub status: SessionStatus,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The opener's own data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Events after this one were told without being on the disk: an engine that dies takes them along. None while
    /// everything told is. Clients do not get it: it may be the number of an event that is not for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsaved_after: Option<Seq>,
    /// When it began.
    #[serde(default)]
    pub opened_at_ms: Timestamp,
    /// The queue it waits in, or waited in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Box<QueueState>>,
    /// Everyone who ever joined, in order of joining.
    pub participants: Vec<ParticipantState>,
    /// The agents who are asked to come and have not answered. For the staff.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invitations: Vec<InvitationState>,
}

/// Where a session waits, or waited last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueState {
    /// The queue.
    pub queue: QueueName,
    /// The `queued` event; whoever takes the session names it.
    pub seq: Seq,
    /// When that was.
    pub since_ms: Timestamp,
    /// Why it was put there.
    pub cause: QueueCause,
    /// False once somebody has taken it.
    pub waiting: bool,
    /// Who put it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ParticipantId>,
    /// The only account that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// A sentence for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its place at the moment; never saved, so none until it is reckoned again after a failover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// How far a waiting session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// 1 for the next to be taken.
    pub place: u32,
    /// How long it is expected to wait from now, in milliseconds; none while nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

/// An agent who is asked to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationState {
    /// Who is asked.
    pub agent: AgentId,
    /// Who asks.
    pub by: ParticipantId,
    /// The `invited` event.
    pub seq: Seq,
    /// When that was.
    pub since_ms: Timestamp,
}

/// One participant of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantState {
    /// The participant's number in the session.
    pub participant: ParticipantId,
    /// Customer, agent, bot…
    pub kind: ParticipantKind,
    /// The name to show.
    pub name: String,
    /// False once the participant has left.
    pub joined: bool,
    /// Who sees the participant.
    #[serde(default, skip_serializing_if = "Visibility::is_all")]
    pub visibility: Visibility,
    /// The account of somebody who works here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
}

impl SessionState {
    /// Drops what a client who sees up to `reader` may not know.
    pub fn narrow(&mut self, reader: Visibility) {
        self.unsaved_after = None;
        self.participants.retain(|participant| participant.visibility.is_seen_by(reader));
        if !Visibility::Int.is_seen_by(reader) {
            self.invitations.clear();
        }
    }

    /// How much this participant may read; as a customer, if there is no such participant.
    #[must_use]
    pub fn sees(&self, participant: ParticipantId) -> Visibility {
        let known = self.participants.iter().find(|known| known.participant == participant);
        known.map_or(Visibility::All, |known| known.kind.sees())
    }
}
