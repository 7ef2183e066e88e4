//! What a desk shows: the agent himself, what he is asked to take, the chats he has, and who else is there.
//!
//! A view is always whole, so that a desk that missed some has nothing to piece together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AgentRole, ChosenState, LoggedIn};
use crate::{
    AgentId, ClosedReason, ParticipantId, ParticipantKind, QueueCause, QueueName, Secret, Seq, SessionId, Timestamp,
    Visibility,
};

/// All that a desk shows besides the conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Grows with every change of this agent's view, also when another process makes it: the greater one is newer.
    pub version: u64,
    /// When it was made; ages are reckoned from it, whatever the page's own clock says.
    pub at_ms: Timestamp,
    /// The agent himself.
    pub me: Me,
    /// What he is asked to take.
    pub offers: Vec<Offer>,
    /// The sessions he is in, and those that ended and are not filed away; in order of joining.
    pub chats: Vec<Chat>,
    /// The queues there are.
    pub queues: Vec<QueueView>,
    /// The sessions that wait, the next one first; at most [`WAITING_MAX`].
    pub waiting: Vec<WaitingView>,
    /// Everyone to whom a chat can be passed on, by display name; at most [`AGENTS_MAX`].
    pub agents: Vec<AgentView>,
    /// For supervisors: the sessions that somebody is in; at most [`LIVE_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<LiveView>,
    /// What may be chosen at the end of a chat.
    pub dispositions: Vec<String>,
    /// What may be chosen as reason for not being ready.
    pub reasons: Vec<String>,
}

/// Waiting sessions in a view; more are counted in [`QueueView::waiting`].
pub const WAITING_MAX: usize = 50;
/// Agents in a view.
pub const AGENTS_MAX: usize = 200;
/// Live sessions in a supervisor's view.
pub const LIVE_MAX: usize = 200;

/// See [`View::me`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The account.
    #[serde(flatten)]
    pub account: LoggedIn,
    /// What he has chosen.
    #[serde(flatten)]
    pub chosen: ChosenState,
    /// Since when.
    pub since_ms: Timestamp,
    /// How many chats he may have at a time.
    pub capacity: u32,
    /// How many more he could take.
    pub room: u32,
    /// What he can.
    #[serde(default)]
    pub skills: Vec<String>,
}

/// A session that an agent is asked to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The session.
    pub session: SessionId,
    /// What the answer names.
    pub seq: Seq,
    /// The queue it waits in; none for an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueName>,
    /// Why it waits; none for an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<QueueCause>,
    /// Who passed it on or invites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The customer's name.
    pub customer: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Since when the customer waits.
    pub waiting_since_ms: Timestamp,
    /// When the offer goes to somebody else; the same clock as [`View::at_ms`].
    pub expires_at_ms: Timestamp,
}

/// A session that an agent is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// The session.
    pub session: SessionId,
    /// His number in it.
    pub participant: ParticipantId,
    /// The token with which his page connects to it.
    pub token: Secret,
    /// As what he is in it.
    pub kind: ParticipantKind,
    /// Who sees him.
    pub visibility: Visibility,
    /// The customer's name.
    pub customer: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The opener's own data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// The queue it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueName>,
    /// When the customer opened it.
    pub opened_at_ms: Timestamp,
    /// Who else of the staff is in it, and who is asked to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherAgent>,
    /// Why it ended; it stays until it is filed away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<ClosedReason>,
}

/// Another one of the staff in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherAgent {
    /// The account.
    pub agent: AgentId,
    /// His name.
    pub display: String,
    /// True while he is asked to come and has not answered.
    #[serde(default)]
    pub invited: bool,
}

/// A queue as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// The queue.
    pub queue: QueueName,
    /// Whether it is within its hours.
    pub open: bool,
    /// Whether bots take from it.
    pub bot: bool,
    /// Sessions that wait in it.
    pub waiting: u32,
    /// Since when the first of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_since_ms: Option<Timestamp>,
    /// Agents who could take one now.
    pub available: u32,
}

/// A waiting session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingView {
    /// The session.
    pub session: SessionId,
    /// What an [`Action::Accept`] names.
    pub seq: Seq,
    /// The queue.
    pub queue: QueueName,
    /// The customer's name.
    pub customer: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Since when the customer waits.
    pub since_ms: Timestamp,
    /// Who is asked to take it at the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_to: Option<String>,
    /// Whether this agent may take it of his own accord.
    pub may_take: bool,
}

/// Another account as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// The account.
    pub agent: AgentId,
    /// His name.
    pub display: String,
    /// What he may do.
    pub role: AgentRole,
    /// Whether a desk of his is there: a fact of its own.
    pub connected: bool,
    /// What he has chosen.
    #[serde(flatten)]
    pub chosen: ChosenState,
    /// Chats he is in.
    pub chats: u32,
    /// How many more he could take.
    pub room: u32,
}

/// A session that somebody is in, for supervisors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveView {
    /// The session.
    pub session: SessionId,
    /// The customer's name.
    pub customer: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The queue it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueName>,
    /// The names of the staff in it.
    pub agents: Vec<String>,
    /// When the customer opened it.
    pub opened_at_ms: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_reads_as_one_flat_object() {
        let agent = AgentView {
            agent: AgentId(7),
            display: "Ben".into(),
            role: AgentRole::Agent,
            connected: true,
            chosen: ChosenState::Ready,
            chats: 1,
            room: 2,
        };
        let json = serde_json::to_string(&agent).expect("serialises");
        let expected =
            r#"{"agent":7,"display":"Ben","role":"agent","connected":true,"state":"ready","chats":1,"room":2}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<AgentView>(&json).expect("reads back"), agent);
    }
}
