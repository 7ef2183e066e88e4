//! A store that one engine has trouble with. A call of a kind can be made to stand still, as one to a disk or a database
//! that hangs; and the store can be cut off, as a database behind a network: its calls then fail as those of a lost
//! connection do, while the other engine's reach the same file.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use tandem_protocol::{Epoch, PairName, RawEvent, Seq, SessionId, Timestamp};
use tandem_store::{Cause, Entry, Erased, Holder, Lease, Loaded, OpenSession, SqliteStore, Store, StoreError, Taken};
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
pub(crate) struct Troubled {
    store: SqliteStore,
    trouble: Arc<Trouble>,
}

/// Makes the trouble. Calls that stand still go on in the order in which they came to stand.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    is_cut: AtomicBool,
    at: Mutex<Option<At>>,
    reached: Notify,
    go_on: Notify,
    erased: Notify,
}

impl Trouble {
    /// Cuts the store off for good.
    pub(crate) fn cuts_off(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

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

impl Troubled {
    pub(crate) fn open(dir: &Path, pair: &PairName) -> (Self, Arc<Trouble>) {
        let trouble = Arc::new(Trouble::default());
        let store = SqliteStore::open(dir, pair).expect("the store opens");
        (Self { store, trouble: trouble.clone() }, trouble)
    }

    fn reach(&self) -> Result<&SqliteStore, StoreError> {
        if self.trouble.is_cut.load(Ordering::SeqCst) {
            return Err(StoreError::Recoverable(Cause::new(io::Error::from(io::ErrorKind::ConnectionReset))));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl Store for Troubled {
    async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        self.reach()?.lease().await
    }

    async fn take_lease(&self, seen: Epoch, holder: Holder, now: Timestamp) -> Result<Taken, StoreError> {
        self.trouble.passes(At::LeaseBefore).await;
        let taken = self.reach()?.take_lease(seen, holder, now).await;
        self.trouble.passes(At::LeaseAfter).await;
        taken
    }

    async fn renew_lease(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError> {
        self.reach()?.renew_lease(epoch, now).await
    }

    async fn release_lease(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.reach()?.release_lease(epoch).await
    }

    async fn append(&self, epoch: Epoch, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.trouble.passes(At::Append).await;
        self.reach()?.append(epoch, entries).await
    }

    async fn erase(&self, epoch: Epoch, session: SessionId) -> Result<Erased, StoreError> {
        self.trouble.passes(At::Erase).await;
        let erased = self.reach()?.erase(epoch, session).await;
        self.trouble.erased.notify_one();
        erased
    }

    async fn open_sessions(&self, epoch: Epoch) -> Result<Vec<OpenSession>, StoreError> {
        self.reach()?.open_sessions(epoch).await
    }

    async fn load(&self, epoch: Epoch, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        self.reach()?.load(epoch, sessions).await
    }

    async fn load_after(&self, epoch: Epoch, sessions: &[(SessionId, Seq)]) -> Result<Vec<Loaded>, StoreError> {
        self.reach()?.load_after(epoch, sessions).await
    }

    async fn preview(&self, sessions: &[SessionId]) -> Result<Vec<Loaded>, StoreError> {
        self.reach()?.preview(sessions).await
    }

    async fn read(
        &self,
        epoch: Epoch,
        session: SessionId,
        after: Seq,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<RawEvent>, StoreError> {
        self.reach()?.read(epoch, session, after, events_max, bytes_max).await
    }
}
