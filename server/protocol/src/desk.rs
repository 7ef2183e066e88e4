//! What an agent's workspace and the interaction server say to each other, subprotocol `tandem.desk.v1`.
//!
//! A **desk** is one page of a workspace (or a bot's connection). The gateway holds its WebSocket and passes on what it
//! says and is told, through the primary engine, to whichever interaction server serves. A desk gets whole [`View`]s,
//! each with a growing number, and drops one that is older than what it has: it never shows a stale list. The chats
//! themselves are ordinary sessions (`tandem.v1`), each with a participant's token that the view brings.
//! `server/PROTOCOL.md` shows each frame with an example.

mod view;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::view::{
    AGENTS_MAX, AgentView, Chat, LIVE_MAX, LiveView, Me, Offer, OtherAgent, QueueView, View, WAITING_MAX, WaitingView,
};
use crate::{
    AgentId, ClientId, DeskId, ErrorCode, LoginName, ParticipantId, ParticipantKind, QueueName, Secret, Seq, SessionId,
    Timestamp, TokenHash, archive::Look,
};

/// Actions of one desk that may wait for their answer (B-1).
pub const ACTIONS_MAX: usize = 32;

/// What a gateway asks of the interaction server. Each may come twice after a failover and is then answered the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskAsk {
    /// Somebody logs in. → [`LoggedIn`]
    Login {
        /// The name of the account.
        name: LoginName,
        /// Its password.
        password: Secret,
        /// What the login's token, made by the gateway, hashes to.
        token: TokenHash,
        /// Where the attempt comes from, so that one who guesses is slowed down.
        from: String,
    },
    /// The login ends; its desks are closed. → nothing
    Logout {
        /// What its token hashes to.
        token: TokenHash,
    },
    /// A desk is there, or is there again after a failover. → [`View`]
    Enter {
        /// The desk.
        desk: DeskId,
        /// What the login's token hashes to.
        token: TokenHash,
    },
    /// A desk is gone. → nothing
    Exit {
        /// The desk.
        desk: DeskId,
    },
    /// Somebody at a desk does something. → what [`Action`] says
    Do {
        /// The desk.
        desk: DeskId,
        /// The desk's id for it, so that a repeat is known (D-3).
        id: ClientId,
        /// What.
        action: Action,
    },
    /// Somebody who is logged in, at a desk or over REST, looks something up in what is over. → what [`Look`] says
    Look {
        /// What the login's token hashes to.
        token: TokenHash,
        /// What.
        look: Look,
        /// Where he asks from, of what is written down; an older gateway does not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    },
    /// Somebody who is logged in wants to see or do what only an administrator may. → [`Overview`]
    Oversee {
        /// What the login's token hashes to.
        token: TokenHash,
    },
}

/// How the agents stand, for an administrator; refused to everybody else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Overview {
    /// Who asks.
    pub me: LoggedIn,
    /// Every queue.
    pub queues: Vec<QueueView>,
    /// The agents who have a desk, as the workspace lists them.
    pub agents: Vec<AgentView>,
    /// Sessions that wait, over all queues.
    pub waiting: u64,
    /// Sessions that an agent has.
    pub served: u64,
}

/// What is pushed to a desk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskNews {
    /// The whole [`View`], as JSON.
    View(Box<RawValue>),
    /// The login behind it is no longer good: the desk is closed.
    Revoked,
}

/// A login was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The account.
    pub agent: AgentId,
    /// What it logs in with.
    pub name: LoginName,
    /// What customers see.
    pub display: String,
    /// What it may do.
    pub role: AgentRole,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentRole {
    /// A program that looks things up and changes contacts; it has no desk and takes no chats.
    Integrator,
    /// Takes chats from the queues marked for bots.
    Bot,
    /// Takes chats.
    Agent,
    /// Takes chats, sees all of them, watches, whispers, takes over.
    Supervisor,
    /// As a supervisor; also the control page.
    Administrator,
}

impl AgentRole {
    /// Whether it sees and may join every chat.
    #[must_use]
    pub fn supervises(self) -> bool {
        self >= Self::Supervisor
    }

    /// As what such an account takes a chat.
    #[must_use]
    pub fn joins_as(self) -> ParticipantKind {
        match self {
            Self::Integrator | Self::Bot => ParticipantKind::External,
            Self::Agent => ParticipantKind::Agent,
            Self::Supervisor | Self::Administrator => ParticipantKind::Supervisor,
        }
    }
}

/// What an agent has chosen to be. Whether he is connected and has room are facts of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ChosenState {
    /// Wants chats.
    Ready,
    /// Wants none.
    NotReady {
        /// Why; `no_answer` when he was set so because an offer was not answered, else free text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Finishes what a chat left to do.
    AfterWork,
}

/// What somebody at a desk does. Repeated with the same id it is done once; refused with a code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Chooses a state. → nothing
    State(ChosenState),
    /// Takes a session that is offered, waits, or to which the agent is invited; `taken` when somebody was faster,
    /// `no_room` at his limit. → [`Accepted`]
    Accept {
        /// The session.
        session: SessionId,
        /// The `queued` or `invited` event that it answers.
        seq: Seq,
    },
    /// Does not take an offered session, or does not follow an invitation. → nothing
    Decline {
        /// The session.
        session: SessionId,
        /// The event that it answers.
        seq: Seq,
    },
    /// Passes a session on, to a queue or to one account, and leaves it. A bot hands off like this. → nothing
    Transfer {
        /// The session.
        session: SessionId,
        /// To whichever agent of this queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<QueueName>,
        /// To this account. One of the two is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// For whoever comes; the customer never gets it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Asks an agent to come into the session too. → nothing
    Invite {
        /// The session.
        session: SessionId,
        /// Who is asked.
        agent: AgentId,
    },
    /// Takes an invitation back. → nothing
    Uninvite {
        /// The session.
        session: SessionId,
        /// Who was asked.
        agent: AgentId,
    },
    /// Leaves a session in which another agent stays, or that was only watched. → nothing
    Leave {
        /// The session.
        session: SessionId,
    },
    /// Ends a session for everyone, unless it has ended, and files it away. → nothing
    End {
        /// The session.
        session: SessionId,
        /// What came of it, one of [`View::dispositions`].
        disposition: String,
        /// A remark for those who read it later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// A supervisor joins unseen. → [`Accepted`]
    Watch {
        /// The session.
        session: SessionId,
    },
    /// A supervisor joins in the place of the agents who are in it, or of nobody. → [`Accepted`]
    TakeOver {
        /// The session.
        session: SessionId,
    },
    /// The customer's earlier chats, newest first. → a list of [`EarlierChat`]
    Earlier {
        /// The session whose customer is meant.
        session: SessionId,
    },
    /// Events of an earlier chat of a customer of the agent's, or, for supervisors, of any. → [`Transcript`]
    Transcript {
        /// The earlier session.
        session: SessionId,
        /// Events after this one.
        #[serde(default)]
        after: Seq,
    },
    /// The canned replies there are for this agent. → a list of [`Canned`]
    Canned,
    /// Makes or changes a canned reply. → nothing
    SaveCanned {
        /// It; the desk makes its id.
        canned: Canned,
    },
    /// Deletes a canned reply. → nothing
    DeleteCanned {
        /// Which; `canned` on the wire, where `id` is the frame's own.
        #[serde(rename = "canned")]
        id: ClientId,
    },
}

/// An agent is in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The session.
    pub session: SessionId,
    /// The number he has in it.
    pub participant: ParticipantId,
}

/// An earlier chat of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierChat {
    /// The session.
    pub session: SessionId,
    /// When it began.
    pub opened_at_ms: Timestamp,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The agent who had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// The remark at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A part of an earlier chat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transcript {
    /// The session.
    pub session: SessionId,
    /// Its last event for this reader; more are to be asked for while the last of `events` is before it.
    pub head: Seq,
    /// Events that this reader may read, in order.
    pub events: Vec<Box<RawValue>>,
    /// The names of its participants.
    pub names: BTreeMap<ParticipantId, String>,
}

/// A reply that an agent need not write again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canned {
    /// Made by the desk that saved it first.
    pub id: ClientId,
    /// What is typed after `/` to insert it: 1 to 32 of a-z, 0-9, `-` and `_`.
    pub shortcut: String,
    /// The reply, at most [`crate::limits::NOTE_BYTES_MAX`].
    pub text: String,
    /// Whether everybody has it; only supervisors change such. Otherwise it is the agent's own.
    #[serde(default)]
    pub shared: bool,
}

/// What a workspace sends over `/api/v1/desk`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Always first, once.
    Hello {
        /// The login's token.
        token: String,
    },
    /// Does something. Answered by `done` or `refused` with the same id; repeat it, unchanged, until then.
    Do {
        /// The desk's id for it (D-3).
        id: ClientId,
        /// What.
        #[serde(flatten)]
        action: Action,
    },
    /// Alive; answered by a heartbeat.
    Heartbeat,
}

/// What the gateway sends over `/api/v1/desk`. Close codes are those of [`crate::client::close`].
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The hello was accepted.
    Welcome {
        /// As in [`crate::client::ServerFrame::Welcome`].
        heartbeat_ms: u64,
        /// A [`View`].
        view: &'a RawValue,
    },
    /// Something changed.
    View {
        /// A [`View`]; dropped when its version is not greater than that of the last one.
        view: &'a RawValue,
    },
    /// An action is done.
    Done {
        /// The desk's id for it.
        id: ClientId,
        /// What [`Action`] says it returns; null for nothing.
        result: &'a RawValue,
    },
    /// An action was not done.
    Refused {
        /// The desk's id for it.
        id: ClientId,
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: Cow<'a, str>,
        /// When to try again, where that may help.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// Alive.
    Heartbeat,
    /// Something happened to the service behind the desk.
    Notice(DeskNotice),
    /// As in [`crate::client::ServerFrame::Bye`].
    Bye {
        /// The close code that follows.
        code: u16,
        /// Wait this long before connecting again.
        #[serde(skip_serializing_if = "Option::is_none")]
        reconnect_ms: Option<u64>,
    },
}

/// See [`ServerFrame::Notice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum DeskNotice {
    /// The way to the interaction server is interrupted. Actions wait and will be done.
    ConnectionLost,
    /// It is there again; a view came before this frame.
    ConnectionRestored {
        /// From the loss, as the gateway measured it.
        gap_ms: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_says_what_it_does_beside_the_frame_type() {
        let json = r#"{"type":"do","id":"a-1","do":"state","state":"not_ready","reason":"lunch"}"#;
        let frame: ClientFrame = serde_json::from_str(json).expect("parses");
        let ClientFrame::Do { action: Action::State(ChosenState::NotReady { reason }), .. } = &frame else {
            panic!("{frame:?}");
        };
        assert_eq!(reason.as_deref(), Some("lunch"));
        assert_eq!(serde_json::to_string(&frame).expect("serialises"), json);
    }

    #[test]
    fn the_canned_reply_that_is_deleted_is_not_taken_for_the_id_of_the_action() {
        let json = r#"{"type":"do","id":"a-1","do":"delete_canned","canned":"c-1"}"#;
        let frame: ClientFrame = serde_json::from_str(json).expect("parses");
        let ClientFrame::Do { id, action: Action::DeleteCanned { id: canned } } = &frame else { panic!("{frame:?}") };
        assert_eq!((id.to_string(), canned.to_string()), ("a-1".to_owned(), "c-1".to_owned()));
        assert_eq!(serde_json::to_string(&frame).expect("serialises"), json);
    }
}
