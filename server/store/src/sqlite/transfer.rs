//! The embedded store as a source and as a target of a transfer.
//!
//! A source is a read transaction on each file, of the directory first, since it must not be ahead of the log. A target
//! is a data directory of the caller's own, which nobody knows yet. Both block their thread: whoever moves a store waits
//! for nothing else.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use rusqlite::{
    Connection, ToSql, params_from_iter,
    types::{FromSql, ToSqlOutput, ValueRef},
};
use tandem_protocol::{PairName, Seq, SessionId, Timestamp};
use uuid::Uuid;

use super::{
    connection,
    fault::Fault,
    heads::Head,
    index, open,
    open_error::OpenError,
    row::Row as LogRow,
    schema::{self, Identity, Schema},
};
use crate::{
    Cause, ChainLink, StoreError,
    archive::joined,
    transfer::{Column, Holds, Kind, Row, STEP_ROWS, Source, Table, Target, TransferError, Value},
};

/// No contact's number is given out again, whatever became of him.
const NUMBERS: &str = "
    DELETE FROM sqlite_sequence WHERE name = 'contacts';
    INSERT INTO sqlite_sequence (name, seq) SELECT 'contacts', max(contact) FROM (
        SELECT contact FROM contacts UNION ALL SELECT contact FROM merged_contacts
        UNION ALL SELECT contact FROM erased_contacts) HAVING count(*) > 0";

/// The files of a data directory as they are at one moment.
#[derive(Debug)]
pub struct SqliteSource {
    log: Connection,
    /// None where no interaction server ever ran.
    directory: Option<Connection>,
    /// None where nothing was ever written down.
    journal: Option<Connection>,
}

/// How a source keeps its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Others write on.
    Reading,
    /// Nobody writes until it is dropped.
    Alone,
}

impl SqliteSource {
    /// Fixes the moment; others write on.
    pub fn snapshot(log_dir: &Path, directory_dir: &Path) -> Result<Self, OpenError> {
        Self::open(log_dir, directory_dir, Hold::Reading)
    }

    /// As [`SqliteSource::snapshot`], and keeps everybody from writing until it is dropped: an engine that starts
    /// meanwhile waits for the lease.
    pub fn alone(log_dir: &Path, directory_dir: &Path) -> Result<Self, OpenError> {
        Self::open(log_dir, directory_dir, Hold::Alone)
    }

    fn open(log_dir: &Path, directory_dir: &Path, hold: Hold) -> Result<Self, OpenError> {
        let has_directory = open::existing(directory_dir, &schema::DIRECTORY)?.is_some();
        let directory = has_directory.then(|| begin(directory_dir, &schema::DIRECTORY, hold)).transpose()?;
        let log = begin(log_dir, &schema::LOG, hold)?;
        // The journal lies where the engines are, who write it.
        let has_journal = open::existing(log_dir, &schema::JOURNAL)?.is_some();
        let journal = has_journal.then(|| begin(log_dir, &schema::JOURNAL, hold)).transpose()?;
        Ok(Self { log, directory, journal })
    }

    fn connection(&self, table: &Table) -> Option<&Connection> {
        match table.holds {
            Holds::Log => Some(&self.log),
            Holds::Directory => self.directory.as_ref(),
            Holds::Journal => self.journal.as_ref(),
        }
    }

    /// The log's connection, for those who look at more than its rows.
    pub(super) fn log(&self) -> &Connection {
        &self.log
    }

    /// As [`SqliteSource::log`].
    pub(super) fn directory(&self) -> Option<&Connection> {
        self.directory.as_ref()
    }

    /// As [`SqliteSource::log`].
    pub(super) fn journal(&self) -> Option<&Connection> {
        self.journal.as_ref()
    }
}

fn begin(dir: &Path, schema: &Schema, hold: Hold) -> Result<Connection, OpenError> {
    let file = open::needed(dir, schema)?;
    let begin = || {
        let connection = match hold {
            Hold::Reading => connection::reader(&file)?,
            Hold::Alone => connection::writer(&file)?,
        };
        connection.execute_batch(if hold == Hold::Alone { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        // The first statement that reads fixes the moment.
        let identity = Identity::of(&connection)?;
        Ok((connection, identity))
    };
    let (connection, identity) = begin().map_err(|error| open::refusal(dir, &file, error))?;
    open::check(&file, schema, &identity)?;
    let (found, needed) = (identity.version, schema.newest());
    if found < needed { Err(OpenError::OlderSchema { path: file, found, needed }) } else { Ok(connection) }
}

#[async_trait]
impl Source for SqliteSource {
    async fn rows(&mut self, table: &'static Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
        self.connection(table).map_or_else(|| Ok(Vec::new()), |connection| rows(connection, table, after))
    }

    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        self.connection(table).map_or(Ok(0), |connection| count(connection, table))
    }
}

fn count(connection: &Connection, table: &Table) -> Result<u64, StoreError> {
    let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

fn rows(connection: &Connection, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
    if table.is_events() { events(connection, table, after) } else { page(connection, table, after) }
}

fn page(connection: &Connection, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
    let (columns, name, key) = (table.list(), table.name, table.key_list());
    let marks = vec!["?"; table.key].join(", ");
    let condition = if after.is_some() { format!("WHERE ({key}) > ({marks})") } else { String::new() };
    let sql = format!("SELECT {columns} FROM {name} {condition} ORDER BY {key} LIMIT {STEP_ROWS}");
    read(connection, table, &sql, after.map_or(&[], Vec::as_slice))
}

/// The log has no index by pair: it is read by rowid, once for each pair.
fn events(connection: &Connection, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
    let columns = table.list();
    let sql = format!("SELECT {columns} FROM events WHERE pair = ? AND id > ? ORDER BY id LIMIT {STEP_ROWS}");
    let none = Value::Text(String::new());
    let (mut pair, mut id) = match after.map(Vec::as_slice) {
        Some([Value::Text(pair), Value::Integer(id)]) => (Some(pair.clone()), *id),
        _ => (next_pair(connection, &none)?, 0),
    };
    while let Some(name) = pair {
        let name = Value::Text(name);
        let found = read(connection, table, &sql, &[name.clone(), Value::Integer(id)])?;
        if !found.is_empty() {
            return Ok(found);
        }
        (pair, id) = (next_pair(connection, &name)?, 0);
    }
    Ok(Vec::new())
}

fn next_pair(connection: &Connection, after: &Value) -> rusqlite::Result<Option<String>> {
    // Nobody writes without a lease, and leases stay.
    connection.query_row("SELECT min(pair) FROM leases WHERE pair > ?", [after], |row| row.get(0))
}

fn read(connection: &Connection, table: &Table, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
    let mut query = connection.prepare_cached(sql)?;
    let mut found = query.query(params_from_iter(parameters))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let value = |(at, column): (usize, &Column)| value(row, at, column);
        rows.push(table.columns.iter().enumerate().map(value).collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

/// A value that is not of its column's kind is no reason not to read the rows behind it.
fn value(row: &rusqlite::Row<'_>, at: usize, column: &Column) -> rusqlite::Result<Value> {
    let stored = row.get_ref(at)?;
    if stored == ValueRef::Null {
        return Ok(Value::Null);
    }
    let found = match column.kind {
        Kind::Integer => stored.as_i64().map(Value::Integer),
        Kind::Text => stored.as_str().map(|text| Value::text(text.to_owned())),
        Kind::Bytes => stored.as_blob().map(|bytes| Value::Bytes(bytes.to_vec())),
        Kind::Session => <[u8; 16]>::column_result(stored).map(Value::Session),
        Kind::Truth => bool::column_result(stored).map(Value::Truth),
    };
    Ok(found.unwrap_or(Value::Broken))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => rusqlite::types::Null.to_sql(),
            Self::Integer(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Bytes(bytes) => bytes.to_sql(),
            Self::Session(bytes) => Ok(ToSqlOutput::from(&bytes[..])),
            Self::Truth(truth) => truth.to_sql(),
            Self::Broken => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(Fault::Directory("rows")))),
        }
    }
}

/// A data directory that is being filled.
#[derive(Debug)]
pub struct SqliteTarget {
    dir: PathBuf,
    log: Connection,
    directory: Connection,
    journal: Connection,
    places: Places,
}

/// Where the sessions of the pair stand whose events are being written, for what SQLite keeps of each row beside what is
/// moved.
#[derive(Debug, Default)]
struct Places {
    pair: Option<PairName>,
    heads: HashMap<SessionId, Head>,
    through: Option<LogRow>,
}

impl SqliteTarget {
    /// Fills a directory that is the caller's alone. Blocks.
    pub fn new(dir: &Path) -> Result<Self, OpenError> {
        let open = |schema| {
            let file = open::prepare(dir, schema)?;
            let begin = || {
                let connection = connection::directory_writer(&file)?;
                connection.execute_batch("BEGIN IMMEDIATE")?;
                Ok(connection)
            };
            begin().map_err(|error| open::refusal(dir, &file, error))
        };
        let (log, directory, journal) = (open(&schema::LOG)?, open(&schema::DIRECTORY)?, open(&schema::JOURNAL)?);
        Ok(Self { dir: dir.to_owned(), log, directory, journal, places: Places::default() })
    }

    fn connection(&self, table: &Table) -> &Connection {
        match table.holds {
            Holds::Log => &self.log,
            Holds::Directory => &self.directory,
            Holds::Journal => &self.journal,
        }
    }

    /// Derives the index of the pair whose events are all there.
    fn end_pair(&mut self) -> Result<(), TransferError> {
        let Places { pair, heads, through } = std::mem::take(&mut self.places);
        let (Some(pair), Some(through)) = (pair, through) else { return Ok(()) };
        let heads: Vec<_> = heads.into_iter().collect();
        index::write(&self.log, &pair, &heads, through).map_err(|error| TransferError::Target(error.into()))
    }

    /// The index of words holds no text of its own.
    fn index_words(&self, table: &Table, rows: &[Row]) -> rusqlite::Result<()> {
        let mut index = self.directory.prepare_cached("INSERT INTO past_words (rowid, words) VALUES (?1, ?2)")?;
        let (id, text) = (table.place("id"), table.place("text"));
        rows.iter().try_for_each(|row| index.execute((&row[id], joined(row[text].as_text()))).map(drop))
    }

    fn write_event(&mut self, table: &Table, row: &Row) -> Result<(), TransferError> {
        let event = Moved::of(table, row)?;
        if self.places.pair.as_ref() != Some(&event.pair) {
            self.end_pair()?;
            self.places.pair = Some(event.pair.clone());
        }
        let (prev, mark) = self.places.place(&event)?;
        let sql = format!(
            "INSERT INTO events ({}, prev, mark) VALUES ({}, ?, ?)",
            table.list(),
            vec!["?"; table.columns.len()].join(", ")
        );
        let write = || -> rusqlite::Result<()> {
            let mut write = self.log.prepare_cached(&sql)?;
            let derived = [Value::Integer(prev.0), Value::Integer(mark.0)];
            write.execute(params_from_iter(row.iter().chain(&derived))).map(drop)
        };
        write().map_err(|error| TransferError::Target(error.into()))
    }
}

/// What of an event its place is derived from.
struct Moved {
    pair: PairName,
    id: LogRow,
    session: SessionId,
    seq: Seq,
    at: Timestamp,
    closes: bool,
    link: ChainLink,
}

impl Moved {
    fn of(table: &Table, row: &Row) -> Result<Self, TransferError> {
        let at = |column| &row[table.place(column)];
        let malformed = || TransferError::Source(Fault::Directory("events").into());
        let number = |column| at(column).integer().ok_or_else(malformed);
        let Value::Text(pair) = at("pair") else { return Err(malformed()) };
        let Value::Session(session) = at("session") else { return Err(malformed()) };
        let Value::Truth(closes) = at("closes") else { return Err(malformed()) };
        let link = match at("link") {
            Value::Null => ChainLink::NONE,
            Value::Bytes(bytes) => ChainLink(bytes.as_slice().try_into().map_err(|_| malformed())?),
            _ => return Err(malformed()),
        };
        Ok(Self {
            pair: PairName::new(pair).map_err(|_| malformed())?,
            id: LogRow(number("id")?),
            session: SessionId(Uuid::from_bytes(*session)),
            seq: Seq(number("seq")?.cast_unsigned()),
            at: Timestamp(number("at")?.cast_unsigned()),
            closes: *closes,
            link,
        })
    }
}

impl Places {
    /// The rows before this one: the session's last, and its last mark.
    fn place(&mut self, event: &Moved) -> Result<(LogRow, LogRow), TransferError> {
        let before = self.heads.get(&event.session);
        let last = before.map_or(Seq::ZERO, |head| head.seq);
        if last.0.checked_add(1) != Some(event.seq.0) || before.is_some_and(|head| head.closed) {
            return Err(TransferError::Broken { session: event.session, seq: event.seq });
        }
        let prev = before.map_or(LogRow::NONE, |head| head.row);
        let mark = before.map_or(LogRow::NONE, Head::mark_for_next);
        let head = Head {
            row: event.id,
            seq: event.seq,
            mark,
            link: event.link,
            last_at: event.at,
            first: before.map_or(event.id, |head| head.first),
            first_at: before.map_or(event.at, |head| head.first_at),
            closed: event.closes,
            is_behind: false,
        };
        self.heads.insert(event.session, head);
        self.through = Some(event.id);
        Ok((prev, mark))
    }
}

#[async_trait]
impl Source for SqliteTarget {
    async fn rows(&mut self, table: &'static Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
        rows(self.connection(table), table, after)
    }

    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        count(self.connection(table), table)
    }
}

#[async_trait]
impl Target for SqliteTarget {
    async fn write(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), TransferError> {
        if table.is_events() {
            return rows.iter().try_for_each(|row| self.write_event(table, row));
        }
        let write = || -> rusqlite::Result<()> {
            let marks = vec!["?"; table.columns.len()].join(", ");
            let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, table.list());
            let mut write = self.connection(table).prepare_cached(&sql)?;
            rows.iter().try_for_each(|row| write.execute(params_from_iter(row)).map(drop))?;
            if table.is_full_text() { self.index_words(table, &rows) } else { Ok(()) }
        };
        write().map_err(|error| TransferError::Target(error.into()))
    }

    async fn derive(&mut self) -> Result<(), TransferError> {
        self.end_pair()?;
        self.directory.execute_batch(NUMBERS).map_err(|error| TransferError::Target(error.into()))
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { dir, log, directory, journal, .. } = *self;
        for connection in [&journal, &directory, &log] {
            connection.execute_batch("COMMIT")?;
            // Leaves nothing beside the file.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        drop((log, directory, journal));
        // The commits are durable; the names of the files are not before this.
        File::open(&dir).and_then(|dir| dir.sync_all()).map_err(|error| StoreError::Failed(Cause::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{sqlite::tests::DataDir, transfer::TABLES};

    /// What is derived, and so not moved.
    const DERIVED: [&str; 9] = [
        "events.prev",
        "events.mark",
        "sessions",
        "progress",
        "past_words",
        "past_words_data",
        "past_words_idx",
        "past_words_docsize",
        "past_words_config",
    ];

    #[test]
    fn every_column_is_moved_or_derived() {
        let dir = DataDir::new();
        let target = SqliteTarget::new(dir.path()).expect("opens");
        let mut found = BTreeSet::new();
        for connection in [&target.log, &target.directory, &target.journal] {
            let sql = "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables,
                       pragma_table_info(tables.name) AS columns
                       WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%'";
            let mut query = connection.prepare(sql).expect("prepares");
            let names = query.query_map([], |row| row.get::<_, String>(0)).expect("reads");
            found.extend(names.map(|name| name.expect("reads")));
        }
        let is_derived =
            |name: &str| DERIVED.iter().any(|derived| name == *derived || name.split('.').next() == Some(*derived));
        found.retain(|name| !is_derived(name));
        let columns = |table: &&Table| {
            table.columns.iter().map(|column| format!("{}.{}", table.name, column.name)).collect::<Vec<_>>()
        };
        let moved: BTreeSet<String> = TABLES.iter().flat_map(columns).collect();
        assert_eq!(found, moved);
    }
}
