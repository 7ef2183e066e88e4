//! [`SqliteStore`]: the store in one file, `tandem.db`, shared by the two engines of a pair on one machine.
//!
//! It exists so that Tandem runs without a database server. Writes go in one line through a thread of their own
//! (`writer.rs`), a transaction for whatever waits (`group.rs`); reads go through a few read-only connections
//! (`readers.rs`). The hot write is an append to a log without an index (`migrations/`); what is derived from it is
//! brought up behind it (`index.rs`). It must never answer from memory what another process may have changed: every
//! call compares the epoch in the file. [`SqliteDirectory`] (`directory.rs`) and [`SqliteJournal`] (`journal.rs`) are other
//! files, opened in the same way;
//! [`SqliteTranscripts`] (`transcripts.rs`) looks back at what was written.

mod archive;
mod backup;
mod checkpoint;
mod command;
mod connection;
mod directory;
mod erase;
mod fault;
mod group;
mod heads;
mod history;
mod index;
mod inspect;
mod journal;
mod lease;
mod open;
mod open_error;
mod plan;
mod readers;
mod row;
mod schema;
#[cfg(test)]
mod tests;
mod transcripts;
mod transfer;
mod writer;
mod written;

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc::sync_channel},
    thread::{self, JoinHandle},
    time::Instant,
};

use async_trait::async_trait;
use rusqlite::Connection;
use tandem_protocol::{Epoch, PairName, RawEvent, Seq, SessionId, Timestamp};

pub use self::{
    backup::{BackupError, SqliteBackup},
    directory::SqliteDirectory,
    journal::SqliteJournal,
    open_error::OpenError,
    transcripts::SqliteTranscripts,
    transfer::{SqliteSource, SqliteTarget},
};
use self::{
    checkpoint::{Checkpoints, WriteTurn},
    command::{COMMANDS_MAX, Command, Erase, Queue, Take, Work},
    fault::Fault,
    heads::Heads,
    history::Walk,
    readers::Readers,
    row::Row,
    writer::Writer,
};
use crate::{Cause, Entry, Erased, Holder, Lease, Loaded, OpenSession, Store, StoreError, StoredEvent, Taken};

/// One pair's part of a data directory. Dropping it finishes what was asked, which may block for some milliseconds.
#[derive(Debug)]
pub struct SqliteStore {
    pair: PairName,
    heads: Arc<Mutex<Heads>>,
    readers: Readers,
    /// None only while it is dropped: the writer thread ends with it.
    queue: Option<Queue>,
    /// The writer and the checkpoint thread.
    threads: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the data directory, creating it and its database where missing. Blocks; call it before serving.
    pub fn open(dir: &Path, pair: &PairName) -> Result<Self, OpenError> {
        let file = open::prepare(dir, &schema::LOG)?;
        let connections = Connections::open(&file).map_err(|error| open::refusal(dir, &file, error))?;
        Self::start(pair, file.clone(), connections)
            .map_err(|error| OpenError::Failed { path: file, source: Cause::new(error) })
    }

    fn start(pair: &PairName, file: PathBuf, connections: Connections) -> io::Result<Self> {
        let heads = Arc::new(Mutex::new(Heads::unknown()));
        let turn = WriteTurn::default();
        let (checkpoints, checkpoint_thread) = Checkpoints::start(connections.checkpointer, Arc::clone(&turn))?;
        // Full: the call is refused (`Queue::call`).
        let (sender, queue) = sync_channel(COMMANDS_MAX);
        let writer = Writer {
            pair: pair.clone(),
            connection: connections.writer,
            queue,
            heads: Arc::clone(&heads),
            turn,
            checkpoints,
            index_not_before: Instant::now(),
            next: None,
            erasures: VecDeque::new(),
        };
        let writer_thread = thread::Builder::new().name("store-writer".into()).spawn(move || writer.run())?;
        Ok(Self {
            pair: pair.clone(),
            heads,
            readers: Readers::new(file),
            queue: Some(Queue(sender)),
            threads: vec![writer_thread, checkpoint_thread],
        })
    }

    fn queue(&self) -> &Queue {
        self.queue.as_ref().expect("the queue is there until the store is dropped")
    }

    /// Runs `read` on the heads of this epoch and then on the file, which has the same epoch.
    async fn read_fenced<P, T>(
        &self,
        epoch: Epoch,
        place: impl FnOnce(&Heads) -> P + Send + 'static,
        read: impl FnOnce(&Connection, &PairName, P) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError>
    where
        P: Send + 'static,
        T: Send + 'static,
    {
        if !is_of(&self.heads, epoch) {
            self.queue().fenced(epoch, Work::Prepare).await?;
        }
        let (heads, pair) = (Arc::clone(&self.heads), self.pair.clone());
        let read = move |connection: &Connection| {
            // First the heads, then the file: what the heads name is committed by the time the file is read.
            let placed = {
                let heads = heads.lock().expect("nobody panics while he holds the heads");
                (heads.epoch == Some(epoch)).then(|| place(&heads))
            };
            lease::fence(connection, &pair, epoch)?;
            read(connection, &pair, placed.ok_or(Fault::EpochChanged)?)
        };
        self.readers.run(read).await
    }
}

/// The connections that may write.
struct Connections {
    writer: Connection,
    checkpointer: Connection,
}

impl Connections {
    fn open(file: &Path) -> rusqlite::Result<Self> {
        Ok(Self { writer: connection::writer(file)?, checkpointer: connection::checkpointer(file)? })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Readers first: SQLite tidies up when the last connection closes, which must be one that may write.
        self.readers.close();
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store has panicked");
            }
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        let pair = self.pair.clone();
        self.readers.run(move |connection| lease::read(connection, &pair)).await
    }

    async fn take_lease(&self, seen: Epoch, holder: Holder, now: Timestamp) -> Result<Taken, StoreError> {
        self.queue().call(|reply| Command::Take(Take { seen, holder, now, reply })).await
    }

    async fn renew_lease(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError> {
        self.queue().fenced(epoch, Work::Renew(now)).await
    }

    async fn release_lease(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.queue().fenced(epoch, Work::Release).await
    }

    async fn append(&self, epoch: Epoch, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.queue().fenced(epoch, Work::Append(entries)).await
    }

    async fn open_sessions(&self, epoch: Epoch) -> Result<Vec<OpenSession>, StoreError> {
        self.read_fenced(epoch, Heads::open, |_, _, open| Ok(open)).await
    }

    async fn load(&self, epoch: Epoch, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        let sessions: Vec<_> = sessions.iter().map(|session| (*session, Seq::ZERO)).collect();
        self.load_after(epoch, &sessions).await
    }

    async fn load_after(&self, epoch: Epoch, sessions: &[(SessionId, Seq)]) -> Result<Vec<Loaded>, StoreError> {
        let sessions = sessions.to_vec();
        let place = move |heads: &Heads| -> Vec<_> {
            sessions.into_iter().map(|(session, after)| (session, after, position(heads, session))).collect()
        };
        let read = |connection: &Connection, pair: &PairName, placed: Vec<_>| {
            let load = |(session, after, known)| {
                let events = events(connection, pair, session, known, after, usize::MAX)?;
                Ok(Loaded { session, events })
            };
            placed.into_iter().map(load).collect()
        };
        self.read_fenced(epoch, place, read).await
    }

    /// Only as far as the index goes, which whoever serves keeps in the file: the heads in memory are of an epoch in
    /// which this process serves, and would be brought up behind the back of another.
    async fn preview(&self, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        let (sessions, pair) = (sessions.to_vec(), self.pair.clone());
        let read = move |connection: &Connection| {
            let load = |session| {
                let events = events(connection, &pair, session, None, Seq::ZERO, usize::MAX)?;
                Ok(Loaded { session, events })
            };
            sessions.into_iter().map(load).collect()
        };
        self.readers.run(read).await
    }

    async fn read(
        &self,
        epoch: Epoch,
        session: SessionId,
        after: Seq,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<RawEvent>, StoreError> {
        let place = move |heads: &Heads| position(heads, session);
        let read = move |connection: &Connection, pair: &PairName, known| {
            let events = events(connection, pair, session, known, after, events_max)?;
            Ok(history::page(events, bytes_max))
        };
        self.read_fenced(epoch, place, read).await
    }

    async fn erase(&self, epoch: Epoch, session: SessionId) -> Result<Erased, StoreError> {
        if !is_of(&self.heads, epoch) {
            self.queue().fenced(epoch, Work::Prepare).await?;
        }
        self.queue().call(|reply| Command::Erase(Erase { epoch, session, reply })).await
    }
}

fn is_of(heads: &Mutex<Heads>, epoch: Epoch) -> bool {
    heads.lock().expect("nobody panics while he holds the heads").epoch == Some(epoch)
}

fn position(heads: &Heads, session: SessionId) -> Option<(Row, Seq)> {
    heads.get(&session).map(|head| (head.row, head.seq))
}

/// At most `events_max` events after `after`; `known` is where the session ends, if that is in memory.
fn events(
    connection: &Connection,
    pair: &PairName,
    session: SessionId,
    known: Option<(Row, Seq)>,
    after: Seq,
    events_max: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    // What is not in memory is closed, and in the index since before it left the memory; or unknown.
    let Some(head) = known.map_or_else(|| index::find(connection, pair, session), |head| Ok(Some(head)))? else {
        return Ok(Vec::new());
    };
    let mut walk = Walk::from(connection, session, head)?;
    walk.back_to(Seq(after.0.saturating_add(u64::try_from(events_max).unwrap_or(u64::MAX))))?;
    walk.collect(after)
}
