//! A store whose next call of a kind can be made to stand still, as one to a disk or a database that hangs.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use tandem_protocol::{Epoch, PairName, RawEvent, Seq, SessionId, Timestamp};
use tandem_store::{Entry, Erased, Holder, Lease, Loaded, OpenSession, SqliteStore, Store, StoreError, Taken};
use tokio::{sync::Notify, time::timeout};

use crate::DEADLINE;

/// Where a call stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Before something is saved.
    Append,
    /// Before a session is erased.
    Erase,
    /// Before the lease is written.
    LeaseBefore,
    /// After the lease was written, before that is told.
    LeaseAfter,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Stalling {
    store: SqliteStore,
    stall: Arc<Stall>,
}

/// Makes calls stand still; they go on in the order in which they came to stand.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    at: Mutex<Option<At>>,
    reached: Notify,
    go_on: Notify,
    erased: Notify,
}

impl Stall {
    /// The next call of this kind stands still.
    pub(crate) fn stalls(&self, at: At) {
        *self.at.lock().expect("nobody panics while he holds it") = Some(at);
    }

    /// Waits until a call stands still.
    pub(crate) async fn is_reached(&self) {
        timeout(DEADLINE, self.reached.notified()).await.expect("the call comes in time");
    }

    /// Waits until an erasure is done or refused.
    pub(crate) async fn is_erased(&self) {
        timeout(DEADLINE, self.erased.notified()).await.expect("the erasure ends in time");
    }

    /// The call that has stood still for the longest goes on.
    pub(crate) fn lets_go(&self) {
        self.go_on.notify_one();
    }

    async fn passes(&self, at: At) {
        let is_here = self.at.lock().expect("nobody panics while he holds it").take_if(|stalled| *stalled == at);
        if is_here.is_some() {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
    }
}

impl Stalling {
    pub(crate) fn open(dir: &Path, pair: &PairName) -> (Self, Arc<Stall>) {
        let stall = Arc::new(Stall::default());
        let store = SqliteStore::open(dir, pair).expect("the store opens");
        (Self { store, stall: stall.clone() }, stall)
    }
}

#[async_trait]
impl Store for Stalling {
    async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        self.store.lease().await
    }

    async fn take_lease(&self, seen: Epoch, holder: Holder, now: Timestamp) -> Result<Taken, StoreError> {
        self.stall.passes(At::LeaseBefore).await;
        let taken = self.store.take_lease(seen, holder, now).await;
        self.stall.passes(At::LeaseAfter).await;
        taken
    }

    async fn renew_lease(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError> {
        self.store.renew_lease(epoch, now).await
    }

    async fn release_lease(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.store.release_lease(epoch).await
    }

    async fn append(&self, epoch: Epoch, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.stall.passes(At::Append).await;
        self.store.append(epoch, entries).await
    }

    async fn erase(&self, epoch: Epoch, session: SessionId) -> Result<Erased, StoreError> {
        self.stall.passes(At::Erase).await;
        let erased = self.store.erase(epoch, session).await;
        self.stall.erased.notify_one();
        erased
    }

    async fn open_sessions(&self, epoch: Epoch) -> Result<Vec<OpenSession>, StoreError> {
        self.store.open_sessions(epoch).await
    }

    async fn load(&self, epoch: Epoch, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        self.store.load(epoch, sessions).await
    }

    async fn load_after(&self, epoch: Epoch, sessions: &[(SessionId, Seq)]) -> Result<Vec<Loaded>, StoreError> {
        self.store.load_after(epoch, sessions).await
    }

    async fn preview(&self, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        self.store.preview(sessions).await
    }

    async fn read(
        &self,
        epoch: Epoch,
        session: SessionId,
        after: Seq,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<RawEvent>, StoreError> {
        self.store.read(epoch, session, after, events_max, bytes_max).await
    }
}
