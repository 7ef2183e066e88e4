//! Moves a whole store from one database to another, byte for byte.
//!
//! It exists beside [`crate::Store`] because it writes what others have decided already: numbers, links of the chain,
//! epochs, passwords. It must never be a way to write for a process that serves; so a [`Target`] is empty before and
//! nobody sees it until it is whole. What can be derived from the rest is not moved but derived anew by the target. The
//! commands `tandem store copy`, `backup` and `check` are the callers.

mod digest;
mod table;
mod value;

use std::time::Duration;

use async_trait::async_trait;
use tandem_protocol::{Seq, SessionId, Timestamp};

pub use self::{
    digest::Digest,
    table::{Column, Holds, Kind, TABLES, Table},
    value::{Row, Value},
};
use crate::StoreError;

/// Rows of one step. A row may have some 20 KB, so that a step has some 10 MB at most and far less as a rule.
pub const STEP_ROWS: usize = 512;

/// Why a store is not moved. Nothing of the target is left.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Reading failed.
    #[error("the source cannot be read")]
    Source(#[source] StoreError),
    /// Writing failed.
    #[error("the target cannot be written")]
    Target(#[source] StoreError),
    /// The target is not empty.
    #[error("the target has rows in the table {0} already; it must be empty")]
    NotEmpty(&'static str),
    /// The source's events do not follow each other; `tandem store check` says more.
    #[error("event {seq} of session {session} does not follow the one before it: the source is damaged")]
    Broken {
        /// The session.
        session: SessionId,
        /// The first event that is out of place.
        seq: Seq,
    },
    /// What was read back is not what was written.
    #[error("the table {0} in the target is not as in the source")]
    Differs(&'static str),
}

/// A state of a store to read from: every row is as it was when this was made.
#[async_trait]
pub trait Source: Send {
    /// Rows of a table after the row with this key, in the order of their keys: at most [`STEP_ROWS`], and one at least
    /// where there are any.
    async fn rows(&mut self, table: &'static Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError>;

    /// How many rows a table has.
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError>;
}

/// A store to move to. It is empty, and nobody else uses it. What it has is gone when it is dropped before it is
/// committed.
#[async_trait]
pub trait Target: Source {
    /// Adds rows behind those that the table has.
    async fn write(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), TransferError>;

    /// Derives what is not moved, once all rows are there.
    async fn derive(&mut self) -> Result<(), TransferError>;

    /// Makes it durable and, at once, everybody's to see.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The pair.
    pub pair: String,
    /// The engine.
    pub engine: String,
    /// When it last showed that it lives, by its own clock.
    pub renewed_at: Timestamp,
    /// Whether it gave the lease up on purpose.
    pub released: bool,
}

impl Held {
    /// Whether the holder may still live, given how long a lease holds that is not renewed. For refusing what needs it
    /// dead; never for safety.
    #[must_use]
    pub fn is_good(&self, now: Timestamp, expiry: Duration) -> bool {
        let age_ms = now.0.saturating_sub(self.renewed_at.0);
        !self.released && u128::from(age_ms) < expiry.as_millis()
    }
}

/// The leases of every pair.
pub async fn leases(source: &mut dyn Source) -> Result<Vec<Held>, StoreError> {
    let (leases, mut held) = (&table::LEASES, Vec::<Held>::new());
    let mut last: Option<Row> = None;
    while let Some(rows) = step(source, leases, last.as_ref()).await? {
        held.extend(rows.iter().map(|row| Held {
            pair: row[leases.place("pair")].as_text().to_owned(),
            engine: row[leases.place("name")].as_text().to_owned(),
            renewed_at: Timestamp(row[leases.place("renewed_at")].integer().unwrap_or_default().cast_unsigned()),
            released: row[leases.place("released")] == Value::Truth(true),
        }));
        last = rows.last().map(|row| row[..leases.key].to_vec());
    }
    Ok(held)
}

/// What was moved: of each table its rows.
pub type Moved = Vec<(&'static Table, u64)>;

/// Moves everything, reads it back, compares, and commits. `moved` hears how many rows are done, of twice as many as the
/// source has: each is written and read back.
pub async fn transfer(
    source: &mut dyn Source,
    mut target: Box<dyn Target>,
    moved: &mut (dyn FnMut(u64) + Send),
) -> Result<Moved, TransferError> {
    for table in TABLES {
        if target.count(table).await.map_err(TransferError::Target)? > 0 {
            return Err(TransferError::NotEmpty(table.name));
        }
    }
    let mut done = 0;
    let mut written = Vec::new();
    for table in TABLES {
        let mut digest = Digest::new(table);
        while let Some(mut rows) = step(source, table, digest.last()).await.map_err(TransferError::Source)? {
            if table.is_leases() {
                rows.iter_mut().for_each(release);
            }
            done += rows.len() as u64;
            digest.add(&rows);
            target.write(table, rows).await?;
            moved(done);
        }
        written.push(digest);
    }
    target.derive().await?;
    for expected in &written {
        let mut digest = Digest::new(expected.table());
        while let Some(rows) = step(&mut *target, digest.table(), digest.last()).await.map_err(TransferError::Target)? {
            done += rows.len() as u64;
            digest.add(&rows);
            moved(done);
        }
        if !digest.is(expected) {
            return Err(TransferError::Differs(expected.table().name));
        }
    }
    target.commit().await.map_err(TransferError::Target)?;
    Ok(written.iter().map(|digest| (digest.table(), digest.rows())).collect())
}

/// Whoever held a lease holds it in the source only: an engine that starts on the target need not wait for it, and must
/// not take a process of the source for one of its own. The epoch stays.
fn release(lease: &mut Row) {
    let place = |column| table::LEASES.place(column);
    lease[place("released")] = Value::Truth(true);
    lease[place("host")] = Value::Text(String::new());
}

async fn step<S: Source + ?Sized>(
    source: &mut S,
    table: &'static Table,
    after: Option<&Row>,
) -> Result<Option<Vec<Row>>, StoreError> {
    let rows = source.rows(table, after).await?;
    Ok((!rows.is_empty()).then_some(rows))
}
