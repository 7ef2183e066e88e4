//! Who looks something up, or oversees everything. What he may see and change follows from his login; finding what is
//! over is not decided here.

use tandem_protocol::{ErrorCode, TokenHash, desk::AgentRole};
use tandem_store::Login;

use super::{
    Core,
    agents::logged_in,
    desks::{refused, told},
    effect::{AskRef, Effect, Errand, Failed, Found, LookAsk, Purpose, Wanted},
};

/// Logins that the directory is asked for at a time for those who are at no desk (B-1): anybody can send a token that is
/// none, and what agents take and file away waits behind each.
const STRANGERS_MAX: usize = 64;

impl Core {
    /// Needs no desk, and nothing of how sessions stand.
    pub(super) fn on_look(&mut self, ask: AskRef, token: TokenHash, wanted: Wanted) {
        match self.logins.get(&token).copied().filter(|login| login.expires_at > self.now.wall) {
            Some(login) => self.look(ask, login, wanted),
            // It may have been accepted by another process a moment ago.
            None if self.admits_stranger(ask) => {
                self.run(Errand::Login(token), Purpose::Look { ask, wanted: Box::new(wanted) });
            }
            None => {}
        }
    }

    /// As [`Core::on_look`]: an administrator is to get in while other things are broken.
    pub(super) fn on_oversee(&mut self, ask: AskRef, token: TokenHash) {
        match self.logins.get(&token).copied().filter(|login| login.expires_at > self.now.wall) {
            Some(login) => self.oversee(ask, login),
            None if self.admits_stranger(ask) => self.run(Errand::Login(token), Purpose::Oversee { ask }),
            None => {}
        }
    }

    pub(super) fn on_overseer_known(&mut self, ask: AskRef, ran: Result<Found, Failed>) {
        if let Some(login) = self.login_found(ask, ran) {
            self.oversee(ask, login);
        }
    }

    fn oversee(&mut self, ask: AskRef, login: Login) {
        let me = self.agent_mut(login.agent).enabled().map(logged_in);
        let outcome = match me {
            None => refused(ErrorCode::Unauthorized, "You are not logged in any more."),
            Some(me) if me.role != AgentRole::Administrator => {
                refused(ErrorCode::Forbidden, "Only an administrator sees and does this.")
            }
            Some(me) => told(&self.overview(me)),
        };
        self.reply(ask, outcome);
    }

    /// Whether the directory may be asked for one more login; if not, that is answered.
    pub(super) fn admits_stranger(&mut self, ask: AskRef) -> bool {
        let is_admitted = self.strangers < STRANGERS_MAX;
        match is_admitted {
            true => self.strangers += 1,
            false => {
                self.reply(ask, refused(ErrorCode::Busy, "Too many logins are being looked up. Please try again."))
            }
        }
        is_admitted
    }

    /// The directory has answered for one of them.
    pub(super) fn stranger_known(&mut self) {
        self.strangers -= 1;
    }

    pub(super) fn on_looker_known(&mut self, ask: AskRef, wanted: Wanted, ran: Result<Found, Failed>) {
        if let Some(login) = self.login_found(ask, ran) {
            self.look(ask, login, wanted);
        }
    }

    /// The login that the directory was asked for; if there is none, that is answered.
    fn login_found(&mut self, ask: AskRef, ran: Result<Found, Failed>) -> Option<Login> {
        self.stranger_known();
        match ran {
            Ok(Found::Login(Some(login))) => {
                self.logins.insert(login.token, login);
                return Some(login);
            }
            Ok(_) => self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Err(Failed) => self.reply(ask, refused(ErrorCode::Unavailable, "The login could not be looked up.")),
        }
        None
    }

    fn look(&mut self, ask: AskRef, login: Login, wanted: Wanted) {
        let agent = login.agent;
        match self.agent_mut(agent).enabled().map(|account| (account.role, account.name.clone())) {
            None => self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Some((AgentRole::Bot, _)) => self.reply(ask, refused(ErrorCode::Forbidden, "Bots look nothing up.")),
            Some((role, name)) => self.effects.push(Effect::Look(Box::new(LookAsk { ask, agent, name, role, wanted }))),
        }
    }
}
