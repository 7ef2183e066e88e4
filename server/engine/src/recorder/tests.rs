//! What serving leaves behind is written, or dropped and counted; it is never waited for.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tandem_protocol::{
    Epoch, PairName, SessionId,
    control::{Act, Drill, Restoration, Takeover},
};
use tandem_store::Cause;
use tokio::sync::watch;

use super::*;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a journal does with notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Writes,
    Fails,
    NeverAnswers,
}

/// A journal in memory.
struct Shelf {
    temper: Mutex<Temper>,
    /// How many notes each call brought.
    calls: watch::Sender<Vec<usize>>,
}

impl Shelf {
    fn new(temper: Temper) -> Arc<Self> {
        Arc::new(Self { temper: Mutex::new(temper), calls: watch::Sender::default() })
    }

    fn becomes(&self, temper: Temper) {
        *self.temper.lock().unwrap_or_else(PoisonError::into_inner) = temper;
    }

    async fn is_asked(&self, is_enough: impl FnMut(&Vec<usize>) -> bool) {
        let mut calls = self.calls.subscribe();
        let enough = timeout(DEADLINE, calls.wait_for(is_enough)).await;
        enough.expect("it is asked in time").expect("the shelf stays");
    }
}

#[async_trait]
impl Journal for Shelf {
    async fn note(&self, notes: Vec<Noted>) -> Result<(), StoreError> {
        let temper = *self.temper.lock().unwrap_or_else(PoisonError::into_inner);
        self.calls.send_modify(|calls| calls.push(notes.len()));
        match temper {
            Temper::Writes => Ok(()),
            Temper::Fails => Err(StoreError::Failed(Cause::new(std::io::Error::other("read-only")))),
            Temper::NeverAnswers => std::future::pending().await,
        }
    }

    async fn takeovers(&self, _: &PairName, _: Option<Epoch>, _: u32) -> Result<Vec<Takeover>, StoreError> {
        unreachable!("a recorder reads nothing")
    }

    async fn acts(&self, _: Option<Timestamp>, _: u32) -> Result<Vec<Act>, StoreError> {
        unreachable!("a recorder reads nothing")
    }

    async fn drills(&self, _: &PairName, _: Option<Timestamp>, _: u32) -> Result<Vec<Drill>, StoreError> {
        unreachable!("a recorder reads nothing")
    }

    async fn restorations(&self, _: SessionId) -> Result<Vec<Restoration>, StoreError> {
        unreachable!("a recorder reads nothing")
    }

    async fn forget_restorations(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn gap() -> Noted {
    Noted::Gap { pair: PairName::new("main").expect("valid"), epoch: Epoch(2), gap_ms: 5 }
}

fn missed(recorder: &Recorder) -> u64 {
    recorder.missed.notes.load(Ordering::Relaxed)
}

#[tokio::test]
async fn what_is_left_is_written_and_the_last_of_it_when_the_engine_ends() {
    let shelf = Shelf::new(Temper::Writes);
    let recorder = Recorder::start(shelf.clone());
    recorder.note(gap());
    shelf.is_asked(|calls| calls == &[1]).await;
    recorder.note(gap());
    recorder.note(Noted::Restorations(Vec::new()));
    recorder.end().await;
    assert_eq!(shelf.calls.borrow().iter().sum::<usize>(), 3);
}

#[tokio::test]
async fn restorations_that_follow_each_other_are_written_together() {
    let shelf = Shelf::new(Temper::Writes);
    let recorder = Recorder::start(shelf.clone());
    for _ in 0..5 {
        recorder.note(Noted::Restorations(Vec::new()));
        tokio::task::yield_now().await;
    }
    shelf.is_asked(|calls| calls == &[5]).await;
    recorder.end().await;
}

#[tokio::test]
async fn a_journal_that_fails_is_told_of_once_and_used_again_when_it_works() {
    let shelf = Shelf::new(Temper::Fails);
    let recorder = Recorder::start(shelf.clone());
    for calls in 1..=3 {
        recorder.note(gap());
        shelf.is_asked(|asked| asked.len() == calls).await;
    }
    shelf.becomes(Temper::Writes);
    recorder.note(gap());
    shelf.is_asked(|calls| calls.len() == 4).await;
    let missed = recorder.missed.clone();
    recorder.end().await;
    assert!(!missed.is_told.load(Ordering::Relaxed), "it is over");
    assert_eq!(missed.notes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_journal_that_does_not_answer_holds_up_nobody_and_what_is_too_much_is_counted() {
    let shelf = Shelf::new(Temper::NeverAnswers);
    let recorder = Recorder::start(shelf.clone());
    recorder.note(gap());
    shelf.is_asked(|calls| calls.len() == 1).await;
    (0..NOTES_MAX).for_each(|_| recorder.note(gap()));
    assert_eq!(missed(&recorder), 0);
    (0..7).for_each(|_| recorder.note(gap()));
    assert_eq!(missed(&recorder), 7);
    assert!(recorder.missed.is_told.load(Ordering::Relaxed));
    let ended = timeout(DEADLINE, recorder.end()).await;
    ended.expect("an engine that ends waits for a moment only");
}
