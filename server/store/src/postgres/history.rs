//! Reads: histories, pages, and the sessions that are open.
//!
//! It exists so that every read is one statement with one snapshot, in which the lease's epoch and the rows are of the
//! same moment: a statement gives at least one row, which says the epoch. What comes back is checked, never trusted.

use std::collections::HashMap;

use tandem_protocol::{Epoch, PairName, RawEvent, Seq, SessionId, Timestamp, TokenHash};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{connection::Parameters, fault::Fault, pool::Pool};
use crate::{Loaded, OpenSession, StoreError, StoredEvent};

const LOAD: &str = "
    WITH lease AS MATERIALIZED (SELECT coalesce((SELECT epoch FROM leases WHERE pair = $1), 0) AS epoch)
    SELECT lease.epoch, events.session, events.seq, events.secret, events.body
    FROM lease
    LEFT JOIN (SELECT events.session, events.seq, events.secret, events.body
               FROM unnest($3::uuid[], $4::bigint[]) AS wanted (session, after)
               JOIN events ON events.pair = $1 AND events.session = wanted.session AND events.seq > wanted.after
              ) AS events ON lease.epoch = $2
    ORDER BY events.session, events.seq";

/// Whoever serves: what is committed of an open session stays as it is.
const PREVIEW: &str = "
    SELECT 0::bigint, session, seq, secret, body FROM events WHERE pair = $1 AND session = ANY ($2)
    ORDER BY session, seq";

/// Bodies are added up by the server, so that no more of them cross the wire than the page holds.
const PAGE: &str = "
    WITH lease AS MATERIALIZED (SELECT coalesce((SELECT epoch FROM leases WHERE pair = $1), 0) AS epoch),
    page AS (
        SELECT session, seq, secret, body, sum(octet_length(body)) OVER (ORDER BY seq) AS bytes
        FROM (SELECT session, seq, secret, body FROM events
              WHERE pair = $1 AND session = $3 AND seq > $4 ORDER BY seq LIMIT $5) AS next
    )
    SELECT lease.epoch, page.session, page.seq, page.secret, page.body
    FROM lease
    LEFT JOIN page ON lease.epoch = $2 AND (page.bytes <= $6 OR page.seq = $4 + 1)
    ORDER BY page.seq";

const OPEN: &str = "
    WITH lease AS MATERIALIZED (SELECT coalesce((SELECT epoch FROM leases WHERE pair = $1), 0) AS epoch)
    SELECT lease.epoch, open_sessions.session, head.seq, head.at
    FROM lease
    LEFT JOIN open_sessions ON open_sessions.pair = $1 AND lease.epoch = $2
    LEFT JOIN LATERAL (SELECT seq, at FROM events
                       WHERE events.pair = $1 AND events.session = open_sessions.session
                       ORDER BY seq DESC LIMIT 1) AS head ON true";

/// The histories of these sessions after an event each, in the order asked. Each is asked for once.
pub(super) async fn load(
    pool: &Pool,
    pair: &PairName,
    epoch: Epoch,
    sessions: &[(SessionId, Seq)],
) -> Result<Vec<Loaded>, StoreError> {
    // A session that is asked for twice is given twice, from one reading.
    let afters: HashMap<SessionId, Seq> = sessions.iter().copied().collect();
    let (ids, seqs): (Vec<Uuid>, Vec<i64>) =
        afters.iter().map(|(session, after)| (session.0, i64::try_from(after.0).unwrap_or(i64::MAX))).unzip();
    let rows = fenced(pool, epoch, LOAD, &[&pair.as_str(), &epoch.0.cast_signed(), &ids, &seqs]).await?;
    let histories = histories(&rows, |session| afters.get(&session).copied().unwrap_or_default())?;
    Ok(in_order(sessions.iter().map(|(session, _)| *session), &histories))
}

/// What is committed of these sessions' histories, in the order asked; see [`crate::Store::preview`].
pub(super) async fn preview(pool: &Pool, pair: &PairName, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
    let wanted: Vec<Uuid> = sessions.iter().map(|session| session.0).collect();
    let rows = pool.query(PREVIEW, &[&pair.as_str(), &wanted]).await?.rows;
    let histories = histories(&rows, |_| Seq::ZERO)?;
    Ok(in_order(sessions.iter().copied(), &histories))
}

/// Rows of events by session, each history from the event after the one given, without a gap (D-4).
fn histories(
    rows: &[Row],
    after: impl Fn(SessionId) -> Seq,
) -> Result<HashMap<SessionId, Vec<StoredEvent>>, StoreError> {
    let mut histories: HashMap<SessionId, Vec<StoredEvent>> = HashMap::new();
    for row in rows {
        let Some(session) = row.try_get::<_, Option<Uuid>>(1).map_err(Fault::from)?.map(SessionId) else { continue };
        let history = histories.entry(session).or_default();
        let last = history.last().map_or_else(|| after(session), |stored| stored.event.seq);
        history.push(event(row, session, last.next())?);
    }
    Ok(histories)
}

fn in_order(
    sessions: impl Iterator<Item = SessionId>,
    histories: &HashMap<SessionId, Vec<StoredEvent>>,
) -> Vec<Loaded> {
    let loaded = |session| Loaded { session, events: histories.get(&session).cloned().unwrap_or_default() };
    sessions.map(loaded).collect()
}

/// A page of a session's history; see [`crate::Store::read`].
pub(super) async fn page(
    pool: &Pool,
    pair: &PairName,
    epoch: Epoch,
    session: SessionId,
    after: Seq,
    events_max: usize,
    bytes_max: usize,
) -> Result<Vec<RawEvent>, StoreError> {
    // The server counts with signed numbers, and to one more than this.
    let after_signed = i64::try_from(after.0).unwrap_or(i64::MAX).min(i64::MAX - 1);
    let bounded = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let parameters: &Parameters<'_> =
        &[&pair.as_str(), &epoch.0.cast_signed(), &session.0, &after_signed, &bounded(events_max), &bounded(bytes_max)];
    let mut events = Vec::new();
    let mut expected = after;
    for row in fenced(pool, epoch, PAGE, parameters).await? {
        if row.try_get::<_, Option<Uuid>>(1).map_err(Fault::from)?.is_some() {
            expected = expected.next();
            events.push(event(&row, session, expected)?.event);
        }
    }
    Ok(events)
}

/// Every session of the pair that is not closed.
pub(super) async fn open(pool: &Pool, pair: &PairName, epoch: Epoch) -> Result<Vec<OpenSession>, StoreError> {
    let mut open = Vec::new();
    for row in fenced(pool, epoch, OPEN, &[&pair.as_str(), &epoch.0.cast_signed()]).await? {
        open.extend(open_session(&row)?);
    }
    Ok(open)
}

fn open_session(row: &Row) -> Result<Option<OpenSession>, Fault> {
    let Some(session) = row.try_get::<_, Option<Uuid>>(1)?.map(SessionId) else { return Ok(None) };
    let missing = || Fault::Gap { session, seq: Seq::ZERO.next() };
    let head = Seq(row.try_get::<_, Option<i64>>(2)?.ok_or_else(missing)?.cast_unsigned());
    let last_at = Timestamp(row.try_get::<_, Option<i64>>(3)?.ok_or_else(missing)?.cast_unsigned());
    Ok(Some(OpenSession { session, head, last_at }))
}

/// Runs a statement whose first column is the lease's epoch, and refuses another one than the caller's (F-1).
pub(super) async fn fenced(
    pool: &Pool,
    epoch: Epoch,
    sql: &'static str,
    parameters: &Parameters<'_>,
) -> Result<Vec<Row>, StoreError> {
    let rows = pool.query(sql, parameters).await?.rows;
    let first = rows.first().ok_or(Fault::Row("leases"))?;
    let current = Epoch(first.try_get::<_, i64>(0).map_err(Fault::from)?.cast_unsigned());
    if current == epoch { Ok(rows) } else { Err(StoreError::Stale { current }) }
}

/// The event of a row, which must have this number.
fn event(row: &Row, session: SessionId, expected: Seq) -> Result<StoredEvent, Fault> {
    let seq = Seq(row.try_get::<_, i64>(2)?.cast_unsigned());
    if seq != expected {
        return Err(Fault::Gap { session, seq: expected });
    }
    let secret: Option<&[u8]> = row.try_get(3)?;
    let secret = secret.map(<[u8; 32]>::try_from).transpose().map_err(|_| Fault::Row("events"))?;
    let event = RawEvent::stored(seq, row.try_get(4)?).map_err(|_| Fault::Body { session, seq })?;
    Ok(StoredEvent { event, secret: secret.map(TokenHash) })
}
