//! The `sessions` table: what is derived from the log, behind it, so that nobody waits for it.
//!
//! The writer thread brings it up piece by piece in its transactions. At a takeover the heads are read back from it
//! and from the part of the log that it does not know yet; that part is bounded (`heads.rs`).

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, named_params};
use tandem_protocol::{Epoch, PairName, Seq, SessionId, Timestamp};
use uuid::Uuid;

use super::{
    heads::{Head, Heads},
    row::Row,
};
use crate::ChainLink;

/// Builds the heads of an epoch from what is committed. The caller has compared the epoch in the same transaction,
/// so nobody of an older one can add to it any more (F-1).
pub(super) fn rebuild(connection: &Connection, pair: &PairName, epoch: Epoch) -> rusqlite::Result<Heads> {
    let through = through(connection, pair)?;
    let mut heads = Heads::new(epoch, through, open(connection, pair)?);
    let indexed = heads.open().len();
    let scanned = scan(connection, pair, &mut heads)?;
    tracing::debug!(%pair, %epoch, indexed, scanned, "the store has read where the sessions stand");
    Ok(heads)
}

/// Writes where these sessions stand, and that the index covers the log up to `through`.
pub(super) fn write(
    connection: &Connection,
    pair: &PairName,
    sessions: &[(SessionId, Head)],
    through: Row,
) -> rusqlite::Result<()> {
    let mut write = connection.prepare_cached(
        "INSERT INTO sessions (pair, session, head, seq, mark, last_at, first, first_at, closed, link)
         VALUES (:pair, :session, :head, :seq, :mark, :last_at, :first, :first_at, :closed, :link)
         ON CONFLICT (pair, session) DO UPDATE SET head = excluded.head, seq = excluded.seq, mark = excluded.mark,
             last_at = excluded.last_at, closed = excluded.closed, link = excluded.link",
    )?;
    for (session, head) in sessions {
        write.execute(named_params! {
            ":pair": pair.as_str(),
            ":session": session.0.as_bytes().as_slice(),
            ":head": head.row,
            ":seq": head.seq.0.cast_signed(),
            ":mark": head.mark,
            ":last_at": head.last_at.0.cast_signed(),
            ":first": head.first,
            ":first_at": head.first_at.0.cast_signed(),
            ":closed": head.closed,
            ":link": head.link.0.as_slice(),
        })?;
    }
    let mut write = connection.prepare_cached("INSERT OR REPLACE INTO progress (pair, through) VALUES (?1, ?2)")?;
    write.execute((pair.as_str(), through)).map(drop)
}

/// Where one session stands as far as the index knows.
pub(super) fn find(
    connection: &Connection,
    pair: &PairName,
    session: SessionId,
) -> rusqlite::Result<Option<(Row, Seq)>> {
    let mut query = connection.prepare_cached("SELECT head, seq FROM sessions WHERE pair = ?1 AND session = ?2")?;
    let found = query.query_row((pair.as_str(), session.0.as_bytes().as_slice()), |row| {
        Ok((row.get(0)?, Seq(row.get::<_, i64>(1)?.cast_unsigned())))
    });
    found.optional()
}

/// The log's last row, of whichever pair.
pub(super) fn log_end(connection: &Connection) -> rusqlite::Result<Row> {
    let mut query = connection.prepare_cached("SELECT ifnull(max(id), 0) FROM events")?;
    query.query_row([], |row| row.get(0))
}

/// The last row up to which the index knows every event of the pair.
pub(super) fn through(connection: &Connection, pair: &PairName) -> rusqlite::Result<Row> {
    let mut query = connection.prepare_cached("SELECT through FROM progress WHERE pair = ?1")?;
    Ok(query.query_row([pair.as_str()], |row| row.get(0)).optional()?.unwrap_or(Row::NONE))
}

fn open(connection: &Connection, pair: &PairName) -> rusqlite::Result<Vec<(SessionId, Head)>> {
    let mut query = connection.prepare_cached(
        "SELECT session, head, seq, mark, last_at, first, first_at, link
         FROM sessions WHERE pair = ?1 AND closed = 0",
    )?;
    let heads = query.query_map([pair.as_str()], |row| {
        let head = Head {
            row: row.get(1)?,
            seq: Seq(row.get::<_, i64>(2)?.cast_unsigned()),
            mark: row.get(3)?,
            link: link(row.get(7)?),
            last_at: Timestamp(row.get::<_, i64>(4)?.cast_unsigned()),
            first: row.get(5)?,
            first_at: Timestamp(row.get::<_, i64>(6)?.cast_unsigned()),
            closed: false,
            is_behind: false,
        };
        Ok((SessionId(Uuid::from_bytes(row.get(0)?)), head))
    })?;
    heads.collect()
}

/// Follows the log from where the index ends; says how many rows of the pair it found there.
fn scan(connection: &Connection, pair: &PairName, heads: &mut Heads) -> rusqlite::Result<usize> {
    let mut query = connection.prepare_cached(
        "SELECT id, session, seq, mark, at, closes, link FROM events WHERE id > ?1 AND pair = ?2 ORDER BY id",
    )?;
    let mut rows = query.query((heads.through, pair.as_str()))?;
    let now = Instant::now();
    let mut scanned = 0;
    while let Some(row) = rows.next()? {
        let (id, at) = (row.get(0)?, Timestamp(row.get::<_, i64>(4)?.cast_unsigned()));
        let session = SessionId(Uuid::from_bytes(row.get(1)?));
        let before = heads.get(&session);
        let head = Head {
            row: id,
            seq: Seq(row.get::<_, i64>(2)?.cast_unsigned()),
            mark: row.get(3)?,
            link: link(row.get(6)?),
            last_at: at,
            first: before.map_or(id, |head| head.first),
            first_at: before.map_or(at, |head| head.first_at),
            closed: row.get(5)?,
            is_behind: true,
        };
        heads.advance(session, id, head, now);
        scanned += 1;
    }
    Ok(scanned)
}

/// The chain of a session that has none yet begins as that of a new one.
fn link(stored: Option<[u8; 32]>) -> ChainLink {
    stored.map_or(ChainLink::NONE, ChainLink)
}
