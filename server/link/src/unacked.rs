//! The requests that are not answered yet: bounded, in the order in which they were made, each answered once (D-3).
//!
//! Kept as the text that was sent, so that a repeat after a failover is the same frame. Pure.

use std::collections::BTreeMap;

use tandem_protocol::{Epoch, LinkVersion, RequestId};
use tandem_telemetry::trace::Span;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Bytes of all waiting requests. With short messages the count is met first; this bounds the long ones.
pub(crate) const UNACKED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    /// The frame, as it was and will be sent.
    pub(crate) text: Utf8Bytes,
    /// The first version of the protocol that has it.
    pub(crate) since: LinkVersion,
    /// The owner's mark, given back with the answer.
    pub(crate) tag: T,
    /// The request asks to watch, which the link repeats for each new primary.
    pub(crate) watch: bool,
    /// Where it is traced, from when it was asked.
    pub(crate) span: Option<Span>,
}

/// All requests of one link that wait.
#[derive(Debug)]
pub(crate) struct Unacked<T> {
    /// By id, which is the order in which each caller made its requests.
    waiting: BTreeMap<RequestId, Waiting<T>>,
    bytes: usize,
    requests_max: usize,
}

impl<T> Unacked<T> {
    pub(crate) fn new(requests_max: usize) -> Self {
        Self { waiting: BTreeMap::new(), bytes: 0, requests_max }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Keeps a request until it is answered, or gives it back when there are too many.
    pub(crate) fn keep(&mut self, id: RequestId, waiting: Waiting<T>) -> Result<(), Waiting<T>> {
        let room = UNACKED_BYTES_MAX.saturating_sub(self.bytes);
        if self.waiting.len() >= self.requests_max || waiting.text.len() > room {
            return Err(waiting);
        }
        self.bytes += waiting.text.len();
        let replaced = self.waiting.insert(id, waiting);
        assert!(replaced.is_none(), "request ids are never used twice");
        Ok(())
    }

    /// The request that this answers; none when it was answered before or never made.
    pub(crate) fn answered(&mut self, id: RequestId) -> Option<Waiting<T>> {
        let waiting = self.waiting.remove(&id)?;
        self.bytes -= waiting.text.len();
        Some(waiting)
    }

    /// Forgets the requests whose tag is chosen; says how many.
    pub(crate) fn withdraw(&mut self, mut is_chosen: impl FnMut(&T) -> bool) -> usize {
        let (before, bytes) = (self.waiting.len(), &mut self.bytes);
        self.waiting.retain(|_, waiting| {
            let stays = !is_chosen(&waiting.tag);
            *bytes -= if stays { 0 } else { waiting.text.len() };
            stays
        });
        before - self.waiting.len()
    }

    /// All that wait are sent once more, to the primary of this epoch.
    pub(crate) fn are_resent(&mut self, epoch: Epoch) {
        for span in self.waiting.values_mut().filter_map(|waiting| waiting.span.as_mut()) {
            span.event("resent", vec![("tandem.epoch", epoch.0.into())]);
        }
    }

    /// Takes out the requests that an engine of this version does not know, in order.
    pub(crate) fn take_newer(&mut self, speaks: LinkVersion) -> Vec<Waiting<T>> {
        let newer = |waiting: &Waiting<T>| waiting.since > speaks;
        let ids: Vec<RequestId> = self.waiting.iter().filter(|(_, one)| newer(one)).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.answered(id)).collect()
    }

    /// The frames of all that wait, in order.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Utf8Bytes> {
        self.waiting.values().map(|waiting| waiting.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn waiting(at: u64) -> Waiting<u64> {
        Waiting { text: at.to_string().into(), since: LinkVersion::FIRST, tag: at, watch: false, span: None }
    }

    #[test]
    fn a_request_beyond_the_bound_is_given_back() {
        let mut unacked = Unacked::new(2);
        unacked.keep(RequestId(1), waiting(1)).unwrap();
        unacked.keep(RequestId(2), waiting(2)).unwrap();
        assert_eq!(unacked.keep(RequestId(3), waiting(3)).unwrap_err().tag, 3);
        unacked.answered(RequestId(1)).unwrap();
        unacked.keep(RequestId(4), waiting(4)).unwrap();
    }

    #[test]
    fn bytes_are_bounded_too_and_come_free_with_the_answer() {
        let long: Utf8Bytes = "x".repeat(UNACKED_BYTES_MAX / 2 + 1).into();
        let long = |tag| Waiting { text: long.clone(), since: LinkVersion::FIRST, tag, watch: false, span: None };
        let mut unacked = Unacked::new(10);
        unacked.keep(RequestId(1), long(1)).unwrap();
        assert!(unacked.keep(RequestId(2), long(2)).is_err());
        unacked.answered(RequestId(1)).unwrap();
        unacked.keep(RequestId(3), long(3)).unwrap();
    }

    #[test]
    fn what_is_withdrawn_is_neither_sent_again_nor_answered_and_gives_its_room_back() {
        let mut unacked = Unacked::new(3);
        (1..=3).for_each(|at| unacked.keep(RequestId(at), waiting(at)).unwrap());
        assert_eq!(unacked.withdraw(|tag| *tag != 2), 2);
        assert!(unacked.answered(RequestId(1)).is_none());
        assert_eq!(unacked.frames().map(|frame| frame.to_string()).collect::<Vec<_>>(), ["2"]);
        assert_eq!(unacked.bytes, 1);
        unacked.keep(RequestId(4), waiting(4)).unwrap();
    }

    proptest! {
        #[test]
        fn each_request_is_answered_once_and_what_waits_stays_in_order(
            steps in proptest::collection::vec((any::<bool>(), 0_u64..40), 0..200)
        ) {
            let (mut unacked, mut model, mut next) = (Unacked::new(20), BTreeSet::new(), 0);
            for (make, pick) in steps {
                if make {
                    next += 1;
                    let kept = unacked.keep(RequestId(next), waiting(next)).is_ok();
                    prop_assert_eq!(kept, model.len() < 20);
                    if kept {
                        model.insert(next);
                    }
                } else {
                    let answered = unacked.answered(RequestId(pick)).map(|waiting| waiting.tag);
                    prop_assert_eq!(answered, model.take(&pick));
                }
                let frames: Vec<_> = unacked.frames().map(|text| text.to_string()).collect();
                prop_assert_eq!(frames, model.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
        }
    }
}
