//! Desks that come and go, logins that end, and the questions of both.
//!
//! While not all is known nobody is let in: a view would show a part for the whole. And since after a failover a
//! desk's actions, asked again by the link, come before its gateway has it enter again, they wait a little for that.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::Serialize;
use tandem_protocol::{
    AgentId, AskId, ClientId, DeskId, ErrorCode, GatewayLink, Refusal, TokenHash,
    desk::{Action, AgentRole, DeskAsk, DeskNews},
    link::{Answer, Outcome},
};
use tandem_store::{Account, Login};

use super::{
    Core,
    agents::logged_in,
    due::Subject,
    effect::{AskRef, Effect, Errand, Failed, Found, LoginAsk, Note, Purpose},
};

/// Questions that may wait until all is known, or for their desk (B-1): as many as the engine keeps.
const WAITING_MAX: usize = 8_192;

/// How long an action waits for its desk to enter. Gateways have their desks enter as soon as they are told to.
const DESK_WAIT_MAX: Duration = Duration::from_secs(5);

/// One desk that has entered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk {
    pub(super) gateway: GatewayLink,
    pub(super) agent: AgentId,
    /// Its login.
    token: TokenHash,
}

/// Who waits outside.
#[derive(Debug, Default)]
pub(super) struct Doorstep {
    /// Questions that wait until all is known.
    parked: VecDeque<Asked>,
    /// Actions whose desk has not entered, and until when they wait for it.
    early: VecDeque<(Duration, Asked)>,
    /// Desks whose login is being looked up.
    entering: BTreeMap<DeskId, GatewayLink>,
}

#[derive(Debug)]
struct Asked {
    ask: AskRef,
    gateway: GatewayLink,
    body: DeskAsk,
}

/// The answer to a question.
pub(super) fn told(value: &impl Serialize) -> Outcome {
    let json = serde_json::value::to_raw_value(value).expect("it has only string keys and finite numbers");
    Outcome::Done(Answer::Told(json))
}

pub(super) fn refused(code: ErrorCode, sentence: impl Into<String>) -> Outcome {
    Outcome::Refused(Refusal::new(code, sentence))
}

impl Core {
    pub(super) fn reply(&mut self, ask: AskRef, outcome: Outcome) {
        if self.link.is_current(ask.connection) {
            self.effects.push(Effect::Reply { ask: ask.ask, outcome });
        }
    }

    pub(super) fn on_asked(&mut self, ask: AskId, gateway: GatewayLink, body: DeskAsk) {
        let ask = AskRef { connection: self.link.connection(), ask };
        match body {
            DeskAsk::Login { name, password, token, from } => {
                self.on_login(LoginAsk { ask, name, password, token, from });
            }
            DeskAsk::Logout { token } => self.on_logout(ask, token),
            DeskAsk::Exit { desk } => self.on_exit(ask, desk),
            DeskAsk::Look { token, look } => self.on_look(ask, token, look),
            body if !self.link.is_settled() => self.park(Asked { ask, gateway, body }),
            DeskAsk::Enter { desk, token } => self.on_enter(ask, gateway, desk, token),
            DeskAsk::Do { desk, id, action } => self.on_do(ask, gateway, desk, id, action),
        }
    }

    fn park(&mut self, asked: Asked) {
        if self.doorstep.parked.len() >= WAITING_MAX {
            self.reply(asked.ask, refused(ErrorCode::Busy, "Too many desks want to enter at once."));
        } else {
            self.doorstep.parked.push_back(asked);
        }
    }

    /// All is known: those who waited are let in, in the order in which they came.
    pub(super) fn let_in(&mut self) {
        for Asked { ask, gateway, body } in std::mem::take(&mut self.doorstep.parked) {
            self.on_asked(ask.ask, gateway, body);
        }
    }

    fn on_login(&mut self, login: LoginAsk) {
        // The gateway made the token and tells nobody: who names it again repeats what was accepted.
        let accepted = self.logins.get(&login.token).and_then(|login| self.agents.get(&login.agent));
        match accepted.and_then(|agent| agent.enabled()).filter(|account| account.name == login.name) {
            Some(account) => {
                let told = told(&logged_in(account));
                self.reply(login.ask, told);
            }
            None => self.effects.push(Effect::Verify(Box::new(login))),
        }
    }

    pub(super) fn on_verified(&mut self, ask: AskRef, verified: Result<(Login, Account), Refusal>) {
        let outcome = match verified {
            Ok((login, account)) => {
                let told = told(&logged_in(&account));
                self.on_account(account);
                self.logins.insert(login.token, login);
                told
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.reply(ask, outcome);
    }

    fn on_logout(&mut self, ask: AskRef, token: TokenHash) {
        self.logins.remove(&token);
        self.close_desks_without_login();
        self.run(Errand::EndLogin(token), Purpose::Logout(ask));
    }

    pub(super) fn on_logged_out(&mut self, ask: AskRef, ran: Result<Found, Failed>) {
        let outcome = match ran {
            Ok(_) => told(&()),
            Err(Failed) => refused(ErrorCode::Unavailable, "The logout could not be saved. Please try again."),
        };
        self.reply(ask, outcome);
    }

    fn on_enter(&mut self, ask: AskRef, gateway: GatewayLink, desk: DeskId, token: TokenHash) {
        match self.logins.get(&token).copied().filter(|login| login.expires_at > self.now.wall) {
            Some(login) => self.enter(ask, gateway, desk, login),
            None => {
                // It may have been accepted by another process a moment ago.
                self.doorstep.entering.insert(desk, gateway);
                self.run(Errand::Login(token), Purpose::Enter { ask, desk, gateway });
            }
        }
    }

    pub(super) fn on_looked_up(&mut self, ask: AskRef, desk: DeskId, gateway: GatewayLink, ran: Result<Found, Failed>) {
        // It may have gone meanwhile, and a desk that nobody holds would never go.
        if !self.link.is_current(ask.connection) || self.doorstep.entering.remove(&desk) != Some(gateway) {
            return self.reply(ask, refused(ErrorCode::Unavailable, "The desk has gone."));
        }
        match ran {
            Ok(Found::Login(Some(login))) => {
                self.logins.insert(login.token, login);
                self.enter(ask, gateway, desk, login);
            }
            Ok(_) => self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Err(Failed) => self.reply(ask, refused(ErrorCode::Unavailable, "The login could not be looked up.")),
        }
    }

    fn enter(&mut self, ask: AskRef, gateway: GatewayLink, desk: DeskId, login: Login) {
        let Login { token, agent, .. } = login;
        match self.agent_mut(agent).enabled().map(|account| account.role) {
            None => return self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Some(AgentRole::Integrator) => {
                return self.reply(ask, refused(ErrorCode::Forbidden, "An integrator's account has no desk."));
            }
            Some(_) => {}
        }
        let before = self.desks.insert(desk, Desk { gateway, agent, token });
        if let Some(before) = before.filter(|before| before.agent != agent) {
            self.agent_mut(before.agent).desks.remove(&desk);
        }
        self.agent_mut(agent).desks.insert(desk);
        self.comes(agent);
        let view = self.view_of(agent);
        self.reply(ask, Outcome::Done(Answer::Told(view)));
        self.do_early(desk);
    }

    /// Does what a desk asked for before it had entered.
    fn do_early(&mut self, desk: DeskId) {
        for (until, asked) in std::mem::take(&mut self.doorstep.early) {
            match asked.body {
                DeskAsk::Do { desk: of, .. } if of == desk => self.on_asked(asked.ask.ask, asked.gateway, asked.body),
                _ => self.doorstep.early.push_back((until, asked)),
            }
        }
    }

    fn on_exit(&mut self, ask: AskRef, desk: DeskId) {
        self.doorstep.entering.remove(&desk);
        let parked = std::mem::take(&mut self.doorstep.parked);
        for asked in parked {
            match asked.body {
                DeskAsk::Enter { desk: of, .. } if of == desk => {
                    self.reply(asked.ask, refused(ErrorCode::Unavailable, "The desk has gone."));
                }
                _ => self.doorstep.parked.push_back(asked),
            }
        }
        self.leave(desk);
        self.reply(ask, told(&()));
    }

    /// A desk is gone; its agent may be back in a moment.
    fn leave(&mut self, desk: DeskId) {
        if let Some(agent) = self.remove(desk) {
            self.goes(agent);
        }
    }

    /// Forgets a desk. Returns its agent if it was his last.
    fn remove(&mut self, desk: DeskId) -> Option<AgentId> {
        let agent = self.desks.remove(&desk)?.agent;
        let known = self.agent_mut(agent);
        known.desks.remove(&desk);
        known.desks.is_empty().then_some(agent)
    }

    pub(super) fn on_gateway_gone(&mut self, gateway: GatewayLink) {
        self.doorstep.parked.retain(|asked| asked.gateway != gateway);
        self.doorstep.early.retain(|(_, asked)| asked.gateway != gateway);
        self.doorstep.entering.retain(|_, of| *of != gateway);
        let gone: Vec<DeskId> =
            self.desks.iter().filter(|(_, desk)| desk.gateway == gateway).map(|(desk, _)| *desk).collect();
        gone.into_iter().for_each(|desk| self.leave(desk));
    }

    /// The link is lost: questions are asked anew, and desks enter again.
    pub(super) fn leave_all_desks(&mut self) {
        self.doorstep = Doorstep::default();
        let desks: Vec<DeskId> = self.desks.keys().copied().collect();
        desks.into_iter().for_each(|desk| self.leave(desk));
    }

    pub(super) fn end_expired_logins(&mut self) {
        let now = self.now.wall;
        self.logins.retain(|_, login| login.expires_at > now);
        self.close_desks_without_login();
    }

    pub(super) fn close_desks_without_login(&mut self) {
        let is_out = |desk: &Desk| self.logins.get(&desk.token).is_none_or(|login| login.agent != desk.agent);
        let out: Vec<_> = self.desks.iter().filter(|(_, desk)| is_out(desk)).map(|(id, desk)| (*id, *desk)).collect();
        for (desk, Desk { gateway, agent, .. }) in out {
            self.note(Note::Revoked { agent });
            self.effects.push(Effect::Push { gateway, desk, news: DeskNews::Revoked });
            if self.remove(desk).is_some() {
                self.is_gone(agent);
            }
        }
    }

    fn on_do(&mut self, ask: AskRef, gateway: GatewayLink, desk: DeskId, id: ClientId, action: Action) {
        match self.desks.get(&desk).map(|desk| desk.agent) {
            Some(agent) => self.act(ask, desk, agent, id, action),
            None if self.doorstep.early.len() >= WAITING_MAX => {
                self.reply(ask, refused(ErrorCode::Busy, "Too many desks want to enter at once."));
            }
            None => {
                let until = self.now.elapsed + DESK_WAIT_MAX;
                let body = DeskAsk::Do { desk, id, action };
                self.doorstep.early.push_back((until, Asked { ask, gateway, body }));
                self.due.at(until, Subject::Doorstep);
            }
        }
    }

    /// Actions whose desk did not enter are not done.
    pub(super) fn turn_away_the_late(&mut self) {
        let is_late = |(until, _): &(Duration, Asked)| *until <= self.now.elapsed;
        let late = self.doorstep.early.iter().take_while(|early| is_late(early)).count();
        let late: Vec<AskRef> = self.doorstep.early.drain(..late).map(|(_, asked)| asked.ask).collect();
        for ask in late {
            self.reply(ask, refused(ErrorCode::Unavailable, "The desk has not entered. Please try again."));
        }
    }
}
