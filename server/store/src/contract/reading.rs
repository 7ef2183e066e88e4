//! Stories of reading pages and histories back.

use tandem_protocol::{RawEvent, Seq};

use super::{
    Backend,
    story::{assert_stale, message, message_of, messages, session, take_over, written},
};
use crate::{Loaded, Store};

pub(crate) async fn a_page_holds_as_many_events_as_asked(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 10)).await.expect("stores");
    for (after, events_max, expected) in
        [(0, 3, 1..=3), (3, 3, 4..=6), (8, 3, 9..=10), (0, usize::MAX, 1..=10), (9, 1, 10..=10)]
    {
        let page = store.read(epoch, session(1), Seq(after), events_max, usize::MAX).await.expect("reads");
        assert!(numbers(&page).eq(expected), "after {after}, at most {events_max}");
    }
    for (after, events_max) in [(10, 3), (11, 3), (u64::MAX, 3), (0, 0)] {
        let page = store.read(epoch, session(1), Seq(after), events_max, usize::MAX).await.expect("reads");
        assert!(page.is_empty(), "after {after}, at most {events_max}");
    }
}

pub(crate) async fn a_page_holds_no_more_bytes_than_asked_but_one_event(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    let entries: Vec<_> = (1..=5).map(|seq| message_of(session(1), seq, &"x".repeat(1_000))).collect();
    let bytes = entries[0].event.len_bytes();
    store.append(epoch, entries).await.expect("stores");
    for (bytes_max, expected) in [(0, 1), (1, 1), (bytes, 1), (2 * bytes - 1, 1), (2 * bytes, 2), (5 * bytes, 5)] {
        let page = store.read(epoch, session(1), Seq::ZERO, 100, bytes_max).await.expect("reads");
        assert!(numbers(&page).eq(1..=expected), "at most {bytes_max} bytes");
    }
}

pub(crate) async fn pages_of_a_long_session_join_to_the_whole(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    // Two sessions whose events alternate, so that the place in the database is not the number.
    for from in (1..=1_500).step_by(100) {
        let both = |seq| [message(session(1), seq), message(session(2), seq)];
        store.append(epoch, (from..from + 100).flat_map(both).collect()).await.expect("stores");
    }
    for events_max in [1, 255, 256, 257, 1_500] {
        let mut whole = Vec::new();
        for after in (0..1_500).step_by(events_max) {
            let page = store.read(epoch, session(2), Seq(after), events_max, usize::MAX).await.expect("reads");
            whole.extend(page.iter().map(|event| event.event.get().to_owned()));
        }
        assert_eq!(whole, written(&messages(session(2), 1, 1_500)), "pages of {events_max}");
    }
}

pub(crate) async fn what_is_not_known_has_no_events(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, vec![message(session(1), 1)]).await.expect("stores");
    let loaded = store.load(epoch, &[session(2), session(1)]).await.expect("loads");
    assert!(loaded[0].session == session(2) && loaded[0].events.is_empty());
    assert_eq!(loaded[1].events.len(), 1);
    assert!(store.read(epoch, session(2), Seq::ZERO, 10, 1_000).await.expect("reads").is_empty());
    assert!(store.load(epoch, &[]).await.expect("loads").is_empty());
}

pub(crate) async fn histories_come_in_the_order_asked(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    let all: Vec<_> = (1..=128).map(session).collect();
    for seq in 1..=5 {
        let entries = all.iter().map(|session| message(*session, seq)).collect();
        store.append(epoch, entries).await.expect("stores");
    }
    let asked: Vec<_> = all.iter().rev().copied().collect();
    let loaded = store.load(epoch, &asked).await.expect("loads");
    assert!(loaded.iter().map(|loaded| loaded.session).eq(asked));
    for loaded in loaded {
        let read: Vec<_> = loaded.events.iter().map(|stored| stored.event.event.get()).collect();
        assert_eq!(read, written(&messages(loaded.session, 1, 5)));
    }
}

fn numbers(page: &[RawEvent]) -> impl Iterator<Item = u64> + '_ {
    page.iter().map(|event| event.seq.0)
}

pub(crate) async fn histories_go_on_after_the_events_named(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    for number in [1, 2] {
        // Crosses a mark.
        store.append(epoch, messages(session(number), 1, 300)).await.expect("stores");
    }
    let asked = [(session(2), Seq(298)), (session(1), Seq(300)), (session(1), Seq(300)), (session(3), Seq(0))];
    let loaded = store.load_after(epoch, &asked).await.expect("loads");
    let asked_for: Vec<_> = loaded.iter().map(|loaded| (loaded.session, seqs(loaded))).collect();
    assert_eq!(
        asked_for,
        [(session(2), vec![299, 300]), (session(1), vec![]), (session(1), vec![]), (session(3), vec![])]
    );
}

pub(crate) async fn a_backup_reads_beginnings_and_the_rest_in_an_epoch_of_its_own(backend: &impl Backend) {
    // F-1, R-2
    let (primary, backup) = (backend.open("main").await, backend.open("main").await);
    assert!(seqs(&backup.preview(&[session(1)]).await.expect("reads")[0]).is_empty());
    let epoch = take_over(&primary).await;
    primary.append(epoch, messages(session(1), 1, 40)).await.expect("stores");
    // Whoever is primary goes on while the other reads.
    let began = backup.preview(&[session(1), session(2)]).await.expect("reads");
    primary.append(epoch, messages(session(1), 41, 50)).await.expect("stores");
    let has = seqs(&began[0]);
    assert!(has.iter().copied().eq(1..=has.len() as u64) && has.len() <= 40, "a beginning: {has:?}");
    assert_eq!((began[1].session, seqs(&began[1])), (session(2), Vec::new()));

    let own = take_over(&backup).await;
    let rest = backup.load_after(own, &[(session(1), Seq(has.len() as u64))]).await.expect("loads");
    let all: Vec<u64> = has.into_iter().chain(seqs(&rest[0])).collect();
    assert!(all.into_iter().eq(1..=50), "D-4: together they are the whole");
    assert_stale(backup.load_after(epoch, &[(session(1), Seq(0))]).await, own);

    drop((primary, backup));
    let store = backend.open("main").await;
    assert_eq!(seqs(&store.preview(&[session(1)]).await.expect("reads")[0]).len(), 50, "nobody writes any more");
}

fn seqs(loaded: &Loaded) -> Vec<u64> {
    loaded.events.iter().map(|stored| stored.event.seq.0).collect()
}
