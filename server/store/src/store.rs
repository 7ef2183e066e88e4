//! The [`Store`] trait: what the engine asks of a database, and what every backend promises.
//!
//! It exists so that SQLite and PostgreSQL are one thing to the engine; the contract suite holds every backend to
//! these words. It must never promise what only one backend can keep.

use async_trait::async_trait;
use tandem_protocol::{Epoch, RawEvent, Seq, SessionId, Timestamp};

use crate::{Entry, Erased, Holder, Lease, Loaded, OpenSession, StoreError, Taken};

/// The durable memory of one pair of engines.
///
/// A store belongs to one pair and sees only that pair's rows, whoever else uses the same database. Every call that
/// names an epoch is refused with [`StoreError::Stale`] when the pair's lease stands at another (F-1).
///
/// A call takes its place in the order of calls when its future is first polled; from then on it is carried out even
/// if the future is dropped.
#[async_trait]
pub trait Store: Send + Sync {
    /// The pair's lease as it stands; none before the first engine of the pair ever took it.
    async fn lease(&self) -> Result<Option<Lease>, StoreError>;

    /// Takes the lease for `holder` if its epoch is still `seen` ([`Epoch::ZERO`]: there is none), and raises the
    /// epoch. Of any number of takers that saw the same epoch one gets [`Taken::Held`], durably; the others
    /// [`Taken::Lost`]. `holder` need not be the caller: a planned switchover names the backup.
    ///
    /// Gives up with [`StoreError::Busy`] in well under a second when another process does not let it write, so that
    /// the caller can find out whether that process is stopped.
    async fn take_lease(&self, seen: Epoch, holder: Holder, now: Timestamp) -> Result<Taken, StoreError>;

    /// Marks the lease as still held.
    async fn renew_lease(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError>;

    /// Marks the lease as given up on purpose: whoever comes next need not wait for it to expire. The epoch stays.
    async fn release_lease(&self, epoch: Epoch) -> Result<(), StoreError>;

    /// Stores the entries, in order, all or none; returns when they are durable and visible to every reader (D-1).
    /// Calls that wait together share one transaction. An error means that nothing of this call is stored; a backend
    /// that cannot know the outcome of its commit looks it up before it answers.
    ///
    /// The events of a session are consecutive from 1 (D-4); entries that do not follow what is stored are refused
    /// as [`StoreError::Recoverable`], as happens to a call whose predecessor failed.
    async fn append(&self, epoch: Epoch, entries: Vec<Entry>) -> Result<(), StoreError>;

    /// Every session of the pair that is not closed, in no particular order.
    async fn open_sessions(&self, epoch: Epoch) -> Result<Vec<OpenSession>, StoreError>;

    /// The whole histories of these sessions, in the order asked; a session that is not known has no events. Bound
    /// the sessions of one call: all their events are in memory at once.
    async fn load(&self, epoch: Epoch, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError>;

    /// As [`Store::load`], each history from the event after the one given.
    async fn load_after(&self, epoch: Epoch, sessions: &[(SessionId, Seq)]) -> Result<Vec<Loaded>, StoreError>;

    /// A beginning of each of these histories, whoever serves: events that are committed, which as long as their session
    /// is open will never be others, but perhaps not all. For a backup that prepares itself; nothing may rest on it before the rest was read in an epoch
    /// of the caller's own.
    async fn preview(&self, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError>;

    /// The events of a session after `after`, in order: at most `events_max`, and no more than fit into `bytes_max`
    /// bytes of JSON, but one at least where there is one and `events_max` is not 0.
    async fn read(
        &self,
        epoch: Epoch,
        session: SessionId,
        after: Seq,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<RawEvent>, StoreError>;

    /// Erases what was said in a session that has ended: in the place of each event but the last stands one that says
    /// only that, of the same number, moment and visibility; its salt is replaced by its leaf, and token hashes are
    /// dropped. Readers get these events from then on, and the chain still holds. Of a session that is not known there
    /// is nothing to erase.
    ///
    /// It goes from the end to the beginning in pieces, so that it holds up no save, however long the session is. Broken
    /// off by an error, or because its future or the store is dropped, it may be done in part; a session of which the
    /// later part is erased can still be restored. Repeated, it goes on.
    async fn erase(&self, epoch: Epoch, session: SessionId) -> Result<Erased, StoreError>;
}
