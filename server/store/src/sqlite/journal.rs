//! [`SqliteJournal`]: the journal in a file of its own, `journal.db`, in the data directory.
//!
//! It is apart from the log and from the directory so that whoever is stopped while he writes here, as an engine may be
//! in a drill, holds up neither a message nor an agent. The file is opened when it is first needed, and again after it
//! has failed; nobody fails to start for it.

mod reading;
#[cfg(test)]
mod tests;
mod writing;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tandem_protocol::{
    Epoch, PairName, SessionId, Timestamp,
    control::{Act, Drill, Noted, Restoration, Takeover},
};
use tokio::sync::Semaphore;

use super::{connection, fault::Fault, open, open_error::OpenError, readers::Readers, schema};
use crate::{
    Cause, Journal, StoreError,
    journal::{FORGOTTEN_MAX, Sorted},
};

/// The journal of a data directory. A call whose future is dropped may have been carried out or not.
#[derive(Debug)]
pub struct SqliteJournal {
    // In the order of their closing: SQLite tidies up when the last connection closes, which must be one that may write.
    readers: Readers,
    writer: Arc<Mutex<Writer>>,
    /// Writes wait here in order and not at the lock, where each would keep a thread.
    turn: Arc<Semaphore>,
    /// The file is known to be there, with its tables: who reads need not wait for who writes.
    is_made: AtomicBool,
}

/// The connection that writes, while there is one.
#[derive(Debug)]
struct Writer {
    dir: PathBuf,
    connection: Option<Connection>,
}

impl SqliteJournal {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            readers: Readers::new(dir.join(schema::JOURNAL.file_name)),
            writer: Arc::new(Mutex::new(Writer { dir: dir.to_owned(), connection: None })),
            turn: Arc::new(Semaphore::new(1)),
            is_made: AtomicBool::new(false),
        }
    }

    /// Runs `read` on one state of the file, which is made where there is none.
    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        if !self.is_made.load(Ordering::Relaxed) {
            let made = self.with_writer(|writer| writer.open().map(drop)).await;
            // Who cannot write may still read what is there; and if nothing is, reading says so.
            self.is_made.store(made.is_ok(), Ordering::Relaxed);
        }
        self.readers.run(read).await
    }

    /// Runs `write` in a transaction that is durable when this returns, or none of it has happened.
    async fn write<T, F>(&self, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.with_writer(|writer| {
            let outcome = writer.open().and_then(|connection| {
                let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
                let outcome = write(&transaction)?;
                transaction.commit()?;
                Ok(outcome)
            });
            // A person may put another file in the place of one that has failed.
            if matches!(outcome, Err(StoreError::Failed(_) | StoreError::Recoverable(_))) {
                writer.connection = None;
            }
            outcome
        })
        .await
    }

    async fn with_writer<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("the semaphore is never closed");
        let writer = Arc::clone(&self.writer);
        let work = move || {
            let _turn = turn;
            work(&mut writer.lock().expect("nobody panics while he writes"))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::ThreadGone)?
    }
}

impl Writer {
    fn open(&mut self) -> Result<&mut Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let file = open::prepare(&self.dir, &schema::JOURNAL).map_err(unopened)?;
                connection::journal_writer(&file)?
            }
        };
        Ok(self.connection.insert(connection))
    }
}

fn unopened(error: OpenError) -> StoreError {
    match error {
        OpenError::Locked { .. } => StoreError::Busy(Cause::new(error)),
        error => StoreError::Failed(Cause::new(error)),
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn note(&self, notes: Vec<Noted>) -> Result<(), StoreError> {
        self.write(move |connection| writing::note(connection, &Sorted::of(notes))).await
    }

    async fn takeovers(&self, pair: &PairName, before: Option<Epoch>, limit: u32) -> Result<Vec<Takeover>, StoreError> {
        let pair = pair.clone();
        self.read(move |connection| reading::takeovers(connection, &pair, before, limit)).await
    }

    async fn acts(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<Act>, StoreError> {
        self.read(move |connection| reading::acts(connection, before, limit)).await
    }

    async fn drills(&self, pair: &PairName, before: Option<Timestamp>, limit: u32) -> Result<Vec<Drill>, StoreError> {
        let pair = pair.clone();
        self.read(move |connection| reading::drills(connection, &pair, before, limit)).await
    }

    async fn restorations(&self, session: SessionId) -> Result<Vec<Restoration>, StoreError> {
        self.read(move |connection| reading::restorations(connection, session)).await
    }

    async fn forget_restorations(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let piece = self.write(move |connection| writing::forget(connection, before, FORGOTTEN_MAX)).await?;
            forgotten += piece;
            if piece < u64::from(FORGOTTEN_MAX) {
                return Ok(forgotten);
            }
        }
    }
}
