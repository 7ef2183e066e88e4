//! Writes notes down and forgets restorations. Every function runs inside a transaction of its caller.

use rusqlite::{Connection, params};
use tandem_protocol::{
    Timestamp,
    control::{Act, Drill, Restoration, Takeover},
};

use crate::{
    StoreError,
    journal::{Sorted, word},
};

pub(super) fn note(connection: &Connection, notes: &Sorted) -> Result<(), StoreError> {
    notes.takeovers.iter().try_for_each(|takeover| note_takeover(connection, takeover))?;
    for (pair, epoch, gap_ms) in &notes.gaps {
        let mut write = connection.prepare_cached(
            "INSERT INTO gaps (pair, epoch, gap_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (pair, epoch) DO UPDATE SET gap_ms = max(gap_ms, excluded.gap_ms)",
        )?;
        write.execute((pair.as_str(), epoch.0.cast_signed(), gap_ms.cast_signed()))?;
    }
    notes.acts.iter().try_for_each(|act| note_act(connection, act))?;
    notes.drills.iter().try_for_each(|drill| note_drill(connection, drill))?;
    notes.restorations.iter().try_for_each(|restoration| note_restoration(connection, restoration))
}

fn note_takeover(connection: &Connection, takeover: &Takeover) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO takeovers (pair, epoch, at, from_engine, to_engine, cause, took_us, sessions)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    write.execute(params![
        takeover.pair.as_str(),
        takeover.epoch.0.cast_signed(),
        takeover.at_ms.0.cast_signed(),
        takeover.from.as_ref().map(|from| from.as_str()),
        takeover.to.as_str(),
        word(&takeover.cause),
        takeover.took_us.cast_signed(),
        takeover.sessions.cast_signed(),
    ])?;
    Ok(())
}

fn note_act(connection: &Connection, act: &Act) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO acts (id, at, who, source, act, about, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO NOTHING",
    )?;
    write.execute(params![
        &act.id.as_bytes()[..],
        act.at_ms.0.cast_signed(),
        act.by.who,
        act.by.from,
        word(&act.act),
        act.about,
        act.outcome,
    ])?;
    Ok(())
}

fn note_drill(connection: &Connection, drill: &Drill) -> Result<(), StoreError> {
    let mut write = connection
        .prepare_cached("INSERT INTO drills (id, pair, at, told) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    let told = serde_json::to_string(drill).expect("a drill has only string keys");
    write.execute((&drill.id.as_bytes()[..], drill.pair.as_str(), drill.at_ms.0.cast_signed(), told))?;
    Ok(())
}

fn note_restoration(connection: &Connection, restoration: &Restoration) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO restorations (session, epoch, at, engine, how, events, took_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )?;
    write.execute(params![
        &restoration.session.0.as_bytes()[..],
        restoration.epoch.0.cast_signed(),
        restoration.at_ms.0.cast_signed(),
        restoration.engine.as_str(),
        word(&restoration.how),
        restoration.events.cast_signed(),
        restoration.took_us.cast_signed(),
    ])?;
    Ok(())
}

/// Forgets at most so many of the oldest.
pub(super) fn forget(connection: &Connection, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut forget = connection.prepare_cached(
        "DELETE FROM restorations WHERE (session, epoch, at) IN (
             SELECT session, epoch, at FROM restorations WHERE at < ?1 ORDER BY at LIMIT ?2)",
    )?;
    Ok(forget.execute((before.0.cast_signed(), limit))? as u64)
}
