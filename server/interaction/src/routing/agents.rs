//! What the core knows of one account: what it may do, what it has chosen, whether it is there, what it has.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tandem_protocol::{
    AgentId, DeskId, SessionId, Timestamp,
    desk::{AgentRole, ChosenState, LoggedIn},
};
use tandem_store::Account;

use super::{Core, actions::Answered, due::Subject, effect::Staff, known::Tie, pairs::PairIndex};

/// See the module. Connected, chosen state and room are three facts, and none is derived from another.
#[derive(Debug)]
pub(super) struct Agent {
    /// None for a number that stands in a session and that the directory does not know.
    pub(super) account: Option<Account>,
    pub(super) chosen: ChosenState,
    /// Since when.
    pub(super) since: Timestamp,
    pub(super) presence: Presence,
    pub(super) desks: BTreeSet<DeskId>,
    /// The sessions that concern him; mirrored in each session.
    pub(super) ties: BTreeMap<SessionId, Tied>,
    /// The chats that the directory has as his at pairs of which nothing was known in this life. They take up his room.
    pub(super) untold: BTreeSet<SessionId>,
    /// When he last got a chat, was rid of one, or began to be ready: who waits longest for a chat gets it.
    pub(super) idle_since: Duration,
    /// What his last actions came to.
    pub(super) answered: Answered,
}

/// A session that concerns an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tied {
    pub(super) tie: Tie,
    /// Counts the chats of all agents: in its order they are shown.
    pub(super) number: u64,
}

/// Whether an agent is connected: a lease, as it were, that his desks hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// A desk is there.
    Here,
    /// The last desk is gone and may be back in a moment. Nothing new is offered to him.
    Lately {
        /// When he counts as gone.
        until: Duration,
    },
    /// He is not connected. His chats stay his for a while.
    Absent {
        /// When they are offered to others.
        chats_until: Duration,
    },
}

impl Agent {
    pub(super) fn new(presence: Presence) -> Self {
        Self {
            account: None,
            chosen: ChosenState::NotReady { reason: None },
            since: Timestamp::ZERO,
            presence,
            desks: BTreeSet::new(),
            ties: BTreeMap::new(),
            untold: BTreeSet::new(),
            idle_since: Duration::ZERO,
            answered: Answered::default(),
        }
    }

    /// The account, if it may work.
    pub(super) fn enabled(&self) -> Option<&Account> {
        self.account.as_ref().filter(|account| !account.disabled)
    }

    pub(super) fn is_role(&self, is: impl Fn(AgentRole) -> bool) -> bool {
        self.enabled().is_some_and(|account| is(account.role))
    }

    pub(super) fn supervises(&self) -> bool {
        self.is_role(AgentRole::supervises)
    }

    pub(super) fn is_bot(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.role == AgentRole::Bot)
    }

    /// Whether nobody passes a chat on to it by name, or asks it to come: it is no colleague.
    pub(super) fn is_program(&self) -> bool {
        let role = self.account.as_ref().map(|account| account.role);
        matches!(role, Some(AgentRole::Integrator | AgentRole::Bot))
    }

    pub(super) fn is_connected(&self) -> bool {
        !matches!(self.presence, Presence::Absent { .. })
    }

    /// Whether his chats are no longer kept for him. An account that may not work keeps nothing, not for a moment: its
    /// chat pages know their tokens, and would go on as long as it is in the chats.
    pub(super) fn is_given_up(&self, now: Duration) -> bool {
        let is_over = matches!(self.presence, Presence::Absent { chats_until } if chats_until <= now);
        is_over || self.enabled().is_none()
    }

    /// Whether an offer that he has may stay: he can still answer it.
    pub(super) fn keeps_offers(&self) -> bool {
        self.enabled().is_some() && self.is_connected() && self.chosen == ChosenState::Ready
    }

    /// Whether something new may be offered to him.
    pub(super) fn is_available(&self) -> bool {
        self.keeps_offers() && self.presence == Presence::Here && self.room() > 0
    }

    /// How many more sessions he could take.
    pub(super) fn room(&self) -> usize {
        let taken_up = self.ties.values().filter(|tied| tied.tie.counts).count();
        self.capacity().saturating_sub(taken_up + self.untold.len())
    }

    /// Whether what he has besides this session leaves room for it.
    pub(super) fn has_room_for(&self, session: &SessionId) -> bool {
        let others = self.ties.iter().filter(|(other, tied)| *other != session && tied.tie.counts).count();
        others + self.untold.len() < self.capacity()
    }

    fn capacity(&self) -> usize {
        self.enabled().map_or(0, |account| account.capacity as usize)
    }

    pub(super) fn chats(&self) -> usize {
        self.ties.values().filter(|tied| tied.tie.is_chat).count()
    }

    pub(super) fn can<'a>(&self, mut skills: impl Iterator<Item = &'a str>) -> bool {
        self.enabled().is_some_and(|account| skills.all(|skill| account.skills.iter().any(|own| own == skill)))
    }

    pub(super) fn display(&self) -> &str {
        self.account.as_ref().map_or("", |account| &account.display)
    }
}

/// What a login brings.
pub(super) fn logged_in(account: &Account) -> LoggedIn {
    LoggedIn { agent: account.agent, name: account.name.clone(), display: account.display.clone(), role: account.role }
}

impl Core {
    /// An agent, known from an account or from a session that names it.
    pub(super) fn agent_mut(&mut self, agent: AgentId) -> &mut Agent {
        let chats_until = if self.pairs.is_at_work() { self.chats_until() } else { Duration::MAX };
        if !self.agents.contains_key(&agent) {
            self.due.at(chats_until, Subject::Agent(agent));
        }
        self.agents.entry(agent).or_insert_with(|| Agent::new(Presence::Absent { chats_until }))
    }

    /// Accounts and logins as they are by now: a login that is missing is no longer good.
    pub(super) fn on_staff(&mut self, staff: Staff) {
        for account in staff.accounts {
            self.on_account(account);
        }
        self.logins = staff.logins.into_iter().map(|login| (login.token, login)).collect();
        self.close_desks_without_login();
    }

    pub(super) fn on_account(&mut self, account: Account) {
        let agent = account.agent;
        let known = self.agent_mut(agent);
        if known.account.as_ref() == Some(&account) {
            return;
        }
        known.account = Some(account);
        self.due.now(Subject::Agent(agent));
        self.look_at_sessions_of(agent);
        self.views.changed(agent);
        self.views.all_changed(self.now.elapsed);
    }

    /// All is known of a pair for the first time: the agents' ties say what they have there.
    pub(super) fn forget_untold(&mut self, pair: PairIndex) {
        for (agent, known) in &mut self.agents {
            let before = known.untold.len();
            known.untold.retain(|session| self.pairs.of(session) != pair);
            if known.untold.len() != before {
                self.due.now(Subject::Agent(*agent));
            }
        }
    }

    /// Whether an agent has lost his chats: his time to come back is over, or his account may not work.
    pub(super) fn is_given_up(&self, agent: AgentId) -> bool {
        self.agents.get(&agent).is_some_and(|known| known.is_given_up(self.now.elapsed))
    }

    /// What customers and colleagues call an agent.
    pub(super) fn display_of(&self, agent: AgentId) -> &str {
        self.agents.get(&agent).map_or("", Agent::display)
    }
}
