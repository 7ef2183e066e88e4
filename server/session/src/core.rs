//! Everything a primary engine knows: all sessions, all links, and what is on its way to the disk.
//!
//! The core decides; the engine's runtime calls it from one task, in order, and carries out what it returns. What is
//! numbered but not saved is told to nobody (D-1): answers and deliveries leave only from [`Core::saved`], unless the
//! operator lets sessions go on unsaved (`backlog`).

mod attach;
mod backlog;
mod erasing;
mod idleness;
mod operating;
mod overview;
mod relay;
mod requests;
mod restoring;
mod routing;
mod saving;
mod succession;
mod timers;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tandem_protocol::{
    AskId, DeskId, ErrorCode, GatewayLink, LeaveReason, ParticipantId, Place, RawEvent, Refusal, RequestId, Seq,
    SessionId, TokenHash,
    desk::{DeskAsk, DeskNews},
    link::{Answer, Deliver, Outcome, Request, SessionNotice},
    routing::Changed,
};

use self::{
    backlog::{Backlog, Backlogs},
    idleness::Idleness,
    relay::Relay,
    requests::Asked,
    restoring::Restoring,
    saving::{AtStore, Unsaved},
};
use crate::{Now, Recent, Session, SessionSettings};

/// One link to the engine, named by the runtime; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// One read of a session's older events, named by the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadId(u64);

/// An open session as the store lists it at a takeover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id; the rest is read when somebody asks for it.
    pub session: SessionId,
}

/// A session's whole saved history, read back; empty when the store does not know it.
#[derive(Debug)]
pub struct LoadedSession {
    /// The session.
    pub session: SessionId,
    /// Its events in order, each with the hash that was saved beside it.
    pub history: Vec<(RawEvent, Option<TokenHash>)>,
}

/// What the runtime is to do, in the order given.
#[derive(Debug)]
pub enum Effect {
    /// Answer a request of a link.
    Answer {
        /// The link.
        link: LinkId,
        /// Its request.
        id: RequestId,
        /// The answer.
        outcome: Outcome,
    },
    /// Send new events to these links; serialised once.
    Deliver {
        /// The links.
        links: Vec<LinkId>,
        /// The frame.
        deliver: Deliver,
    },
    /// Tell these links that somebody types. May be lost.
    Typing {
        /// The links.
        links: Vec<LinkId>,
        /// The session.
        session: SessionId,
        /// Who.
        participant: ParticipantId,
        /// Whether he types.
        on: bool,
    },
    /// Tell a watching link of open sessions.
    Opened {
        /// The link.
        link: LinkId,
        /// The sessions.
        sessions: Vec<SessionId>,
    },
    /// Tell these links, who follow the sessions, that they changed; serialised once.
    Changed {
        /// The links.
        links: Vec<LinkId>,
        /// How the sessions stand.
        changed: Vec<Changed>,
    },
    /// Tell these links where a waiting session stands. May be lost.
    Place {
        /// The links.
        links: Vec<LinkId>,
        /// The session.
        session: SessionId,
        /// Its place.
        place: Place,
    },
    /// Tell these links something about a session that is none of its events. May be lost.
    Notice {
        /// The links.
        links: Vec<LinkId>,
        /// The session.
        session: SessionId,
        /// What.
        notice: SessionNotice,
    },
    /// Pass a gateway's question on to the interaction server.
    Asked {
        /// The interaction server's link.
        link: LinkId,
        /// What the reply names.
        ask: AskId,
        /// The gateway's link.
        gateway: GatewayLink,
        /// What is asked.
        body: DeskAsk,
    },
    /// Tell the interaction server that a gateway's link is gone.
    GatewayGone {
        /// The interaction server's link.
        link: LinkId,
        /// The gateway's link.
        gateway: GatewayLink,
    },
    /// Pass news on to the gateway that holds the desk.
    Desk {
        /// The gateway's link.
        link: LinkId,
        /// The desk.
        desk: DeskId,
        /// What is new.
        news: DeskNews,
    },
    /// Tell these gateways that the interaction server is gone.
    InteractionGone {
        /// Their links.
        links: Vec<LinkId>,
    },
    /// Tell these gateways that another interaction server is there.
    EnterAgain {
        /// Their links.
        links: Vec<LinkId>,
    },
    /// Read these sessions from the store, then call [`Core::loaded`] (or [`Core::load_failed`]) with all of them.
    Load {
        /// The sessions.
        sessions: Vec<SessionId>,
    },
    /// Read a page of older events, then call [`Core::page_read`] (or [`Core::page_failed`]).
    Read {
        /// Names the read.
        read: ReadId,
        /// The session.
        session: SessionId,
        /// Events after this one.
        after: Seq,
        /// At most this many.
        events_max: usize,
    },
    /// Erase a session in the store, then call [`Core::erased`].
    Erase {
        /// The session.
        session: SessionId,
    },
}

/// What became of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// It is done, durably.
    Done,
    /// The session has not ended.
    StillOpen,
    /// The store could not do it, or not all of it.
    Failed,
}

/// How much there is, for logs and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoreCounts {
    /// Open sessions, in memory or not.
    pub open: usize,
    /// Sessions in memory, open or just ended.
    pub live: usize,
    /// Open sessions that are not in memory.
    pub dormant: usize,
    /// Open sessions that wait in a queue, of those in memory.
    pub waiting: usize,
    /// Attachments of all links.
    pub attachments: usize,
}

/// Where a session is.
#[derive(Debug)]
enum Slot {
    /// Open, known from the store's list; nobody has asked for it yet.
    Dormant,
    /// Being read from the store; requests for it are parked.
    Loading {
        /// Whether the store listed it as open, should the reading fail.
        was_open: bool,
    },
    /// The store does not know it; gone again once the parked requests are answered.
    Unknown,
    /// Being erased in the store for whoever asked; requests for it are parked.
    Erasing(Asked),
    /// In memory.
    Live(Box<Live>),
}

/// A session in memory.
#[derive(Debug)]
struct Live {
    session: Session,
    /// What was told of it and is not saved; its records are then nowhere else.
    backlog: Backlog,
    /// Who gets its events: a link stands here once for each participant it attached.
    attachments: Vec<(LinkId, Option<ParticipantId>)>,
    /// The joined customers without an attachment.
    absences: Vec<Absence>,
    /// How long nobody has done anything; none while that is not measured.
    idleness: Option<Idleness>,
    /// How far it has come in the queue since the `queued` event named; never saved.
    place: Option<(Seq, Place)>,
    /// When something is next to be done about it; mirrored in `Core::deadlines`.
    deadline: Option<Duration>,
}

/// A customer who is not there.
#[derive(Debug)]
struct Absence {
    participant: ParticipantId,
    since: Duration,
    /// What his leaving will be put down to, if he does not come.
    reason: LeaveReason,
}

/// See the module.
#[derive(Debug)]
pub struct Core {
    settings: SessionSettings,
    sessions: HashMap<SessionId, Slot>,
    /// Sessions that are not closed, or whose end is not saved; what `limit-for-sessions` counts.
    open: usize,
    /// Those that wait in a queue, as told.
    waiting: HashSet<SessionId>,
    /// How many could not be saved and have no saved end.
    condemned: usize,
    /// The sessions each link attached; the links of `Live::attachments`, the other way round.
    links: HashMap<LinkId, HashSet<SessionId>>,
    watchers: BTreeSet<LinkId>,
    /// Links that are told of every change of a session.
    followers: BTreeSet<LinkId>,
    /// Links of operators' commands.
    operators: BTreeSet<LinkId>,
    relay: Relay,
    /// Attachments of participants; what `limit-for-clients` counts.
    clients: usize,
    /// Numbered and neither saved nor told, in order.
    unsaved: VecDeque<Unsaved>,
    at_store: AtStore,
    /// What was told and is not saved.
    backlogs: Backlogs,
    restoring: Restoring,
    /// Sessions that are being erased.
    erasing: usize,
    deadlines: BTreeSet<(Duration, SessionId)>,
    taken_over_at: Duration,
    /// The primary before this one has handed over in order: sessions go on, and nobody need be told.
    is_planned: bool,
    /// When what is being taken in had arrived.
    arrived: Duration,
    /// Messages that were acknowledged: all of them, and those of the last seconds.
    messages: u64,
    answered: Recent,
    /// Sessions nobody may have asked for since the takeover, and when they are to be looked after.
    dormant: VecDeque<SessionId>,
    dormant_until: Duration,
}

impl Core {
    /// The core of an engine that has just become primary; `open` are the sessions it inherits.
    ///
    /// The store is read only after the epoch was raised: the caller has done that (design section 3, F-1).
    #[must_use]
    pub fn new(now: Now, settings: SessionSettings, open: &[OpenSession]) -> Self {
        // Those that are not restored have nobody to wait for.
        let wait = if settings.restores() { settings.client_disconnect_timeout } else { Duration::ZERO };
        let dormant_until = now.elapsed + wait;
        Self {
            settings,
            sessions: open.iter().map(|open| (open.session, Slot::Dormant)).collect(),
            open: open.len(),
            waiting: HashSet::new(),
            condemned: 0,
            links: HashMap::new(),
            watchers: BTreeSet::new(),
            followers: BTreeSet::new(),
            operators: BTreeSet::new(),
            relay: Relay::default(),
            clients: 0,
            unsaved: VecDeque::new(),
            at_store: AtStore::Nothing,
            backlogs: Backlogs::default(),
            restoring: Restoring::default(),
            erasing: 0,
            deadlines: BTreeSet::new(),
            taken_over_at: now.elapsed,
            is_planned: false,
            arrived: now.elapsed,
            messages: 0,
            answered: Recent::new(now.elapsed),
            dormant: open.iter().map(|open| open.session).collect(),
            dormant_until,
        }
    }

    /// Open sessions, in memory or not; what `limit-for-sessions` counts.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.open
    }

    /// Attachments of all links; what `limit-for-clients` counts.
    #[must_use]
    pub fn attached_clients(&self) -> usize {
        self.clients
    }

    /// The sessions that some link gets the events of.
    #[must_use]
    pub fn attached_sessions(&self) -> Vec<SessionId> {
        let all: HashSet<SessionId> = self.links.values().flatten().copied().collect();
        all.into_iter().collect()
    }

    /// Of a session that was open and is being read: whether anybody has asked for it. None for any other.
    #[must_use]
    pub fn is_awaited(&self, session: SessionId) -> Option<bool> {
        match self.sessions.get(&session) {
            Some(Slot::Loading { was_open: true }) => Some(self.restoring.waits_for(session)),
            _ => None,
        }
    }

    /// Whether a session goes on in this engine.
    #[must_use]
    pub fn goes_on(&self, session: SessionId) -> bool {
        self.live(session).is_some_and(|live| !live.session.is_closed()) && !self.restoring.is_ending(session)
    }

    /// Records that are numbered and neither saved nor told.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// A link is there.
    pub fn link_up(&mut self, link: LinkId) {
        self.links.insert(link, HashSet::new());
    }

    /// A link is gone, and with it its attachments. What else it asked is still done; it asks again elsewhere.
    pub fn link_down(&mut self, now: Now, link: LinkId, effects: &mut Vec<Effect>) {
        self.watchers.remove(&link);
        self.followers.remove(&link);
        self.operators.remove(&link);
        self.relay.link_down(link, effects);
        for session in self.links.remove(&link).unwrap_or_default() {
            self.detach_all(now, link, session);
        }
    }

    /// A request of a link. It is answered once, unless the link ends first.
    pub fn request(&mut self, now: Now, link: LinkId, id: RequestId, body: Request, effects: &mut Vec<Effect>) {
        let missing = self.missing_sessions(&body);
        if missing.is_empty() {
            self.execute(now, link, id, body, effects);
        } else {
            self.park(link, id, body, missing, effects);
        }
    }

    /// A participant types. Nothing is kept of it.
    pub fn typing(
        &mut self,
        now: Now,
        from: LinkId,
        session: SessionId,
        participant: ParticipantId,
        on: bool,
        effects: &mut Vec<Effect>,
    ) {
        let Some(live) = self.live(session) else { return };
        // One whom not everybody sees types unseen too.
        if !live.attachments.contains(&(from, Some(participant))) || !live.session.is_seen_by_all(participant) {
            return;
        }
        let links = live.links();
        self.note_typing(now, session, on);
        effects.push(Effect::Typing { links, session, participant, on });
    }

    fn live(&self, session: SessionId) -> Option<&Live> {
        match self.sessions.get(&session) {
            Some(Slot::Live(live)) => Some(live),
            _ => None,
        }
    }

    fn live_mut(&mut self, session: SessionId) -> Option<&mut Live> {
        match self.sessions.get_mut(&session) {
            Some(Slot::Live(live)) => Some(live),
            _ => None,
        }
    }
}

impl Live {
    fn new(session: Session) -> Self {
        Self {
            session,
            backlog: Backlog::default(),
            attachments: Vec::new(),
            absences: Vec::new(),
            idleness: None,
            place: None,
            deadline: None,
        }
    }

    /// Each link that gets the session's events, once.
    fn links(&self) -> Vec<LinkId> {
        let mut links = Vec::with_capacity(self.attachments.len());
        for (link, _) in &self.attachments {
            if !links.contains(link) {
                links.push(*link);
            }
        }
        links
    }

    fn is_attached(&self, participant: ParticipantId) -> bool {
        self.attachments.iter().any(|(_, attached)| *attached == Some(participant))
    }
}

fn done(answer: Answer) -> Outcome {
    Outcome::Done(answer)
}

fn unknown_session() -> Refusal {
    Refusal::new(ErrorCode::UnknownSession, "there is no such session")
}

fn unauthorized() -> Refusal {
    Refusal::new(ErrorCode::Unauthorized, "the token is not one of this session's")
}

#[cfg(test)]
mod tests;
