//! Tells the log that a store begins to fail and that it works again, and nothing each time in between.
//!
//! For tasks that ask a store again and again and go on without its answer. Each has its own, and its own words.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
};

use tandem_store::StoreError;
use tracing::{info, warn};

/// See the module.
#[derive(Debug)]
pub(crate) struct Trouble {
    is_there: AtomicBool,
    /// What is said when it begins.
    fails: &'static str,
    /// What is said when it is over.
    works: &'static str,
}

impl Trouble {
    /// There is none yet.
    pub(crate) fn new(fails: &'static str, works: &'static str) -> Self {
        Self { is_there: AtomicBool::new(false), fails, works }
    }

    /// Whether the store failed when it was asked last.
    pub(crate) fn is_there(&self) -> bool {
        // Nothing is read because of the mark, so no order is needed, here and below.
        self.is_there.load(Ordering::Relaxed)
    }

    /// What a store says; none where it fails.
    pub(crate) fn heeds<T>(&self, found: Result<T, StoreError>) -> Option<T> {
        let was_there = self.is_there.swap(found.is_err(), Ordering::Relaxed);
        match found {
            Ok(found) => {
                if was_there {
                    info!("{}", self.works);
                }
                Some(found)
            }
            Err(error) => {
                if !was_there {
                    let cause = error.source().map(ToString::to_string);
                    warn!(%error, cause, "{}", self.fails);
                }
                None
            }
        }
    }
}
