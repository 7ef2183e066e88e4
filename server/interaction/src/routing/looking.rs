//! Who looks something up. What he may see and change follows from his login; finding it is not decided here.

use tandem_protocol::{ErrorCode, TokenHash, archive::Look, desk::AgentRole};
use tandem_store::Login;

use super::{
    Core,
    desks::refused,
    effect::{AskRef, Effect, Errand, Failed, Found, LookAsk, Purpose},
};

impl Core {
    /// Needs no desk, and nothing of how sessions stand.
    pub(super) fn on_look(&mut self, ask: AskRef, token: TokenHash, look: Look) {
        match self.logins.get(&token).copied().filter(|login| login.expires_at > self.now.wall) {
            Some(login) => self.look(ask, login, look),
            // It may have been accepted by another process a moment ago.
            None => self.run(Errand::Login(token), Purpose::Look { ask, look: Box::new(look) }),
        }
    }

    pub(super) fn on_looker_known(&mut self, ask: AskRef, look: Look, ran: Result<Found, Failed>) {
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
        match self.agent_mut(agent).enabled().map(|account| account.role) {
            None => self.reply(ask, refused(ErrorCode::Unauthorized, "You are not logged in any more.")),
            Some(AgentRole::Bot) => self.reply(ask, refused(ErrorCode::Forbidden, "Bots look nothing up.")),
            Some(role) => self.effects.push(Effect::Look(Box::new(LookAsk { ask, agent, role, look }))),
        }
    }
}
