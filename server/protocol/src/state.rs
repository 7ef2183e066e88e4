//! A session's current state in one piece, for a reader who joins or comes back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ParticipantId, ParticipantKind, Visibility};

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It goes on.
    Open,
    /// It has ended; its events can still be read.
    Closed,
}

/// Everything about a session that is not its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// Whether it goes on.
    pub status: SessionStatus,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The opener's own data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Everyone who ever joined, in order of joining.
    pub participants: Vec<ParticipantState>,
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
}

impl SessionState {
    /// Drops what a reader who sees up to `reader` may not know.
    pub fn narrow(&mut self, reader: Visibility) {
        self.participants.retain(|participant| participant.visibility.is_seen_by(reader));
    }

    /// How much this participant may read; as a customer, if there is no such participant.
    #[must_use]
    pub fn sees(&self, participant: ParticipantId) -> Visibility {
        let known = self.participants.iter().find(|known| known.participant == participant);
        known.map_or(Visibility::All, |known| known.kind.sees())
    }
}
