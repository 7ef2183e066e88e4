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
use crate::{stores::Stores, trouble::Trouble};

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
    stores: Stores,
    reading: Arc<Reading>,
    trouble: Trouble,
}

impl Archivist {
    pub(crate) fn new(stores: Stores, reading: Arc<Reading>) -> Self {
        let fails = "the archive cannot read along; what is said now is found later";
        Self { stores, reading, trouble: Trouble::new(fails, "the archive reads along again") }
    }

    /// Reads until it is stopped. Whatever is under way then happens whole or not at all.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            let begun = Instant::now();
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.look() => {}
            }
            let again = begun + if self.trouble.is_there() { REST } else { LOOK_EVERY };
            let at_least = begun + LOOK_PAUSE;
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(again) => {}
                () = self.reading.changed.notified(), if !self.trouble.is_there() => sleep_until(at_least).await,
            }
        }
    }

    /// Reads all there is.
    async fn look(&self) {
        self.trouble.heeds(self.read_all().await);
    }

    async fn read_all(&self) -> Result<(), StoreError> {
        // Before the look: whoever serves by now has written its lease.
        let is_written = self.reading.is_written.load(Ordering::Relaxed);
        let pairs = self.stores.transcripts.pairs().await?;
        self.compare(pairs.is_empty() && is_written);
        let mut failed = Ok(());
        for pair in pairs {
            // What cannot be read of one pair keeps nobody from reading the others.
            failed = failed.and(self.read_pair(&pair).await);
        }
        failed
    }

    async fn read_pair(&self, pair: &PairName) -> Result<(), StoreError> {
        while self.read(pair).await? {}
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

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tandem_protocol::{ClosedReason, Event, EventBody, RawEvent, Seq, SessionId, Timestamp};
    use tandem_store::{Archive, Cause, LogPlace, SqliteDirectory, SqliteJournal, Transcript, Transcripts};

    use super::*;

    /// Two pairs, of which the first cannot be read.
    struct HalfRead;

    #[async_trait]
    impl Transcripts for HalfRead {
        async fn pairs(&self) -> Result<Vec<PairName>, StoreError> {
            Ok(["east", "west"].map(named).into())
        }

        async fn log(&self, pair: &PairName, after: LogPlace, _: usize) -> Result<Vec<Written>, StoreError> {
            if *pair == named("east") {
                return Err(StoreError::Failed(Cause::new(std::io::Error::other("a damaged page"))));
            }
            let session: SessionId = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID");
            let (at, place) = (Timestamp(5), LogPlace(7));
            let body = EventBody::Closed { reason: ClosedReason::Ended };
            let event = RawEvent::of(&Event { seq: Seq(1), at_ms: at, body });
            let written = Written { session, place, at, event, secret: None, closes: true, chained: None };
            Ok(if after < place { vec![written] } else { Vec::new() })
        }

        async fn sessions(&self, _: &PairName, _: Option<SessionId>, _: usize) -> Result<Vec<SessionId>, StoreError> {
            unreachable!("the archivist reads logs only")
        }

        async fn size(&self) -> Result<u64, StoreError> {
            unreachable!("the archivist reads logs only")
        }

        async fn transcript(&self, _: SessionId) -> Result<Option<Transcript>, StoreError> {
            unreachable!("the archivist reads logs only")
        }
    }

    fn named(pair: &str) -> PairName {
        PairName::new(pair).expect("is a name")
    }

    #[tokio::test]
    async fn a_pair_that_cannot_be_read_keeps_nobody_from_reading_the_others() {
        let folder = tempfile::tempdir().expect("is writable");
        let directory = Arc::new(SqliteDirectory::open(folder.path()).expect("opens"));
        let stores = Stores::new(directory.clone(), Arc::new(HalfRead), Arc::new(SqliteJournal::new(folder.path())));
        let archivist = Archivist::new(stores, Arc::default());
        archivist.look().await;
        assert!(archivist.trouble.is_there(), "it is told");
        assert_eq!(directory.place(&named("west")).await.expect("reads"), LogPlace(7));
    }
}
