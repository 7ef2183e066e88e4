//! Desks that come and go, logins that end, and the questions of both.
//!
//! A desk enters through one of the pairs that its gateway reaches, and through another when that one is away. It is
//! there through the one by which it entered last, and nobody minds whether the session that is spoken of is there too.

use serde::Serialize;
use tandem_protocol::{
    AgentId, AskId, ClientId, DeskId, ErrorCode, Refusal, TokenHash,
    desk::{Action, AgentRole, DeskAsk, DeskNews},
    link::{Answer, Outcome},
};
use tandem_store::{Account, Login};

use super::{
    Core,
    agents::logged_in,
    doorstep::Asked,
    effect::{Act, AskRef, Effect, Errand, Failed, Found, GatewayAt, LoginAsk, Note, Purpose, Wanted},
    pairs::PairIndex,
};

/// One desk that has entered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk {
    pub(super) gateway: GatewayAt,
    pub(super) agent: AgentId,
    /// Its login.
    token: TokenHash,
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
        let AskRef { pair, connection, ask } = ask;
        if self.pairs.get(pair).is_current(connection) {
            self.effects.push(Effect::Reply { pair, ask, outcome });
        }
    }

    pub(super) fn on_asked(&mut self, ask: AskId, gateway: GatewayAt, body: DeskAsk) {
        let pair = gateway.pair;
        let ask = AskRef { pair, connection: self.pairs.get(pair).connection(), ask };
        match body {
            DeskAsk::Login { name, password, token, from } => {
                self.on_login(LoginAsk { ask, name, password, token, from });
            }
            DeskAsk::Logout { token } => self.on_logout(ask, token),
            DeskAsk::Exit { desk } => self.on_exit(ask, desk),
            DeskAsk::Look { token, look, from } => self.on_look(ask, token, Wanted { look, from }),
            DeskAsk::Oversee { token } => self.on_oversee(ask, token),
            body if !self.pairs.is_at_work() => self.park(Asked { ask, gateway, body }),
            DeskAsk::Enter { desk, token } => self.on_enter(ask, gateway, desk, token),
            DeskAsk::Do { desk, id, action } => self.on_do(ask, gateway, desk, id, action),
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
        let is_stranger = self.logins.remove(&token).is_none();
        if is_stranger && !self.admits_stranger(ask) {
            return;
        }
        self.close_desks_without_login();
        self.run(Errand::EndLogin(token), Purpose::Logout { ask, token, is_stranger });
    }

    pub(super) fn on_logged_out(
        &mut self,
        ask: AskRef,
        token: TokenHash,
        is_stranger: bool,
        ran: Result<Found, Failed>,
    ) {
        if is_stranger {
            self.stranger_known();
        }
        // The directory may have been asked for it just before it ended, for somebody who then brought it back.
        if self.logins.remove(&token).is_some() {
            self.close_desks_without_login();
        }
        let outcome = match ran {
            Ok(_) => told(&()),
            Err(Failed) => refused(ErrorCode::Unavailable, "The logout could not be saved. Please try again."),
        };
        self.reply(ask, outcome);
    }

    fn on_enter(&mut self, ask: AskRef, gateway: GatewayAt, desk: DeskId, token: TokenHash) {
        match self.logins.get(&token).copied().filter(|login| login.expires_at > self.now.wall) {
            Some(login) => self.enter(ask, gateway, desk, login),
            None => {
                // It may have been accepted by another process a moment ago.
                self.doorstep.begins_to_enter(desk, gateway);
                self.run(Errand::Login(token), Purpose::Enter { ask, desk, gateway });
            }
        }
    }

    pub(super) fn on_looked_up(&mut self, ask: AskRef, desk: DeskId, gateway: GatewayAt, ran: Result<Found, Failed>) {
        // It may have gone meanwhile, and a desk that nobody holds would never go.
        if !self.pairs.get(ask.pair).is_current(ask.connection) || !self.doorstep.may_enter(desk, gateway) {
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

    fn enter(&mut self, ask: AskRef, gateway: GatewayAt, desk: DeskId, login: Login) {
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

    /// A desk is gone, through whichever pair its gateway says so.
    fn on_exit(&mut self, ask: AskRef, desk: DeskId) {
        for entering in self.doorstep.exit(desk) {
            self.reply(entering, refused(ErrorCode::Unavailable, "The desk has gone."));
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

    pub(super) fn on_gateway_gone(&mut self, gateway: GatewayAt) {
        self.leave_where(|at| at == gateway);
    }

    /// The link to a pair is lost: questions are asked anew, and desks enter again, through this pair or another.
    pub(super) fn leave_desks_at(&mut self, pair: PairIndex) {
        self.leave_where(|at| at.pair == pair);
    }

    /// Gateways' links are gone, and the desks that were reached by them.
    fn leave_where(&mut self, is_gone: impl Fn(GatewayAt) -> bool) {
        self.doorstep.forget(&is_gone);
        let gone: Vec<DeskId> =
            self.desks.iter().filter(|(_, desk)| is_gone(desk.gateway)).map(|(desk, _)| *desk).collect();
        gone.into_iter().for_each(|desk| self.leave(desk));
    }

    pub(super) fn end_expired_logins(&mut self) {
        let now = self.now.wall;
        self.logins.retain(|_, login| login.expires_at > now);
        self.close_desks_without_login();
    }

    pub(super) fn close_desks_without_login(&mut self) {
        let is_out = |desk: &Desk| self.logins.get(&desk.token).is_none_or(|login| login.agent != desk.agent);
        let out = self.desks.iter().filter(|(_, desk)| is_out(desk));
        let out: Vec<_> = out.map(|(id, desk)| (*id, *desk)).collect();
        for (desk, Desk { gateway, agent, .. }) in out {
            self.note(Note::Revoked { agent });
            self.effects.push(Effect::Push { gateway, desk, news: DeskNews::Revoked });
            if self.remove(desk).is_some() {
                self.is_gone(agent);
            }
        }
    }

    fn on_do(&mut self, ask: AskRef, gateway: GatewayAt, desk: DeskId, id: ClientId, action: Action) {
        match self.desks.get(&desk).map(|desk| desk.agent) {
            Some(agent) => self.act(ask, gateway, desk, Act { agent, id }, action),
            None => self.wait_for_desk(Asked { ask, gateway, body: DeskAsk::Do { desk, id, action } }),
        }
    }
}
