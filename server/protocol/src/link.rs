//! The frames between an engine and whoever links to it: gateways, the echo participant, the standby engine.
//!
//! A link is one WebSocket (subprotocol [`crate::limits::LINK_SUBPROTOCOL`]) of JSON text frames, one frame a
//! message. The side that connects says [`ToEngine::Hello`] first; the engine answers [`FromEngine::Welcome`] when it
//! is primary, or [`FromEngine::NotPrimary`] and closes. Requests are numbered by the connecting side and kept there
//! until they are answered; after a failover they are sent again, unchanged, and the engine's dedupe makes the repeat
//! harmless (D-3). Enums are externally tagged (`{"send":{…}}`): raw event JSON passes through unparsed.

mod proof;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    AgentId, AskId, ClientId, DeskId, Epoch, GatewayLink, LinkVersion, NoticeKind, Pair, PairName, ParticipantId,
    ParticipantKind, Peer, Place, RawEvent, Refusal, RequestId, Seq, SessionId, SessionState, Switchover,
    SwitchoverOutcome, Timestamp, TokenHash, TraceParent, Visibility,
    control::{ControlAsk, Told},
    desk::{DeskAsk, DeskNews},
    routing::{Changed, EndInvitation, Invite, Leaving, Placed, Route},
};

pub use proof::Proof;

/// What a link's client sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToEngine {
    /// Always the first frame.
    Hello(Hello),
    /// A request; answered exactly once by [`FromEngine::Answer`] with the same id while the connection lasts.
    Request {
        /// Names the request in its answer.
        id: RequestId,
        /// What is asked.
        body: Request,
        /// The span that waits for the answer, where the request is traced.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::trace::lenient")]
        trace: Option<TraceParent>,
    },
    /// The last reader of this participant behind this link is gone. Not answered, not repeated: an engine that lost
    /// the link has lost its attachments with it.
    Detach {
        /// The session.
        session: SessionId,
        /// The participant whose attachment ends; none for an attachment as the link itself.
        participant: Option<ParticipantId>,
    },
    /// A participant types or stopped typing. May be lost.
    Typing {
        /// The session.
        session: SessionId,
        /// Who.
        participant: ParticipantId,
        /// Whether he types.
        on: bool,
    },
    /// The interaction server's answer to a [`FromEngine::Asked`].
    Reply {
        /// What is answered.
        ask: AskId,
        /// What became of it: [`Answer::Told`], or a refusal.
        outcome: Outcome,
    },
    /// News for a desk, from the interaction server. May be lost with the engine; a desk that enters again gets all.
    Push {
        /// The link of the gateway that holds the desk.
        gateway: GatewayLink,
        /// The desk.
        desk: DeskId,
        /// What is new.
        news: DeskNews,
    },
    /// Where waiting sessions stand, from the interaction server. Never saved.
    Places(Vec<Placed>),
    /// The pair as this link knows it from now on; said after each welcome and each [`FromEngine::Pair`]. A primary
    /// hands over only when all its links know where they would have to go.
    Knows(Pair),
    /// Of the backup, after its welcome: what the primary must know of it to hand over.
    StandsBy(Deputy),
    /// Of the backup: it has read what it could, after [`FromEngine::Prepare`].
    Prepared,
    /// Nothing to say, but alive. Every frame counts as a sign of life.
    Heartbeat,
}

/// Who connects, and what he knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// The least version of the protocol that this side speaks; see [`crate::Speaks`].
    pub version: LinkVersion,
    /// The most.
    #[serde(default = "LinkVersion::first", skip_serializing_if = "LinkVersion::is_first")]
    pub speaks: LinkVersion,
    /// The pair meant; an engine of another pair refuses.
    pub pair: PairName,
    /// What connects.
    pub role: LinkRole,
    /// The name of this very process, for logs, such as `gateway-1`.
    pub name: String,
    /// The greatest epoch this side has seen. An engine with a smaller one is deposed and must not welcome.
    pub epoch_seen: Epoch,
}

/// See [`ToEngine::StandsBy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deputy {
    /// The version of its program.
    pub software: String,
    /// Its host, as it writes it into the lease itself; name, address and process are in its hello.
    pub host: String,
    /// When its process was started, likewise.
    pub pid_started: u64,
    /// The name of its machine, for people.
    #[serde(default)]
    pub hostname: String,
    /// When its process was started, by the wall clock, for people.
    #[serde(default)]
    pub started_ms: Timestamp,
}

/// What connects to an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkRole {
    /// A gateway.
    Gateway,
    /// A bot or workflow, such as the echo participant.
    External,
    /// The interaction server. There is one: a second is welcomed when the first is gone.
    Interaction,
    /// An operator's command, which asks about the pair, and of no sessions but those that it opens for a drill.
    Control,
    /// The other engine of the pair, standing by; the primary tells all links of it.
    Standby(Peer),
}

impl LinkRole {
    /// In a word, for status and metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::External => "external",
            Self::Interaction => "interaction",
            Self::Control => "control",
            Self::Standby(_) => "standby",
        }
    }
}

/// What a link's client asks of the engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Opens a session with its first customer. Repeatable: the same session id is the same session. → [`Answer::Joined`]
    Open(Open),
    /// Adds a participant. Repeatable by client id. → [`Answer::Joined`]
    Join(Join),
    /// Begins, or after a failover begins again, to receive the events of sessions; at most
    /// [`crate::limits::ATTACH_SESSIONS_MAX`] of them. → [`Answer::Attached`]
    Attach(Vec<Attach>),
    /// Says something. Repeatable by client id. → [`Answer::Saved`]
    Send(Send),
    /// Leaves. Repeatable. → [`Answer::Done`]
    Leave {
        /// The session.
        session: SessionId,
        /// Who leaves.
        by: Credential,
    },
    /// Ends the session for everyone. Repeatable. → [`Answer::Done`]
    Close {
        /// The session.
        session: SessionId,
        /// Who ends it.
        by: Credential,
    },
    /// Reads a page of a session's events without attaching. → [`Answer::Page`]
    Read {
        /// The session.
        session: SessionId,
        /// Who reads.
        by: Credential,
        /// Events after this one.
        after: Seq,
        /// At most this many, and at most [`crate::limits::PAGE_EVENTS_MAX`].
        limit: u32,
    },
    /// Asks to be told of every open session, those there are and those to come, by [`FromEngine::Opened`]; until the
    /// link ends. Answered after those there are. Roles only. → [`Answer::Done`]
    Watch,
    /// Asks how these sessions stand, at most [`crate::limits::ATTACH_SESSIONS_MAX`] of them, and to be told of every
    /// change of any session from now on, messages aside, by [`FromEngine::Changed`]; until the link ends. Sessions that
    /// nobody knows are left out. Roles only. → [`Answer::Followed`]
    Follow(Vec<SessionId>),
    /// Puts a session into a queue. Roles only. → [`Answer::Saved`]
    Route(Route),
    /// Asks an agent to come into a session. Roles only. → [`Answer::Saved`]
    Invite(Invite),
    /// Ends an invitation. Roles only. → [`Answer::Done`]
    EndInvitation(EndInvitation),
    /// Has participants leave. Repeatable. Roles only. → [`Answer::Done`]
    Remove {
        /// The session.
        session: SessionId,
        /// Who leaves, and why.
        leaving: Vec<Leaving>,
    },
    /// Erases what was said in a session that has ended: of its events but the last only their numbers and moments stay.
    /// Repeatable; of a session that nobody knows there is nothing to erase. Refused as [`crate::ErrorCode::Busy`] while
    /// the session goes on. Roles only. → [`Answer::Done`]
    Erase {
        /// The session.
        session: SessionId,
    },
    /// Asks something of the interaction server; it waits at the engine until there is one. → [`Answer::Told`]
    Ask(DeskAsk),
    /// Asks the primary to hand over to its backup. Gateways and operators only. → [`Answer::Switchover`]
    Switchover(Switchover),
    /// Asks what only operators ask. Gateways and operators only. → [`Answer::Control`]
    Control(ControlAsk),
}

/// As whom something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A participant whom the link's client has authenticated before, by an attach or an answered request.
    Participant(ParticipantId),
    /// The holder of this token; the engine finds the participant.
    Token(TokenHash),
    /// The link's client itself, a role of Tandem and no participant.
    Role,
}

/// See [`Request::Open`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Open {
    /// The new session's id, made by the asking side, so that a repeat is known (D-3).
    pub session: SessionId,
    /// What it is about.
    pub subject: Option<String>,
    /// The opener's own data.
    pub properties: BTreeMap<String, String>,
    /// The customer's name to show.
    pub name: String,
    /// What the customer's token hashes to.
    pub token_hash: TokenHash,
}

/// See [`Request::Join`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Join {
    /// The session.
    pub session: SessionId,
    /// Who asks.
    pub by: Credential,
    /// Names this join among all of the session, so that a repeat is known (D-3).
    pub client_id: ClientId,
    /// What joins.
    pub kind: ParticipantKind,
    /// The name to show.
    pub name: String,
    /// What the participant's token hashes to; none for one who only ever acts through a role's link.
    pub token_hash: Option<TokenHash>,
    /// Who sees him. Only a role lets somebody join unseen.
    #[serde(default, skip_serializing_if = "Visibility::is_all")]
    pub visibility: Visibility,
    /// His account, where he has one. Only a role says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The `queued` event that this join answers: it is refused as [`crate::ErrorCode::Taken`] unless the session
    /// waits since that very event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taking: Option<Seq>,
    /// Those in whose place he comes: they are removed with it, all or nothing. Only a role says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacing: Vec<ParticipantId>,
}

/// See [`Request::Send`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Send {
    /// The session.
    pub session: SessionId,
    /// Who says it.
    pub by: Credential,
    /// The sender's id for it (D-3).
    pub client_id: ClientId,
    /// What is said.
    pub text: String,
    /// Who may read it, within [`ParticipantKind::may_say`]. A participant whom those do not see yet joins again for
    /// them to see first.
    #[serde(default, skip_serializing_if = "Visibility::is_all")]
    pub visibility: Visibility,
}

/// One session to receive events of; see [`Request::Attach`].
///
/// One link receives each event of a session once, however many of the session's participants it attached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attach {
    /// The session.
    pub session: SessionId,
    /// As whom; a token is checked. The participant counts as connected until the detach or the link's end.
    pub by: Credential,
    /// Other participants whom this link had attached before a failover, so that a session costs one answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<ParticipantId>,
    /// The last event the asking side has; [`Seq::ZERO`] for none.
    pub after: Seq,
}

/// See [`FromEngine::Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The pair.
    #[serde(flatten)]
    pub pair: Pair,
    /// The newest version of the protocol that the engine speaks.
    #[serde(default = "LinkVersion::first", skip_serializing_if = "LinkVersion::is_first")]
    pub speaks: LinkVersion,
}

/// What an engine sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromEngine {
    /// The engine is primary and serves this link.
    Welcome(Welcome),
    /// The engine does not serve, or no longer: the pair as it knows it, if it does. The connection ends after it.
    NotPrimary(Option<Pair>),
    /// The engine has handed over to the primary of this pair, in its epoch. Whatever it had answered or delivered was
    /// written before this; what it has not answered is to be asked there. The connection ends after it.
    Moved(Pair),
    /// The hello cannot be served by any engine of this kind (other pair, other version); do not try again.
    Refused(Refusal),
    /// The answer to a request. For one link, answers and deliveries of one session come in the order of its events.
    Answer {
        /// The request.
        id: RequestId,
        /// What became of it.
        outcome: Outcome,
    },
    /// New events of an attached session, in order.
    Deliver(Deliver),
    /// Somebody types. May be lost.
    Typing {
        /// The session.
        session: SessionId,
        /// Who.
        participant: ParticipantId,
        /// Whether he types.
        on: bool,
    },
    /// Sessions that are open; sent after [`Request::Watch`]. A session may be named more than once.
    Opened(Vec<SessionId>),
    /// Sessions that changed, to whoever follows them.
    Changed(Vec<Changed>),
    /// Where a waiting session stands, to whoever attached it. May be lost.
    Place {
        /// The session.
        session: SessionId,
        /// Its place.
        place: Place,
    },
    /// Something about an attached session that is none of its events, in order with them.
    Notice {
        /// The session.
        session: SessionId,
        /// What.
        notice: SessionNotice,
    },
    /// To the interaction server: a gateway asks. It may have been asked before, of this or another process.
    Asked {
        /// What the answer names.
        ask: AskId,
        /// The gateway's link.
        gateway: GatewayLink,
        /// What is asked.
        body: DeskAsk,
    },
    /// To the interaction server: a gateway's link is gone, and with it its desks.
    GatewayGone(GatewayLink),
    /// To a gateway: news for one of its desks.
    Desk {
        /// The desk.
        desk: DeskId,
        /// What is new.
        news: DeskNews,
    },
    /// To gateways: the interaction server is gone. What desks do waits.
    InteractionGone,
    /// To gateways: there is another interaction server, which knows no desk. Those there are enter again.
    EnterAgain,
    /// The pair changed: a backup came or went.
    Pair(Pair),
    /// To the backup: it is to take over in a moment, and should read these sessions, which have readers. They come in
    /// several frames where they are many.
    Prepare {
        /// Some of the sessions.
        sessions: Vec<SessionId>,
        /// Whether these are the last.
        is_last: bool,
    },
    /// To the backup: it is not to take over after all.
    CalledOff,
    /// To the backup: the lease is its own, in this epoch. The connection ends after it.
    HandedOver {
        /// The epoch.
        epoch: Epoch,
        /// How long the primary has held requests, in microseconds.
        held_us: u64,
    },
    /// To the backup: it is to end in an orderly way, for whoever supervises it to start it again.
    Restart,
    /// Nothing to say, but alive.
    Heartbeat,
}

/// See [`FromEngine::Notice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionNotice {
    /// Tandem says something that the transcript does not keep; what it keeps is an event.
    Said {
        /// What.
        notice: NoticeKind,
        /// A sentence.
        text: String,
    },
    /// Everything up to `seq` is on the disk; sent where something had been told without being there, and after each
    /// save with `transcript-auto-save = 2`.
    Saved {
        /// The last event on the disk.
        seq: Seq,
        /// Whether that is everything told.
        is_all: bool,
        /// Whether clients who asked for it are told (`transcript-auto-save = 2`).
        for_clients: bool,
    },
    /// What comes after `seq` could not be saved. Events that follow are not on the disk until a `saved` says so.
    NotSaved {
        /// The last event on the disk.
        seq: Seq,
        /// Whether clients who asked for it are told (`transcript-auto-save = 2`).
        for_clients: bool,
    },
}

fn yes() -> bool {
    true
}

/// What became of a request; `Result` as its own type so that the wire says `done` or `refused`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, durably where it changed anything (D-1).
    Done(Answer),
    /// It was not done.
    Refused(Refusal),
}

/// What a request that was done returns.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To open and join: the participant, and the number of the event by which he joined.
    Joined {
        /// The participant's number.
        participant: ParticipantId,
        /// The event's number.
        seq: Seq,
    },
    /// To attach: one entry a session, in the order asked.
    Attached(Vec<Attached>),
    /// To send: where and when it stands in the transcript.
    Saved {
        /// The event's number.
        seq: Seq,
        /// When it was numbered.
        at_ms: Timestamp,
        /// The participant that said it.
        participant: ParticipantId,
        /// Whether it is on the disk (D-1). False only where the operator lets sessions go on unsaved
        /// (`transcript-save-on-error = continue`, `transcript-auto-save = 0`).
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        durable: bool,
    },
    /// To read: events in order.
    Page(Page),
    /// To follow: those of the sessions that are known.
    Followed(Vec<Changed>),
    /// To ask: what the interaction server says, as JSON; null for nothing.
    Told(Box<RawValue>),
    /// To switchover: what became of it.
    Switchover(SwitchoverOutcome),
    /// To control: what is told.
    Control(Told),
    /// To the rest.
    Done,
}

/// A part of a session's history, with everything for every reader: whoever passes it on keeps from each reader what
/// he may not read, by [`Page::narrow`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page {
    /// The participant that reads; none for a role.
    pub participant: Option<ParticipantId>,
    /// The session's last saved event.
    pub head: Seq,
    /// The last saved event for each kind of reader.
    #[serde(default)]
    pub heads: Heads,
    /// The events after the one asked for; empty only when there are none.
    pub events: Vec<RawEvent>,
    /// The session's current state.
    pub state: SessionState,
}

impl Page {
    /// Leaves what a reader who sees up to `reader` may read; `head` is then the last event for him.
    pub fn narrow(&mut self, reader: Visibility) {
        self.events.retain(|event| event.visibility.is_seen_by(reader));
        self.state.narrow(reader);
        self.head = self.heads.of(reader);
        self.heads = Heads::default();
    }
}

/// The last event for each kind of reader: where one reads less than another, his numbers have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heads {
    /// For those who see [`Visibility::All`].
    pub all: Seq,
    /// For those who see [`Visibility::Int`].
    pub int: Seq,
    /// For those who see [`Visibility::Vip`]: the session's head.
    pub vip: Seq,
}

impl Heads {
    /// The last event for readers who see up to `reader`.
    #[must_use]
    pub fn of(&self, reader: Visibility) -> Seq {
        match reader {
            Visibility::All => self.all,
            Visibility::Int => self.int,
            Visibility::Vip => self.vip,
        }
    }

    /// There is one more event.
    pub fn note(&mut self, seq: Seq, visibility: Visibility) {
        self.vip = seq;
        if visibility.is_seen_by(Visibility::Int) {
            self.int = seq;
        }
        if visibility.is_all() {
            self.all = seq;
        }
    }
}

/// What became of one session of an attach.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attached {
    /// It is attached: every event after `page.head` will be delivered.
    Live {
        /// The session.
        session: SessionId,
        /// What was missed. When its events stop short of its head, the rest is there to be read; when the asked
        /// `after` is beyond the head, the asking side knows a history that was never acknowledged.
        page: Page,
    },
    /// It is not.
    Refused {
        /// The session.
        session: SessionId,
        /// Why.
        refusal: Refusal,
    },
}

/// See [`FromEngine::Deliver`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deliver {
    /// The session.
    pub session: SessionId,
    /// The number of the event before the first of these in what this link gets; a reader whose head differs has
    /// missed something and reads.
    pub after: Seq,
    /// The events, in order.
    pub events: Vec<RawEvent>,
}
