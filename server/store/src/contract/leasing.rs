//! Stories of the lease: F-1 (a deposed engine cannot write, whatever it believes).

use tandem_protocol::{Epoch, Seq, Timestamp};

use super::{
    Backend,
    story::{NOW, assert_stale, engine, history, in_turn, message, session, take_over},
};
use crate::{Lease, Store, StoreError, Taken};

pub(crate) async fn the_first_taker_holds_epoch_one(backend: &impl Backend) {
    let store = backend.open("main").await;
    assert_eq!(store.lease().await.expect("reads"), None);
    let taken = store.take_lease(Epoch::ZERO, engine("a"), NOW).await.expect("writes");
    assert_eq!(taken, Taken::Held(Epoch(1)));
    let lease = Lease { epoch: Epoch(1), holder: engine("a"), renewed_at: NOW, released: false };
    assert_eq!(store.lease().await.expect("reads"), Some(lease));
}

pub(crate) async fn of_two_takers_that_saw_the_same_epoch_one_wins(backend: &impl Backend) {
    let (a, b) = (backend.open("main").await, backend.open("main").await);
    let mut seen = Epoch::ZERO;
    for _ in 0..20 {
        let (from_a, from_b) = tokio::join!(
            in_turn(async || a.take_lease(seen, engine("a"), NOW).await),
            in_turn(async || b.take_lease(seen, engine("b"), NOW).await),
        );
        let lease = a.lease().await.expect("reads").expect("is taken");
        let (winner, loser) = match lease.holder.name.as_str() {
            "a" => (from_a, from_b),
            _ => (from_b, from_a),
        };
        assert_eq!(winner.expect("writes"), Taken::Held(seen.next()));
        assert_eq!(loser.expect("reads"), Taken::Lost(lease));
        seen = seen.next();
    }
}

pub(crate) async fn a_holder_renews_and_releases(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.renew_lease(epoch, Timestamp(NOW.0 + 500)).await.expect("renews");
    let lease = store.lease().await.expect("reads").expect("is there");
    assert_eq!((lease.epoch, lease.renewed_at.0, lease.released), (epoch, NOW.0 + 500, false));
    store.release_lease(epoch).await.expect("releases");
    let lease = store.lease().await.expect("reads").expect("is there");
    assert_eq!((lease.epoch, lease.released), (epoch, true));
    take_over(&store).await;
    assert!(!store.lease().await.expect("reads").expect("is there").released);
}

pub(crate) async fn a_switchover_gives_the_lease_to_the_other_engine(backend: &impl Backend) {
    let (old, new) = (backend.open("main").await, backend.open("main").await);
    let epoch = take_over(&old).await;
    old.append(epoch, vec![message(session(1), 1)]).await.expect("stores");
    let taken = old.take_lease(epoch, engine("b"), NOW).await.expect("writes");
    assert_eq!(taken, Taken::Held(epoch.next()));
    assert_stale(old.append(epoch, vec![message(session(1), 2)]).await, epoch.next());
    new.append(epoch.next(), vec![message(session(1), 2)]).await.expect("stores");
    assert_eq!(history(&new, epoch.next(), session(1)).await.len(), 2);
    assert_eq!(new.lease().await.expect("reads").expect("is there").holder, engine("b"));
}

pub(crate) async fn a_deposed_engine_is_refused_everything(backend: &impl Backend) {
    let (old, new) = (backend.open("main").await, backend.open("main").await);
    let epoch = take_over(&old).await;
    old.append(epoch, vec![message(session(1), 1)]).await.expect("stores");
    let current = take_over(&new).await;
    assert_stale(old.append(epoch, vec![message(session(1), 2)]).await, current);
    assert_stale(old.renew_lease(epoch, NOW).await, current);
    assert_stale(old.release_lease(epoch).await, current);
    assert_stale(old.open_sessions(epoch).await, current);
    assert_stale(old.load(epoch, &[session(1)]).await, current);
    assert_stale(old.read(epoch, session(1), Seq::ZERO, 1, 1).await, current);
    assert_stale(old.erase(epoch, session(1)).await, current);
    let taken = old.take_lease(epoch, engine("a"), NOW).await.expect("reads");
    assert!(matches!(taken, Taken::Lost(lease) if lease.epoch == current));
    assert_eq!(history(&new, current, session(1)).await.len(), 1);
}

pub(crate) async fn an_append_that_races_a_takeover_is_stored_or_refused(backend: &impl Backend) {
    let (mut old, mut new) = (backend.open("main").await, backend.open("main").await);
    let mut epoch = take_over(&old).await;
    let mut head = 0;
    for _ in 0..20 {
        let append = async {
            for seq in head + 1..=head + 10 {
                let append = async || old.append(epoch, vec![message(session(1), seq)]).await;
                if let Err(error) = in_turn(append).await {
                    return (seq - 1, Err(error));
                }
            }
            (head + 10, Ok(()))
        };
        let ((answered, outcome), current) = tokio::join!(append, take_over(&new));
        if let Err(error) = outcome {
            assert_stale::<()>(Err(error), current);
        }
        head = history(&new, current, session(1)).await.len() as u64;
        assert_eq!(head, answered, "D-2: what was acknowledged is there; F-1: nothing came after the refusal");
        std::mem::swap(&mut old, &mut new);
        epoch = current;
    }
}

pub(crate) async fn without_a_lease_nobody_writes(backend: &impl Backend) {
    let store = backend.open("main").await;
    assert_stale(store.append(Epoch(1), vec![message(session(1), 1)]).await, Epoch::ZERO);
    let refused = store.take_lease(Epoch(7), engine("a"), NOW).await;
    assert!(matches!(refused, Err(StoreError::Stale { current: Epoch::ZERO })), "{refused:?}");
}
