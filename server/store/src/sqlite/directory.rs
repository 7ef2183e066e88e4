//! [`SqliteDirectory`]: the directory in a file of its own, `directory.db`, in the data directory.
//!
//! It is apart from the log so that whoever is stopped while he writes here holds up no message. The interaction server
//! and `tandem agent` write it, each in a process of its own, at the same time; so nothing is answered from memory.
//! Reads go through the same few read-only connections as the log's (`readers.rs`), writes through one connection, a
//! transaction each.

mod accounts;
mod chats;
mod logins;
mod replies;
mod secret;
#[cfg(test)]
mod tests;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tandem_protocol::{AgentId, ClientId, LoginName, SessionId, Timestamp, TokenHash, desk::Canned};
use tokio::sync::Semaphore;

use super::{connection, fault::Fault, open, open_error::OpenError, readers::Readers, schema};
use crate::{Account, Chosen, Directory, Filing, Login, NewAccount, PasswordHash, StoreError, TakenChat};

/// The directory of a data directory. A call whose future is dropped may have been carried out or not.
#[derive(Debug)]
pub struct SqliteDirectory {
    // In the order of their closing: SQLite tidies up when the last connection closes, which must be one that may write.
    readers: Readers,
    /// For the archive alone: whoever searches, which may take long, keeps no agent waiting.
    archive: Readers,
    /// Reads nothing but the version, which SQLite counts for each connection apart: all that others commit, the writer
    /// of this very process included.
    watcher: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
    /// Writes wait here in order and not at the lock, where each would keep a thread.
    turn: Arc<Semaphore>,
}

impl SqliteDirectory {
    /// Opens the directory of this data directory, creating either where missing. Blocks; call it before serving.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let file = open::prepare(dir, &schema::DIRECTORY)?;
        let connect = || Ok((connection::reader(&file)?, connection::directory_writer(&file)?));
        let (watcher, writer) = connect().map_err(|error| open::refusal(dir, &file, error))?;
        Ok(Self {
            archive: Readers::new(file.clone()),
            readers: Readers::new(file),
            watcher: Arc::new(Mutex::new(watcher)),
            writer: Arc::new(Mutex::new(writer)),
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// Whether there is one in this data directory; for those who must not make one by looking.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        dir.join(schema::DIRECTORY.file_name).exists()
    }

    /// Runs `read` on one state of the file.
    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.run(read).await
    }

    /// As [`Self::read`] for the archive.
    pub(super) async fn look_back<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.archive.run(read).await
    }

    /// Runs `write` in a transaction that is durable when this returns, or none of it has happened.
    pub(super) async fn write<T, F>(&self, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("the semaphore is never closed");
        let writer = Arc::clone(&self.writer);
        let work = move || {
            let _turn = turn;
            let mut writer = writer.lock().expect("nobody panics while he writes");
            let transaction = Transaction::new(&mut writer, TransactionBehavior::Immediate)?;
            let outcome = write(&transaction)?;
            transaction.commit()?;
            Ok(outcome)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::ThreadGone)?
    }

    /// Has what was deleted before go out of the write-ahead log too, where it stands as it was. While somebody reads an
    /// older state it stays there; the next call, or the last connection that closes, sees to it.
    pub(super) async fn write_over(&self) -> Result<(), StoreError> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("the semaphore is never closed");
        let writer = Arc::clone(&self.writer);
        let work = move || {
            let _turn = turn;
            let writer = writer.lock().expect("nobody panics while he writes");
            Ok(writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::ThreadGone)?
    }
}

#[async_trait]
impl Directory for SqliteDirectory {
    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        match self.read(secret::find).await? {
            Some(secret) => Ok(secret),
            None => self.write(secret::find_or_make).await,
        }
    }

    async fn begin_life(&self) -> Result<u64, StoreError> {
        self.write(|connection| {
            let count = "INSERT INTO lives (id, count) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET count = count + 1 \
                         RETURNING count";
            let count: i64 = connection.query_row(count, [], |row| row.get(0))?;
            Ok(count.cast_unsigned())
        })
        .await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        let watcher = Arc::clone(&self.watcher);
        let look = move || {
            let watcher = watcher.lock().expect("nobody panics while he looks");
            let version: i64 = watcher.pragma_query_value(None, "data_version", |row| row.get(0))?;
            Ok(version.cast_unsigned())
        };
        tokio::task::spawn_blocking(look).await.map_err(|_| Fault::ThreadGone)?
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(accounts::all).await
    }

    async fn add_account(&self, account: NewAccount) -> Result<Option<Account>, StoreError> {
        self.write(move |connection| accounts::add(connection, &account)).await
    }

    async fn set_disabled(&self, name: &LoginName, disabled: bool) -> Result<Option<Account>, StoreError> {
        let name = name.clone();
        self.write(move |connection| accounts::set_disabled(connection, &name, disabled)).await
    }

    async fn set_password(&self, name: &LoginName, password: PasswordHash) -> Result<Option<Account>, StoreError> {
        let name = name.clone();
        self.write(move |connection| accounts::set_password(connection, &name, &password)).await
    }

    async fn credentials(&self, name: &LoginName) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        let name = name.clone();
        self.read(move |connection| accounts::credentials(connection, &name)).await
    }

    async fn add_login(&self, login: Login, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| logins::add(connection, &login, now)).await
    }

    async fn login(&self, token: TokenHash, now: Timestamp) -> Result<Option<Login>, StoreError> {
        self.read(move |connection| logins::find(connection, token, now)).await
    }

    async fn logins(&self, now: Timestamp) -> Result<Vec<Login>, StoreError> {
        self.read(move |connection| logins::all(connection, now)).await
    }

    async fn end_login(&self, token: TokenHash) -> Result<(), StoreError> {
        self.write(move |connection| logins::end(connection, token)).await
    }

    async fn chosen(&self) -> Result<Vec<Chosen>, StoreError> {
        self.read(accounts::chosen).await
    }

    async fn choose(&self, chosen: Chosen) -> Result<(), StoreError> {
        self.write(move |connection| accounts::choose(connection, &chosen)).await
    }

    async fn take_chat(&self, chat: TakenChat) -> Result<(), StoreError> {
        self.write(move |connection| chats::take(connection, &chat)).await
    }

    async fn unfiled(&self) -> Result<Vec<(SessionId, AgentId)>, StoreError> {
        self.read(chats::unfiled).await
    }

    async fn release_chat(&self, session: SessionId, agent: AgentId) -> Result<(), StoreError> {
        self.write(move |connection| chats::release(connection, session, agent)).await
    }

    async fn file_chat(&self, filing: Filing) -> Result<(), StoreError> {
        self.write(move |connection| chats::file(connection, &filing)).await
    }

    async fn canned(&self, agent: AgentId) -> Result<Vec<Canned>, StoreError> {
        self.read(move |connection| replies::of(connection, agent)).await
    }

    async fn save_canned(&self, agent: AgentId, canned: Canned) -> Result<bool, StoreError> {
        self.write(move |connection| replies::save(connection, agent, &canned)).await
    }

    async fn delete_canned(&self, agent: AgentId, id: &ClientId, shared: bool) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |connection| replies::delete(connection, agent, &id, shared)).await
    }
}
