//! Reads the journal, newest first as a rule. A row that Tandem cannot have written is a failure and never a panic.

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use tandem_protocol::{
    EngineName, Epoch, PairName, SessionId, Timestamp,
    control::{Act, Actor, Drill, Restoration, Takeover},
};
use uuid::Uuid;

use crate::{
    StoreError,
    journal::{RESTORATIONS_TOLD_MAX, meaning},
    sqlite::fault::Fault,
};

pub(super) fn takeovers(
    connection: &Connection,
    pair: &PairName,
    before: Option<Epoch>,
    limit: u32,
) -> Result<Vec<Takeover>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT epoch, at, from_engine, to_engine, cause, took_us, sessions, gap_ms
         FROM takeovers LEFT JOIN gaps USING (pair, epoch)
         WHERE pair = ?1 AND epoch < ?2 ORDER BY epoch DESC LIMIT ?3",
    )?;
    let before = before.map_or(i64::MAX, |before| before.0.cast_signed());
    let malformed = || Fault::Journal("takeovers");
    let read = |row: &Row<'_>| {
        let engine = |name: String| EngineName::new(&name).map_err(|_| malformed());
        Ok::<_, StoreError>(Takeover {
            pair: pair.clone(),
            epoch: Epoch(number(row, 0)?),
            at_ms: Timestamp(number(row, 1)?),
            from: row.get::<_, Option<String>>(2)?.map(engine).transpose()?,
            to: engine(row.get(3)?)?,
            cause: variant(row, 4).and_then(|cause| cause.ok_or_else(|| malformed().into()))?,
            took_us: number(row, 5)?,
            sessions: number(row, 6)?,
            gap_ms: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        })
    };
    query.query_and_then((pair.as_str(), before, limit), read)?.collect()
}

pub(super) fn acts(connection: &Connection, before: Option<Timestamp>, limit: u32) -> Result<Vec<Act>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT id, at, who, source, act, about, outcome FROM acts WHERE at < ?1 ORDER BY at DESC, id DESC LIMIT ?2",
    )?;
    let read = |row: &Row<'_>| {
        Ok::<_, StoreError>(Act {
            id: Uuid::from_bytes(row.get(0)?),
            at_ms: Timestamp(number(row, 1)?),
            by: Actor { who: row.get(2)?, from: row.get(3)? },
            act: variant(row, 4)?.ok_or(Fault::Journal("acts"))?,
            about: row.get(5)?,
            outcome: row.get(6)?,
        })
    };
    query.query_and_then((until(before), limit), read)?.collect()
}

pub(super) fn drills(
    connection: &Connection,
    pair: &PairName,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Drill>, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT told FROM drills WHERE pair = ?1 AND at < ?2 ORDER BY at DESC, id DESC LIMIT ?3")?;
    let read = |row: &Row<'_>| {
        let told: String = row.get(0)?;
        serde_json::from_str(&told).map_err(|_| Fault::Journal("drills").into())
    };
    query.query_and_then((pair.as_str(), until(before), limit), read)?.collect()
}

pub(super) fn restorations(connection: &Connection, session: SessionId) -> Result<Vec<Restoration>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT epoch, at, engine, how, events, took_us FROM restorations WHERE session = ?1
         ORDER BY epoch DESC, at DESC LIMIT ?2",
    )?;
    let malformed = || Fault::Journal("restorations");
    let read = |row: &Row<'_>| {
        let engine: String = row.get(2)?;
        Ok::<_, StoreError>(Restoration {
            session,
            epoch: Epoch(number(row, 0)?),
            at_ms: Timestamp(number(row, 1)?),
            engine: EngineName::new(&engine).map_err(|_| malformed())?,
            how: variant(row, 3)?.ok_or_else(malformed)?,
            events: number(row, 4)?,
            took_us: number(row, 5)?,
        })
    };
    let found = query.query_and_then((&session.0.as_bytes()[..], RESTORATIONS_TOLD_MAX), read)?;
    let mut newest_first = found.collect::<Result<Vec<_>, _>>()?;
    newest_first.reverse();
    Ok(newest_first)
}

fn until(before: Option<Timestamp>) -> i64 {
    before.map_or(i64::MAX, |before| before.0.cast_signed())
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::cast_unsigned)
}

fn variant<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<Option<T>, StoreError> {
    Ok(meaning(row.get(at)?))
}
