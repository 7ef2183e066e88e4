//! The hot statement: stores a batch of events if, and only if, this connection may write for the pair.
//!
//! It exists so that F-1 and D-1 can be read at one place. The fence is part of the writing statement, and so of its
//! transaction. `FOR SHARE` keeps the lease's row as it is until the commit: a takeover waits for it, and after a
//! takeover the row is no longer found. A plain `SELECT`, and `FOR KEY SHARE`, would let a deposed writer commit.

use std::collections::HashMap;

use tandem_protocol::{Epoch, PairName, Seq, SessionId};
use uuid::Uuid;

use super::{
    connection::{Connection, Parameters, Unprinted},
    fault::Fault,
    lease::WriterId,
    plan::{Head, Plan},
};
use crate::{ChainLink, Entry};

/// For batches in which no session begins or ends, as nearly all. Each row draws its place once the fence has let it
/// pass, in the order of the arrays: two sources without a condition between them can only be joined by a loop, and
/// `unnest` gives its rows in order. The stories of reading along hold the server to it.
const APPEND: &str = "
    WITH fence AS (SELECT 1 FROM leases WHERE pair = $1 AND epoch = $2 AND writer = $3 FOR SHARE)
    INSERT INTO events (pair, session, seq, at, closes, secret, proof, link, body)
    SELECT $1, entry.session, entry.seq, entry.at, entry.closes, entry.secret, entry.proof, entry.link, entry.body
    FROM fence, unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::boolean[], $8::bytea[], $9::bytea[], $10::bytea[],
                       $11::text[])
         AS entry (session, seq, at, closes, secret, proof, link, body)";

/// As [`APPEND`]; also keeps the list of open sessions, behind the same fence.
const APPEND_AND_LIST: &str = "
    WITH fence AS (SELECT 1 FROM leases WHERE pair = $1 AND epoch = $2 AND writer = $3 FOR SHARE),
    opened AS (
        INSERT INTO open_sessions (pair, session)
        SELECT $1, opened.session FROM fence, unnest($12::uuid[]) AS opened (session)
    ),
    closed AS (
        DELETE FROM open_sessions USING fence, unnest($13::uuid[]) AS closed (session)
        WHERE open_sessions.pair = $1 AND open_sessions.session = closed.session
    )
    INSERT INTO events (pair, session, seq, at, closes, secret, proof, link, body)
    SELECT $1, entry.session, entry.seq, entry.at, entry.closes, entry.secret, entry.proof, entry.link, entry.body
    FROM fence, unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::boolean[], $8::bytea[], $9::bytea[], $10::bytea[],
                       $11::text[])
         AS entry (session, seq, at, closes, secret, proof, link, body)";

/// Stores the rows of a plan, all or none, in one round trip. False: the fence refused them, and nothing is stored.
pub(super) async fn write(
    connection: &mut Connection,
    pair: &PairName,
    epoch: Epoch,
    writer: WriterId,
    plan: &Plan<'_>,
) -> Result<bool, Fault> {
    let columns = Columns::of(plan.rows());
    let proofs = Unprinted(plan.chained().iter().map(|(proof, _)| proof.as_bytes()).collect::<Vec<_>>());
    let links: Vec<_> = plan.chained().iter().map(|(_, link)| &link.0[..]).collect();
    let (pair, epoch) = (pair.as_str(), epoch.0.cast_signed());
    let (opened, closed) = (uuids(&plan.opened()), uuids(&plan.closed()));
    let Columns { sessions, seqs, ats, closes, secrets, bodies } = &columns;
    let stored = if opened.is_empty() && closed.is_empty() {
        let parameters: &Parameters<'_> =
            &[&pair, &epoch, &writer.0, sessions, seqs, ats, closes, secrets, &proofs, &links, bodies];
        connection.execute(APPEND, parameters).await?
    } else {
        let parameters: &Parameters<'_> = &[
            &pair, &epoch, &writer.0, sessions, seqs, ats, closes, secrets, &proofs, &links, bodies, &opened, &closed,
        ];
        connection.execute(APPEND_AND_LIST, parameters).await?
    };
    match stored {
        0 => Ok(false),
        all if all == plan.rows().len() as u64 => Ok(true),
        // The statement stores all rows or none. Were it otherwise, a look would tell.
        _ => Err(Fault::Miscount),
    }
}

/// Whether these rows are stored, with the same bodies. They were sent as one batch, so one tells of all; all are asked
/// for, since another writer may have given the same numbers to other events.
pub(super) async fn holds(connection: &mut Connection, pair: &PairName, rows: &[&Entry]) -> Result<bool, Fault> {
    let Columns { sessions, seqs, bodies, .. } = &Columns::of(rows);
    let found = connection
        .query(
            "SELECT count(*) FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS wanted (session, seq, body)
         JOIN events ON events.pair = $1 AND events.session = wanted.session AND events.seq = wanted.seq
                    AND events.body = wanted.body",
            &[&pair.as_str(), sessions, seqs, bodies],
        )
        .await?;
    let count: i64 = found.first().ok_or(Fault::Row("events"))?.try_get(0)?;
    Ok(count.cast_unsigned() == rows.len() as u64)
}

/// Where these sessions stand; those without events are left out.
pub(super) async fn heads(
    connection: &mut Connection,
    pair: &PairName,
    sessions: &[SessionId],
) -> Result<HashMap<SessionId, Head>, Fault> {
    let found = connection
        .query(
            "SELECT wanted.session, head.seq, head.closes, head.link
         FROM unnest($2::uuid[]) AS wanted (session),
              LATERAL (SELECT seq, closes, link FROM events WHERE events.pair = $1 AND events.session = wanted.session
                       ORDER BY seq DESC LIMIT 1) AS head",
            &[&pair.as_str(), &uuids(sessions)],
        )
        .await?;
    let head = |row: &tokio_postgres::Row| {
        let seq = Seq(row.try_get::<_, i64>(1)?.cast_unsigned());
        let link = row.try_get::<_, Option<&[u8]>>(3)?.map(<[u8; 32]>::try_from).transpose();
        // The chain of a session that has none yet begins as that of a new one.
        let link = link.map_err(|_| Fault::Row("events"))?.map_or(ChainLink::NONE, ChainLink);
        Ok((SessionId(row.try_get(0)?), Head { seq, closed: row.try_get(2)?, link }))
    };
    found.iter().map(head).collect()
}

/// Entries as the columns that a statement unnests.
struct Columns<'e> {
    sessions: Vec<Uuid>,
    seqs: Vec<i64>,
    ats: Vec<i64>,
    closes: Vec<bool>,
    secrets: Unprinted<Vec<Option<&'e [u8]>>>,
    bodies: Unprinted<Vec<&'e str>>,
}

impl<'e> Columns<'e> {
    fn of(rows: &[&'e Entry]) -> Self {
        Self {
            sessions: rows.iter().map(|entry| entry.session.0).collect(),
            seqs: rows.iter().map(|entry| entry.event.seq.0.cast_signed()).collect(),
            ats: rows.iter().map(|entry| entry.at.0.cast_signed()).collect(),
            closes: rows.iter().map(|entry| entry.closes).collect(),
            secrets: Unprinted(rows.iter().map(|entry| entry.secret.as_ref().map(|hash| &hash.0[..])).collect()),
            bodies: Unprinted(rows.iter().map(|entry| entry.event.event.get()).collect()),
        }
    }
}

fn uuids(sessions: &[SessionId]) -> Vec<Uuid> {
    sessions.iter().map(|session| session.0).collect()
}
