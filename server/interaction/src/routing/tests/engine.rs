//! The engines of all pairs as the core sees them: sessions that change only by what is asked of it, with the same refusals and the
//! same dedupe by client id (D-3). They save at once; what a link has not been told yet is the [`super::link`]'s.

use std::collections::{BTreeMap, BTreeSet};

use tandem_protocol::{
    AgentId, ClientId, ClosedReason, ErrorCode, Event, EventBody, InvitationState, LeaveReason, ParticipantId,
    ParticipantKind, ParticipantState, QueueState, RawEvent, Refusal, Seq, SessionId, SessionState, SessionStatus,
    Timestamp, Visibility,
    link::{Answer, Credential, Heads, Join, Outcome, Page, Request},
    routing::{Changed, EndInvitation, Invite, Leaving, Route},
};

pub(super) const CUSTOMER: ParticipantId = ParticipantId(1);

#[derive(Debug, Default)]
pub(super) struct Engine {
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Sessions changed since they were last told.
    changed: BTreeSet<SessionId>,
    pub(super) now: Timestamp,
    /// The next change that is asked for is refused so.
    pub(super) refuses_next: Option<ErrorCode>,
    /// Sessions whose stored events cannot be read: every request that names one is refused whole.
    pub(super) damaged: BTreeSet<SessionId>,
    /// Every route is answered as done, as a repeat would be, and nothing happens.
    pub(super) only_says_that_it_routes: bool,
}

#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) state: SessionState,
    pub(super) events: Vec<Event>,
    places: BTreeMap<ClientId, (Seq, ParticipantId)>,
}

impl Session {
    pub(super) fn head(&self) -> Seq {
        Seq(self.events.len() as u64)
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.status == SessionStatus::Open
    }

    /// The staff who are in it and seen by the customer.
    pub(super) fn attending(&self) -> Vec<AgentId> {
        let seen = self.state.participants.iter().filter(|known| known.joined && known.visibility.is_all());
        seen.filter_map(|known| known.agent).collect()
    }

    pub(super) fn waits(&self) -> Option<&QueueState> {
        self.state.queue.as_deref().filter(|queue| queue.waiting && self.is_open())
    }

    fn record(&mut self, now: Timestamp, body: EventBody) -> Seq {
        let seq = self.head().next();
        match &body {
            EventBody::Opened { subject, properties } => {
                self.state.opened_at_ms = now;
                (self.state.subject, self.state.properties) = (subject.clone(), properties.clone());
            }
            EventBody::Joined { participant, kind, name, client_id, visibility, agent, took } => {
                if took.is_some() {
                    self.state.queue.as_mut().expect("it waited").waiting = false;
                }
                self.state.invitations.retain(|asked| Some(asked.agent) != *agent);
                let (participant, kind, name) = (*participant, *kind, name.clone());
                let (visibility, agent, joined) = (*visibility, *agent, true);
                self.state.participants.push(ParticipantState { participant, kind, name, joined, visibility, agent });
                self.places.insert(client_id.clone(), (seq, participant));
            }
            EventBody::Left { participant, .. } => {
                self.state.participants[participant.0 as usize - 1].joined = false;
            }
            EventBody::Queued { queue, cause, client_id, by, agent, text } => {
                self.places.insert(client_id.clone(), (seq, by.unwrap_or_default()));
                let (queue, text) = (queue.clone(), text.clone());
                let (cause, by, agent) = (*cause, *by, *agent);
                let (waiting, since_ms, place) = (true, now, None);
                self.state.queue =
                    Some(Box::new(QueueState { queue, seq, since_ms, cause, waiting, by, agent, text, place }));
            }
            EventBody::Invited { agent, by, client_id, .. } => {
                self.places.insert(client_id.clone(), (seq, *by));
                self.state.invitations.push(InvitationState { agent: *agent, by: *by, seq, since_ms: now });
            }
            EventBody::InvitationEnded { agent, .. } => {
                self.state.invitations.retain(|asked| asked.agent != *agent);
            }
            EventBody::Closed { .. } => self.state.status = SessionStatus::Closed,
            EventBody::Message { .. } | EventBody::Notice { .. } | EventBody::Erased { .. } => {}
        }
        self.events.push(Event { seq, at_ms: now, body });
        seq
    }

    fn leaves(&mut self, now: Timestamp, participant: ParticipantId, reason: LeaveReason) {
        let Some(known) = self.state.participants.get(participant.0 as usize - 1) else { return };
        if !known.joined || !self.is_open() {
            return;
        }
        let (visibility, was_customer) = (known.visibility, known.kind == ParticipantKind::Client);
        self.record(now, EventBody::Left { participant, reason, visibility });
        if was_customer {
            self.end(now, ClosedReason::CustomerLeft);
        }
    }

    fn end(&mut self, now: Timestamp, reason: ClosedReason) {
        let joined: Vec<_> = self.state.participants.iter().filter(|known| known.joined).cloned().collect();
        for known in joined {
            let (participant, visibility) = (known.participant, known.visibility);
            self.record(now, EventBody::Left { participant, reason: LeaveReason::Server, visibility });
        }
        self.record(now, EventBody::Closed { reason });
    }
}

fn refuse<T>(code: ErrorCode) -> Result<T, Refusal> {
    Err(Refusal::new(code, "the engine says so"))
}

impl Engine {
    pub(super) fn opens(&mut self, session: SessionId, properties: &[(&str, &str)]) {
        let text = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let properties = properties.iter().map(text).collect();
        let now = self.now;
        let known = self.sessions.entry(session).or_default();
        known.record(now, EventBody::Opened { subject: Some("Order 17".into()), properties });
        known.record(
            now,
            EventBody::Joined {
                participant: CUSTOMER,
                kind: ParticipantKind::Client,
                name: "Ana".into(),
                client_id: ClientId::new("open").unwrap(),
                visibility: Visibility::All,
                agent: None,
                took: None,
            },
        );
        self.changed.insert(session);
    }

    pub(super) fn customer_leaves(&mut self, session: SessionId) {
        let now = self.now;
        self.sessions.get_mut(&session).unwrap().leaves(now, CUSTOMER, LeaveReason::Logout);
        self.changed.insert(session);
    }

    /// Somebody says something, which nobody who follows is told.
    pub(super) fn says(&mut self, session: SessionId, participant: ParticipantId, text: &str, visibility: Visibility) {
        let now = self.now;
        let known = self.sessions.get_mut(&session).unwrap();
        let client_id = ClientId::new(&format!("m-{}", known.head())).unwrap();
        known.record(now, EventBody::Message { participant, client_id, text: text.into(), visibility });
    }

    /// A participant leaves of his own accord, over his own connection.
    pub(super) fn leaves(&mut self, session: SessionId, participant: ParticipantId) {
        let now = self.now;
        self.sessions.get_mut(&session).unwrap().leaves(now, participant, LeaveReason::Logout);
        self.changed.insert(session);
    }

    /// A watcher whispers: those who hear him see him from now on.
    pub(super) fn shows(&mut self, session: SessionId, participant: ParticipantId, visibility: Visibility) {
        let known = self.sessions.get_mut(&session).unwrap();
        known.state.participants[participant.0 as usize - 1].visibility = visibility;
        self.says(session, participant, "a whisper", visibility);
        self.changed.insert(session);
    }

    pub(super) fn open_sessions(&self, is_its: impl Fn(&SessionId) -> bool) -> Vec<SessionId> {
        let own = self.sessions.iter().filter(|(session, known)| known.is_open() && is_its(session));
        own.map(|(session, _)| *session).collect()
    }

    pub(super) fn stands(&self, session: SessionId) -> Option<Changed> {
        let known = self.sessions.get(&session)?;
        Some(Changed { session, head: known.head(), state: known.state.clone() })
    }

    /// What the followers of a pair are told next.
    pub(super) fn take_changed(&mut self, is_its: impl Fn(&SessionId) -> bool) -> Vec<Changed> {
        let (changed, others) = std::mem::take(&mut self.changed).into_iter().partition(is_its);
        self.changed = others;
        let changed = BTreeSet::into_iter(changed);
        changed.filter(|session| !self.damaged.contains(session)).filter_map(|session| self.stands(session)).collect()
    }

    pub(super) fn asked(&mut self, request: Request) -> Outcome {
        let done = match request {
            Request::Watch => Ok(Answer::Done),
            Request::Follow(sessions) if sessions.iter().any(|session| self.damaged.contains(session)) => {
                refuse(ErrorCode::Unavailable)
            }
            Request::Follow(sessions) => {
                Ok(Answer::Followed(sessions.into_iter().filter_map(|session| self.stands(session)).collect()))
            }
            Request::Join(join) => self.join(join),
            Request::Route(route) => self.route(route),
            Request::Invite(invite) => self.invite(invite),
            Request::EndInvitation(end) => self.end_invitation(&end),
            Request::Leave { session, by: Credential::Participant(by) } => self.change(session, |known, now| {
                known.leaves(now, by, LeaveReason::Logout);
                Ok(Answer::Done)
            }),
            Request::Remove { session, leaving } => self.change(session, |known, now| {
                leaving.iter().for_each(|gone| known.leaves(now, gone.participant, gone.reason));
                Ok(Answer::Done)
            }),
            Request::Close { session, .. } => self.change(session, |known, now| {
                if known.is_open() {
                    known.end(now, ClosedReason::Ended);
                }
                Ok(Answer::Done)
            }),
            Request::Read { session, after, limit, .. } => self.read(session, after, limit),
            other => panic!("the core never asks this: {other:?}"),
        };
        match done {
            Ok(answer) => Outcome::Done(answer),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn change(
        &mut self,
        session: SessionId,
        change: impl FnOnce(&mut Session, Timestamp) -> Result<Answer, Refusal>,
    ) -> Result<Answer, Refusal> {
        let now = self.now;
        if let Some(code) = self.refuses_next.take() {
            return refuse(code);
        }
        if self.damaged.contains(&session) {
            return refuse(ErrorCode::Unavailable);
        }
        let Some(known) = self.sessions.get_mut(&session) else { return refuse(ErrorCode::UnknownSession) };
        let head = known.head();
        let answer = change(known, now);
        if known.head() != head {
            self.changed.insert(session);
        }
        answer
    }

    fn join(&mut self, join: Join) -> Result<Answer, Refusal> {
        self.change(join.session, |known, now| {
            if let Some((seq, participant)) = known.places.get(&join.client_id) {
                return Ok(Answer::Joined { participant: *participant, seq: *seq });
            }
            if !known.is_open() {
                return refuse(ErrorCode::SessionClosed);
            }
            if let Some(taking) = join.taking
                && known.waits().is_none_or(|waits| waits.seq != taking)
            {
                return refuse(ErrorCode::Taken);
            }
            join.replacing.iter().for_each(|replaced| known.leaves(now, *replaced, LeaveReason::Removed));
            let participant = ParticipantId(known.state.participants.len() as u32 + 1);
            let Join { kind, name, client_id, visibility, agent, taking: took, .. } = join;
            let seq =
                known.record(now, EventBody::Joined { participant, kind, name, client_id, visibility, agent, took });
            Ok(Answer::Joined { participant, seq })
        })
    }

    fn route(&mut self, route: Route) -> Result<Answer, Refusal> {
        let only_says = self.only_says_that_it_routes;
        self.change(route.session, |known, now| {
            if only_says {
                let participant = ParticipantId::default();
                return Ok(Answer::Saved { seq: known.head(), at_ms: now, participant, durable: true });
            }
            if let Some((seq, participant)) = known.places.get(&route.client_id) {
                return Ok(Answer::Saved { seq: *seq, at_ms: now, participant: *participant, durable: true });
            }
            if !known.is_open() {
                return refuse(ErrorCode::SessionClosed);
            }
            if known.state.queue.as_ref().map_or(Seq::ZERO, |queue| queue.seq) != route.after {
                return refuse(ErrorCode::Taken);
            }
            if let Some(by) = route.by
                && !known.state.participants[by.0 as usize - 1].joined
            {
                return refuse(ErrorCode::SessionClosed);
            }
            if let (Some(participant), Some(text)) = (route.by, route.note) {
                let client_id = ClientId::new(&format!("note-{}", known.head().next())).unwrap();
                known.record(now, EventBody::Message { participant, client_id, text, visibility: Visibility::Int });
            }
            for Leaving { participant, reason } in route.leaving {
                known.leaves(now, participant, reason);
            }
            let Route { queue, cause, client_id, by, agent, text, .. } = route;
            let seq = known.record(now, EventBody::Queued { queue, cause, client_id, by, agent, text });
            Ok(Answer::Saved { seq, at_ms: now, participant: by.unwrap_or_default(), durable: true })
        })
    }

    fn invite(&mut self, invite: Invite) -> Result<Answer, Refusal> {
        self.change(invite.session, |known, now| {
            if let Some((seq, participant)) = known.places.get(&invite.client_id) {
                return Ok(Answer::Saved { seq: *seq, at_ms: now, participant: *participant, durable: true });
            }
            if !known.is_open() {
                return refuse(ErrorCode::SessionClosed);
            }
            let Invite { client_id, agent, by, .. } = invite;
            if !known.state.participants[by.0 as usize - 1].joined {
                return refuse(ErrorCode::SessionClosed);
            }
            let is_here = |other: &ParticipantState| other.joined && other.visibility != Visibility::Vip;
            let is_there = known.state.participants.iter().any(|other| is_here(other) && other.agent == Some(agent));
            if is_there || known.state.invitations.iter().any(|asked| asked.agent == agent) {
                return refuse(ErrorCode::Taken);
            }
            let visibility = Visibility::Int;
            let seq = known.record(now, EventBody::Invited { agent, by, client_id, visibility });
            Ok(Answer::Saved { seq, at_ms: now, participant: by, durable: true })
        })
    }

    fn end_invitation(&mut self, end: &EndInvitation) -> Result<Answer, Refusal> {
        let (agent, reason) = (end.agent, end.reason);
        self.change(end.session, |known, now| {
            if known.is_open() && known.state.invitations.iter().any(|asked| asked.agent == agent) {
                known.record(now, EventBody::InvitationEnded { agent, reason, visibility: Visibility::Int });
            }
            Ok(Answer::Done)
        })
    }

    fn read(&self, session: SessionId, after: Seq, limit: u32) -> Result<Answer, Refusal> {
        let Some(known) = self.sessions.get(&session) else { return refuse(ErrorCode::UnknownSession) };
        let events = known.events.iter().filter(|event| event.seq > after).take(limit as usize);
        let mut heads = Heads::default();
        known.events.iter().for_each(|event| heads.note(event.seq, event.body.visibility()));
        let (participant, state) = (None, known.state.clone());
        Ok(Answer::Page(Page {
            participant,
            head: known.head(),
            heads,
            events: events.map(RawEvent::of).collect(),
            state,
        }))
    }
}
