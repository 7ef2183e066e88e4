//! Reads the journal, newest first as a rule. A row that Tandem cannot have written is a failure and never a panic.

use serde::de::DeserializeOwned;
use tandem_protocol::{
    EngineName, Epoch, PairName, SessionId, Timestamp,
    control::{Act, Actor, Drill, Restoration, Takeover},
};
use tokio_postgres::Row;

use crate::{
    journal::{RESTORATIONS_TOLD_MAX, meaning},
    postgres::{fault::Fault, pool::Pool},
};

pub(super) async fn takeovers(
    pool: &Pool,
    pair: &PairName,
    before: Option<Epoch>,
    limit: u32,
) -> Result<Vec<Takeover>, Fault> {
    let sql = "SELECT epoch, at, from_engine, to_engine, cause, took_us, sessions, gap_ms
         FROM takeovers LEFT JOIN gaps USING (pair, epoch)
         WHERE pair = $1 AND epoch < $2 ORDER BY epoch DESC LIMIT $3";
    let before = before.map_or(i64::MAX, |before| before.0.cast_signed());
    let rows = pool.query(sql, &[&pair.as_str(), &before, &i64::from(limit)]).await?.rows;
    let engine = |name: &str| EngineName::new(name).map_err(|_| Fault::Row("takeovers"));
    let read = |row: &Row| {
        Ok(Takeover {
            pair: pair.clone(),
            epoch: Epoch(number(row, 0)?),
            at_ms: Timestamp(number(row, 1)?),
            from: row.try_get::<_, Option<&str>>(2)?.map(engine).transpose()?,
            to: engine(row.try_get(3)?)?,
            cause: variant(row, 4, "takeovers")?,
            took_us: number(row, 5)?,
            sessions: number(row, 6)?,
            gap_ms: row.try_get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn acts(pool: &Pool, before: Option<Timestamp>, limit: u32) -> Result<Vec<Act>, Fault> {
    let sql = "SELECT id, at, who, source, act, about, outcome FROM acts WHERE at < $1
         ORDER BY at DESC, id DESC LIMIT $2";
    let rows = pool.query(sql, &[&until(before), &i64::from(limit)]).await?.rows;
    let read = |row: &Row| {
        Ok(Act {
            id: row.try_get(0)?,
            at_ms: Timestamp(number(row, 1)?),
            by: Actor { who: row.try_get(2)?, from: row.try_get(3)? },
            act: variant(row, 4, "acts")?,
            about: row.try_get(5)?,
            outcome: row.try_get(6)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn drills(
    pool: &Pool,
    pair: &PairName,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Drill>, Fault> {
    let sql = "SELECT told FROM drills WHERE pair = $1 AND at < $2 ORDER BY at DESC, id DESC LIMIT $3";
    let rows = pool.query(sql, &[&pair.as_str(), &until(before), &i64::from(limit)]).await?.rows;
    let read = |row: &Row| serde_json::from_str(row.try_get(0)?).map_err(|_| Fault::Row("drills"));
    rows.iter().map(read).collect()
}

pub(super) async fn restorations(pool: &Pool, session: SessionId) -> Result<Vec<Restoration>, Fault> {
    let sql = "SELECT epoch, at, engine, how, events, took_us FROM restorations WHERE session = $1
         ORDER BY epoch DESC, at DESC LIMIT $2";
    let rows = pool.query(sql, &[&session.0, &i64::from(RESTORATIONS_TOLD_MAX)]).await?.rows;
    let read = |row: &Row| {
        Ok(Restoration {
            session,
            epoch: Epoch(number(row, 0)?),
            at_ms: Timestamp(number(row, 1)?),
            engine: EngineName::new(row.try_get(2)?).map_err(|_| Fault::Row("restorations"))?,
            how: variant(row, 3, "restorations")?,
            events: number(row, 4)?,
            took_us: number(row, 5)?,
        })
    };
    // The newest come first, and the oldest are told first.
    rows.iter().rev().map(read).collect()
}

fn until(before: Option<Timestamp>) -> i64 {
    before.map_or(i64::MAX, |before| before.0.cast_signed())
}

fn number(row: &Row, at: usize) -> Result<u64, Fault> {
    Ok(row.try_get::<_, i64>(at)?.cast_unsigned())
}

fn variant<T: DeserializeOwned>(row: &Row, at: usize, table: &'static str) -> Result<T, Fault> {
    meaning(row.try_get(at)?).ok_or(Fault::Row(table))
}
