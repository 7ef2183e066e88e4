//! Writes down what has happened, beside everything else.
//!
//! Serving never waits for the journal nor fails by it: a note is left in a queue, and where that is full or the journal
//! cannot be written, it is dropped, counted, and told of once. The service leaves the notes; [`Recorder::end`] gives the
//! last ones a moment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tandem_protocol::{Timestamp, control::Noted};
use tandem_store::{Journal, StoreError};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::clock::wall;

/// Notes that may wait (B-1), each with the sessions of one read of the store at most: twice as many as the restoration of
/// all sessions of a full engine leaves. Beyond it they are dropped.
const NOTES_MAX: usize = 4_096;

/// Notes of one transaction.
const BATCH_MAX: usize = 64;

/// How long restorations wait for others, and for whoever restores: in a failover the processor and the disk belong to
/// those who chat.
const SETTLE: Duration = Duration::from_millis(500);

/// Tries after the first, where trying again may help, …
const TRIES_MAX: u32 = 10;

/// … and the pause between two: together longer than a database takes to fail over.
const TRY_PAUSE: Duration = Duration::from_secs(1);

/// How long one try may take. Above all limits of the databases themselves.
const TRY_MAX: Duration = Duration::from_secs(15);

/// How long the last notes may take when the engine ends.
const END_MAX: Duration = Duration::from_secs(1);

/// How long restorations are kept, which are many: longer than people wonder what happened.
const RESTORATIONS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often those that are older are forgotten. Both engines do it; one of them finds nothing.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// The first time, once whatever has made this engine start is over.
const FORGET_FIRST: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: Sender<Noted>,
    missed: Arc<Missed>,
    ending: CancellationToken,
    task: JoinHandle<()>,
}

/// What is not written down.
#[derive(Debug, Default)]
struct Missed {
    notes: AtomicU64,
    /// The log has been told.
    is_told: AtomicBool,
}

impl Recorder {
    pub(crate) fn start(journal: Arc<dyn Journal>) -> Self {
        let (queue, notes) = mpsc::channel(NOTES_MAX);
        let missed = Arc::<Missed>::default();
        let ending = CancellationToken::new();
        let writing = Writing { journal, notes, missed: missed.clone(), ending: ending.clone() };
        Self { queue, missed, ending, task: tokio::spawn(writing.run()) }
    }

    /// Leaves a note; never waits.
    pub(crate) fn note(&self, noted: Noted) {
        if self.queue.try_send(noted).is_err() {
            self.missed.add(1, "too much is to be written into the journal at once");
        }
    }

    /// Writes what is left, for a moment.
    pub(crate) async fn end(self) {
        let Self { queue, missed, ending, task } = self;
        drop(queue);
        ending.cancel();
        let abort = task.abort_handle();
        if timeout(END_MAX, task).await.is_err() {
            abort.abort();
            missed.add(1, "the engine ends before everything is written into the journal");
        }
    }
}

impl Missed {
    fn add(&self, notes: usize, why: &str) {
        self.notes.fetch_add(notes as u64, Ordering::Relaxed);
        if !self.is_told.swap(true, Ordering::Relaxed) {
            warn!("{why}: what happens meanwhile is missing in `tandem audit`, `failovers` and `log`; chats go on");
        }
    }

    fn is_over(&self) {
        if self.is_told.swap(false, Ordering::Relaxed) {
            let missing = self.notes.swap(0, Ordering::Relaxed);
            info!(missing, "the journal is written again");
        }
    }
}

/// The task.
struct Writing {
    journal: Arc<dyn Journal>,
    notes: Receiver<Noted>,
    missed: Arc<Missed>,
    ending: CancellationToken,
}

impl Writing {
    async fn run(mut self) {
        let mut forgetting = interval_at(Instant::now() + FORGET_FIRST, FORGET_EVERY);
        forgetting.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                received = self.notes.recv_many(&mut batch, BATCH_MAX) => {
                    if received == 0 {
                        return;
                    }
                    self.gather(&mut batch).await;
                    self.write(batch).await;
                }
                _ = forgetting.tick() => self.forget().await,
            }
        }
    }

    /// Adds the restorations that follow; anything else is written at once.
    async fn gather(&mut self, batch: &mut Vec<Noted>) {
        let can_wait = |noted: &Noted| matches!(noted, Noted::Restorations(_));
        let until = Instant::now() + SETTLE;
        while batch.len() < BATCH_MAX && batch.iter().all(can_wait) {
            match timeout_at(until, self.notes.recv()).await {
                Ok(Some(noted)) => batch.push(noted),
                Ok(None) | Err(_) => return,
            }
        }
    }

    async fn write(&self, batch: Vec<Noted>) {
        for tries in 0..=TRIES_MAX {
            let failed = match timeout(TRY_MAX, self.journal.note(batch.clone())).await {
                Ok(Ok(())) => return self.missed.is_over(),
                Ok(Err(failed)) => Some(failed),
                Err(_late) => None,
            };
            debug!(tries, error = ?failed, "the journal could not be written");
            let may_pass = !matches!(failed, Some(StoreError::Failed(_)));
            if !may_pass || tries == TRIES_MAX || self.ending.is_cancelled() {
                let error = failed.map_or_else(|| "it does not answer".to_owned(), |error| error.in_full());
                return self.missed.add(batch.len(), &format!("the journal cannot be written ({error})"));
            }
            tokio::select! {
                () = sleep(TRY_PAUSE) => {}
                () = self.ending.cancelled() => {}
            }
        }
    }

    async fn forget(&self) {
        let kept_ms = u64::try_from(RESTORATIONS_KEPT.as_millis()).expect("is 30 days");
        let before = Timestamp(wall().0.saturating_sub(kept_ms));
        match self.journal.forget_restorations(before).await {
            Ok(0) => {}
            Ok(restorations) => info!(restorations, "forgot restorations of more than 30 days ago"),
            // It is tried again in an hour, and who writes says what is wrong.
            Err(error) => debug!(%error, "old restorations could not be forgotten"),
        }
    }
}

#[cfg(test)]
mod tests;
