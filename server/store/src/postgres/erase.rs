//! Erasing a session: what it writes instead of bodies, piece by piece, each in a transaction of its own.
//!
//! It goes over the connections for reading, so that no save waits in line for it: nothing that is appended concerns a
//! session that has ended. The fence is the epoch alone (F-1), and `FOR SHARE` as in `append.rs`. Every statement may be
//! carried out twice. What stood there stays in the table's files as a dead row until the server's VACUUM comes by.

use tandem_protocol::{Epoch, PairName, Seq, SessionId};

use super::{
    connection::{Parameters, Unprinted},
    fault::Fault,
    history::fenced,
    pool::Pool,
    transcripts::written,
};
use crate::{Erased, Proof, StoreError, Written, chain};

/// Rows of a piece: some milliseconds for a statement, and a transaction that a takeover has to wait for.
const PIECE_ROWS_MAX: i64 = 512;

/// The newest events of a session before a number, and the epoch.
const PIECE: &str = "
    WITH lease AS MATERIALIZED (SELECT coalesce((SELECT epoch FROM leases WHERE pair = $1), 0) AS epoch),
    piece AS (
        SELECT id, session, seq, at, closes, secret, proof, link, body FROM events
        WHERE pair = $1 AND session = $3 AND seq < $4 ORDER BY seq DESC LIMIT $5
    )
    SELECT lease.epoch, id, session, seq, at, closes, secret, proof, link, body
    FROM lease LEFT JOIN piece ON lease.epoch = $2 ORDER BY seq DESC";

/// Counts the rows that the fence has let pass.
const ERASE: &str = "
    WITH fence AS (SELECT 1 FROM leases WHERE pair = $1 AND epoch = $2 FOR SHARE),
    erased AS (
        UPDATE events SET body = entry.body, proof = entry.proof, secret = NULL
        FROM fence, unnest($4::bigint[], $5::bytea[], $6::text[]) AS entry (seq, proof, body)
        WHERE events.pair = $1 AND events.session = $3 AND events.seq = entry.seq
        RETURNING 1
    )
    SELECT count(*) FROM erased";

/// See [`crate::Store::erase`].
pub(super) async fn erase(
    pool: &Pool,
    pair: &PairName,
    epoch: Epoch,
    session: SessionId,
) -> Result<Erased, StoreError> {
    let mut before = Seq(i64::MAX.unsigned_abs());
    let mut is_first = true;
    loop {
        let events = piece(pool, pair, epoch, session, before).await?;
        let (Some(newest), Some(oldest)) = (events.first(), events.last()) else { return Ok(Erased::Done) };
        if is_first && !newest.closes {
            return Ok(Erased::StillOpen);
        }
        (is_first, before) = (false, oldest.event.seq);
        write(pool, pair, epoch, session, &events).await?;
    }
}

/// The next events to be erased, newest first.
async fn piece(
    pool: &Pool,
    pair: &PairName,
    epoch: Epoch,
    session: SessionId,
    before: Seq,
) -> Result<Vec<Written>, StoreError> {
    let parameters: &Parameters<'_> =
        &[&pair.as_str(), &epoch.0.cast_signed(), &session.0, &before.0.cast_signed(), &PIECE_ROWS_MAX];
    let mut events = Vec::new();
    for row in fenced(pool, epoch, PIECE, parameters).await? {
        if row.try_get::<_, Option<i64>>(1).map_err(Fault::from)?.is_some() {
            events.push(written(&row)?);
        }
    }
    Ok(events)
}

/// Writes what stands in the place of these events.
async fn write(
    pool: &Pool,
    pair: &PairName,
    epoch: Epoch,
    session: SessionId,
    events: &[Written],
) -> Result<(), StoreError> {
    let erased: Vec<_> = events.iter().filter_map(|event| Some((event.event.seq, chain::erase(event)?))).collect();
    if erased.is_empty() {
        return Ok(());
    }
    let seqs: Vec<_> = erased.iter().map(|(seq, _)| seq.0.cast_signed()).collect();
    let proofs: Vec<_> = erased.iter().map(|(_, (_, proof))| proof.as_ref().map(Proof::as_bytes)).collect();
    let bodies: Vec<_> = erased.iter().map(|(_, (event, _))| event.event.get()).collect();
    let parameters: &Parameters<'_> =
        &[&pair.as_str(), &epoch.0.cast_signed(), &session.0, &seqs, &Unprinted(proofs), &bodies];
    let rows = pool.query(ERASE, parameters).await?.rows;
    let count: i64 = rows.first().ok_or(Fault::Row("events"))?.try_get(0).map_err(Fault::from)?;
    if count.cast_unsigned() == erased.len() as u64 {
        return Ok(());
    }
    // The fence has let nothing pass: the next piece would hear of another epoch, and so does this.
    piece(pool, pair, epoch, session, Seq::ZERO).await?;
    Err(Fault::Contended.into())
}
