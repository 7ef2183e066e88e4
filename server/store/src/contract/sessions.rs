//! Stories of sessions across takeovers, restarts and pairs.

use tandem_protocol::{Epoch, Seq, SessionId, Timestamp};

use super::{
    Backend,
    story::{NOW, closing, history, in_turn, message, messages, session, take_over, written},
};
use crate::{OpenSession, Store};

pub(crate) async fn an_open_session_is_listed_until_it_is_closed(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    assert_eq!(open(&store, epoch).await, []);
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    store.append(epoch, messages(session(2), 1, 1)).await.expect("stores");
    assert_eq!(open(&store, epoch).await, [stands(session(1), 3), stands(session(2), 1)]);
    store.append(epoch, vec![closing(session(1), 4)]).await.expect("stores");
    assert_eq!(open(&store, epoch).await, [stands(session(2), 1)]);
    // Opened and closed in one call: it was never open.
    store.append(epoch, vec![message(session(3), 1), closing(session(3), 2)]).await.expect("stores");
    assert_eq!(open(&store, epoch).await, [stands(session(2), 1)]);
}

pub(crate) async fn a_closed_session_can_still_be_read(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, vec![message(session(1), 1), closing(session(1), 2)]).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 2);
    drop(store);
    let store = backend.open("main").await;
    assert_eq!(open(&store, epoch).await, []);
    assert_eq!(history(&store, epoch, session(1)).await.len(), 2);
    let page = store.read(epoch, session(1), Seq(1), 10, 1_000).await.expect("reads");
    assert_eq!(page.len(), 1);
}

pub(crate) async fn a_new_primary_finds_every_session_and_goes_on(backend: &impl Backend) {
    let mut stores = (backend.open("main").await, backend.open("main").await);
    let mut head = 0;
    // Back and forth: each has heads of an older epoch in memory when it takes over again. Crosses a mark.
    for _ in 0..6 {
        let epoch = take_over(&stores.0).await;
        let expected = if head == 0 { vec![] } else { vec![stands(session(1), head), stands(session(2), head)] };
        assert_eq!(open(&stores.0, epoch).await, expected);
        for number in [1, 2] {
            let next = messages(session(number), head + 1, head + 100);
            stores.0.append(epoch, next).await.expect("stores");
            let all = written(&messages(session(number), 1, head + 100));
            assert_eq!(history(&stores.0, epoch, session(number)).await, all);
        }
        head += 100;
        stores = (stores.1, stores.0);
    }
}

pub(crate) async fn an_engine_that_restarts_finds_every_session_and_goes_on(backend: &impl Backend) {
    let mut head = 0;
    for _ in 0..3 {
        let store = backend.open("main").await;
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), head + 1, head + 300)).await.expect("stores");
        head += 300;
        assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, head)));
        assert_eq!(open(&store, epoch).await, [stands(session(1), head)]);
    }
}

pub(crate) async fn pairs_in_one_database_do_not_touch_each_other(backend: &impl Backend) {
    let (main, other) = (backend.open("main").await, backend.open("other").await);
    let main_epoch = take_over(&main).await;
    assert_eq!(other.lease().await.expect("reads"), None);
    take_over(&other).await;
    let other_epoch = take_over(&other).await;
    // The same session ids in both: nothing keeps pairs from it.
    for seq in 1..=50 {
        let (a, b) = tokio::join!(
            in_turn(async || main.append(main_epoch, [1, 2].map(|number| message(session(number), seq)).into()).await),
            in_turn(async || other.append(other_epoch, vec![message(session(1), seq)]).await),
        );
        a.expect("stores");
        b.expect("stores");
    }
    other.append(other_epoch, vec![closing(session(1), 51)]).await.expect("stores");
    drop((main, other));
    let (main, other) = (backend.open("main").await, backend.open("other").await);
    assert_eq!(open(&main, main_epoch).await, [stands(session(1), 50), stands(session(2), 50)]);
    assert_eq!(open(&other, other_epoch).await, []);
    assert_eq!(history(&main, main_epoch, session(1)).await, written(&messages(session(1), 1, 50)));
    assert_eq!(history(&other, other_epoch, session(1)).await.len(), 51);
    assert_eq!(history(&other, other_epoch, session(2)).await.len(), 0);
}

async fn open(store: &impl Store, epoch: Epoch) -> Vec<OpenSession> {
    let mut open = store.open_sessions(epoch).await.expect("reads");
    open.sort_by_key(|open| open.session);
    open
}

fn stands(session: SessionId, seq: u64) -> OpenSession {
    OpenSession { session, head: Seq(seq), last_at: Timestamp(NOW.0 + seq) }
}
