//! What waits to be written to one connection: a bounded queue that is pushed to without ever waiting.
//!
//! It exists so that whoever fans out events never waits for a slow reader: when the bounds are reached the
//! connection is cut, and its client resumes (B-1). An idle outbox holds no buffer, because a gateway has one for
//! each browser. Pushed to by anyone; drained by the one writer of the connection, which gets all that waits at once
//! so that it flushes once.

use std::{
    collections::VecDeque,
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A queue that has grown beyond this many frames gives its memory back when it is empty: 64 frames of 32 bytes are
/// cheap to keep on a busy connection and cheap to miss on an idle one.
const IDLE_FRAMES_MAX: usize = 64;

/// How much may wait to be written, frames that are being written included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxBounds {
    /// At most so many frames.
    pub frames_max: usize,
    /// At most so many bytes of text.
    pub bytes_max: usize,
}

/// Why a frame was not taken. The connection is over in both cases; no caller needs to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The reader was too slow: this push met a bound and has cut the connection.
    #[error("the outbox is full, its connection is cut")]
    Overflow,
    /// The connection was ending, cut or gone before.
    #[error("the connection has ended")]
    Ended,
}

/// A handle to push with. Clones push to the same queue; when the last one is dropped the connection ends.
pub struct Outbox<F = Utf8Bytes>(Arc<Handle<F>>);

/// The writer's end of an outbox; there is one. Dropping it cuts the connection.
pub struct Drain<F = Utf8Bytes> {
    shared: Arc<Shared<F>>,
    /// What the last batch was; it counts against the bounds until the next is asked for, that is until it is written.
    taken_frames: usize,
    taken_bytes: usize,
}

/// What [`Drain::next`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// The batch holds frames; write them all, then flush.
    Frames,
    /// Everything is written and nothing will follow: say goodbye.
    End,
    /// The connection is cut: write nothing more.
    Cut,
}

/// Learns of the cut without keeping the connection alive.
pub(crate) struct CutSignal<F = Utf8Bytes>(Arc<Shared<F>>);

struct Handle<F> {
    shared: Arc<Shared<F>>,
}

struct Shared<F> {
    /// Held for a few instructions only; no other lock is taken under it.
    state: Mutex<State<F>>,
    /// Wakes the drain.
    ready: Notify,
    /// Wakes whoever waits for the cut: a writer in the middle of a write, and the connection's reader.
    cut: Notify,
    bounds: OutboxBounds,
}

struct State<F> {
    queue: VecDeque<F>,
    /// What counts against the bounds: the queue and what the drain has taken but not written.
    frames: usize,
    bytes: usize,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Takes nothing more, writes what it has.
    Ending,
    Cut,
}

impl<F: Deref<Target = str>> Outbox<F> {
    /// An empty outbox and its drain. Neither allocates a buffer before the first push.
    #[must_use]
    pub fn new(bounds: OutboxBounds) -> (Self, Drain<F>) {
        let state = State { queue: VecDeque::new(), frames: 0, bytes: 0, phase: Phase::Open };
        let shared = Arc::new(Shared { state: Mutex::new(state), ready: Notify::new(), cut: Notify::new(), bounds });
        let drain = Drain { shared: shared.clone(), taken_frames: 0, taken_bytes: 0 };
        (Self(Arc::new(Handle { shared })), drain)
    }

    /// Queues a frame; never waits.
    pub fn push(&self, frame: F) -> Result<(), PushError> {
        self.push_all([frame])
    }

    /// Queues frames, in order and with nothing between them.
    pub fn push_all(&self, frames: impl IntoIterator<Item = F>) -> Result<(), PushError> {
        let shared = &*self.0.shared;
        let mut state = shared.lock();
        if state.phase != Phase::Open {
            return Err(PushError::Ended);
        }
        let was_empty = state.queue.is_empty();
        for frame in frames {
            if !state.has_room(frame.len(), shared.bounds) {
                drop(state);
                shared.cut();
                return Err(PushError::Overflow);
            }
            state.add(frame);
        }
        let wake = was_empty && !state.queue.is_empty();
        drop(state);
        if wake {
            shared.ready.notify_one();
        }
        Ok(())
    }

    /// Queues a last frame, if any; the connection ends once everything is written.
    pub fn end(&self, last: Option<F>) -> Result<(), PushError> {
        let pushed = self.push_all(last);
        self.0.shared.end();
        pushed
    }

    /// Ends the connection at once; what waits is dropped.
    pub fn cut(&self) {
        self.0.shared.cut();
    }

    /// Whether a push can still be taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.shared.lock().phase == Phase::Open
    }

    /// Waits until the connection is cut, for whoever must let go of it then. Cancel safe.
    pub async fn until_cut(&self) {
        self.0.shared.until_cut().await;
    }
}

impl<F> Drain<F> {
    /// Fills the empty `batch` with all frames that wait, or waits for the first. Asking says that the previous batch
    /// is written. Cancel safe.
    pub async fn next(&mut self, batch: &mut VecDeque<F>) -> Drained {
        self.count_written();
        loop {
            if let Some(drained) = self.take(batch) {
                return drained;
            }
            self.shared.ready.notified().await;
        }
    }

    /// Waits until the connection is cut, so that a write to a reader who reads nothing can be left. Cancel safe.
    pub async fn until_cut(&self) {
        self.shared.until_cut().await;
    }

    fn count_written(&mut self) {
        let mut state = self.shared.lock();
        state.frames -= std::mem::take(&mut self.taken_frames);
        state.bytes -= std::mem::take(&mut self.taken_bytes);
    }

    fn take(&mut self, batch: &mut VecDeque<F>) -> Option<Drained> {
        debug_assert!(batch.is_empty(), "the previous batch is written");
        let mut state = self.shared.lock();
        if state.phase == Phase::Cut {
            return Some(Drained::Cut);
        }
        if !state.queue.is_empty() {
            // The two queues change places, so that a busy connection allocates nothing.
            std::mem::swap(&mut state.queue, batch);
            (self.taken_frames, self.taken_bytes) = (state.frames, state.bytes);
            return Some(Drained::Frames);
        }
        if state.phase == Phase::Ending {
            return Some(Drained::End);
        }
        for idle in [&mut state.queue, batch] {
            if idle.capacity() > IDLE_FRAMES_MAX {
                *idle = VecDeque::new();
            }
        }
        None
    }
}

impl Drain {
    pub(crate) fn cut_signal(&self) -> CutSignal {
        CutSignal(self.shared.clone())
    }
}

impl CutSignal {
    pub(crate) async fn until_cut(&self) {
        self.0.until_cut().await;
    }

    pub(crate) fn cut(&self) {
        self.0.cut();
    }
}

impl<F> Shared<F> {
    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().expect("nothing panics while it is held")
    }

    fn end(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Ending;
            drop(state);
            self.ready.notify_one();
        }
    }

    fn cut(&self) {
        let mut state = self.lock();
        state.phase = Phase::Cut;
        let dropped = std::mem::take(&mut state.queue);
        drop(state);
        drop(dropped);
        self.ready.notify_one();
        self.cut.notify_waiters();
    }

    async fn until_cut(&self) {
        let mut cut = std::pin::pin!(self.cut.notified());
        // Registered before the phase is read, so that a cut between the two is not missed.
        cut.as_mut().enable();
        if self.lock().phase != Phase::Cut {
            cut.await;
        }
    }
}

impl<F: Deref<Target = str>> State<F> {
    fn has_room(&self, len: usize, bounds: OutboxBounds) -> bool {
        self.frames < bounds.frames_max && len <= bounds.bytes_max.saturating_sub(self.bytes)
    }

    fn add(&mut self, frame: F) {
        self.frames += 1;
        self.bytes += frame.len();
        self.queue.push_back(frame);
    }
}

impl<F> Clone for Outbox<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F> Drop for Handle<F> {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl<F> Drop for Drain<F> {
    fn drop(&mut self) {
        self.shared.cut();
    }
}

impl<F> fmt::Debug for Outbox<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.shared.lock();
        f.debug_struct("Outbox").field("frames", &state.frames).field("bytes", &state.bytes).finish()
    }
}

impl<F> fmt::Debug for Drain<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("taken_frames", &self.taken_frames).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: OutboxBounds = OutboxBounds { frames_max: 3, bytes_max: 10 };

    fn outbox() -> (Outbox<String>, Drain<String>) {
        Outbox::new(BOUNDS)
    }

    #[tokio::test]
    async fn all_that_waits_is_drained_at_once_and_in_order() {
        let (outbox, mut drain) = outbox();
        outbox.push("a".into()).unwrap();
        outbox.push("b".into()).unwrap();
        let mut batch = VecDeque::new();
        assert_eq!(drain.next(&mut batch).await, Drained::Frames);
        assert_eq!(batch, ["a", "b"]);
    }

    #[tokio::test]
    async fn what_is_being_written_counts_until_it_is_written() {
        let (outbox, mut drain) = outbox();
        let mut batch = VecDeque::new();
        outbox.push_all(["a".into(), "b".into()]).unwrap();
        drain.next(&mut batch).await;
        batch.clear();
        outbox.push("c".into()).unwrap();
        drain.next(&mut batch).await;
        batch.clear();
        outbox.push_all(["d".into(), "e".into()]).unwrap();
        assert_eq!(outbox.push("f".into()), Err(PushError::Overflow));
    }

    #[tokio::test]
    async fn a_slow_reader_is_cut_off_by_frames_and_by_bytes() {
        for frames in [vec!["a", "b", "c", "d"], vec!["12345", "678901"]] {
            let (outbox, mut drain) = outbox();
            let pushed = outbox.push_all(frames.into_iter().map(String::from));
            assert_eq!(pushed, Err(PushError::Overflow));
            assert_eq!(outbox.push("later".into()), Err(PushError::Ended));
            assert_eq!(drain.next(&mut VecDeque::new()).await, Drained::Cut);
            drain.until_cut().await;
        }
    }

    #[tokio::test]
    async fn the_last_frame_is_drained_before_the_end() {
        let (outbox, mut drain) = outbox();
        outbox.push("a".into()).unwrap();
        outbox.end(Some("bye".into())).unwrap();
        assert!(!outbox.is_open());
        let mut batch = VecDeque::new();
        assert_eq!(drain.next(&mut batch).await, Drained::Frames);
        assert_eq!(batch, ["a", "bye"]);
        batch.clear();
        assert_eq!(drain.next(&mut batch).await, Drained::End);
    }

    #[tokio::test]
    async fn the_connection_ends_with_its_last_outbox() {
        let (outbox, mut drain) = outbox();
        let second = outbox.clone();
        drop(outbox);
        second.push("a".into()).unwrap();
        drop(second);
        let mut batch = VecDeque::new();
        assert_eq!(drain.next(&mut batch).await, Drained::Frames);
        batch.clear();
        assert_eq!(drain.next(&mut batch).await, Drained::End);
    }

    #[tokio::test]
    async fn an_idle_outbox_holds_no_buffer() {
        let (outbox, mut drain) = Outbox::<String>::new(OutboxBounds { frames_max: 1_000, bytes_max: 10_000 });
        let mut batch = VecDeque::new();
        for _ in 0..2 {
            outbox.push_all((0..500).map(|at| at.to_string())).unwrap();
            drain.next(&mut batch).await;
            batch.clear();
        }
        let waits = tokio::select! { biased; _ = drain.next(&mut batch) => false, () = std::future::ready(()) => true };
        assert!(waits && batch.capacity() == 0 && outbox.0.shared.lock().queue.capacity() == 0);
    }

    #[tokio::test]
    async fn a_push_after_the_writer_is_gone_is_refused() {
        let (outbox, drain) = outbox();
        drop(drain);
        assert_eq!(outbox.push("a".into()), Err(PushError::Ended));
        outbox.until_cut().await;
    }
}
