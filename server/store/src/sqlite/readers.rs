//! A small set of read-only connections, used on threads that may block.
//!
//! It exists so that reading never waits for writing, nor the other way round, and that no more than a few threads
//! read at once however many callers there are.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{connection, fault::Fault};
use crate::StoreError;

/// Reads at the same time. Two keep two cores busy; more would only add page caches. Further callers wait in order;
/// they are as many as whoever has the store lets there be.
const READERS_MAX: usize = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    /// One permit a connection that may be in use.
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Opens nothing yet.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, permits: Arc::new(Semaphore::new(READERS_MAX)), idle: Arc::default() }
    }

    /// Runs `read` in a transaction of its own: all it sees is one state of the file, that of its first statement.
    pub(super) async fn run<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let (file, idle) = (self.file.clone(), Arc::clone(&self.idle));
        let work = move || {
            let pooled = idle.lock().expect("nobody panics while he holds the pool").pop();
            let mut connection = pooled.map_or_else(|| connection::reader(&file), Ok)?;
            let outcome = in_transaction(&mut connection, read);
            idle.lock().expect("nobody panics while he holds the pool").push(connection);
            drop(permit);
            outcome
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::ThreadGone)?
    }

    /// Closes what is idle.
    pub(super) fn close(&self) {
        self.idle.lock().expect("nobody panics while he holds the pool").clear();
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction()?;
    // Dropping it ends it; there is nothing to commit.
    read(&transaction)
}
