//! What a session knows of its routing: where it waits, who took it, who is asked to come.
//!
//! Each of these is an event like any other, so that it is restored with the session. Of two who want the same, the
//! first to be numbered gets it; the other is refused and told so.

use tandem_protocol::{
    AgentId, ClientId, ErrorCode, EventBody, InvitationEnd, InvitationState, ParticipantId, QueueCause, QueueName,
    QueueState, Refusal, Seq, Timestamp, Visibility,
    limits::SESSION_EVENTS_MAX,
    routing::{Invite, Leaving, Route},
};

use super::{Numbered, Place, SERVICE, Session, participant::Participant};
use crate::Record;

/// Events that are kept for routing and for the joins of staff of those that a session may have.
const STAFF_EVENTS: u64 = 1_000;

/// One stay in a queue.
#[derive(Debug, Clone)]
pub(super) struct QueueEntry {
    pub(super) seq: Seq,
    pub(super) since: Timestamp,
    pub(super) queue: QueueName,
    pub(super) cause: QueueCause,
    pub(super) by: Option<ParticipantId>,
    pub(super) agent: Option<AgentId>,
    pub(super) text: Option<String>,
    /// The join that ended it.
    pub(super) taken: Option<Seq>,
}

/// One agent who was asked to come.
#[derive(Debug, Clone)]
pub(super) struct Invitation {
    pub(super) seq: Seq,
    pub(super) since: Timestamp,
    pub(super) agent: AgentId,
    pub(super) by: ParticipantId,
    /// The event that ended it: his join, or the end of the invitation.
    pub(super) ended: Option<Seq>,
}

/// All of a session's routing, in order.
#[derive(Debug, Default)]
pub(super) struct Routing {
    queues: Vec<QueueEntry>,
    invitations: Vec<Invitation>,
}

impl Routing {
    /// The session waits since this event, or did; [`Seq::ZERO`] when it never has.
    pub(super) fn last_queued(&self) -> Seq {
        self.queues.last().map_or(Seq::ZERO, |entry| entry.seq)
    }

    /// Whether it waits since this very event.
    pub(super) fn waits_since(&self, seq: Seq) -> bool {
        self.queues.last().is_some_and(|entry| entry.seq == seq && entry.taken.is_none())
    }

    /// Whether it waits for somebody to take it.
    pub(super) fn waits(&self) -> bool {
        self.queues.last().is_some_and(|entry| entry.taken.is_none())
    }

    /// Whether it waits, as readers know it who know events up to `told`.
    fn waits_at(&self, told: Seq) -> bool {
        let entry = self.queues.iter().rev().find(|entry| entry.seq <= told);
        entry.is_some_and(|entry| entry.taken.is_none_or(|taken| taken > told))
    }

    /// Where it waits, as readers know it who know events up to `told`.
    pub(super) fn queue_at(&self, told: Seq) -> Option<Box<QueueState>> {
        let entry = self.queues.iter().rev().find(|entry| entry.seq <= told)?;
        Some(Box::new(QueueState {
            queue: entry.queue.clone(),
            seq: entry.seq,
            since_ms: entry.since,
            cause: entry.cause,
            waiting: entry.taken.is_none_or(|taken| taken > told),
            by: entry.by,
            agent: entry.agent,
            text: entry.text.clone(),
            place: None,
        }))
    }

    /// Who is asked to come, as readers know it who know events up to `told`.
    pub(super) fn invitations_at(&self, told: Seq) -> Vec<InvitationState> {
        let is_open =
            |invitation: &&Invitation| invitation.seq <= told && invitation.ended.is_none_or(|ended| ended > told);
        let open = self.invitations.iter().filter(is_open);
        open.map(|invitation| InvitationState {
            agent: invitation.agent,
            by: invitation.by,
            seq: invitation.seq,
            since_ms: invitation.since,
        })
        .collect()
    }

    pub(super) fn queued(&mut self, entry: QueueEntry) {
        self.queues.push(entry);
    }

    pub(super) fn invited(&mut self, invitation: Invitation) {
        self.invitations.push(invitation);
    }

    /// Somebody joined with event `seq`: the stay that he took and the invitation that he follows are over.
    pub(super) fn joined(&mut self, seq: Seq, agent: Option<AgentId>, took: Option<Seq>) {
        if let Some(entry) = self.queues.iter_mut().rev().find(|entry| Some(entry.seq) == took) {
            entry.taken = Some(seq);
        }
        if let Some(agent) = agent {
            self.end_invitation(seq, agent);
        }
    }

    pub(super) fn end_invitation(&mut self, seq: Seq, agent: AgentId) {
        if let Some(invitation) = self.open_invitation(agent) {
            invitation.ended = Some(seq);
        }
    }

    fn open_invitation(&mut self, agent: AgentId) -> Option<&mut Invitation> {
        self.invitations.iter_mut().rev().find(|invitation| invitation.agent == agent && invitation.ended.is_none())
    }

    /// Event `seq` has never been.
    pub(super) fn undo(&mut self, seq: Seq) {
        self.queues.pop_if(|entry| entry.seq == seq);
        self.invitations.pop_if(|invitation| invitation.seq == seq);
        for entry in self.queues.iter_mut().filter(|entry| entry.taken == Some(seq)) {
            entry.taken = None;
        }
        for invitation in self.invitations.iter_mut().filter(|invitation| invitation.ended == Some(seq)) {
            invitation.ended = None;
        }
    }
}

impl Session {
    /// Whether the session waits since this very event.
    pub(crate) fn waits_since(&self, seq: Seq) -> bool {
        self.routing.waits_since(seq)
    }

    /// Whether the session waits for somebody to take it.
    pub(crate) fn waits(&self) -> bool {
        self.routing.waits()
    }

    /// Whether it waits, as readers know it who know what was told.
    pub(crate) fn is_waiting(&self) -> bool {
        let is_told = |seq: Seq| seq <= self.told;
        !self.closed.is_some_and(is_told) && self.routing.waits_at(self.told)
    }

    /// Refuses a join that answers a `queued` event unless the session waits since it.
    pub(super) fn check_taking(&self, taking: Option<Seq>) -> Result<(), Refusal> {
        match taking {
            Some(seq) if !self.waits_since(seq) => Err(Refusal::new(
                ErrorCode::Taken,
                "somebody else has taken this session, or it waits elsewhere by now",
            )),
            _ => Ok(()),
        }
    }

    /// Puts the session into a queue; a repeat by client id is the first time.
    pub(crate) fn route(&mut self, at: Timestamp, route: Route) -> Result<Numbered, Refusal> {
        if let Some(place) = self.places.get(&(SERVICE, route.client_id.clone())) {
            return Ok(Numbered::Repeat(*place));
        }
        self.check_open()?;
        self.check_length(true)?;
        if self.routing.last_queued() != route.after {
            return Err(Refusal::new(ErrorCode::Taken, "the session has been routed by somebody else meanwhile"));
        }
        let by = route.by.map(|by| self.check_here(by)).transpose()?;
        let is_customer = |leaving: &Leaving| self.is_customer(leaving.participant);
        if route.leaving.iter().any(is_customer) {
            return Err(Refusal::new(ErrorCode::BadRequest, "a customer does not leave by being passed on"));
        }
        let mut records = Vec::with_capacity(route.leaving.len() + 2);
        if let (Some(by), Some(text)) = (by, route.note) {
            let client_id = ClientId::new(&format!("note-{}", self.head().next())).expect("is a short visible text");
            let visibility = Visibility::Int;
            let body = EventBody::Message { participant: by, client_id, text, visibility };
            records.push(self.record(at, body, None));
        }
        records.extend(self.remove(at, &route.leaving));
        let Route { client_id, queue, agent, cause, by, text, .. } = route;
        records.push(self.record(at, EventBody::Queued { queue, cause, client_id, by, agent, text }, None));
        Ok(Numbered::New(records, Place { seq: self.head(), at, participant: by.unwrap_or_default() }))
    }

    /// Asks an agent to come; a repeat by client id is the first time.
    pub(crate) fn invite(&mut self, at: Timestamp, invite: Invite) -> Result<Numbered, Refusal> {
        let Invite { client_id, agent, by, .. } = invite;
        if let Some(place) = self.places.get(&(SERVICE, client_id.clone())) {
            return Ok(Numbered::Repeat(*place));
        }
        self.check_open()?;
        self.check_length(true)?;
        self.check_here(by)?;
        // One who only watches is not known to be in it, and may come.
        let is_in_it = |known: &Participant| {
            known.is_here() && known.agent == Some(agent) && known.visibility() != Visibility::Vip
        };
        if self.participants.iter().any(is_in_it) || self.routing.open_invitation(agent).is_some() {
            return Err(Refusal::new(ErrorCode::Taken, "this agent is in the session or has been asked already"));
        }
        let visibility = Visibility::Int;
        let record = self.record(at, EventBody::Invited { agent, by, client_id, visibility }, None);
        Ok(Numbered::New(vec![record], Place { seq: self.head(), at, participant: by }))
    }

    /// Ends the invitation of an agent who does not come. Empty when there is none.
    pub(crate) fn end_invitation(&mut self, at: Timestamp, agent: AgentId, reason: InvitationEnd) -> Vec<Record> {
        if self.is_closed() || self.routing.open_invitation(agent).is_none() {
            return Vec::new();
        }
        let body = EventBody::InvitationEnded { agent, reason, visibility: Visibility::Int };
        vec![self.record(at, body, None)]
    }

    /// Has those leave who are here. The session ends with its last customer.
    pub(crate) fn remove(&mut self, at: Timestamp, leaving: &[Leaving]) -> Vec<Record> {
        leaving.iter().flat_map(|leaving| self.leave(at, leaving.participant, leaving.reason)).collect()
    }

    fn check_here(&self, participant: ParticipantId) -> Result<ParticipantId, Refusal> {
        let is_here = self.participant(participant).is_some_and(Participant::is_here);
        let gone = || Refusal::new(ErrorCode::SessionClosed, "the participant has left this session");
        is_here.then_some(participant).ok_or_else(gone)
    }

    /// Refuses when the session has all the events it may have; some are kept for those who are to answer.
    pub(super) fn check_length(&self, is_staff: bool) -> Result<(), Refusal> {
        let events_max = SESSION_EVENTS_MAX - if is_staff { 0 } else { STAFF_EVENTS };
        if self.head().0 >= events_max {
            let sentence = format!("a session has at most {events_max} events; please start a new one");
            return Err(Refusal::new(ErrorCode::SessionFull, sentence));
        }
        Ok(())
    }
}
