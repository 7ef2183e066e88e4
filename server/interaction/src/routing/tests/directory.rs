//! A directory as the core sees it, in memory: what is in it outlives a core.

use std::collections::{BTreeMap, BTreeSet};

use tandem_protocol::{
    AgentId, SessionId, Timestamp,
    archive::Identity,
    desk::{AgentRole, Canned, ChosenState, EarlierChat},
};
use tandem_store::{Account, Chosen, Filing, Login, TakenChat};

use crate::routing::{Errand, Failed, Found, Kept, Staff};

#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) accounts: Vec<Account>,
    pub(super) logins: Vec<Login>,
    pub(super) chosen: BTreeMap<AgentId, (ChosenState, Timestamp)>,
    pub(super) taken: Vec<TakenChat>,
    /// Who came with which session; strangers are left out.
    pub(super) customers: BTreeMap<SessionId, Identity>,
    pub(super) unfiled: BTreeSet<(SessionId, AgentId)>,
    pub(super) filed: Vec<Filing>,
    pub(super) canned: Vec<(AgentId, Canned)>,
    /// Which process it is read by.
    pub(super) life: u64,
    /// It cannot write.
    pub(super) is_broken: bool,
    /// It could not keep that a chat is taken.
    pub(super) has_lost_a_chat: bool,
}

impl Directory {
    pub(super) fn hires(&mut self, name: &str, role: AgentRole, capacity: u32, skills: &[&str]) -> AgentId {
        let agent = AgentId(self.accounts.len() as u32 + 1);
        self.accounts.push(Account {
            agent,
            name: name.parse().unwrap(),
            display: format!("{}{}", name[..1].to_uppercase(), &name[1..]),
            role,
            capacity,
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            disabled: false,
        });
        agent
    }

    pub(super) fn staff(&self) -> Staff {
        Staff { accounts: self.accounts.clone(), logins: self.logins.clone() }
    }

    pub(super) fn kept(&self) -> Kept {
        let chosen = |(agent, (state, since)): (&AgentId, &(ChosenState, Timestamp))| Chosen {
            agent: *agent,
            state: state.clone(),
            since: *since,
        };
        Kept {
            life: self.life,
            staff: self.staff(),
            chosen: self.chosen.iter().map(chosen).collect(),
            unfiled: self.unfiled.iter().copied().collect(),
        }
    }

    pub(super) fn run(&mut self, errand: Errand) -> Result<Found, Failed> {
        if self.is_broken {
            self.has_lost_a_chat |= matches!(errand, Errand::Take(_));
            return Err(Failed);
        }
        match errand {
            Errand::Choose(chosen) => drop(self.chosen.insert(chosen.agent, (chosen.state, chosen.since))),
            Errand::Take(chat) => {
                self.unfiled.insert((chat.session, chat.agent));
                self.taken.retain(|taken| taken.session != chat.session || taken.agent != chat.agent);
                self.taken.push(chat);
            }
            Errand::Release(session, agent) => drop(self.unfiled.remove(&(session, agent))),
            Errand::File(filing) => {
                self.unfiled.remove(&(filing.session, filing.agent));
                self.filed.push(filing);
            }
            Errand::Login(token) => {
                return Ok(Found::Login(self.logins.iter().find(|login| login.token == token).copied()));
            }
            Errand::EndLogin(token) => self.logins.retain(|login| login.token != token),
            Errand::Earlier(session, _) => return Ok(Found::Earlier(self.earlier(session))),
            Errand::Reach(session, agent) => {
                let took = |of: SessionId| self.taken.iter().any(|chat| (chat.session, chat.agent) == (of, agent));
                let is_his = took(session) || self.others_of(session).into_iter().any(took);
                return Ok(Found::Reach(is_his));
            }
            Errand::Canned(agent) => {
                let own = self.canned.iter().filter(|(of, canned)| canned.shared || *of == agent);
                return Ok(Found::Canned(own.map(|(_, canned)| canned.clone()).collect()));
            }
            Errand::SaveCanned(agent, canned) => {
                let is_free = self.canned.iter().all(|(_, other)| other.shortcut != canned.shortcut);
                self.canned.extend(is_free.then_some((agent, canned)));
                return Ok(Found::Possible(is_free));
            }
            Errand::DeleteCanned(_, id, _) => self.canned.retain(|(_, canned)| canned.id != id),
        }
        Ok(Found::Done)
    }

    fn earlier(&self, session: SessionId) -> Vec<EarlierChat> {
        let earlier = self.others_of(session).into_iter().map(|session| EarlierChat {
            session,
            opened_at_ms: Timestamp(0),
            subject: None,
            agent: None,
            disposition: None,
            remark: None,
        });
        earlier.collect()
    }

    /// The other sessions of a session's customer, as the archive has read them.
    fn others_of(&self, session: SessionId) -> Vec<SessionId> {
        let of = |session| self.customers.get(&session);
        let others = self.customers.keys().copied().filter(|other| *other != session);
        others.filter(|other| of(session).is_some() && of(*other) == of(session)).collect()
    }
}
