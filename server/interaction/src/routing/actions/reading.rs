//! What agents look up beside a chat: the customer's earlier chats, what was said in them, canned replies.

use std::collections::BTreeMap;

use tandem_protocol::{
    AgentId, ClientId, ErrorCode, ParticipantId, Refusal, Seq, SessionId, Visibility,
    desk::{Canned, Transcript},
    limits::{NOTE_BYTES_MAX, PAGE_EVENTS_MAX},
    link::{Credential, Outcome, Page, Request},
};

use super::{Core, Course};
use crate::{
    customer,
    routing::{
        agents::Agent,
        desks::{refused, told},
        effect::{Act, Errand, Failed, Found, Purpose},
        requests::Wish,
    },
};

/// Bytes of a canned reply's shortcut.
const SHORTCUT_BYTES_MAX: usize = 32;

impl Core {
    pub(super) fn earlier(&mut self, act: &Act, session: SessionId) -> Result<Course, Refusal> {
        let unknown = || Refusal::new(ErrorCode::UnknownSession, "There is no such chat.");
        let known = self.sessions.get(&session).ok_or_else(unknown)?;
        let was_in_it = known.last_participant_of(act.agent).is_some();
        if !was_in_it && !self.agents.get(&act.agent).is_some_and(Agent::supervises) {
            return Err(Refusal::new(ErrorCode::Forbidden, "You are not in this chat."));
        }
        self.run(Errand::Earlier(session, known.identities()), Purpose::Act(act.clone()));
        Ok(Course::UnderWay)
    }

    /// Whether he may read it the archive knows, and, of what has just been said, the session itself; of supervisors it
    /// need not be asked.
    pub(super) fn read(&mut self, act: &Act, session: SessionId, after: Seq) -> Result<Course, Refusal> {
        if self.agents.get(&act.agent).is_some_and(Agent::supervises) {
            self.ask_to_read(act, session, after, false);
            return Ok(Course::UnderWay);
        }
        self.run(Errand::Reach(session, act.agent), Purpose::Read(act.clone(), session, after));
        Ok(Course::UnderWay)
    }

    pub(super) fn on_reach_known(&mut self, act: &Act, session: SessionId, after: Seq, ran: &Result<Found, Failed>) {
        self.ask_to_read(act, session, after, matches!(ran, Ok(Found::Reach(true))));
    }

    fn ask_to_read(&mut self, act: &Act, session: SessionId, after: Seq, is_his: bool) {
        let limit = u32::try_from(PAGE_EVENTS_MAX).expect("is a few hundred");
        let request = Request::Read { session, by: Credential::Role, after, limit };
        self.ask(session, Wish::Read(act.agent, is_his), Some(act.clone()), request);
    }

    /// What an agent gets of a page of a session, if he may read it.
    pub(in crate::routing) fn transcript(
        &self,
        id: AgentId,
        is_his: bool,
        session: SessionId,
        mut page: Page,
    ) -> Outcome {
        let Some(agent) = self.agents.get(&id) else { return not_his() };
        if !is_his && !self.may_read(id, agent, &page) {
            return not_his();
        }
        let sees = agent.account.as_ref().map_or(Visibility::All, |account| account.role.joins_as().sees());
        page.narrow(sees);
        let names: BTreeMap<ParticipantId, String> =
            page.state.participants.into_iter().map(|known| (known.participant, known.name)).collect();
        let events = page.events.into_iter().map(|event| event.event.as_ref().to_owned()).collect();
        told(&Transcript { session, head: page.head, events, names })
    }

    /// Supervisors read everything; others what they were in, and chats of the customers they have. The archive says the
    /// same of what it has read; it is a moment behind.
    fn may_read(&self, id: AgentId, agent: &Agent, page: &Page) -> bool {
        let was_in_it = || page.state.participants.iter().any(|known| known.agent == Some(id));
        let customer = customer::identities(&page.state.properties).into_iter().next();
        let is_customer = |own: &SessionId| {
            let known = self.sessions.get(own).filter(|known| known.identities().into_iter().next() == customer);
            known.is_some_and(|known| known.participant_of(id).is_some() || known.to_file.contains_key(&id))
        };
        agent.supervises() || was_in_it() || (customer.is_some() && agent.ties.keys().any(is_customer))
    }

    pub(super) fn canned(&mut self, act: &Act) -> Result<Course, Refusal> {
        self.run(Errand::Canned(act.agent), Purpose::Act(act.clone()));
        Ok(Course::UnderWay)
    }

    pub(super) fn save_canned(&mut self, act: &Act, canned: Canned) -> Result<Course, Refusal> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let is_shortcut =
            (1..=SHORTCUT_BYTES_MAX).contains(&canned.shortcut.len()) && canned.shortcut.bytes().all(is_letter);
        if !is_shortcut {
            let sentence = format!("A shortcut is 1 to {SHORTCUT_BYTES_MAX} of a-z, 0-9, '-' and '_'.");
            return Err(Refusal::new(ErrorCode::BadRequest, sentence));
        }
        if canned.text.trim().is_empty() || canned.text.len() > NOTE_BYTES_MAX {
            let sentence = format!("A reply has 1 to {NOTE_BYTES_MAX} bytes.");
            return Err(Refusal::new(ErrorCode::BadRequest, sentence));
        }
        if canned.shared {
            self.check_may_share(act.agent)?;
        }
        self.run(Errand::SaveCanned(act.agent, canned), Purpose::Act(act.clone()));
        Ok(Course::UnderWay)
    }

    fn check_may_share(&self, agent: AgentId) -> Result<(), Refusal> {
        if self.agents.get(&agent).is_some_and(Agent::supervises) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, "Only supervisors change replies that everybody has."))
    }

    /// First it is looked up: who may not change shared replies is told so, and what is gone is deleted already.
    pub(super) fn delete_canned(&mut self, act: &Act, id: ClientId) -> Result<Course, Refusal> {
        self.run(Errand::Canned(act.agent), Purpose::Delete(act.clone(), id));
        Ok(Course::UnderWay)
    }

    pub(super) fn on_found_to_delete(&mut self, act: &Act, id: ClientId, ran: Result<Found, Failed>) {
        let canned = match ran {
            Ok(Found::Canned(canned)) => canned,
            other => return self.done(act, super::found(other)),
        };
        let Some(canned) = canned.into_iter().find(|canned| canned.id == id) else {
            return self.done(act, told(&()));
        };
        match canned.shared.then(|| self.check_may_share(act.agent)) {
            Some(Err(refusal)) => self.done(act, Outcome::Refused(refusal)),
            _ => self.run(Errand::DeleteCanned(act.agent, id, canned.shared), Purpose::Act(act.clone())),
        }
    }
}

fn not_his() -> Outcome {
    refused(ErrorCode::Forbidden, "This chat is none of yours, nor one of a customer whom you have.")
}
