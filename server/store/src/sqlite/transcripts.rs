//! [`SqliteTranscripts`]: looks back at what the engines of every pair have written into a data directory.
//!
//! It exists for roles and commands that hold no lease. It reads over read-only connections and so can hold up nobody;
//! it must never make the file, nor bring it up. While there is none it answers that nothing is written: an engine that
//! starts later makes it.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};
use tandem_protocol::{PairName, Seq, SessionId};
use uuid::Uuid;

use super::{
    connection,
    fault::Fault,
    index,
    open::{self, refusal},
    open_error::OpenError,
    readers::Readers,
    row::Row,
    schema::{self, Identity},
    written::{self, COLUMNS, written},
};
use crate::{Cause, LogPlace, StoreError, Transcript, Transcripts, Written};

/// The log of a data directory.
#[derive(Debug)]
pub struct SqliteTranscripts {
    file: PathBuf,
    readers: Readers,
    /// The file was there, and of the version that this program reads.
    is_ready: Arc<AtomicBool>,
    /// How far each pair's log was followed, so that the rows of busy pairs are not read again each time somebody asks
    /// what is new in a quiet one's.
    followed: Arc<Mutex<HashMap<PairName, Followed>>>,
}

/// A part of the log that a pair has no events in.
#[derive(Debug, Clone, Copy)]
struct Followed {
    after: Row,
    through: Row,
}

impl SqliteTranscripts {
    /// Looks into this data directory, whether there is anything in it yet or not. Blocks; call it before serving.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let file = dir.join(schema::LOG.file_name);
        let mut is_ready = false;
        if file.exists() {
            let looked = connection::reader(&file).and_then(|connection| Identity::of(&connection));
            is_ready = is_written(&file, &looked.map_err(|error| refusal(dir, &file, error))?)?;
        }
        let readers = Readers::new(file.clone());
        Ok(Self { file, readers, is_ready: Arc::new(AtomicBool::new(is_ready)), followed: Arc::default() })
    }

    /// Runs `read` on one state of the file; while there is nothing in it, the answer is the empty one.
    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Default + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        // Whoever sees true does so after somebody saw the tables; nothing else hangs on it.
        if self.is_ready.load(Ordering::Relaxed) {
            return self.readers.run(read).await;
        }
        if !self.file.exists() {
            return Ok(T::default());
        }
        let (file, is_ready) = (self.file.clone(), Arc::clone(&self.is_ready));
        let look = move |connection: &Connection| {
            let identity = Identity::of(connection)?;
            if !is_written(&file, &identity).map_err(|error| StoreError::Failed(Cause::new(error)))? {
                return Ok(T::default());
            }
            is_ready.store(true, Ordering::Relaxed);
            read(connection)
        };
        self.readers.run(look).await
    }
}

/// Whether an engine has filled the file. An error says why this program cannot read it.
fn is_written(file: &Path, identity: &Identity) -> Result<bool, OpenError> {
    if identity.is_fresh() {
        return Ok(false);
    }
    open::check(file, &schema::LOG, identity)?;
    let (found, needed) = (identity.version, schema::LOG.newest());
    if found < needed { Err(OpenError::OlderSchema { path: file.to_path_buf(), found, needed }) } else { Ok(true) }
}

#[async_trait]
impl Transcripts for SqliteTranscripts {
    async fn pairs(&self) -> Result<Vec<PairName>, StoreError> {
        self.read(pairs).await
    }

    async fn log(&self, pair: &PairName, after: LogPlace, events_max: usize) -> Result<Vec<Written>, StoreError> {
        let (pair, after, followed) = (pair.clone(), Row(after.0), Arc::clone(&self.followed));
        let read = move |connection: &Connection| {
            let lock = || followed.lock().expect("nobody panics while he notes how far a log was followed");
            let known = lock().get(&pair).filter(|known| known.after == after).map(|known| known.through);
            // Read before the rows, in the same state of the file: what comes later lies behind it.
            let end = index::log_end(connection)?;
            let events = log(connection, &pair, known.unwrap_or(after), events_max)?;
            if events.len() < events_max {
                let after = events.last().map_or(after, |last| Row(last.place.0));
                lock().insert(pair, Followed { after, through: end.max(after) });
            }
            Ok(events)
        };
        self.read(read).await
    }

    async fn sessions(
        &self,
        pair: &PairName,
        after: Option<SessionId>,
        sessions_max: usize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let pair = pair.clone();
        self.read(move |connection| Ok(sessions(connection, &pair, after, sessions_max)?)).await
    }

    async fn size(&self) -> Result<u64, StoreError> {
        self.read(|connection| Ok(index::log_end(connection)?.rows_since(Row::NONE))).await
    }

    async fn transcript(&self, session: SessionId) -> Result<Option<Transcript>, StoreError> {
        let read = move |connection: &Connection| {
            for pair in pairs(connection)? {
                if let Some(head) = head(connection, &pair, session)? {
                    let events = history(connection, session, head)?;
                    return Ok(Some(Transcript { pair, session, events }));
                }
            }
            Ok(None)
        };
        self.read(read).await
    }
}

fn pairs(connection: &Connection) -> Result<Vec<PairName>, StoreError> {
    // Nobody writes without a lease, and leases stay.
    let mut query = connection.prepare_cached("SELECT pair FROM leases ORDER BY pair")?;
    let names: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names.iter().map(|name| PairName::new(name).map_err(|invalid| Fault::Lease(invalid).into())).collect()
}

fn log(connection: &Connection, pair: &PairName, after: Row, events_max: usize) -> Result<Vec<Written>, StoreError> {
    // A row's id is given while no other transaction writes, so ids are committed in their order, whichever pair's.
    let sql = format!("SELECT {COLUMNS} FROM events WHERE id > ?1 AND pair = ?2 ORDER BY id LIMIT ?3");
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query((after, pair.as_str(), bounded(events_max)))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(written(row)?);
    }
    Ok(events)
}

fn sessions(
    connection: &Connection,
    pair: &PairName,
    after: Option<SessionId>,
    sessions_max: usize,
) -> rusqlite::Result<Vec<SessionId>> {
    // Without one, what is before every id: no bytes at all.
    let after = after.map_or(Vec::new(), |session| session.0.as_bytes().to_vec());
    let id = |row: &rusqlite::Row<'_>| Ok(SessionId(Uuid::from_bytes(row.get(0)?)));
    let mut indexed = connection
        .prepare_cached("SELECT session FROM sessions WHERE pair = ?1 AND session > ?2 ORDER BY session LIMIT ?3")?;
    let indexed = indexed.query_map((pair.as_str(), &after, bounded(sessions_max)), id)?;
    let mut found = indexed.collect::<rusqlite::Result<BTreeSet<_>>>()?;
    // The index is behind the log: what has begun since is looked for there.
    let mut begun = connection
        .prepare_cached("SELECT session FROM events WHERE id > ?1 AND pair = ?2 AND seq = 1 AND session > ?3")?;
    let through = index::through(connection, pair)?;
    for session in begun.query_map((through, pair.as_str(), &after), id)? {
        found.insert(session?);
    }
    Ok(found.into_iter().take(sessions_max).collect())
}

/// Where a session ends: in the part of the log that the index does not know yet, or where the index says.
fn head(connection: &Connection, pair: &PairName, session: SessionId) -> rusqlite::Result<Option<(Row, Seq)>> {
    let mut query = connection.prepare_cached(
        "SELECT id, seq FROM events WHERE id > ?1 AND pair = ?2 AND session = ?3 ORDER BY id DESC LIMIT 1",
    )?;
    let through = index::through(connection, pair)?;
    let last = query.query_row((through, pair.as_str(), session.0.as_bytes().as_slice()), |row| {
        Ok((row.get(0)?, Seq(row.get::<_, i64>(1)?.cast_unsigned())))
    });
    match last.optional()? {
        Some(last) => Ok(Some(last)),
        None => index::find(connection, pair, session),
    }
}

/// All events of a session, in order; walks back from its head.
fn history(connection: &Connection, session: SessionId, head: (Row, Seq)) -> Result<Vec<Written>, StoreError> {
    let (mut row, mut seq) = head;
    let mut events = Vec::new();
    while seq > Seq::ZERO {
        let (event, prev) = written::at(connection, row, session, seq)?;
        events.push(event);
        (row, seq) = (prev, Seq(seq.0 - 1));
    }
    events.reverse();
    Ok(events)
}

fn bounded(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
