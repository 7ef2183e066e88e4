//! Whether agents are there, and what they have chosen.
//!
//! Desks come and go with reloads, sleeping laptops and dying gateways. An agent whose last desk is gone keeps his
//! offers for the presence timeout, and his chats for the grace time after it; only then are they offered to others.

use std::time::Duration;

use tandem_protocol::{AgentId, SessionId, desk::ChosenState};
use tandem_store::Chosen;

use super::{
    Core,
    agents::Presence,
    due::Subject,
    effect::{Errand, Note, Purpose},
};

/// Why somebody is not ready who was set so because he did not answer.
const NO_ANSWER: &str = "no_answer";

impl Core {
    /// When the chats of somebody who is not there now are given up.
    pub(super) fn chats_until(&self) -> Duration {
        self.now.elapsed + self.settings.presence_timeout + self.settings.agent_grace
    }

    /// A desk of the agent is there.
    pub(super) fn comes(&mut self, agent: AgentId) {
        let now = self.now.elapsed;
        let known = self.agent_mut(agent);
        let before = std::mem::replace(&mut known.presence, Presence::Here);
        if let Presence::Absent { .. } = before {
            known.idle_since = now;
            self.note(Note::Present { agent });
        }
        if before != Presence::Here {
            self.presence_changed(agent);
        }
    }

    /// The last desk of an agent is gone, and may be back in a moment.
    pub(super) fn goes(&mut self, agent: AgentId) {
        // While no pair is there nobody can come back; the time begins when he can.
        let until =
            if self.pairs.is_at_work() { self.now.elapsed + self.settings.presence_timeout } else { Duration::MAX };
        self.set_presence(agent, Presence::Lately { until });
    }

    /// An agent is gone and does not come back in a moment: his login has ended.
    pub(super) fn is_gone(&mut self, agent: AgentId) {
        let chats_until = if self.pairs.is_at_work() { self.chats_until() } else { Duration::MAX };
        self.set_presence(agent, Presence::Absent { chats_until });
    }

    fn set_presence(&mut self, agent: AgentId, presence: Presence) {
        let known = self.agent_mut(agent);
        let was_connected = known.is_connected();
        known.presence = presence;
        match presence {
            Presence::Here => {}
            Presence::Lately { until } => self.due.at(until, Subject::Agent(agent)),
            Presence::Absent { chats_until } => {
                self.due.at(chats_until, Subject::Agent(agent));
                if was_connected {
                    let sessions = self.agents[&agent].ties.len();
                    self.note(Note::PresenceLost { agent, sessions });
                }
            }
        }
        self.presence_changed(agent);
    }

    fn presence_changed(&mut self, agent: AgentId) {
        self.due.now(Subject::Agent(agent));
        self.look_at_sessions_of(agent);
        self.views.all_changed(self.now.elapsed);
    }

    /// What concerns the agent is looked at: offers to him, chats of his.
    pub(super) fn look_at_sessions_of(&mut self, agent: AgentId) {
        let sessions = self.agents.get(&agent).into_iter().flat_map(|known| known.ties.keys());
        sessions.for_each(|session| self.due.now(Subject::Session(*session)));
    }

    /// A moment has come that may mean something for the agent.
    pub(super) fn check_presence(&mut self, agent: AgentId) {
        let Some(known) = self.agents.get(&agent) else { return };
        match known.presence {
            Presence::Lately { until } if until <= self.now.elapsed => {
                let chats_until = self.now.elapsed + self.settings.agent_grace;
                self.set_presence(agent, Presence::Absent { chats_until });
            }
            Presence::Absent { chats_until } if chats_until <= self.now.elapsed => self.look_at_sessions_of(agent),
            Presence::Here | Presence::Lately { .. } | Presence::Absent { .. } => {}
        }
    }

    /// From now on desks can enter again: whoever is not there has his full time to come back from now.
    pub(super) fn give_time_to_come_back(&mut self) {
        let until = self.now.elapsed + self.settings.presence_timeout;
        let chats_until = self.chats_until();
        for (agent, known) in &mut self.agents {
            match &mut known.presence {
                Presence::Here => continue,
                Presence::Lately { until: own } => *own = until,
                Presence::Absent { chats_until: own } => *own = chats_until,
            }
            self.due.at(until, Subject::Agent(*agent));
            self.due.at(chats_until, Subject::Agent(*agent));
        }
    }

    /// An agent chooses a state, or is set so. It holds at once; whoever waits for it is told when it is kept.
    pub(super) fn choose(&mut self, agent: AgentId, state: ChosenState, purpose: Purpose) {
        let now = self.now;
        let known = self.agent_mut(agent);
        if known.chosen != state {
            known.since = now.wall;
            if state == ChosenState::Ready {
                known.idle_since = now.elapsed;
            }
            known.chosen = state;
        }
        let chosen = Chosen { agent, state: known.chosen.clone(), since: known.since };
        self.run(Errand::Choose(chosen), purpose);
        self.due.now(Subject::Agent(agent));
        self.look_at_sessions_of(agent);
        self.views.changed(agent);
        self.views.all_changed(now.elapsed);
    }

    /// Somebody did not answer in time. A person is set not ready, so that he is not rung on and on; a bot is not,
    /// since nobody would set it ready again, and its queue does not wait for it for long.
    pub(super) fn did_not_answer(&mut self, agent: AgentId, session: SessionId) {
        self.note(Note::NoAnswer { session, agent });
        let known = self.agent_mut(agent);
        if known.is_connected() && !known.is_bot() && known.chosen == ChosenState::Ready {
            let state = ChosenState::NotReady { reason: Some(NO_ANSWER.to_owned()) };
            self.choose(agent, state, Purpose::Nothing);
        }
    }
}
