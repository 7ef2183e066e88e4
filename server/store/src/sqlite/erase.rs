//! Erasing a session: what it writes instead of bodies, piece by piece, each in a transaction of its own.
//!
//! It exists so that a long session holds up no save: between two pieces the writer thread takes whatever waits. It goes
//! backwards, as the log can be walked, so that what is left of a session that is broken off is a beginning.

use std::sync::Mutex;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tandem_protocol::{Epoch, PairName, Seq, SessionId};

use super::{command::Erase, fault::Fault, heads::Heads, index, lease, row::Row, written};
use crate::{Erased, StoreError, chain};

/// Rows of a piece. Each may dirty a page of its own: half a megabyte to be flushed, some milliseconds.
const PIECE_ROWS_MAX: usize = 128;

/// An erasure under way.
#[derive(Debug)]
pub(super) struct Erasure {
    pub(super) asked: Erase,
    /// The event to go on with; none before the first piece.
    next: Option<(Row, Seq)>,
}

/// What a piece came to.
#[derive(Debug)]
pub(super) struct Piece {
    /// None while there is more to do.
    pub(super) outcome: Option<Erased>,
    /// Rows that were written.
    pub(super) rows: usize,
}

impl Erasure {
    /// Nothing of it is done yet.
    pub(super) fn new(asked: Erase) -> Self {
        Self { asked, next: None }
    }

    /// Does the next piece; it is durable when this returns.
    pub(super) fn advance(
        &mut self,
        connection: &mut Connection,
        pair: &PairName,
        heads: &Mutex<Heads>,
    ) -> Result<Piece, StoreError> {
        let Erase { epoch, session, .. } = self.asked;
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        lease::fence(&transaction, pair, epoch)?;
        let begun = self.next.map_or_else(|| begin(&transaction, pair, heads, epoch, session), |next| Ok(Ok(next)));
        let from = match begun? {
            Ok(from) => from,
            Err(outcome) => return Ok(Piece { outcome: Some(outcome), rows: 0 }),
        };
        let (next, rows) = erase(&transaction, session, from)?;
        transaction.commit()?;
        self.next = Some(next);
        Ok(Piece { outcome: (next.1 == Seq::ZERO).then_some(Erased::Done), rows })
    }
}

/// Where to begin: at the session's end. The inner error is what there is to say when there is nothing to do.
fn begin(
    connection: &Connection,
    pair: &PairName,
    heads: &Mutex<Heads>,
    epoch: Epoch,
    session: SessionId,
) -> Result<Result<(Row, Seq), Erased>, StoreError> {
    let Some((row, seq)) = head(connection, pair, heads, epoch, session)? else { return Ok(Err(Erased::Done)) };
    let (last, _) = written::at(connection, row, session, seq)?;
    Ok(if last.closes { Ok((row, seq)) } else { Err(Erased::StillOpen) })
}

/// Where a session ends; none if it is not known.
fn head(
    connection: &Connection,
    pair: &PairName,
    heads: &Mutex<Heads>,
    epoch: Epoch,
    session: SessionId,
) -> Result<Option<(Row, Seq)>, StoreError> {
    let heads = heads.lock().expect("nobody panics while he holds the heads");
    // Heads of another epoch may lack what was written since; the caller has asked for those of this one.
    if heads.epoch != Some(epoch) {
        return Err(Fault::EpochChanged.into());
    }
    match heads.get(&session) {
        Some(head) => Ok(Some((head.row, head.seq))),
        None => Ok(index::find(connection, pair, session)?),
    }
}

/// Erases from an event backwards; says where to go on, with number 0 at the end, and how many rows were written.
fn erase(
    connection: &Connection,
    session: SessionId,
    (mut row, mut seq): (Row, Seq),
) -> Result<((Row, Seq), usize), StoreError> {
    let mut write =
        connection.prepare_cached("UPDATE events SET body = ?2, proof = ?3, secret = NULL WHERE id = ?1")?;
    let mut rows = 0;
    for _ in 0..PIECE_ROWS_MAX {
        if seq == Seq::ZERO {
            break;
        }
        let (event, prev) = written::at(connection, row, session, seq)?;
        if let Some((erased, proof)) = chain::erase(&event) {
            write.execute((row, erased.event.get(), proof.as_ref().map(crate::Proof::as_bytes)))?;
            rows += 1;
        }
        (row, seq) = (prev, Seq(seq.0 - 1));
    }
    Ok(((row, seq), rows))
}
