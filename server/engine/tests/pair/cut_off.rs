//! A store that one engine can be cut off from, as from a database behind a network: its calls fail as those of a lost
//! connection do, while the other engine's reach the same file.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use tandem_protocol::{Epoch, PairName, RawEvent, Seq, SessionId, Timestamp};
use tandem_store::{Cause, Entry, Erased, Holder, Lease, Loaded, OpenSession, SqliteStore, Store, StoreError, Taken};

/// See the module.
#[derive(Debug)]
pub(crate) struct CutOff {
    store: SqliteStore,
    is_cut: Arc<AtomicBool>,
}

/// Cuts the store off for good.
#[derive(Debug, Clone)]
pub(crate) struct Scissors(Arc<AtomicBool>);

impl Scissors {
    pub(crate) fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl CutOff {
    pub(crate) fn open(dir: &Path, pair: &PairName) -> (Self, Scissors) {
        let is_cut = Arc::new(AtomicBool::new(false));
        let store = SqliteStore::open(dir, pair).expect("the store opens");
        (Self { store, is_cut: is_cut.clone() }, Scissors(is_cut))
    }

    fn reach(&self) -> Result<&SqliteStore, StoreError> {
        if self.is_cut.load(Ordering::SeqCst) {
            let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            return Err(StoreError::Recoverable(Cause::new(lost)));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl Store for CutOff {
    async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        self.reach()?.lease().await
    }

    async fn take_lease(&self, seen: Epoch, holder: Holder, now: Timestamp) -> Result<Taken, StoreError> {
        self.reach()?.take_lease(seen, holder, now).await
    }

    async fn renew_lease(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError> {
        self.reach()?.renew_lease(epoch, now).await
    }

    async fn release_lease(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.reach()?.release_lease(epoch).await
    }

    async fn append(&self, epoch: Epoch, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.reach()?.append(epoch, entries).await
    }

    async fn erase(&self, epoch: Epoch, session: SessionId) -> Result<Erased, StoreError> {
        self.reach()?.erase(epoch, session).await
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
