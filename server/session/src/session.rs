//! One chat session: its numbering (D-4), its dedupe (D-3), its participants.
//!
//! A session numbers events before they are saved; what it has numbered but not told can be undone, newest first,
//! when the store refuses. It never answers or delivers: the [`crate::Core`] does, once a record is saved (D-1), or
//! before that where the operator lets sessions go on unsaved.

mod participant;
mod routing;

use std::collections::{BTreeMap, HashMap, VecDeque};

use tandem_protocol::{
    AgentId, ClientId, ClosedReason, ErrorCode, Event, EventBody, LeaveReason, NoticeKind, ParticipantId,
    ParticipantKind, RawEvent, Refusal, Seq, SessionId, SessionState, SessionStatus, Timestamp, TokenHash, Visibility,
    limits::PARTICIPANTS_MAX, link::Heads, properties, routing::Leaving,
};

use self::{
    participant::Participant,
    routing::{Invitation, QueueEntry, Routing},
};
use crate::Record;

/// Told events kept in memory for readers who lag a little; older ones are read from the store, so that more are kept
/// only while they are not saved.
const TAIL_EVENTS_MAX: usize = 64;
/// See [`TAIL_EVENTS_MAX`]; whichever comes first.
const TAIL_BYTES_MAX: usize = 16 * 1024;

/// Places that only staff may take of those that a session has.
const STAFF_PLACES: usize = PARTICIPANTS_MAX / 2;

/// Under whom the client ids of routing stand, and of the joins of staff: nobody else chooses ids there, so that no
/// customer can answer for the service in advance. No participant has this number.
const SERVICE: ParticipantId = ParticipantId(u32::MAX);

/// A stored history that cannot be a session's: the store was altered or is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// An event's number is not the one after its predecessor's (D-4).
    #[error("event {found} stands where event {expected} belongs")]
    Numbering {
        /// The number that belongs there.
        expected: Seq,
        /// The number found.
        found: Seq,
    },
    /// An event is not readable as one.
    #[error("event {0} is not readable")]
    Event(Seq),
    /// The first event does not open the session.
    #[error("the first event does not open the session")]
    NotOpened,
}

/// Where a numbered send stands; the answer to its repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: Seq,
    pub(crate) at: Timestamp,
    pub(crate) participant: ParticipantId,
}

/// Somebody who joins, and how.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) client_id: ClientId,
    pub(crate) kind: ParticipantKind,
    pub(crate) name: String,
    /// Who sees him.
    pub(crate) visibility: Visibility,
    pub(crate) token: Option<TokenHash>,
    /// His account, where he works here.
    pub(crate) agent: Option<AgentId>,
    /// The `queued` event that he answers.
    pub(crate) taking: Option<Seq>,
    /// In whose place he comes.
    pub(crate) replacing: Vec<ParticipantId>,
}

impl Joining {
    /// The customer who opens the session.
    pub(crate) fn customer(client_id: ClientId, name: String, token: TokenHash) -> Self {
        let (kind, visibility) = (ParticipantKind::Client, Visibility::All);
        Self { client_id, kind, name, visibility, token: Some(token), agent: None, taking: None, replacing: Vec::new() }
    }
}

/// What numbering a send came to.
#[derive(Debug)]
pub(crate) enum Numbered {
    /// It is new: save these records, the last of which is it, then answer with the place.
    New(Vec<Record>, Place),
    /// It is a repeat: answer with the first one's place, once that is saved.
    Repeat(Place),
}

/// Under whom the client id of a join stands: of somebody with an account, and of everybody else.
fn joins_under(agent: Option<AgentId>) -> ParticipantId {
    if agent.is_some() { SERVICE } else { ParticipantId::ZERO }
}

/// One chat session.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    closed: Option<Seq>,
    /// It could not be saved: it takes nothing more and is closed as soon as the store saves again.
    pub(crate) is_condemned: bool,
    opened_at: Timestamp,
    subject: Option<String>,
    properties: BTreeMap<String, String>,
    routing: Routing,
    /// In order of joining: participant n is at n - 1.
    participants: Vec<Participant>,
    /// The last event by which somebody did something; what idleness is measured from.
    active: Seq,
    /// The last numbered event.
    head: Seq,
    /// The last event that readers may know of: the last saved one (D-1), unless the session goes on unsaved.
    told: Seq,
    /// The last event on the disk; less than `told` only while the session goes on unsaved.
    saved: Seq,
    /// The last told event for each kind of reader.
    heads: Heads,
    /// The newest told events, ending with `told`; all that are not on the disk are among them.
    tail: VecDeque<RawEvent>,
    tail_bytes: usize,
    /// What was numbered under which client id (D-3); joins under participant 0, what the service does under [`SERVICE`].
    places: HashMap<(ParticipantId, ClientId), Place>,
}

impl Session {
    /// A session in which nothing has happened yet.
    pub(crate) fn new(id: SessionId) -> Self {
        Self {
            id,
            closed: None,
            is_condemned: false,
            opened_at: Timestamp::ZERO,
            subject: None,
            properties: BTreeMap::new(),
            routing: Routing::default(),
            participants: Vec::new(),
            active: Seq::ZERO,
            head: Seq::ZERO,
            told: Seq::ZERO,
            saved: Seq::ZERO,
            heads: Heads::default(),
            tail: VecDeque::new(),
            tail_bytes: 0,
            places: HashMap::new(),
        }
    }

    /// Restores a session from its whole saved history, in order.
    pub fn restore(id: SessionId, history: Vec<(RawEvent, Option<TokenHash>)>) -> Result<Self, Unreadable> {
        let mut session = Self::new(id);
        session.extend(history)?;
        Ok(session)
    }

    /// Restores what was saved after what is restored already.
    pub fn extend(&mut self, history: Vec<(RawEvent, Option<TokenHash>)>) -> Result<(), Unreadable> {
        for (raw, secret) in history {
            let expected = self.head.next();
            let event = raw.parse().map_err(|_| Unreadable::Event(expected))?;
            if event.seq != expected || raw.seq != expected {
                return Err(Unreadable::Numbering { expected, found: event.seq });
            }
            let opens = matches!(event.body, EventBody::Opened { .. });
            let is_erased = matches!(event.body, EventBody::Erased { .. });
            if opens != (expected == Seq(1)) && !is_erased {
                return Err(Unreadable::NotOpened);
            }
            self.apply(event, secret)?;
            self.tell(raw);
            self.saved(expected);
        }
        Ok(())
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The number of the last event that readers may know of.
    pub(crate) fn told_head(&self) -> Seq {
        self.told
    }

    /// The number of the last event on the disk.
    pub(crate) fn saved_head(&self) -> Seq {
        self.saved
    }

    /// The last told event for each kind of reader.
    pub(crate) fn heads(&self) -> Heads {
        self.heads
    }

    /// The last numbered event's number.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.head
    }

    /// The last event by which somebody did something.
    pub(crate) fn active(&self) -> Seq {
        self.active
    }

    /// Whether everything numbered is on the disk.
    pub(crate) fn is_all_saved(&self) -> bool {
        self.head == self.saved
    }

    /// Whether the session has ended, though the end may not be saved yet.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether anything at all has happened.
    pub(crate) fn is_empty(&self) -> bool {
        self.head == Seq::ZERO
    }

    /// Whether it belongs to a drill.
    pub(crate) fn is_drill(&self) -> bool {
        properties::is_drill(&self.properties)
    }

    /// Whether what was said in it has been erased: even its customer is no longer known.
    pub(crate) fn is_erased(&self) -> bool {
        self.is_closed() && self.participants.is_empty()
    }

    /// The state to show to a reader: as told, whatever has been numbered since (D-1).
    pub(crate) fn state(&self) -> SessionState {
        let is_told = |seq: Seq| seq <= self.told;
        let participants = self.participants.iter().zip(1..);
        let participants = participants.filter_map(|(known, at)| known.state_at(self.told, ParticipantId(at)));
        SessionState {
            status: if self.closed.is_some_and(is_told) { SessionStatus::Closed } else { SessionStatus::Open },
            subject: self.subject.clone(),
            properties: self.properties.clone(),
            unsaved_after: (self.saved < self.told).then_some(self.saved),
            opened_at_ms: self.opened_at,
            queue: self.routing.queue_at(self.told),
            participants: participants.collect(),
            invitations: self.routing.invitations_at(self.told),
        }
    }

    /// The participant who holds this token; the last one, for an agent who comes again has the same.
    pub(crate) fn holder_of(&self, token: &TokenHash) -> Option<ParticipantId> {
        let holds = |p: &Participant| p.token.is_some_and(|own| own.matches(token));
        self.participants.iter().rposition(holds).map(|at| ParticipantId(at as u32 + 1))
    }

    /// Whether this is somebody of the staff who left while the session went on: it is no longer his business.
    pub(crate) fn has_gone(&self, participant: ParticipantId) -> bool {
        let Some(left) = self.participant(participant).filter(|known| known.agent.is_some()).and_then(|p| p.left)
        else {
            return false;
        };
        // With the end everybody leaves, one event after the other; what has ended its staff may still read.
        let is_leaving = |seq: u64| self.participants.iter().any(|known| known.left == Some(Seq(seq)));
        !self.closed.is_some_and(|closed| (left.0..closed.0).all(is_leaving))
    }

    /// Whether there is such a participant, joined or not.
    pub(crate) fn has(&self, participant: ParticipantId) -> bool {
        self.participant(participant).is_some()
    }

    /// Whether everybody sees this participant.
    pub(crate) fn is_seen_by_all(&self, participant: ParticipantId) -> bool {
        self.participant(participant).is_some_and(|known| known.visibility().is_all())
    }

    /// Whether this is a customer who has joined and not left.
    pub(crate) fn is_customer(&self, participant: ParticipantId) -> bool {
        self.participant(participant).is_some_and(|p| p.is_here() && p.kind == ParticipantKind::Client)
    }

    /// The customers who have joined and not left.
    pub(crate) fn customers(&self) -> Vec<ParticipantId> {
        self.joined().filter(|id| self.is_customer(*id)).collect()
    }

    /// Told events after `after`, as far as memory has them without a gap; empty when it does not.
    pub(crate) fn recent(&self, after: Seq, events_max: usize, bytes_max: usize) -> Vec<RawEvent> {
        // A reader's number may be anything; from here on there is one after it.
        if after >= self.told {
            return Vec::new();
        }
        let Some(first) = self.tail.front().filter(|first| first.seq <= after.next()) else { return Vec::new() };
        let skipped = (after.next().0 - first.seq.0) as usize;
        let mut bytes = 0;
        let fits = |raw: &&RawEvent| {
            let fits = bytes == 0 || bytes + raw.len_bytes() <= bytes_max;
            bytes += raw.len_bytes();
            fits
        };
        self.tail.iter().skip(skipped).take(events_max).take_while(fits).cloned().collect()
    }

    /// Opens the session; the caller has checked that it is new.
    pub(crate) fn open(
        &mut self,
        at: Timestamp,
        subject: Option<String>,
        properties: BTreeMap<String, String>,
    ) -> Record {
        debug_assert!(self.is_empty(), "a session is opened once");
        self.record(at, EventBody::Opened { subject, properties }, None)
    }

    /// A participant joins; a repeat by client id is the first join. Those whom he replaces leave before him.
    pub(crate) fn join(&mut self, at: Timestamp, joining: Joining) -> Result<Numbered, Refusal> {
        let Joining { client_id, kind, name, visibility, token, agent, taking, replacing } = joining;
        let is_staff = agent.is_some();
        if let Some(place) = self.places.get(&(joins_under(agent), client_id.clone())) {
            return Ok(Numbered::Repeat(*place));
        }
        self.check_open()?;
        self.check_length(is_staff)?;
        self.check_taking(taking)?;
        // What customers bring must leave room for those who are to answer them.
        let participants_max = PARTICIPANTS_MAX - if is_staff { 0 } else { STAFF_PLACES };
        if self.participants.len() >= participants_max {
            let sentence = format!("a session has at most {participants_max} participants besides its staff");
            return Err(Refusal::new(ErrorCode::TooManyParticipants, sentence));
        }
        if replacing.iter().any(|replaced| self.is_customer(*replaced)) {
            return Err(Refusal::new(ErrorCode::BadRequest, "nobody comes in a customer's place"));
        }
        let leaving = |participant| Leaving { participant, reason: LeaveReason::Removed };
        let mut records = self.remove(at, &replacing.into_iter().map(leaving).collect::<Vec<_>>());
        let participant = ParticipantId(self.participants.len() as u32 + 1);
        let body = EventBody::Joined { participant, kind, name, client_id, visibility, agent, took: taking };
        records.push(self.record(at, body, token));
        Ok(Numbered::New(records, Place { seq: self.head, at, participant }))
    }

    /// A participant says something to those whom `visibility` names; a repeat by client id is the first message, even
    /// after the end (D-3). Those who do not see the speaker yet are shown him first.
    pub(crate) fn say(
        &mut self,
        at: Timestamp,
        participant: ParticipantId,
        client_id: ClientId,
        text: String,
        visibility: Visibility,
    ) -> Result<Numbered, Refusal> {
        if let Some(place) = self.places.get(&(participant, client_id.clone())) {
            return Ok(Numbered::Repeat(*place));
        }
        self.check_open()?;
        let speaker = self.participant(participant).filter(|speaker| speaker.is_here());
        let Some(speaker) = speaker else {
            return Err(Refusal::new(ErrorCode::SessionClosed, "the participant has left this session"));
        };
        if !visibility.is_seen_by(speaker.kind.may_say()) {
            return Err(Refusal::new(ErrorCode::Forbidden, "this participant may not say what others cannot read"));
        }
        self.check_length(false)?;
        let mut records: Vec<_> = self.show(at, participant, visibility).into_iter().collect();
        records.push(self.record(at, EventBody::Message { participant, client_id, text, visibility }, None));
        Ok(Numbered::New(records, Place { seq: self.head, at, participant }))
    }

    /// Makes a participant seen by those whom `visibility` names; none when they see him already.
    fn show(&mut self, at: Timestamp, participant: ParticipantId, visibility: Visibility) -> Option<Record> {
        let known = self.participant(participant).filter(|known| visibility < known.visibility())?;
        let (kind, name, agent, secret) = (known.kind, known.name.clone(), known.agent, known.token);
        let client_id = ClientId::new(&format!("shown-{}", self.head.next())).expect("is a short visible text");
        let body = EventBody::Joined { participant, kind, name, client_id, visibility, agent, took: None };
        Some(self.record(at, body, secret))
    }

    /// A participant leaves; the session ends with its last customer. Empty when he had left already.
    pub(crate) fn leave(&mut self, at: Timestamp, participant: ParticipantId, reason: LeaveReason) -> Vec<Record> {
        if self.is_closed() || !self.participant(participant).is_some_and(Participant::is_here) {
            return Vec::new();
        }
        let was_customer = self.is_customer(participant);
        let mut records = vec![self.left(at, participant, reason)];
        if was_customer && self.customers().is_empty() {
            records.extend(self.end(at, None, LeaveReason::Server, ClosedReason::CustomerLeft));
        }
        records
    }

    /// Ends the session for everyone: `by` logs out, the others leave for `reason`. Empty when it had ended already.
    pub(crate) fn end(
        &mut self,
        at: Timestamp,
        by: Option<ParticipantId>,
        reason: LeaveReason,
        closed: ClosedReason,
    ) -> Vec<Record> {
        if self.is_closed() {
            return Vec::new();
        }
        let joined: Vec<_> = self.joined().collect();
        let mut records = Vec::with_capacity(joined.len() + 1);
        for participant in joined {
            let reason = if by == Some(participant) { LeaveReason::Logout } else { reason };
            records.push(self.left(at, participant, reason));
        }
        records.push(self.record(at, EventBody::Closed { reason: closed }, None));
        records
    }

    /// Tandem itself says something to everybody.
    pub(crate) fn notice(&mut self, at: Timestamp, notice: NoticeKind, text: Option<String>) -> Record {
        self.record(at, EventBody::Notice { notice, text }, None)
    }

    /// Readers may know of the next event: it is saved (D-1), or the session goes on unsaved.
    pub(crate) fn tell(&mut self, raw: RawEvent) {
        assert_eq!(raw.seq, self.told.next(), "events are told in order (D-4)");
        self.told = raw.seq;
        self.heads.note(raw.seq, raw.visibility);
        self.tail_bytes += raw.len_bytes();
        self.tail.push_back(raw);
        self.shorten_tail();
    }

    /// Everything up to this event is on the disk.
    pub(crate) fn saved(&mut self, seq: Seq) {
        assert!(self.saved < seq && seq <= self.told, "what is saved is told with it or was before (D-4)");
        self.saved = seq;
        self.shorten_tail();
    }

    /// Drops what can be read from the disk.
    fn shorten_tail(&mut self) {
        while (self.tail.len() > TAIL_EVENTS_MAX || (self.tail_bytes > TAIL_BYTES_MAX && self.tail.len() > 1))
            && self.tail.front().is_some_and(|first| first.seq <= self.saved)
        {
            let dropped = self.tail.pop_front().expect("it was just seen");
            self.tail_bytes -= dropped.len_bytes();
        }
    }

    /// The last numbered event is not saved: as if it had never been.
    pub(crate) fn undo(&mut self, raw: &RawEvent) {
        assert!(self.head > self.told && raw.seq == self.head, "what is not told is undone newest first");
        self.head = Seq(self.head.0 - 1);
        self.routing.undo(raw.seq);
        match raw.parse().expect("the event was made here").body {
            EventBody::Opened { .. } => (self.subject, self.properties) = (None, BTreeMap::new()),
            EventBody::Joined { participant, client_id, agent, .. } => {
                let known = self.participants.get_mut(participant.0 as usize - 1).expect("he joined");
                known.joined.pop();
                self.participants.pop_if(|last| last.joined.is_empty());
                self.forget_place(joins_under(agent), client_id);
            }
            EventBody::Message { participant, client_id, .. } => self.forget_place(participant, client_id),
            EventBody::Queued { client_id, .. } | EventBody::Invited { client_id, .. } => {
                self.forget_place(SERVICE, client_id);
            }
            EventBody::InvitationEnded { .. } | EventBody::Notice { .. } | EventBody::Erased { .. } => {}
            EventBody::Left { participant, .. } => self.set_left(participant, None),
            EventBody::Closed { .. } => self.closed = None,
        }
    }

    fn forget_place(&mut self, participant: ParticipantId, client_id: ClientId) {
        self.places.remove(&(participant, client_id));
    }

    fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.participants.get((id.0 as usize).checked_sub(1)?)
    }

    fn set_left(&mut self, id: ParticipantId, left: Option<Seq>) {
        if let Some(participant) = (id.0 as usize).checked_sub(1).and_then(|at| self.participants.get_mut(at)) {
            participant.left = left;
        }
    }

    fn joined(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.participants.iter().zip(1..).filter(|(p, _)| p.is_here()).map(|(_, number)| ParticipantId(number))
    }

    fn left(&mut self, at: Timestamp, participant: ParticipantId, reason: LeaveReason) -> Record {
        let visibility = self.participant(participant).map_or(Visibility::All, Participant::visibility);
        self.record(at, EventBody::Left { participant, reason, visibility }, None)
    }

    fn check_open(&self) -> Result<(), Refusal> {
        if self.is_closed() {
            return Err(Refusal::new(ErrorCode::SessionClosed, "the session has ended"));
        }
        if self.is_condemned {
            return Err(Refusal::new(ErrorCode::SessionClosed, "the session could not be saved and ends"));
        }
        Ok(())
    }

    /// Numbers an event and applies it.
    fn record(&mut self, at: Timestamp, body: EventBody, secret: Option<TokenHash>) -> Record {
        let event = Event { seq: self.head.next(), at_ms: at, body };
        let closes = matches!(event.body, EventBody::Closed { .. });
        let says = matches!(event.body, EventBody::Message { .. } | EventBody::Notice { .. });
        let record = Record { session: self.id, at, event: RawEvent::of(&event), secret, closes, says };
        self.apply(event, secret).expect("an event made here follows from the state");
        record
    }

    /// What an event changes, the same when it is new and when it is restored.
    fn apply(&mut self, event: Event, secret: Option<TokenHash>) -> Result<(), Unreadable> {
        let (seq, at) = (event.seq, event.at_ms);
        if is_activity(&event.body) {
            self.active = seq;
        }
        match event.body {
            EventBody::Opened { subject, properties } => {
                (self.opened_at, self.subject, self.properties) = (at, subject, properties);
            }
            EventBody::Joined { participant, kind, name, client_id, visibility, agent, took } => {
                self.routing.joined(seq, agent, took);
                let place = (participant.0 as usize).checked_sub(1).ok_or(Unreadable::Event(seq))?;
                let is_next = place == self.participants.len();
                match self.participants.get_mut(place) {
                    Some(known) => known.joined.push((seq, visibility)),
                    None if is_next => {
                        let joined = vec![(seq, visibility)];
                        self.participants.push(Participant { kind, name, token: secret, agent, joined, left: None });
                    }
                    None => return Err(Unreadable::Event(seq)),
                }
                self.places.insert((joins_under(agent), client_id), Place { seq, at, participant });
            }
            EventBody::Message { participant, client_id, .. } => {
                self.places.insert((participant, client_id), Place { seq, at, participant });
            }
            EventBody::Left { participant, .. } => self.set_left(participant, Some(seq)),
            EventBody::Queued { queue, cause, client_id, by, agent, text } => {
                self.routing.queued(QueueEntry { seq, since: at, queue, cause, by, agent, text, taken: None });
                let place = Place { seq, at, participant: by.unwrap_or_default() };
                self.places.insert((SERVICE, client_id), place);
            }
            EventBody::Invited { agent, by, client_id, .. } => {
                self.routing.invited(Invitation { seq, since: at, agent, by, ended: None });
                self.places.insert((SERVICE, client_id), Place { seq, at, participant: by });
            }
            EventBody::InvitationEnded { agent, .. } => self.routing.end_invitation(seq, agent),
            EventBody::Notice { .. } => {}
            EventBody::Closed { .. } => self.closed = Some(seq),
            EventBody::Erased { .. } if seq == Seq(1) => self.opened_at = at,
            EventBody::Erased { .. } => {}
        }
        self.head = seq;
        Ok(())
    }
}

/// Whether idleness ends with it: a join, a leave, a message, or a new wait.
fn is_activity(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Joined { .. } | EventBody::Left { .. } | EventBody::Message { .. } | EventBody::Queued { .. }
    )
}
