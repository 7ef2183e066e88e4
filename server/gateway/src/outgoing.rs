//! What waits to be written to one connection: frames in order within a bound, then the end.
//!
//! Pure state, kept under the lock of a mailbox: whoever has news pushes, the connection's own task pops and is woken.
//! It owns no memory while it is empty. The mailboxes of clients and of desks are built on it.

use std::{
    collections::VecDeque,
    task::{Context, Waker},
};

use axum::extract::ws::Utf8Bytes;

use crate::problem::Ending;

/// An empty queue that once grew beyond this many frames gives its memory back.
const QUEUE_FRAMES_KEPT: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
    /// Takes effect once the frames, and whatever else its owner keeps, are gone.
    ending: Option<Ending>,
    waker: Option<Waker>,
}

/// More would wait than may: the queue is dropped and the connection ends as a slow reader's (B-1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Outgoing {
    /// Puts a frame at the end, unless more than `bytes_max` would wait with it. A slow reader is given nothing more.
    pub(crate) fn push(&mut self, frame: Utf8Bytes, bytes_max: usize) -> Result<(), Overflow> {
        if self.ending == Some(Ending::SlowReader) {
            return Ok(());
        }
        let fits = self.bytes + frame.len() <= bytes_max;
        if fits {
            self.bytes += frame.len();
            self.frames.push_back(frame);
        } else {
            // Nothing is lost: it comes back and names what it has.
            self.frames = VecDeque::new();
            self.bytes = 0;
            self.ending = Some(Ending::SlowReader);
        }
        self.wake();
        if fits { Ok(()) } else { Err(Overflow) }
    }

    /// The frame to be written next.
    pub(crate) fn pop(&mut self) -> Option<Utf8Bytes> {
        let frame = self.frames.pop_front();
        match &frame {
            Some(frame) => self.bytes -= frame.len(),
            None if self.frames.capacity() > QUEUE_FRAMES_KEPT => self.frames = VecDeque::new(),
            None => {}
        }
        frame
    }

    /// Whether no frame waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Ends the connection once all is written. The first reason stands.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
        self.wake();
    }

    /// Why the connection is to be ended, if it is.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// From now on this task is woken.
    pub(crate) fn listen(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    /// Has the connection's task look again.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Utf8Bytes {
        "x".repeat(bytes).into()
    }

    #[test]
    fn frames_come_in_order_and_make_room_when_they_go() {
        let mut outgoing = Outgoing::default();
        assert_eq!((outgoing.push(frame(3), 5), outgoing.push(frame(2), 5)), (Ok(()), Ok(())));
        assert_eq!(outgoing.pop(), Some(frame(3)));
        assert_eq!(outgoing.push(frame(3), 5), Ok(()));
        assert_eq!((outgoing.pop(), outgoing.pop(), outgoing.pop()), (Some(frame(2)), Some(frame(3)), None));
        assert_eq!(outgoing.ending(), None);
    }

    #[test]
    fn one_frame_too_many_drops_them_all_and_ends_a_slow_reader_for_good() {
        let mut outgoing = Outgoing::default();
        outgoing.end(Ending::Ended);
        assert_eq!((outgoing.push(frame(3), 5), outgoing.push(frame(3), 5)), (Ok(()), Err(Overflow)));
        assert!(outgoing.is_empty());
        assert_eq!(outgoing.push(frame(1), 5), Ok(()), "it is told once");
        assert_eq!((outgoing.pop(), outgoing.ending()), (None, Some(Ending::SlowReader)));
    }
}
