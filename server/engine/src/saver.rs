//! Saves batches of records, one after the other, and tries again what may work later.

use std::{sync::Arc, time::Duration};

use tandem_protocol::Epoch;
use tandem_session::Record;
use tandem_store::{Entry, Store, StoreError};
use tandem_telemetry::ENGINE;
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::settings::SaveSettings;

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum SaveOutcome {
    /// It is on the disk (D-1).
    Saved,
    /// The store refused the epoch (F-1).
    Fenced,
    /// It is not on the disk and will not be.
    Failed,
}

/// Saves one batch. `transcript-resend-attempts` times it is tried again after an error that may pass. `consequence` is
/// what the log says becomes of it when that is in vain.
pub(crate) async fn save(
    store: Arc<dyn Store>,
    epoch: Epoch,
    records: Vec<Record>,
    settings: SaveSettings,
    consequence: &'static str,
) -> SaveOutcome {
    let entries: Vec<Entry> = records.into_iter().map(entry).collect();
    let mut attempt = 0;
    loop {
        match store.append(epoch, entries.clone()).await {
            Ok(()) => {
                if attempt > 0 {
                    info!(attempt, "the store saves again");
                }
                return SaveOutcome::Saved;
            }
            Err(StoreError::Stale { .. }) => return SaveOutcome::Fenced,
            Err(StoreError::Failed(cause)) => {
                error!(records = entries.len(), %cause, "not saved: {consequence}");
                return SaveOutcome::Failed;
            }
            Err(StoreError::Busy(cause) | StoreError::Recoverable(cause)) if attempt < settings.resend_attempts => {
                if attempt == 0 {
                    warn!(records = entries.len(), %cause, "not saved yet: trying again");
                }
            }
            Err(StoreError::Busy(cause) | StoreError::Recoverable(cause)) => {
                error!(records = entries.len(), attempt, %cause, "not saved after all attempts: {consequence}");
                return SaveOutcome::Failed;
            }
        }
        attempt += 1;
        ENGINE.save_retries.inc();
        // The settings bound it; a batch waits here together with all that came after it, in order.
        sleep(settings.resend_delay.max(Duration::from_millis(1))).await;
    }
}

fn entry(record: Record) -> Entry {
    Entry { session: record.session, at: record.at, event: record.event, secret: record.secret, closes: record.closes }
}
