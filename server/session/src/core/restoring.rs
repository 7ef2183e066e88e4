//! Sessions that are not in memory: requests for them are parked, the store is read, the requests go on.
//!
//! After a takeover every session is like that. Requests of one session stay in the order in which they came.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use tandem_protocol::{
    ClosedReason, ErrorCode, LeaveReason, NoticeKind, ParticipantId, RawEvent, Refusal, RequestId, Seq, SessionId,
    limits::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX},
    link::{Answer, Join, Open, Outcome, Page, Request, Send},
    routing::{EndInvitation, Invite, Route},
};

use super::{Core, Effect, LinkId, Live, LoadedSession, ReadId, Slot, done, erasing::being_erased, unknown_session};
use crate::{Now, Session, Unreadable};

/// Requests that may be parked (B-1); at the takeover of a full engine each gateway parks its batches of attaches and
/// what its customers sent meanwhile.
const PARKED_MAX: usize = 131_072;

/// Pages that may be read from the store at one time (B-1); beyond it, readers are told to wait.
const READS_MAX: usize = 16_384;

/// How long a store that could not be read is left alone by those who only look after sessions nobody asks for.
const LOAD_RETRY: Duration = Duration::from_secs(5);

/// A request that waits for sessions to be read.
#[derive(Debug)]
struct Parked {
    link: LinkId,
    id: RequestId,
    body: Request,
    /// How many of its sessions are still being read.
    missing: usize,
    /// Of an attach: who was detached again before it could be done.
    detached: Vec<(SessionId, Option<ParticipantId>)>,
    /// When it had arrived.
    arrived: Duration,
}

/// A request that waits for a page of older events.
#[derive(Debug)]
struct Reading {
    link: LinkId,
    id: RequestId,
    session: SessionId,
    participant: Option<ParticipantId>,
}

/// What waits for the store to be read.
#[derive(Debug, Default)]
pub(super) struct Restoring {
    /// By order of coming, so that they go on in that order.
    parked: BTreeMap<u64, Parked>,
    parked_by: HashMap<SessionId, Vec<u64>>,
    next_parked: u64,
    reads: HashMap<ReadId, Reading>,
    next_read: u64,
    /// Sessions that were read only to be ended (`session-restoration-mode = none`). Requests for them stay parked
    /// until the end is saved, so that whoever reattaches is told of it at once and in one piece.
    ending: HashSet<SessionId>,
}

impl Restoring {
    /// A detach that comes while its attach is parked takes effect right after it.
    pub(super) fn note_detach(&mut self, link: LinkId, session: SessionId, participant: Option<ParticipantId>) {
        let names = |body: &Request| match body {
            Request::Attach(attaches) => attaches.iter().any(|attach| attach.session == session),
            _ => false,
        };
        let parked = self.parked.values_mut().rev().find(|parked| parked.link == link && names(&parked.body));
        if let Some(parked) = parked {
            parked.detached.push((session, participant));
        }
    }
}

impl Restoring {
    /// Whether a request waits for this session.
    pub(super) fn waits_for(&self, session: SessionId) -> bool {
        self.parked_by.contains_key(&session)
    }

    /// Whether this session was read only to be ended.
    pub(super) fn is_ending(&self, session: SessionId) -> bool {
        self.ending.contains(&session)
    }

    /// The request waits for one session less; true when it waits for none.
    fn waits_less(&mut self, ticket: u64) -> bool {
        self.parked.get_mut(&ticket).is_some_and(|parked| {
            parked.missing -= 1;
            parked.missing == 0
        })
    }
}

impl Core {
    /// The sessions of a request that are not in memory.
    pub(super) fn missing_sessions(&self, body: &Request) -> Vec<SessionId> {
        let is_missing = |id: &SessionId| match self.sessions.get(id) {
            None | Some(Slot::Dormant | Slot::Loading { .. } | Slot::Erasing(_)) => true,
            Some(Slot::Unknown | Slot::Live(_)) => self.restoring.ending.contains(id),
        };
        let mut missing = match body {
            Request::Attach(attaches) => attaches.iter().map(|attach| attach.session).filter(is_missing).collect(),
            Request::Follow(sessions) => sessions.iter().copied().filter(is_missing).collect(),
            Request::Watch | Request::Ask(_) | Request::Switchover(_) | Request::Control(_) => Vec::new(),
            Request::Open(Open { session, .. })
            | Request::Join(Join { session, .. })
            | Request::Send(Send { session, .. })
            | Request::Route(Route { session, .. })
            | Request::Invite(Invite { session, .. })
            | Request::EndInvitation(EndInvitation { session, .. })
            | Request::Remove { session, .. }
            | Request::Leave { session, .. }
            | Request::Close { session, .. }
            | Request::Erase { session }
            | Request::Read { session, .. } => Vec::from_iter(Some(*session).filter(is_missing)),
        };
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Keeps a request until all its sessions are in memory, and has those read that nobody asked for yet.
    pub(super) fn park(
        &mut self,
        link: LinkId,
        id: RequestId,
        body: Request,
        missing: Vec<SessionId>,
        effects: &mut Vec<Effect>,
    ) {
        if self.restoring.parked.len() >= PARKED_MAX {
            let refusal = Refusal::new(ErrorCode::Busy, "too many sessions are being restored");
            effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal) });
            return;
        }
        let ticket = self.restoring.next_parked;
        self.restoring.next_parked += 1;
        let (missing_count, arrived) = (missing.len(), self.arrived);
        let parked = Parked { link, id, body, missing: missing_count, detached: Vec::new(), arrived };
        self.restoring.parked.insert(ticket, parked);
        for session in &missing {
            self.restoring.parked_by.entry(*session).or_default().push(ticket);
        }
        self.load(missing, effects);
    }

    /// Has sessions read from the store, those that are not being read already.
    pub(super) fn load(&mut self, mut sessions: Vec<SessionId>, effects: &mut Vec<Effect>) {
        sessions.retain(|session| match self.sessions.get(session) {
            Some(Slot::Loading { .. } | Slot::Erasing(_) | Slot::Live(_)) => false,
            slot => {
                let was_open = matches!(slot, Some(Slot::Dormant));
                self.sessions.insert(*session, Slot::Loading { was_open });
                true
            }
        });
        if !sessions.is_empty() {
            effects.push(Effect::Load { sessions });
        }
    }

    /// Sessions were read: they are restored, and what was parked for them goes on. Returns those whose history is
    /// unreadable; they are treated as unknown, and somebody must look.
    pub fn loaded(
        &mut self,
        now: Now,
        loaded: Vec<LoadedSession>,
        effects: &mut Vec<Effect>,
    ) -> Vec<(SessionId, Unreadable)> {
        let mut unreadable = Vec::new();
        let mut sessions = Vec::with_capacity(loaded.len());
        for LoadedSession { session, history } in loaded {
            sessions.push(session);
            let slot = match Session::restore(session, history) {
                Ok(restored) if restored.is_empty() => Slot::Unknown,
                Ok(restored) => Slot::Live(Box::new(Live::new(restored))),
                Err(error) => {
                    unreadable.push((session, error));
                    Slot::Unknown
                }
            };
            let is_unknown = matches!(slot, Slot::Unknown);
            let before = self.sessions.insert(session, slot);
            let was_open = matches!(before, Some(Slot::Loading { was_open: true }));
            if is_unknown && was_open {
                self.open -= 1;
            }
            self.inherit(now, session, was_open, effects);
        }
        sessions.retain(|session| !self.restoring.ending.contains(session));
        self.go_on(now, &sessions, effects);
        unreadable
    }

    /// A session that is not restored ends, and its last events are saved like any others: no zombie stays open in the
    /// store.
    pub(super) fn end_inherited(&mut self, now: Now, session: SessionId, effects: &mut Vec<Effect>) {
        let Some(live) = self.live_mut(session) else { return };
        let records = live.session.end(now.wall, None, LeaveReason::Server, ClosedReason::NotRestored);
        if !records.is_empty() {
            self.restoring.ending.insert(session);
            self.persist_all(now, records, None, effects);
        }
        self.rearm(now, session);
    }

    /// The restoration is an event of the session, before anything that is done after it.
    pub(super) fn note_restored(&mut self, now: Now, session: SessionId, effects: &mut Vec<Effect>) {
        let Some(live) = self.live_mut(session).filter(|live| !live.session.is_closed()) else { return };
        let record = live.session.notice(now.wall, NoticeKind::Restored, None);
        self.persist_all(now, vec![record], None, effects);
    }

    /// Those of the sessions that were to be ended are, or cannot be now: who waits for them is answered.
    pub(super) fn release_ending(
        &mut self,
        now: Now,
        sessions: impl IntoIterator<Item = SessionId>,
        effects: &mut Vec<Effect>,
    ) {
        let released: Vec<_> = sessions.into_iter().filter(|session| self.restoring.ending.remove(session)).collect();
        if !released.is_empty() {
            self.go_on(now, &released, effects);
        }
    }

    /// Sessions could not be read: what was parked for them is refused, and a batch of attaches goes on without them, so
    /// that one damaged history harms only its own session. The next request tries again, and for open ones that nobody asks
    /// for, time does.
    pub fn load_failed(&mut self, now: Now, sessions: &[SessionId], effects: &mut Vec<Effect>) {
        self.dormant_until = self.dormant_until.max(now.elapsed + LOAD_RETRY);
        let mut ready = Vec::new();
        for session in sessions {
            match self.sessions.get(session) {
                Some(Slot::Loading { was_open: true }) => {
                    self.sessions.insert(*session, Slot::Dormant);
                    if !self.dormant.contains(session) {
                        self.dormant.push_back(*session);
                    }
                }
                _ => drop(self.sessions.remove(session)),
            }
            for ticket in self.restoring.parked_by.remove(session).unwrap_or_default() {
                match self.restoring.parked.get(&ticket) {
                    // Each session of it is answered for itself.
                    Some(Parked { body: Request::Attach(_), .. }) => {
                        ready.extend(self.restoring.waits_less(ticket).then_some(ticket));
                    }
                    Some(Parked { link, id, .. }) => {
                        effects.push(Effect::Answer { link: *link, id: *id, outcome: Outcome::Refused(unreadable()) });
                        self.restoring.parked.remove(&ticket);
                    }
                    None => {}
                }
            }
        }
        self.go_on_with(now, ready, effects);
    }

    /// Lets go on what was parked for these sessions, in order; then forgets those nobody knows.
    fn go_on(&mut self, now: Now, sessions: &[SessionId], effects: &mut Vec<Effect>) {
        let mut ready = Vec::new();
        for session in sessions {
            for ticket in self.restoring.parked_by.remove(session).unwrap_or_default() {
                ready.extend(self.restoring.waits_less(ticket).then_some(ticket));
            }
        }
        self.go_on_with(now, ready, effects);
        for session in sessions {
            if matches!(self.sessions.get(session), Some(Slot::Unknown)) {
                self.sessions.remove(session);
            }
        }
    }

    /// Does what was parked, in the order in which it came.
    fn go_on_with(&mut self, now: Now, mut ready: Vec<u64>, effects: &mut Vec<Effect>) {
        ready.sort_unstable();
        for ticket in ready {
            let parked = self.restoring.parked.remove(&ticket).expect("it was just found");
            self.arrived = parked.arrived;
            // One before it has the session erased.
            if self.waits_for_erasure(&parked.body) {
                let missing = self.missing_sessions(&parked.body);
                self.park(parked.link, parked.id, parked.body, missing, effects);
                continue;
            }
            self.execute(now, parked.link, parked.id, parked.body, effects);
            for (session, participant) in parked.detached {
                self.detach(now, parked.link, session, participant);
            }
        }
    }

    /// A page of a session's events: from memory when it reaches back far enough, else from the store.
    pub(super) fn read(
        &mut self,
        link: LinkId,
        id: RequestId,
        (session, participant): (SessionId, Option<ParticipantId>),
        after: Seq,
        limit: u32,
        effects: &mut Vec<Effect>,
    ) {
        let live = self.live(session).expect("the caller has found it in memory");
        let events_max = (limit as usize).clamp(1, PAGE_EVENTS_MAX);
        let events = live.session.recent(after, events_max, PAGE_BYTES_MAX);
        if events.is_empty() && after < live.session.told_head() && self.restoring.reads.len() >= READS_MAX {
            let refusal = Refusal::new(ErrorCode::Busy, "too many histories are being read");
            effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal) });
        } else if events.is_empty() && after < live.session.told_head() {
            let read = ReadId(self.restoring.next_read);
            self.restoring.next_read += 1;
            self.restoring.reads.insert(read, Reading { link, id, session, participant });
            effects.push(Effect::Read { read, session, after, events_max });
        } else {
            let page = live.page(participant, events);
            effects.push(Effect::Answer { link, id, outcome: done(Answer::Page(page)) });
        }
    }

    /// A page was read from the store.
    pub fn page_read(&mut self, read: ReadId, events: Vec<RawEvent>, effects: &mut Vec<Effect>) {
        let Some(Reading { link, id, session, participant }) = self.restoring.reads.remove(&read) else { return };
        let outcome = match self.sessions.get(&session) {
            Some(Slot::Live(live)) => done(Answer::Page(live.page(participant, events))),
            Some(Slot::Erasing(_)) => Outcome::Refused(being_erased()),
            _ => Outcome::Refused(unknown_session()),
        };
        effects.push(Effect::Answer { link, id, outcome });
    }

    /// A page could not be read.
    pub fn page_failed(&mut self, read: ReadId, effects: &mut Vec<Effect>) {
        let Some(Reading { link, id, .. }) = self.restoring.reads.remove(&read) else { return };
        let refusal = Refusal::new(ErrorCode::Unavailable, "the events could not be read from the store");
        effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal) });
    }
}

impl Live {
    pub(super) fn page(&self, participant: Option<ParticipantId>, events: Vec<RawEvent>) -> Page {
        let (head, heads) = (self.session.told_head(), self.session.heads());
        Page { participant, head, heads, events, state: self.state() }
    }
}

/// The store has the session and could not be read.
pub(super) fn unreadable() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "the session could not be read from the store")
}
