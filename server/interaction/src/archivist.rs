//! Reads along in the log of every pair and tells the archive what it teaches.
//!
//! It needs no engine: what is written is read, also while everything else is down. It wakes when a link tells that
//! something has changed, and looks by itself now and then, since messages are not told. Whatever dies, the archive says
//! how far the log has been read ([`tandem_store::Archive`]).

mod lessons;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tandem_protocol::PairName;
use tandem_store::{Batch, StoreError, Written};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub(crate) use self::lessons::lesson;
use crate::stores::Stores;

/// Events that are taken in at a time: few enough that nobody who writes the directory waits long for it.
const EVENTS_MAX: usize = 256;

/// How often it looks by itself: what has been said is found about so much later.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// It does not look more often, however much changes.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// How long it rests after the archive or the log has failed.
const REST: Duration = Duration::from_secs(1);

/// What the archivist and those who look things up tell each other.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Something has changed in the log.
    changed: Notify,
    /// A primary serves, so that something has been written.
    is_written: AtomicBool,
    /// The engines write another log than the one that is read here.
    is_elsewhere: AtomicBool,
}

impl Reading {
    /// A link tells of a change.
    pub(crate) fn changes(&self) {
        self.changed.notify_one();
    }

    /// A primary serves.
    pub(crate) fn is_served(&self) {
        // Nothing is read because of it, so no order is needed.
        self.is_written.store(true, Ordering::Relaxed);
        self.changes();
    }

    /// Whether the log that is read here is none of the engines'.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere.load(Ordering::Relaxed)
    }
}

/// The task.
pub(crate) struct Archivist {
    pub(crate) stores: Stores,
    pub(crate) reading: Arc<Reading>,
    /// The log has been told that reading along fails.
    pub(crate) is_failing: bool,
}

impl Archivist {
    /// Reads until it is stopped. Whatever is under way then happens whole or not at all.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let begun = Instant::now();
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.look() => {}
            }
            let again = begun + if self.is_failing { REST } else { LOOK_EVERY };
            let at_least = begun + LOOK_PAUSE;
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(again) => {}
                () = self.reading.changed.notified(), if !self.is_failing => sleep_until(at_least).await,
            }
        }
    }

    /// Reads all there is. The log is told when that begins to fail and when it works again, and not each time between.
    async fn look(&mut self) {
        match self.read_all().await {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    info!("the archive reads along again");
                }
            }
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                warn!(%error, cause, "the archive cannot read along; what is said now is found later");
            }
            Err(_) => {}
        }
    }

    async fn read_all(&self) -> Result<(), StoreError> {
        // Before the look: whoever serves by now has written its lease.
        let is_written = self.reading.is_written.load(Ordering::Relaxed);
        let pairs = self.stores.transcripts.pairs().await?;
        self.compare(pairs.is_empty() && is_written);
        for pair in pairs {
            while self.read(&pair).await? {}
        }
        Ok(())
    }

    /// A lease is seen at once where it is written here.
    fn compare(&self, is_elsewhere: bool) {
        if is_elsewhere != self.reading.is_elsewhere.swap(is_elsewhere, Ordering::Relaxed) {
            match is_elsewhere {
                true => warn!(
                    "the engines keep their log elsewhere: set data-dir of [interaction] to that of [engine]; until \
                     then nothing can be looked up"
                ),
                false => info!("the log of the engines is there"),
            }
        }
    }

    /// Takes in a part of a pair's log. Whether there may be more at once.
    async fn read(&self, pair: &PairName) -> Result<bool, StoreError> {
        let after = self.stores.archive.place(pair).await?;
        let written = self.stores.transcripts.log(pair, after, EVENTS_MAX).await?;
        let Some(last) = written.last() else { return Ok(false) };
        let through = last.place;
        let lessons = written.iter().filter_map(learnt).collect();
        // When somebody else was faster, the next part begins where he is.
        self.stores.archive.learn(Batch { pair: pair.clone(), after, through, lessons }).await?;
        let is_full = written.len() == EVENTS_MAX;
        if is_full {
            // Those who write the directory get their turn.
            tokio::task::yield_now().await;
        }
        Ok(is_full)
    }
}

fn learnt(written: &Written) -> Option<tandem_store::Lesson> {
    lesson(written).unwrap_or_else(|error| {
        let (session, seq) = (written.session, written.event.seq);
        error!(%session, %seq, %error, "an event is not well formed; the archive leaves it out");
        None
    })
}
