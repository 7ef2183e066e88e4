//! [`PostgresJournal`]: the journal in the same database as the log; it belongs to all pairs.
//!
//! Its connections are its own, so that nothing that is written down or read here keeps a message or an agent waiting. It
//! connects when it is first needed, and again where that has failed; nobody fails to start for it.

mod reading;
mod writing;

use async_trait::async_trait;
use tandem_protocol::{
    Epoch, PairName, SessionId, Timestamp,
    control::{Act, Drill, Noted, Restoration, Takeover},
};
use tokio::sync::OnceCell;

use super::{PostgresAddress, PostgresOpenError, connection::Purpose, open, pool::Pool};
use crate::{
    Cause, Journal, StoreError,
    journal::{FORGOTTEN_MAX, Sorted},
};

/// One for whoever writes, one for whoever reads.
const CONNECTIONS_MAX: usize = 2;

/// The journal of a database. A call whose future is dropped may have been carried out or not.
#[derive(Debug)]
pub struct PostgresJournal {
    address: PostgresAddress,
    pool: OnceCell<Pool>,
}

impl PostgresJournal {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(address: &PostgresAddress) -> Self {
        Self { address: address.clone(), pool: OnceCell::new() }
    }

    /// Makes or brings up the tables at the first call that can.
    async fn pool(&self) -> Result<&Pool, StoreError> {
        let open = || async {
            let (connector, connection) = open::prepare(&self.address, Purpose::Directory).await?;
            let pool = Pool::new(connector, CONNECTIONS_MAX);
            pool.put_back(connection);
            Ok(pool)
        };
        let opened: Result<_, PostgresOpenError> = self.pool.get_or_try_init(open).await;
        // Whatever is in the way, a person may clear it away meanwhile.
        opened.map_err(|error| StoreError::Recoverable(Cause::new(error)))
    }
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn note(&self, notes: Vec<Noted>) -> Result<(), StoreError> {
        let notes = Sorted::of(notes);
        let pool = self.pool().await?;
        // Every statement may be carried out twice.
        Ok(pool.transact("BEGIN", async |connection| writing::note(connection, notes).await).await?)
    }

    async fn takeovers(&self, pair: &PairName, before: Option<Epoch>, limit: u32) -> Result<Vec<Takeover>, StoreError> {
        Ok(reading::takeovers(self.pool().await?, pair, before, limit).await?)
    }

    async fn acts(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<Act>, StoreError> {
        Ok(reading::acts(self.pool().await?, before, limit).await?)
    }

    async fn drills(&self, pair: &PairName, before: Option<Timestamp>, limit: u32) -> Result<Vec<Drill>, StoreError> {
        Ok(reading::drills(self.pool().await?, pair, before, limit).await?)
    }

    async fn restorations(&self, session: SessionId) -> Result<Vec<Restoration>, StoreError> {
        Ok(reading::restorations(self.pool().await?, session).await?)
    }

    async fn forget_restorations(&self, before: Timestamp) -> Result<u64, StoreError> {
        let pool = self.pool().await?;
        let mut forgotten = 0;
        loop {
            let piece = writing::forget(pool, before, FORGOTTEN_MAX).await?;
            forgotten += piece;
            if piece < u64::from(FORGOTTEN_MAX) {
                return Ok(forgotten);
            }
        }
    }
}
