//! Who must file a chat away once it has ended.
//!
//! Each person who attends to the customer when the session ends does; one who passed it on or left need not, nor a
//! bot. The directory keeps it, since the state of a session that has ended does not tell who was in it to the last.

use std::collections::BTreeMap;

use tandem_protocol::{
    AgentId, ErrorCode, Refusal, SessionId,
    link::{Credential, Request},
};
use tandem_store::{Filing, TakenChat};

use super::{
    Core,
    actions::{Course, checked_note},
    desks::{refused, told},
    due::Subject,
    effect::{Act, Errand, Failed, Found, Note, Purpose},
    known::Known,
    requests::Wish,
};

/// Releases that are tried again while the directory cannot write (B-1). Beyond it an agent may have to file away, after
/// a restart, a chat that he passed on.
const UNRELEASED_MAX: usize = 10_000;

impl Core {
    /// Keeps in the directory who must file the session away.
    pub(super) fn keep_files(&mut self, session: SessionId) {
        let Some(known) = self.sessions.get(&session) else { return };
        let attending: Vec<AgentId> = known.attending().map(|(agent, _)| agent).collect();
        let released: Vec<AgentId> =
            known.to_file.keys().copied().filter(|agent| self.need_not_file(known, *agent)).collect();
        let is_kept = |agent: &AgentId| known.to_file.get(agent).copied();
        let fresh = attending.into_iter().filter(|agent| is_kept(agent).is_none() && !known.filed.contains(agent));
        let unkept = known.to_file.keys().copied().filter(|agent| is_kept(agent) == Some(false));
        let taken: Vec<AgentId> = fresh.chain(unkept).filter(|agent| !released.contains(agent)).collect();
        for agent in released {
            self.filers_mut(session).remove(&agent);
            self.release(session, agent);
        }
        for agent in taken {
            let chat = TakenChat { session, agent };
            self.run(Errand::Take(chat), Purpose::Taken(session, agent, None));
            self.filers_mut(session).insert(agent, true);
        }
    }

    /// An agent need not file a session away.
    pub(super) fn release(&mut self, session: SessionId, agent: AgentId) {
        self.run(Errand::Release(session, agent), Purpose::Released(session, agent));
    }

    /// What the directory could not keep is tried again, unless the agent has the session again by now.
    pub(super) fn on_released(&mut self, session: SessionId, agent: AgentId, ran: Result<Found, Failed>) {
        if ran.is_err() && self.unreleased.len() < UNRELEASED_MAX {
            self.unreleased.insert((session, agent));
        }
    }

    pub(super) fn release_again(&mut self) {
        for (session, agent) in std::mem::take(&mut self.unreleased) {
            let has_it = self.sessions.get(&session).is_some_and(|known| known.to_file.contains_key(&agent));
            if !has_it {
                self.release(session, agent);
            }
        }
    }

    fn filers_mut(&mut self, session: SessionId) -> &mut BTreeMap<AgentId, bool> {
        &mut self.sessions.get_mut(&session).expect("the caller has found it").to_file
    }

    fn need_not_file(&self, known: &Known, agent: AgentId) -> bool {
        if known.is_open() {
            return !known.attending().any(|(who, _)| who == agent) && !self.is_joining(known, agent);
        }
        // One who never came was about to when a process died. An account that is disabled files nothing.
        let may_file = self.agents.get(&agent).is_some_and(|agent| agent.enabled().is_some() && !agent.is_bot());
        (known.last_participant_of(agent).is_none() && !self.is_joining(known, agent)) || !may_file
    }

    /// An agent ends a session, unless it has ended, and files it away.
    pub(super) fn end(
        &mut self,
        act: &Act,
        session: SessionId,
        disposition: String,
        remark: Option<String>,
    ) -> Result<Course, Refusal> {
        if !self.settings.dispositions.contains(&disposition) {
            return Err(Refusal::new(ErrorCode::BadRequest, "There is no such disposition."));
        }
        let remark = checked_note("remark", remark)?;
        let (agent, at) = (act.agent, self.now.wall);
        let filing = Filing { session, agent, disposition, remark, at };
        let is_over = self.sessions.get(&session).is_none_or(|known| !known.is_open());
        if is_over {
            let is_to_file = self.sessions.get(&session).is_some_and(|known| known.to_file.contains_key(&agent));
            if !is_to_file {
                // It stands in his list no more, which is what ending it is for.
                return Ok(Course::nothing());
            }
            self.run(Errand::File(filing), Purpose::Filed(session, act.clone()));
            return Ok(Course::UnderWay);
        }
        let me = self.attended_by(agent, session)?;
        let request = Request::Close { session, by: Credential::Participant(me) };
        self.ask(session, Wish::Close(Box::new(filing)), Some(act.clone()), request);
        Ok(Course::UnderWay)
    }

    pub(super) fn on_filed(&mut self, session: SessionId, act: &Act, ran: Result<Found, Failed>) {
        let agent = act.agent;
        match ran {
            Ok(_) => {
                if let Some(known) = self.sessions.get_mut(&session) {
                    known.to_file.remove(&agent);
                    known.filed.insert(agent);
                }
                self.agent_mut(agent).idle_since = self.now.elapsed;
                self.note(Note::Filed { session, agent });
                self.due.now(Subject::Session(session));
                self.done(act, told(&()));
            }
            Err(Failed) => {
                let sentence = "The chat has ended, but it could not be filed away. Please try again.";
                self.done(act, refused(ErrorCode::Unavailable, sentence));
            }
        }
    }
}
