//! The words in which the stories are told.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use tandem_protocol::{
    ClientId, EngineName, Epoch, Event, EventBody, ParticipantId, RawEvent, Seq, SessionId, Timestamp, Visibility,
};
use uuid::Uuid;

use crate::{Entry, Holder, Store, StoreError, Taken};

/// Any moment; stories do not depend on it.
pub(crate) const NOW: Timestamp = Timestamp(1_764_000_000_000);

/// The nth session of a story.
pub(crate) fn session(number: u16) -> SessionId {
    SessionId(Uuid::from_u128(0x0198_c5a2_7b1e_7c3d_9f00_0000_0000_0000 + u128::from(number)))
}

/// A message of a session, `seq` its number.
pub(crate) fn message(session: SessionId, seq: u64) -> Entry {
    message_of(session, seq, &format!("message {seq} of {session}"))
}

/// As [`message`], saying `text`.
pub(crate) fn message_of(session: SessionId, seq: u64, text: &str) -> Entry {
    let client_id = ClientId::new(&format!("m-{seq}")).expect("is visible ASCII");
    let body =
        EventBody::Message { participant: ParticipantId(1), client_id, text: text.into(), visibility: Visibility::All };
    let at = Timestamp(NOW.0 + seq);
    let event = RawEvent::of(&Event { seq: Seq(seq), at_ms: at, body });
    Entry { session, at, event, secret: None, closes: false }
}

/// The messages `from..=to` of a session.
pub(crate) fn messages(session: SessionId, from: u64, to: u64) -> Vec<Entry> {
    (from..=to).map(|seq| message(session, seq)).collect()
}

/// An event that closes the session.
pub(crate) fn closing(session: SessionId, seq: u64) -> Entry {
    Entry { closes: true, ..message(session, seq) }
}

/// An engine as a lease holder.
pub(crate) fn engine(name: &str) -> Holder {
    Holder {
        name: EngineName::new(name).expect("is a name"),
        address: "127.0.0.1:7301".into(),
        host: "boot-1".into(),
        pid: 4711,
        // Beyond what a signed number holds: any value has to come back.
        pid_started: u64::MAX,
    }
}

/// What another writer was in the way of has not happened and is tried again, as an engine does. Each try waits for a while.
pub(crate) async fn in_turn<T>(mut attempt: impl AsyncFnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    loop {
        match attempt().await {
            Err(StoreError::Busy(_)) => {}
            outcome => return outcome,
        }
    }
}

/// Takes the lease, whatever it is at.
pub(crate) async fn take_over(store: &impl Store) -> Epoch {
    let seen = store.lease().await.expect("reads").map_or(Epoch::ZERO, |lease| lease.epoch);
    match in_turn(async || store.take_lease(seen, engine("a"), NOW).await).await.expect("writes") {
        Taken::Held(epoch) => epoch,
        Taken::Lost(lease) => panic!("nobody else takes it in this story, but it is {lease:?}"),
    }
}

/// The JSON of a session's whole history.
pub(crate) async fn history(store: &impl Store, epoch: Epoch, session: SessionId) -> Vec<String> {
    let loaded = store.load(epoch, &[session]).await.expect("loads");
    assert_eq!(loaded.len(), 1);
    assert_eq!(loaded[0].session, session);
    let numbers: Vec<u64> = loaded[0].events.iter().map(|stored| stored.event.seq.0).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "D-4: {numbers:?}");
    loaded[0].events.iter().map(|stored| stored.event.event.get().to_owned()).collect()
}

/// The JSON of entries, to compare a history with.
pub(crate) fn written(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.event.event.get().to_owned()).collect()
}

/// Begins all calls in order before any is answered, and waits for all answers.
pub(crate) async fn all<T>(calls: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.into_iter().map(|call| (call, None)).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for (call, answer) in &mut calls {
            if answer.is_none() {
                match call.as_mut().poll(context) {
                    Poll::Ready(value) => *answer = Some(value),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    calls.into_iter().filter_map(|(_, answer)| answer).collect()
}

/// Asserts that a call was refused for its epoch.
#[track_caller]
pub(crate) fn assert_stale<T: std::fmt::Debug>(outcome: Result<T, StoreError>, expected: Epoch) {
    match outcome {
        Err(StoreError::Stale { current }) => assert_eq!(current, expected),
        other => panic!("F-1: an old epoch must be refused, but it was {other:?}"),
    }
}
