//! Stories of writing: D-1 (durable before answered) and D-4 (order, no gaps), with many callers at once.

use std::sync::Arc;

use tandem_protocol::TokenHash;

use super::{
    Backend,
    story::{all, closing, history, message, message_of, messages, session, take_over, written},
};
use crate::{Entry, Store, StoreError};

pub(crate) async fn an_appended_event_reads_back_byte_for_byte(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    let secret = TokenHash(std::array::from_fn(|at| at as u8 * 7));
    let text = "\0 \" \\ \u{202e} é 🦀 </script> 'quoted'; DROP TABLE events";
    let entries = vec![
        Entry { secret: Some(secret), ..message(session(1), 1) },
        message_of(session(2), 1, text),
        message_of(session(1), 2, text),
    ];
    store.append(epoch, entries.clone()).await.expect("stores");
    let loaded = store.load(epoch, &[session(1), session(2)]).await.expect("loads");
    let first = &loaded[0].events;
    assert_eq!(first[0].event.event.get(), entries[0].event.event.get());
    assert!(first[0].secret == Some(secret) && first[1].secret.is_none());
    assert_eq!(first[1].event.event.get(), entries[2].event.event.get());
    assert_eq!(first[1].event.parse().expect("is an event").seq, first[1].event.seq);
    assert_eq!(loaded[1].events[0].event.event.get(), entries[1].event.event.get());
}

pub(crate) async fn an_answered_append_is_seen_by_every_reader(backend: &impl Backend) {
    // D-1: the second store shares nothing with the first but the database.
    let (writer, reader) = (backend.open("main").await, backend.open("main").await);
    let epoch = take_over(&writer).await;
    for seq in 1..=20 {
        writer.append(epoch, vec![message(session(1), seq)]).await.expect("stores");
        let elsewhere = backend.open("main").await;
        assert_eq!(history(&elsewhere, epoch, session(1)).await.len() as u64, seq);
    }
    assert_eq!(history(&reader, epoch, session(1)).await.len(), 20);
}

pub(crate) async fn a_call_that_leaves_a_gap_is_refused_whole(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 2)).await.expect("stores");
    let gap = vec![message(session(1), 3), message(session(2), 1), message(session(1), 5)];
    let repeat = vec![message(session(1), 2)];
    let late_start = vec![message(session(3), 2)];
    for wrong in [gap, repeat, late_start] {
        let refused = store.append(epoch, wrong).await;
        assert!(matches!(refused, Err(StoreError::Recoverable(_))), "D-4: {refused:?}");
    }
    store.append(epoch, vec![message(session(1), 3), message(session(2), 1)]).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 3)));
    assert_eq!(history(&store, epoch, session(2)).await.len(), 1);
}

pub(crate) async fn a_refused_call_does_not_spoil_those_that_wait_with_it(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    let calls = vec![
        store.append(epoch, messages(session(1), 1, 2)),
        store.append(epoch, vec![message(session(1), 3), message(session(1), 9)]),
        store.append(epoch.next(), messages(session(1), 3, 4)),
        store.append(epoch, messages(session(1), 3, 3)),
    ];
    let answers = all(calls).await;
    assert!(matches!(answers[..], [Ok(()), Err(StoreError::Recoverable(_)), Err(StoreError::Stale { .. }), Ok(())]));
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 3)));
}

pub(crate) async fn calls_that_wait_together_are_stored_in_their_order(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    let calls = (1..=1_000).map(|seq| store.append(epoch, vec![message(session(1), seq)])).collect();
    for answer in all(calls).await {
        answer.expect("stores");
    }
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 1_000)));
}

pub(crate) async fn many_callers_at_once_keep_their_own_order(backend: &impl Backend) {
    let store = Arc::new(backend.open("main").await);
    let epoch = take_over(&*store).await;
    let mut callers = tokio::task::JoinSet::new();
    for number in 1..=64 {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            for seq in (1..=20).step_by(2) {
                store.append(epoch, messages(session(number), seq, seq + 1)).await.expect("stores");
            }
        });
    }
    callers.join_all().await;
    for number in 1..=64 {
        assert_eq!(history(&*store, epoch, session(number)).await, written(&messages(session(number), 1, 20)));
    }
}

pub(crate) async fn nothing_follows_the_event_that_closes(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, vec![message(session(1), 1), closing(session(1), 2)]).await.expect("stores");
    let refused = store.append(epoch, vec![message(session(1), 3)]).await;
    assert!(matches!(refused, Err(StoreError::Recoverable(_))), "{refused:?}");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 2);
}
