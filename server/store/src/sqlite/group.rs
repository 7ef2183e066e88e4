//! One write transaction on behalf of all calls that waited: the order of its steps is what D-1 and F-1 rest on.
//!
//! It exists so that this order can be read in one function. The writer thread is the only caller.

use std::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tandem_protocol::{Epoch, PairName, SessionId};

use super::{
    command::Work,
    fault::Fault,
    heads::{BEHIND_ROWS_MAX, Head, Heads},
    index, lease,
    plan::Plan,
    row::Row,
};
use crate::{StoreError, chain::Salts};

/// Sessions that the index learns in one transaction, so that no save waits long for it; or as many as the
/// transaction has rows, so that the index keeps up.
const INDEX_SESSIONS_MAX: usize = 256;

/// For the estimate of what a commit adds to the write-ahead log.
const PAGE_BYTES: usize = 4_096;

/// A transaction that is durable.
pub(super) struct Committed {
    /// What to answer to each call, in order.
    pub(super) verdicts: Vec<Result<(), StoreError>>,
    /// About how many pages it has added to the write-ahead log.
    pub(super) pages: u64,
}

/// What the index learns in a transaction.
struct Learned {
    sessions: Vec<(SessionId, Head)>,
    through: Row,
}

/// Carries out the calls. An error is the fate of all of them: nothing is stored, and nothing in memory has changed.
pub(super) fn commit(
    connection: &mut Connection,
    pair: &PairName,
    heads: &Mutex<Heads>,
    calls: Vec<(Epoch, Work)>,
    now: Instant,
) -> Result<Committed, StoreError> {
    // IMMEDIATE: from here on nobody else writes, so the epoch that is read now still stands at the commit (F-1).
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let current = lease::epoch(&transaction, pair)?;
    refresh(&transaction, pair, heads, current, &calls)?;
    let end = index::log_end(&transaction)?;
    let learned = learn(&transaction, pair, &lock(heads), end, now, calls.len())?;
    let mut plan = Plan::new(end, salts(&calls)?);
    let mut verdicts = Vec::with_capacity(calls.len());
    for (epoch, work) in calls {
        let is_current = epoch == current;
        verdicts.push(if is_current { apply(&transaction, pair, heads, &mut plan, work)? } else { stale(current) });
    }
    let bytes = insert(&transaction, pair, &plan)?;
    transaction.commit()?;
    // Durable and visible to every reader; only now may anything be told or remembered (D-1).
    let pages = u64::try_from(bytes / PAGE_BYTES + learned.sessions.len() + 2).unwrap_or(u64::MAX);
    remember(&mut lock(heads), &learned, plan, now);
    Ok(Committed { verdicts, pages })
}

/// As many as the calls may need.
fn salts(calls: &[(Epoch, Work)]) -> Result<Salts, Fault> {
    let entries = calls.iter().map(|(_, work)| if let Work::Append(entries) = work { entries.len() } else { 0 });
    Salts::draw(entries.sum()).map_err(Fault::Random)
}

/// Makes sure that the heads are those of the epoch that stands, if anyone asks for it; else forgets them.
fn refresh(
    transaction: &Transaction<'_>,
    pair: &PairName,
    heads: &Mutex<Heads>,
    current: Epoch,
    calls: &[(Epoch, Work)],
) -> rusqlite::Result<()> {
    let mut heads = lock(heads);
    if heads.epoch == Some(current) {
        return Ok(());
    }
    // Both are right even if this transaction fails: nothing that it writes is in them.
    let is_wanted = calls.iter().any(|(epoch, _)| *epoch == current);
    *heads = if is_wanted { index::rebuild(transaction, pair, current)? } else { Heads::unknown() };
    Ok(())
}

/// Brings the index up by what is due, before this transaction's own rows.
fn learn(
    transaction: &Transaction<'_>,
    pair: &PairName,
    heads: &Heads,
    end: Row,
    now: Instant,
    calls: usize,
) -> rusqlite::Result<Learned> {
    let sessions = heads.due(end, now, INDEX_SESSIONS_MAX.max(calls));
    // Rows of other pairs count too: an idle pair must not have them all to scan at its next takeover.
    let is_far_behind = heads.epoch.is_some() && end.rows_since(heads.through) >= BEHIND_ROWS_MAX;
    if sessions.is_empty() && !is_far_behind {
        return Ok(Learned { sessions, through: heads.through });
    }
    let through = heads.through_after(sessions.len(), end);
    index::write(transaction, pair, &sessions, through)?;
    Ok(Learned { sessions, through })
}

/// Does the work of one call whose epoch is right. The outer error ends the transaction.
fn apply(
    transaction: &Transaction<'_>,
    pair: &PairName,
    heads: &Mutex<Heads>,
    plan: &mut Plan,
    work: Work,
) -> rusqlite::Result<Result<(), StoreError>> {
    match work {
        Work::Append(entries) => return Ok(plan.add(&lock(heads), entries).map_err(StoreError::from)),
        Work::Renew(now) => lease::renew(transaction, pair, now)?,
        Work::Release => lease::release(transaction, pair)?,
        Work::Prepare => {}
    }
    Ok(Ok(()))
}

fn stale(current: Epoch) -> Result<(), StoreError> {
    Err(StoreError::Stale { current })
}

/// Writes the rows; says how many bytes they have.
fn insert(transaction: &Transaction<'_>, pair: &PairName, plan: &Plan) -> rusqlite::Result<usize> {
    let mut bytes = 0;
    // Parameters by place: to look twelve names up for each row costs as much as a quarter of the insert.
    let mut write = transaction.prepare_cached(
        "INSERT INTO events (id, pair, session, seq, prev, mark, at, closes, secret, proof, link, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for planned in plan.rows() {
        let entry = &planned.entry;
        write.execute((
            planned.row,
            pair.as_str(),
            entry.session.0.as_bytes().as_slice(),
            entry.event.seq.0.cast_signed(),
            planned.prev,
            planned.mark,
            entry.at.0.cast_signed(),
            entry.closes,
            entry.secret.as_ref().map(|hash| hash.0.as_slice()),
            planned.proof.as_bytes(),
            planned.link.0.as_slice(),
            entry.event.event.get(),
        ))?;
        bytes += entry.event.len_bytes();
    }
    Ok(bytes)
}

fn remember(heads: &mut Heads, learned: &Learned, plan: Plan, now: Instant) {
    heads.indexed(learned.sessions.len(), learned.through);
    for (session, row, head) in plan.into_heads() {
        heads.advance(session, row, head, now);
    }
}

fn lock(heads: &Mutex<Heads>) -> MutexGuard<'_, Heads> {
    heads.lock().expect("nobody panics while he holds the heads")
}
