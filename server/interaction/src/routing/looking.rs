//! Who looks something up. What he may see and change follows from his login; finding it is not decided here.

use tandem_protocol::{ErrorCode, TokenHash, archive::Look, desk::AgentRole};
use tandem_store::Login;

use super::{
    Core,
    desks::refused,
    effect::{AskRef, Effect, Errand, Failed, Found, LookAsk, Purpose},
};

/// Logins that the directory is asked for at a time for those who are at no desk (B-1): anybody can send a token that is
/// none, and what agents take and file away waits behind each.
const STRANGERS_MAX: usize = 64;

impl Core {
    /// Needs no desk, and nothing of how sessions stand.
    pub(super) fn on_look(&mut self, ask: AskRef, token: TokenHash, look: Look) {
        match self.logins.get(&token).copied().filter(|login| login.expires_at > self.now.wall) {
            Some(login) => self.look(ask, login, look),
            // It may have been accepted by another process a moment ago.
            None if self.admits_stranger(ask) => {
                self.run(Errand::Login(token), Purpose::Look { ask, look: Box::new(look) });
            }
            None => {}
        }
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

    pub(super) fn on_looker_known(&mut self, ask: AskRef, look: Look, ran: Result<Found, Failed>) {
        self.stranger_known();
        match ran {
            Ok(Found::Login(Some(login))) => {
                self.logins.insert(login.token, login);
                self.look(ask, login, look);
            }
            Ok(_) => self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Err(Failed) => self.reply(ask, refused(ErrorCode::Unavailable, "The login could not be looked up.")),
        }
    }

    fn look(&mut self, ask: AskRef, login: Login, look: Look) {
        let agent = login.agent;
        match self.agent_mut(agent).enabled().map(|account| (account.role, account.name.clone())) {
            None => self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Some((AgentRole::Bot, _)) => self.reply(ask, refused(ErrorCode::Forbidden, "Bots look nothing up.")),
            Some((role, name)) => self.effects.push(Effect::Look(Box::new(LookAsk { ask, agent, name, role, look }))),
        }
    }
}
