//! Writes notes down and forgets restorations.

use tandem_protocol::{
    Timestamp,
    control::{Act, Drill, Restoration, Takeover},
};
use uuid::Uuid;

use crate::{
    journal::{Sorted, word},
    postgres::{
        connection::{Connection, Parameters, Unprinted},
        directory::storable,
        fault::Fault,
        pool::Pool,
    },
};

/// Inside a transaction of the caller's.
pub(super) async fn note(connection: &mut Connection, notes: Sorted) -> Result<(), Fault> {
    for takeover in &notes.takeovers {
        note_takeover(connection, takeover).await?;
    }
    for (pair, epoch, gap_ms) in &notes.gaps {
        let sql = "INSERT INTO gaps (pair, epoch, gap_ms) VALUES ($1, $2, $3)
             ON CONFLICT (pair, epoch) DO UPDATE SET gap_ms = greatest(gaps.gap_ms, excluded.gap_ms)";
        connection.execute(sql, &[&pair.as_str(), &epoch.0.cast_signed(), &gap_ms.cast_signed()]).await?;
    }
    for act in &notes.acts {
        note_act(connection, act).await?;
    }
    for drill in &notes.drills {
        note_drill(connection, drill).await?;
    }
    if notes.restorations.is_empty() { Ok(()) } else { note_restorations(connection, &notes.restorations).await }
}

async fn note_takeover(connection: &mut Connection, takeover: &Takeover) -> Result<(), Fault> {
    let sql = "INSERT INTO takeovers (pair, epoch, at, from_engine, to_engine, cause, took_us, sessions)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    let from = takeover.from.as_ref().map(|from| from.as_str());
    let parameters: &Parameters<'_> = &[
        &takeover.pair.as_str(),
        &takeover.epoch.0.cast_signed(),
        &takeover.at_ms.0.cast_signed(),
        &from,
        &takeover.to.as_str(),
        &word(&takeover.cause),
        &takeover.took_us.cast_signed(),
        &takeover.sessions.cast_signed(),
    ];
    connection.execute(sql, parameters).await.map(drop)
}

async fn note_act(connection: &mut Connection, act: &Act) -> Result<(), Fault> {
    let sql = "INSERT INTO acts (id, at, who, source, act, about, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING";
    let [who, source, about, outcome] =
        [&act.by.who, &act.by.from, &act.about, &act.outcome].map(|text| Unprinted(storable(text)));
    let parameters: &Parameters<'_> =
        &[&act.id, &act.at_ms.0.cast_signed(), &who, &source, &word(&act.act), &about, &outcome];
    connection.execute(sql, parameters).await.map(drop)
}

async fn note_drill(connection: &mut Connection, drill: &Drill) -> Result<(), Fault> {
    let sql = "INSERT INTO drills (id, pair, at, told) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let told = serde_json::to_string(drill).expect("a drill has only string keys");
    let parameters: &Parameters<'_> =
        &[&drill.id, &drill.pair.as_str(), &drill.at_ms.0.cast_signed(), &Unprinted(storable(&told))];
    connection.execute(sql, parameters).await.map(drop)
}

/// All in one round trip: a failover restores many.
async fn note_restorations(connection: &mut Connection, restorations: &[Restoration]) -> Result<(), Fault> {
    let sql = "INSERT INTO restorations (session, epoch, at, engine, how, events, took_us)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
         ON CONFLICT DO NOTHING";
    let number = |of: fn(&Restoration) -> u64| -> Vec<i64> {
        restorations.iter().map(|restoration| of(restoration).cast_signed()).collect()
    };
    let sessions: Vec<Uuid> = restorations.iter().map(|restoration| restoration.session.0).collect();
    let (epochs, moments) = (number(|one| one.epoch.0), number(|one| one.at_ms.0));
    let engines: Vec<&str> = restorations.iter().map(|restoration| restoration.engine.as_str()).collect();
    let hows: Vec<String> = restorations.iter().map(|restoration| word(&restoration.how)).collect();
    let (events, took) = (number(|one| one.events), number(|one| one.took_us));
    let parameters: &Parameters<'_> = &[&sessions, &epochs, &moments, &engines, &hows, &events, &took];
    connection.execute(sql, parameters).await.map(drop)
}

/// Forgets at most so many of the oldest. Those that another engine forgets at this moment are left to it.
pub(super) async fn forget(pool: &Pool, before: Timestamp, limit: u32) -> Result<u64, Fault> {
    let sql = "WITH forgotten AS (
             DELETE FROM restorations WHERE (session, epoch, at) IN (
                 SELECT session, epoch, at FROM restorations WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
             RETURNING 1)
         SELECT count(*) FROM forgotten";
    let rows = pool.query(sql, &[&before.0.cast_signed(), &i64::from(limit)]).await?.rows;
    let row = rows.first().ok_or(Fault::Row("restorations"))?;
    Ok(row.try_get::<_, i64>(0)?.cast_unsigned())
}
