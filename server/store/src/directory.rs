//! The [`Directory`] trait: who works here, what each has chosen, which chats are to be filed away, canned replies.
//!
//! It exists beside [`crate::Store`] because other processes write it and nothing of it may ever hold up a message:
//! the interaction server and the `tandem agent` command are its callers, the engine is not. A backend keeps it where
//! a stopped caller cannot block the log (with SQLite: in a file of its own).

use async_trait::async_trait;
use tandem_protocol::{
    AgentId, ClientId, LoginName, SessionId, Timestamp, TokenHash,
    desk::{AgentRole, Canned, ChosenState},
};

use crate::StoreError;

/// Somebody who works here, or a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number; never reused.
    pub agent: AgentId,
    /// What it logs in with; unique.
    pub name: LoginName,
    /// What customers see.
    pub display: String,
    /// What it may do.
    pub role: AgentRole,
    /// How many chats it may have at a time.
    pub capacity: u32,
    /// What it can; queues may ask for it.
    pub skills: Vec<String>,
    /// It can no longer log in.
    pub disabled: bool,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// As [`Account::name`].
    pub name: LoginName,
    /// As [`Account::display`].
    pub display: String,
    /// As [`Account::role`].
    pub role: AgentRole,
    /// As [`Account::capacity`].
    pub capacity: u32,
    /// As [`Account::skills`].
    pub skills: Vec<String>,
    /// The password as an argon2 PHC string.
    pub password: PasswordHash,
}

/// A password as an argon2 PHC string. Prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A login that lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// What its token hashes to.
    pub token: TokenHash,
    /// Whose it is.
    pub agent: AgentId,
    /// From when on it is no longer good.
    pub expires_at: Timestamp,
}

/// What an agent has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Who.
    pub agent: AgentId,
    /// What.
    pub state: ChosenState,
    /// Since when.
    pub since: Timestamp,
}

/// A session that an agent took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenChat {
    /// The session.
    pub session: SessionId,
    /// Who took it.
    pub agent: AgentId,
}

/// What came of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// The session.
    pub session: SessionId,
    /// The agent who files it.
    pub agent: AgentId,
    /// What came of it.
    pub disposition: String,
    /// A remark for those who read it later.
    pub remark: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// See the module. Each call is one transaction, durable when it returns; a call whose future is dropped may have been
/// carried out or not. An error means that nothing of the call has happened.
#[async_trait]
pub trait Directory: Send + Sync {
    /// 32 random bytes of this installation, made at the first call and the same ever after: tokens are derived of it.
    async fn secret(&self) -> Result<[u8; 32], StoreError>;

    /// Counts the lives of interaction servers: each call returns a greater number than any call before, the first one
    /// 1. What is numbered within a life is newer than all of an earlier one, whatever any clock says.
    async fn begin_life(&self) -> Result<u64, StoreError>;

    /// Changes whenever anybody, another process included, has written. It may change without need, and says nothing
    /// to another handle: it is compared with an earlier one of the same handle only.
    async fn version(&self) -> Result<u64, StoreError>;

    /// Every account, disabled ones too, by number.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Makes an account; none when the name is taken.
    async fn add_account(&self, account: NewAccount) -> Result<Option<Account>, StoreError>;

    /// Lets an account log in, or no longer, which ends its logins; none when there is no such name.
    async fn set_disabled(&self, name: &LoginName, disabled: bool) -> Result<Option<Account>, StoreError>;

    /// Changes a password, which ends the account's logins; none when there is no such name.
    async fn set_password(&self, name: &LoginName, password: PasswordHash) -> Result<Option<Account>, StoreError>;

    /// The account of this name with its password, unless it is disabled.
    async fn credentials(&self, name: &LoginName) -> Result<Option<(Account, PasswordHash)>, StoreError>;

    /// Keeps a login, unless its account is disabled by now; the same token again changes nothing. Logins that have
    /// expired by `now` are forgotten.
    async fn add_login(&self, login: Login, now: Timestamp) -> Result<(), StoreError>;

    /// Whose token this is; none when it is unknown, has expired, or the account is disabled.
    async fn login(&self, token: TokenHash, now: Timestamp) -> Result<Option<Login>, StoreError>;

    /// Every login that is good at `now`.
    async fn logins(&self, now: Timestamp) -> Result<Vec<Login>, StoreError>;

    /// Forgets a login.
    async fn end_login(&self, token: TokenHash) -> Result<(), StoreError>;

    /// What everybody has chosen, those who never chose left out.
    async fn chosen(&self) -> Result<Vec<Chosen>, StoreError>;

    /// Keeps what somebody has chosen.
    async fn choose(&self, chosen: Chosen) -> Result<(), StoreError>;

    /// Keeps that an agent took a session, which is to be filed away. Once more changes nothing, unless he released or
    /// filed it in between: then he took it anew.
    async fn take_chat(&self, chat: TakenChat) -> Result<(), StoreError>;

    /// The chats that are to be filed away, as session and agent.
    async fn unfiled(&self) -> Result<Vec<(SessionId, AgentId)>, StoreError>;

    /// A chat need not be filed away by this agent: he passed it on or left it.
    async fn release_chat(&self, session: SessionId, agent: AgentId) -> Result<(), StoreError>;

    /// Files a chat away for this agent, who need not have taken it; once more replaces what he said before. The remark on
    /// a chat that is erased is not kept.
    async fn file_chat(&self, filing: Filing) -> Result<(), StoreError>;

    /// The shared canned replies and those of this agent, by shortcut; where one of each has the same, his own first.
    async fn canned(&self, agent: AgentId) -> Result<Vec<Canned>, StoreError>;

    /// Makes or changes a canned reply; false when there is one of this id that belongs to somebody else, or the
    /// shortcut is another one's in the same list. Whether the agent may change a shared one is the caller's to check.
    async fn save_canned(&self, agent: AgentId, canned: Canned) -> Result<bool, StoreError>;

    /// Deletes a canned reply, if it is the agent's own or, with `shared`, if it is shared; false when there is none.
    async fn delete_canned(&self, agent: AgentId, id: &ClientId, shared: bool) -> Result<bool, StoreError>;
}
