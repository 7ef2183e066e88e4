//! [`PostgresStore`]: the store in a PostgreSQL database that any number of machines and pairs share.
//!
//! It exists so that the engines of a pair can run on different machines. All that a store writes goes in one line
//! through one connection (`writer.rs`), a statement for whatever waits, which checks the lease in its own transaction
//! (`append.rs`); reads go through a few connections more (`pool.rs`, `history.rs`). It must never answer from memory
//! what another process may have changed, and never read from a server that takes no writes: such a host is passed over
//! (`connection.rs`). [`PostgresDirectory`] (`directory.rs`) and
//! [`PostgresJournal`] (`journal.rs`) lie in the same database; [`PostgresTranscripts`]
//! (`transcripts.rs`) looks back at what was written.

mod address;
mod append;
mod archive;
mod command;
mod connection;
mod directory;
mod erase;
mod fault;
mod history;
mod inspect;
mod journal;
mod lease;
mod open;
mod open_error;
mod plan;
mod pool;
mod schema;
#[cfg(test)]
mod tests;
mod tls;
mod transcripts;
mod transfer;
mod writer;

use async_trait::async_trait;
use tandem_protocol::{Epoch, PairName, RawEvent, Seq, SessionId, Timestamp};
use tokio::sync::mpsc::channel;

pub use self::{
    address::{AddressError, PostgresAddress},
    directory::PostgresDirectory,
    journal::PostgresJournal,
    open_error::PostgresOpenError,
    transcripts::PostgresTranscripts,
    transfer::{PostgresSource, PostgresTarget},
};
use self::{
    command::{Append, COMMANDS_MAX, Command, Queue, Take},
    connection::Purpose,
    pool::Pool,
    writer::{Seat, Writer},
};
use crate::{Entry, Erased, Holder, Lease, Loaded, OpenSession, Store, StoreError, Taken};

/// Connections for reading. A restoration loads many sessions at once; four keep a server's cores busy with it, while
/// saving has a connection of its own.
const READERS_MAX: usize = 4;

/// One pair's part of a database. When it is dropped, its writer task finishes what was asked and ends by itself.
#[derive(Debug)]
pub struct PostgresStore {
    pair: PairName,
    readers: Pool,
    queue: Queue,
}

impl PostgresStore {
    /// Connects, and makes or brings up the tables. Call it inside a Tokio runtime that outlives the store.
    pub async fn open(address: &PostgresAddress, pair: &PairName) -> Result<Self, PostgresOpenError> {
        let (connector, connection) = open::prepare(address, Purpose::Log).await?;
        // Full: the call is refused (`Queue::call`).
        let (sender, queue) = channel(COMMANDS_MAX);
        let writer = Writer {
            pair: pair.clone(),
            connector: connector.clone(),
            queue,
            seat: Some(Seat::new(connection)),
            next: None,
        };
        // Nobody awaits it: it has nothing to report, and ends with the queue that the store holds.
        drop(tokio::spawn(writer.run()));
        Ok(Self { pair: pair.clone(), readers: Pool::new(connector, READERS_MAX), queue: Queue(sender) })
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        let rows = self.readers.query(lease::READ, &[&self.pair.as_str()]).await?.rows;
        Ok(rows.first().map(lease::from_row).transpose()?)
    }

    async fn take_lease(&self, seen: Epoch, holder: Holder, now: Timestamp) -> Result<Taken, StoreError> {
        self.queue.call(|reply| Command::Take(Take { seen, holder, now, reply })).await
    }

    async fn renew_lease(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError> {
        self.queue.call(|reply| Command::Renew { epoch, now, reply }).await
    }

    async fn release_lease(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.queue.call(|reply| Command::Release { epoch, reply }).await
    }

    async fn append(&self, epoch: Epoch, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.queue.call(|reply| Command::Append(Append { epoch, entries, reply })).await
    }

    async fn open_sessions(&self, epoch: Epoch) -> Result<Vec<OpenSession>, StoreError> {
        history::open(&self.readers, &self.pair, epoch).await
    }

    async fn load(&self, epoch: Epoch, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        let sessions: Vec<_> = sessions.iter().map(|session| (*session, Seq::ZERO)).collect();
        self.load_after(epoch, &sessions).await
    }

    async fn load_after(&self, epoch: Epoch, sessions: &[(SessionId, Seq)]) -> Result<Vec<Loaded>, StoreError> {
        history::load(&self.readers, &self.pair, epoch, sessions).await
    }

    async fn preview(&self, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        history::preview(&self.readers, &self.pair, sessions).await
    }

    async fn read(
        &self,
        epoch: Epoch,
        session: SessionId,
        after: Seq,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<RawEvent>, StoreError> {
        history::page(&self.readers, &self.pair, epoch, session, after, events_max, bytes_max).await
    }

    async fn erase(&self, epoch: Epoch, session: SessionId) -> Result<Erased, StoreError> {
        erase::erase(&self.readers, &self.pair, epoch, session).await
    }
}
