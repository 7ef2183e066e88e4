//! Passing a session on, asking a colleague to come, leaving.

use tandem_protocol::{
    AgentId, ErrorCode, InvitationEnd, LeaveReason, ParticipantId, QueueCause, QueueName, Refusal, SessionId,
    link::{Credential, Request},
    routing::{EndInvitation, Invite, Leaving, Route},
};

use super::{Core, Course, checked_note};
use crate::routing::{agents::Agent, effect::Act, known::Known, names, queues::Queue, requests::Wish};

fn bad_request(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, sentence)
}

impl Core {
    /// The session waits again, the note stands in it, and the agent has left: all of it or nothing.
    pub(super) fn transfer(
        &mut self,
        act: &Act,
        session: SessionId,
        queue: Option<QueueName>,
        to: Option<AgentId>,
        note: Option<String>,
    ) -> Result<Course, Refusal> {
        let known = self.open(session)?;
        if is_passed_on_by(known, act.agent) {
            return Ok(Course::nothing());
        }
        let me = self.attended_by(act.agent, session)?;
        let target = self.target(act.agent, known, queue, to)?;
        let note = checked_note("note", note)?;
        let is_bot = self.agents.get(&act.agent).is_some_and(Agent::is_bot);
        let route = Route {
            session,
            client_id: names::act(act),
            queue: target.settings.name.clone(),
            agent: to,
            cause: if is_bot { QueueCause::HandedOff } else { QueueCause::Transferred },
            by: Some(me),
            after: known.last_queued(),
            // Whoever waits for a certain agent waits for him whatever the hours.
            text: target.text().filter(|_| to.is_none()),
            note,
            leaving: vec![Leaving { participant: me, reason: LeaveReason::Logout }],
        };
        self.ask(session, Wish::Route, Some(act.clone()), Request::Route(route));
        Ok(Course::UnderWay)
    }

    /// The queue in which the session is to wait.
    fn target(
        &self,
        me: AgentId,
        known: &Known,
        queue: Option<QueueName>,
        to: Option<AgentId>,
    ) -> Result<&Queue, Refusal> {
        match (queue, to) {
            (Some(queue), None) => self.queues.get(&queue).ok_or_else(|| bad_request("There is no such queue.")),
            (None, Some(to)) if to == me => Err(bad_request("You have this chat already.")),
            (None, Some(to)) => self.colleague(to).map(|_| self.queues.home_of(known)),
            _ => Err(bad_request("A chat is passed on to a queue or to one agent.")),
        }
    }

    /// Somebody to whom a chat may be passed on, or who may be asked to come.
    fn colleague(&self, id: AgentId) -> Result<&Agent, Refusal> {
        let people = self.agents.get(&id).filter(|agent| agent.enabled().is_some() && !agent.is_program());
        people.ok_or_else(|| bad_request("There is no such agent."))
    }

    pub(super) fn invite(&mut self, act: &Act, session: SessionId, agent: AgentId) -> Result<Course, Refusal> {
        let by = self.attended_by(act.agent, session)?;
        let colleague = self.colleague(agent)?;
        let known = &self.sessions[&session];
        let is_asked = known.state.invitations.iter().any(|invitation| invitation.agent == agent);
        if is_asked || known.has_at_work(agent) || self.is_joining(known, agent) {
            // He is there, or will be: a repeat, or one of two who had the same thought.
            return Ok(Course::nothing());
        }
        if !colleague.is_connected() {
            return Err(bad_request(format!("{} is not there at the moment.", colleague.display())));
        }
        if colleague.room() == 0 {
            let sentence = format!("{} has all the chats that an agent may have.", colleague.display());
            return Err(Refusal::new(ErrorCode::NoRoom, sentence));
        }
        let invite = Invite { session, client_id: names::act(act), agent, by };
        self.ask(session, Wish::Invite(agent), Some(act.clone()), Request::Invite(invite));
        // At once: the next decision must know that his room is taken.
        self.retie(session);
        Ok(Course::UnderWay)
    }

    pub(super) fn uninvite(&mut self, act: &Act, session: SessionId, agent: AgentId) -> Result<Course, Refusal> {
        self.attended_by(act.agent, session)?;
        let known = &self.sessions[&session];
        let Some(asked) = known.state.invitations.iter().find(|invitation| invitation.agent == agent) else {
            return Ok(Course::nothing());
        };
        let seq = asked.seq;
        let end = EndInvitation { session, agent, reason: InvitationEnd::Withdrawn };
        self.ask(session, Wish::EndInvitation(agent, seq), Some(act.clone()), Request::EndInvitation(end));
        Ok(Course::UnderWay)
    }

    pub(super) fn leave_session(&mut self, act: &Act, session: SessionId) -> Result<Course, Refusal> {
        let known = self.open(session)?;
        let Some(own) = known.participant_of(act.agent) else {
            let sentence = "You are not in this chat.";
            let was_in_it = known.last_participant_of(act.agent).is_some();
            return if was_in_it { Ok(Course::nothing()) } else { Err(Refusal::new(ErrorCode::Forbidden, sentence)) };
        };
        let me = own.participant;
        if own.visibility.is_all() && !self.is_cared_for_without(known, me) {
            let sentence = "The customer would be left alone. Pass the chat on, or end it.";
            return Err(Refusal::new(ErrorCode::Forbidden, sentence));
        }
        let request = Request::Leave { session, by: Credential::Participant(me) };
        self.ask(session, Wish::Leave(me), Some(act.clone()), request);
        Ok(Course::UnderWay)
    }

    /// Whether somebody else attends to the customer and stays, or is on his way.
    fn is_cared_for_without(&self, known: &Known, me: ParticipantId) -> bool {
        let is_leaving = |participant| self.wishes_for(known).any(|wish| *wish == Wish::Leave(participant));
        let mut others = known.attending().filter(|(_, other)| other.participant != me);
        known.waiting().is_some() || others.any(|(_, other)| !is_leaving(other.participant))
    }
}

/// Whether an agent has passed the session on and nobody has since.
fn is_passed_on_by(known: &Known, agent: AgentId) -> bool {
    let by = known.state.queue.as_ref().and_then(|queue| queue.by);
    let last = known.last_participant_of(agent);
    last.is_some_and(|last| !last.joined && by == Some(last.participant))
}
