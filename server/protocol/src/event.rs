//! The events of a session: what a transcript consists of and what every reader gets, in order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{AgentId, ClientId, ParticipantId, QueueName, Seq, Timestamp};

/// One event of a session, as it is stored and as every reader sees it.
///
/// On the wire `{"seq":3,"at_ms":1764000000000,"type":"message","participant":1,"client_id":"m-1","text":"hi"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The event's number in its session (D-4).
    pub seq: Seq,
    /// When the engine numbered it, in milliseconds since 1970.
    pub at_ms: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened; the wire's `type` names the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// The session began; always event 1.
    Opened {
        /// What the chat is about, as the opener put it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// The opener's own data, such as an order number; shown to every participant.
        #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
        properties: std::collections::BTreeMap<String, String>,
    },
    /// A participant joined.
    Joined {
        /// The number the participant has in this session from now on.
        participant: ParticipantId,
        /// Customer, agent, bot…
        kind: ParticipantKind,
        /// The name to show.
        name: String,
        /// The id by which a repeated join is known (D-3).
        client_id: ClientId,
        /// Who sees the participant. He joins again, under the same number, when he becomes visible to more.
        #[serde(default, skip_serializing_if = "Visibility::is_all")]
        visibility: Visibility,
        /// The account of somebody who works here; none for a customer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// The `queued` event that this join answers: the session waits no longer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took: Option<Seq>,
    },
    /// A participant said something.
    Message {
        /// Who.
        participant: ParticipantId,
        /// The sender's id for it (D-3); lets the sender's pages match their own copy.
        client_id: ClientId,
        /// What, as plain text. Never markup.
        text: String,
        /// Who may read it: a note or a whisper is for the staff only.
        #[serde(default, skip_serializing_if = "Visibility::is_all")]
        visibility: Visibility,
    },
    /// A participant left.
    Left {
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
        /// As of the participant at that moment.
        #[serde(default, skip_serializing_if = "Visibility::is_all")]
        visibility: Visibility,
    },
    /// The session waits in a queue for somebody to take it.
    Queued {
        /// The queue.
        queue: QueueName,
        /// Why.
        cause: QueueCause,
        /// The id by which a repeat is known (D-3).
        client_id: ClientId,
        /// Who put it there; none for the service itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<ParticipantId>,
        /// The only account that it waits for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// A sentence for the customer, such as when somebody will be there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// An agent is asked to come into the session beside those who are in it. For the staff.
    Invited {
        /// Who is asked.
        agent: AgentId,
        /// Who asks.
        by: ParticipantId,
        /// The id by which a repeat is known (D-3).
        client_id: ClientId,
        /// [`Visibility::Int`].
        visibility: Visibility,
    },
    /// The agent who was asked does not come; one who comes joins.
    InvitationEnded {
        /// Who was asked.
        agent: AgentId,
        /// Why not.
        reason: InvitationEnd,
        /// [`Visibility::Int`].
        visibility: Visibility,
    },
    /// Tandem itself has something to say to everybody, and `transcript-save-notices` keeps it.
    Notice {
        /// What.
        notice: NoticeKind,
        /// A sentence, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The session ended; always the last event.
    Closed {
        /// Why.
        reason: ClosedReason,
    },
    /// What stood here is erased. Nobody sends it: the store puts it in the place of all events but the last.
    Erased {
        /// As of what stood here, so that nobody sees more numbers than before.
        #[serde(default, skip_serializing_if = "Visibility::is_all")]
        visibility: Visibility,
    },
}

impl EventBody {
    /// Who may read it.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        match self {
            Self::Joined { visibility, .. }
            | Self::Message { visibility, .. }
            | Self::Left { visibility, .. }
            | Self::Invited { visibility, .. }
            | Self::InvitationEnded { visibility, .. }
            | Self::Erased { visibility } => *visibility,
            Self::Opened { .. } | Self::Queued { .. } | Self::Notice { .. } | Self::Closed { .. } => Visibility::All,
        }
    }
}

/// Who may read an event, and, of a reader, how much he may read: what is meant for him and all that is wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Visibility {
    /// Everybody.
    #[default]
    All,
    /// Agents and supervisors.
    Int,
    /// Supervisors.
    Vip,
}

impl Visibility {
    /// Each of them, the widest first.
    pub const EACH: [Self; 3] = [Self::All, Self::Int, Self::Vip];

    /// Whether everybody may read it.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether a reader who sees up to `reader` sees this.
    #[must_use]
    pub fn is_seen_by(self, reader: Self) -> bool {
        self <= reader
    }
}

/// What a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParticipantKind {
    /// A customer.
    Client,
    /// An agent.
    Agent,
    /// A supervisor.
    Supervisor,
    /// A bot or workflow.
    External,
    /// Tandem itself.
    System,
}

impl ParticipantKind {
    /// How much such a participant may read.
    #[must_use]
    pub fn sees(self) -> Visibility {
        match self {
            Self::Client | Self::External | Self::System => Visibility::All,
            Self::Agent => Visibility::Int,
            Self::Supervisor => Visibility::Vip,
        }
    }

    /// How hidden a message of such a participant may be. A bot may leave a note, though it reads none.
    #[must_use]
    pub fn may_say(self) -> Visibility {
        match self {
            Self::Client => Visibility::All,
            Self::External | Self::System | Self::Agent => Visibility::Int,
            Self::Supervisor => Visibility::Vip,
        }
    }
}

/// Why a participant left; on the wire the number that operators of such systems know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum LeaveReason {
    /// The participant left by itself.
    Logout = 0,
    /// No connection and no request for the `client-disconnect-timeout`.
    Gone = 3,
    /// Another participant removed it, or ended the session.
    Removed = 4,
    /// The server ended the session, such as after a store error.
    Server = 5,
    /// The session was idle.
    Idle = 7,
    /// Not back in time after a restoration.
    NotBack = 8,
}

impl From<LeaveReason> for u8 {
    fn from(reason: LeaveReason) -> u8 {
        reason as u8
    }
}

impl TryFrom<u8> for LeaveReason {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        use LeaveReason::{Gone, Idle, Logout, NotBack, Removed, Server};
        [Logout, Gone, Removed, Server, Idle, NotBack]
            .into_iter()
            .find(|reason| *reason as u8 == number)
            .ok_or_else(|| format!("{number} is not a leave reason"))
    }
}

/// Why a session waits in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueCause {
    /// It is new.
    Opened,
    /// Whoever was in it passed it on.
    Transferred,
    /// A bot passed it on to people.
    HandedOff,
    /// The bots of its queue did not take it, so that people are to.
    NoBot,
    /// Whoever was in it is gone and did not come back.
    AgentGone,
    /// Nobody was in it and it waited nowhere: the service mended that.
    Unattended,
}

/// Why an invited agent does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationEnd {
    /// He said no.
    Declined,
    /// He did not answer in time, or is not there.
    NoAnswer,
    /// Whoever asked took it back.
    Withdrawn,
}

/// What Tandem itself says in a session; on the wire the words that operators of such systems know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeKind {
    /// Nobody has done anything for a while; the session ends if that goes on.
    IdleControlAlert,
    /// Nobody has done anything for too long; the session ends.
    IdleControlClose,
    /// The session was restored by another engine.
    Restored,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    /// The last customer left, by itself or because it was gone.
    CustomerLeft,
    /// A participant ended it.
    Ended,
    /// The store could not save it (`transcript-save-on-error = close`).
    NotSaved,
    /// Its engine is gone, and sessions are not restored (`session-restoration-mode = none`).
    NotRestored,
    /// Nobody did anything for too long (`[engine.inactivity-control]`).
    Idle,
}

/// An event as serialised once by the engine: stored, sent over links and written to browsers as it is.
///
/// On a link `{"seq":3,"event":{…}}`. The gateway needs the number and the visibility but never reads
/// the inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawEvent {
    /// The event's number, the same as inside.
    pub seq: Seq,
    /// Who may read it, the same as inside, so that a gateway need not look inside to keep it from the others.
    #[serde(default, skip_serializing_if = "Visibility::is_all")]
    pub visibility: Visibility,
    /// The JSON text of the [`Event`].
    pub event: Arc<RawValue>,
}

impl RawEvent {
    /// Serialises an event.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let json = serde_json::value::to_raw_value(event).expect("an event has only string keys and finite numbers");
        Self { seq: event.seq, visibility: event.body.visibility(), event: Arc::from(json) }
    }

    /// An event as it was stored; an error means that stored bytes were altered.
    pub fn stored(seq: Seq, json: String) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Hidden {
            #[serde(default)]
            visibility: Visibility,
        }
        // Nearly all events are for everybody; a look for the word spares reading those as JSON.
        let visibility = match json.contains(r#""visibility":"#) {
            true => serde_json::from_str::<Hidden>(&json)?.visibility,
            false => Visibility::All,
        };
        Ok(Self { seq, visibility, event: Arc::from(RawValue::from_string(json)?) })
    }

    /// Reads the event back; an error means that stored bytes were altered.
    pub fn parse(&self) -> Result<Event, serde_json::Error> {
        serde_json::from_str(self.event.get())
    }

    /// The size of the JSON text in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.event.get().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let event = Event {
            seq: Seq(3),
            at_ms: Timestamp(1_764_000_000_000),
            body: EventBody::Message {
                participant: ParticipantId(1),
                client_id: ClientId::new("m-1").expect("valid"),
                text: "hi </script> \u{202e} é".into(),
                visibility: Visibility::All,
            },
        };
        let raw = RawEvent::of(&event);
        assert!(raw.event.get().starts_with(r#"{"seq":3,"at_ms":1764000000000,"type":"message","participant":1"#));
        assert_eq!(raw.parse().expect("parses"), event);
        let link = serde_json::to_string(&raw).expect("serialises");
        let back: RawEvent = serde_json::from_str(&link).expect("parses");
        assert_eq!(back.event.get(), raw.event.get());
    }

    #[test]
    fn a_note_is_known_as_one_when_it_is_read_back() {
        let raw = |text: &str, visibility| {
            let (participant, client_id) = (ParticipantId(1), ClientId::new("m-1").expect("valid"));
            let body = EventBody::Message { participant, client_id, text: text.into(), visibility };
            RawEvent::of(&Event { seq: Seq(3), at_ms: Timestamp(1), body })
        };
        let back =
            |raw: &RawEvent| RawEvent::stored(raw.seq, raw.event.get().to_owned()).expect("reads back").visibility;
        for visibility in Visibility::EACH {
            assert_eq!(raw("a note", visibility).visibility, visibility);
            assert_eq!(back(&raw("a note", visibility)), visibility);
        }
        assert_eq!(back(&raw(r#"","visibility":"INT"#, Visibility::All)), Visibility::All, "a text is no field");
    }

    #[test]
    fn a_leave_reason_is_the_number_operators_know() {
        assert_eq!(serde_json::to_string(&LeaveReason::NotBack).expect("serialises"), "8");
        assert!(serde_json::from_str::<LeaveReason>("1").is_err());
    }
}
