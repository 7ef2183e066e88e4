//! The words in which the stories of the directory are told.

use tandem_protocol::{
    AgentId, ClientId, LoginName, Timestamp, TokenHash,
    desk::{AgentRole, Canned},
};

pub(crate) use crate::contract::story::{NOW, session};
use crate::{Account, Directory, Filing, Login, NewAccount, PasswordHash, TakenChat};

/// What an account logs in with.
pub(crate) fn name(name: &str) -> LoginName {
    LoginName::new(name).expect("is a login name")
}

/// An agent of this name with nothing special about him.
pub(crate) fn agent(of: &str) -> NewAccount {
    NewAccount {
        name: name(of),
        display: of.to_uppercase(),
        role: AgentRole::Agent,
        capacity: 3,
        skills: Vec::new(),
        password: password(of),
    }
}

/// A password; the directory does not look into it.
pub(crate) fn password(of: &str) -> PasswordHash {
    PasswordHash(format!("$argon2id$of-{of}"))
}

/// Makes an agent of this name.
pub(crate) async fn added(directory: &impl Directory, of: &str) -> Account {
    directory.add_account(agent(of)).await.expect("writes").expect("the name is free")
}

/// A token of a login.
pub(crate) fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

/// A login that lasts an hour.
pub(crate) fn login(number: u8, agent: AgentId) -> Login {
    Login { token: token(number), agent, expires_at: later(3_600_000) }
}

/// So many milliseconds after the beginning.
pub(crate) fn later(ms: u64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

/// Takes the nth session.
pub(crate) fn chat(number: u16, agent: AgentId) -> TakenChat {
    TakenChat { session: session(number), agent }
}

/// Files the nth session away.
pub(crate) fn filing(number: u16, agent: AgentId, disposition: &str, at: Timestamp) -> Filing {
    Filing { session: session(number), agent, disposition: disposition.to_owned(), remark: None, at }
}

/// A reply of one's own.
pub(crate) fn reply(id: &str, shortcut: &str) -> Canned {
    Canned { id: client_id(id), shortcut: shortcut.to_owned(), text: format!("text of {id}"), shared: false }
}

/// As [`reply`] for all.
pub(crate) fn shared(id: &str, shortcut: &str) -> Canned {
    Canned { shared: true, ..reply(id, shortcut) }
}

/// An id that a desk made.
pub(crate) fn client_id(id: &str) -> ClientId {
    ClientId::new(id).expect("is visible ASCII")
}
