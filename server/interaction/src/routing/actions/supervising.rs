//! What supervisors may do beyond everybody: watch a session unseen, take it over.

use tandem_protocol::{
    AgentId, ErrorCode, ParticipantId, Refusal, SessionId, Visibility, desk::Accepted, link::Request,
};

use super::{Core, Course, taking::Joining};
use crate::routing::{agents::Agent, desks::told, effect::Act, names, requests::Wish};

impl Core {
    /// A supervisor comes, seen by other supervisors only. It takes up nothing of his room.
    pub(super) fn watch_session(&mut self, act: &Act, session: SessionId) -> Result<Course, Refusal> {
        self.check_supervises(act.agent)?;
        let known = self.open(session)?;
        if let Some(own) = known.participant_of(act.agent) {
            return Ok(Course::Done(told(&Accepted { session, participant: own.participant })));
        }
        let joining = Joining { client_id: names::act(act), taking: None, replacing: Vec::new() };
        let join = self.joining(session, act.agent, joining, Visibility::Vip);
        self.ask(session, Wish::Watch(act.agent), Some(act.clone()), Request::Join(join));
        Ok(Course::UnderWay)
    }

    /// A supervisor comes in the place of those who attend to the customer, or takes the session if it waits.
    pub(super) fn take_over(&mut self, act: &Act, session: SessionId) -> Result<Course, Refusal> {
        self.check_supervises(act.agent)?;
        let known = self.open(session)?;
        if let Some(own) = known.participant_of(act.agent).filter(|own| own.visibility.is_all()) {
            return Ok(Course::Done(told(&Accepted { session, participant: own.participant })));
        }
        if self.wishes_for(known).any(|wish| matches!(wish, Wish::Join(_))) {
            return Err(Refusal::new(ErrorCode::Taken, self.who_has(session)));
        }
        self.check_room(act.agent, session)?;
        let attending = known.attending().map(|(_, other)| other.participant);
        let replacing: Vec<ParticipantId> = attending.chain(known.unseen_of(act.agent)).collect();
        let taking = known.waiting().map(|waits| waits.seq);
        self.join(act, session, Joining { client_id: names::act(act), taking, replacing });
        Ok(Course::UnderWay)
    }

    fn check_supervises(&self, agent: AgentId) -> Result<(), Refusal> {
        if self.agents.get(&agent).is_some_and(Agent::supervises) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, "Only supervisors may do that."))
    }
}
