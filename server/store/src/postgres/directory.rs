//! [`PostgresDirectory`]: the directory in the same database as the log; it belongs to all pairs.
//!
//! Its rows are others than the log's, so whoever is stopped while he writes here holds up no message. Every call is
//! one statement, and so one transaction and one round trip; every statement may be carried out twice, so that a
//! connection that broke under it is replaced without anybody hearing of it. The migration says how `version` rises.

mod accounts;
mod chats;
mod logins;
mod replies;
mod secret;

use std::borrow::Cow;

use async_trait::async_trait;
use tandem_protocol::{AgentId, ClientId, LoginName, SessionId, Timestamp, TokenHash, desk::Canned};

use super::{PostgresAddress, PostgresOpenError, connection::Purpose, fault::Fault, open, pool::Pool};
use crate::{Account, Chosen, Directory, Filing, Login, NewAccount, PasswordHash, StoreError, TakenChat};

/// Connections of a directory: an interaction server answers many desks, but no call takes long.
const CONNECTIONS_MAX: usize = 2;

/// Connections of the archive: one for whoever takes in the log, and a few for those who search, which may take long.
const ARCHIVE_CONNECTIONS_MAX: usize = 3;

/// The directory of a database. A call whose future is dropped may have been carried out or not.
#[derive(Debug)]
pub struct PostgresDirectory {
    pool: Pool,
    pub(super) archive: Pool,
}

impl PostgresDirectory {
    /// Connects, and makes or brings up the tables.
    pub async fn open(address: &PostgresAddress) -> Result<Self, PostgresOpenError> {
        let (connector, connection) = open::prepare(address, Purpose::Directory).await?;
        let archive = Pool::new(connector.clone(), ARCHIVE_CONNECTIONS_MAX);
        let pool = Pool::new(connector, CONNECTIONS_MAX);
        pool.put_back(connection);
        Ok(Self { pool, archive })
    }
}

#[async_trait]
impl Directory for PostgresDirectory {
    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok(secret::find_or_make(&self.pool).await?)
    }

    async fn begin_life(&self) -> Result<u64, StoreError> {
        // Repeated on another connection, it leaves out a number.
        let count = "INSERT INTO lives (id, count) VALUES (1, 1) \
                     ON CONFLICT (id) DO UPDATE SET count = lives.count + 1 RETURNING count";
        let rows = self.pool.query(count, &[]).await?.rows;
        let row = rows.first().ok_or(Fault::Row("lives"))?;
        Ok(row.try_get::<_, i64>(0).map_err(Fault::from)?.cast_unsigned())
    }

    async fn version(&self) -> Result<u64, StoreError> {
        let rows = self.pool.query("SELECT version FROM directory_version", &[]).await?.rows;
        let row = rows.first().ok_or(Fault::Row("directory_version"))?;
        Ok(row.try_get::<_, i64>(0).map_err(Fault::from)?.cast_unsigned())
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(accounts::all(&self.pool).await?)
    }

    async fn add_account(&self, account: NewAccount) -> Result<Option<Account>, StoreError> {
        Ok(accounts::add(&self.pool, &account).await?)
    }

    async fn set_disabled(&self, name: &LoginName, disabled: bool) -> Result<Option<Account>, StoreError> {
        Ok(accounts::set_disabled(&self.pool, name, disabled).await?)
    }

    async fn set_password(&self, name: &LoginName, password: PasswordHash) -> Result<Option<Account>, StoreError> {
        Ok(accounts::set_password(&self.pool, name, &password).await?)
    }

    async fn credentials(&self, name: &LoginName) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        Ok(accounts::credentials(&self.pool, name).await?)
    }

    async fn add_login(&self, login: Login, now: Timestamp) -> Result<(), StoreError> {
        Ok(logins::add(&self.pool, &login, now).await?)
    }

    async fn login(&self, token: TokenHash, now: Timestamp) -> Result<Option<Login>, StoreError> {
        Ok(logins::find(&self.pool, token, now).await?)
    }

    async fn logins(&self, now: Timestamp) -> Result<Vec<Login>, StoreError> {
        Ok(logins::all(&self.pool, now).await?)
    }

    async fn end_login(&self, token: TokenHash) -> Result<(), StoreError> {
        Ok(logins::end(&self.pool, token).await?)
    }

    async fn chosen(&self) -> Result<Vec<Chosen>, StoreError> {
        Ok(accounts::chosen(&self.pool).await?)
    }

    async fn choose(&self, chosen: Chosen) -> Result<(), StoreError> {
        Ok(accounts::choose(&self.pool, &chosen).await?)
    }

    async fn take_chat(&self, chat: TakenChat) -> Result<(), StoreError> {
        Ok(chats::take(&self.pool, &chat).await?)
    }

    async fn unfiled(&self) -> Result<Vec<(SessionId, AgentId)>, StoreError> {
        Ok(chats::unfiled(&self.pool).await?)
    }

    async fn release_chat(&self, session: SessionId, agent: AgentId) -> Result<(), StoreError> {
        Ok(chats::release(&self.pool, session, agent).await?)
    }

    async fn file_chat(&self, filing: Filing) -> Result<(), StoreError> {
        Ok(chats::file(&self.pool, &filing).await?)
    }

    async fn canned(&self, agent: AgentId) -> Result<Vec<Canned>, StoreError> {
        Ok(replies::of(&self.pool, agent).await?)
    }

    async fn save_canned(&self, agent: AgentId, canned: Canned) -> Result<bool, StoreError> {
        Ok(replies::save(&self.pool, agent, &canned).await?)
    }

    async fn delete_canned(&self, agent: AgentId, id: &ClientId, shared: bool) -> Result<bool, StoreError> {
        Ok(replies::delete(&self.pool, agent, id, shared).await?)
    }
}

/// A text as PostgreSQL can keep it: with the sign for what cannot be shown in the place of every NUL. Nobody means to
/// write one, and nobody's chat is to stay unfiled for it.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
