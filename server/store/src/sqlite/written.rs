//! Events with all that is stored with them, as rows of the log.
//!
//! It exists because who looks back and who erases read the same. Bytes on disk are checked, never trusted.

use rusqlite::Connection;
use tandem_protocol::{RawEvent, Seq, SessionId, Timestamp, TokenHash};
use uuid::Uuid;

use super::{fault::Fault, row::Row};
use crate::{ChainLink, LogPlace, Proof, StoreError, Written};

/// What is known of an event, in the order in which [`written`] takes it.
pub(super) const COLUMNS: &str = "id, session, seq, at, closes, secret, proof, link, body";

/// The event of a session at a row, and the row of the event before it.
pub(super) fn at(
    connection: &Connection,
    row: Row,
    session: SessionId,
    seq: Seq,
) -> Result<(Written, Row), StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT id, session, seq, at, closes, secret, proof, link, body, prev FROM events WHERE id = ?1",
    )?;
    let mut rows = query.query([row])?;
    let broken = || Fault::Chain { session, seq };
    let found = rows.next()?.ok_or_else(broken)?;
    let event = written(found)?;
    if (event.session, event.event.seq) == (session, seq) { Ok((event, found.get(9)?)) } else { Err(broken().into()) }
}

/// The event of a row of [`COLUMNS`]. Bytes on disk are checked, never trusted.
pub(super) fn written(row: &rusqlite::Row<'_>) -> Result<Written, StoreError> {
    let session = SessionId(Uuid::from_bytes(row.get(1)?));
    let seq = Seq(row.get::<_, i64>(2)?.cast_unsigned());
    let proof = row.get_ref(6)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    let link = row.get::<_, Option<[u8; 32]>>(7)?.map(ChainLink);
    let chained = match (proof.map(Proof::stored), link) {
        (None, None) => None,
        (Some(Some(proof)), Some(link)) => Some((proof, link)),
        _ => return Err(Fault::Proof { session, seq }.into()),
    };
    let event = RawEvent::stored(seq, row.get(8)?).map_err(|_| Fault::Body { session, seq })?;
    Ok(Written {
        session,
        place: LogPlace(row.get(0)?),
        at: Timestamp(row.get::<_, i64>(3)?.cast_unsigned()),
        event,
        secret: row.get::<_, Option<_>>(5)?.map(TokenHash),
        closes: row.get(4)?,
        chained,
    })
}
