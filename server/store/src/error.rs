//! What may go wrong in a store, by what the engine can do about it.
//!
//! It exists so that the engine decides by variant and never by a database's codes; those are mapped by each backend
//! in one place (`sqlite/fault.rs`). Causes are for the log only.

use std::{error::Error, sync::Arc};

use tandem_protocol::Epoch;

/// Why a store did not do what was asked. After any of these, nothing of the call is stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The lease stands at another epoch: the caller is deposed (F-1) and must stop serving (F-2).
    #[error("the pair's lease is at epoch {current} by now")]
    Stale {
        /// The epoch in the store; zero if the lease row is gone.
        current: Epoch,
    },
    /// Another process holds the write lock and did not let go in time. It may be busy, or stopped.
    #[error("another process holds the store's write lock")]
    Busy(#[source] Cause),
    /// Trying again, in order, may succeed.
    #[error("the store could not do it this time")]
    Recoverable(#[source] Cause),
    /// A person must look: disk full, read-only, damaged. The store works again as soon as the cause is gone.
    #[error("the store has failed")]
    Failed(#[source] Cause),
}

impl StoreError {
    /// With all its causes, for people.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(next) = cause {
            text.push_str(&format!(": {next}"));
            cause = next.source();
        }
        text
    }
}

/// What a backend says about a failure. One failure may have to be told to many callers, so it can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// Wraps a backend's error.
    #[must_use]
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}
