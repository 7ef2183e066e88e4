//! Stories of two engines and of several pairs on one database: F-1 where locks and not files decide.

use tandem_protocol::{PairName, Timestamp};

use super::{
    pair,
    server::{Database, USER, eventually},
};
use crate::{
    PostgresStore, Store, StoreError, Taken,
    contract::story::{NOW, all, assert_stale, closing, engine, history, messages, session, take_over, written},
};

/// What a store's statement holds while it is stopped before its commit.
const FENCE: &str = "BEGIN; SELECT 1 FROM leases WHERE pair = 'main' FOR SHARE";

async fn opened(database: &Database) -> PostgresStore {
    PostgresStore::open(&database.address(), &pair()).await.expect("opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_reach_the_database_by_different_addresses() {
    let database = Database::with_tables().await;
    let by_network = database.network(USER, "?sslmode=require");
    let (a, b) = (opened(&database).await, PostgresStore::open(&by_network, &pair()).await.expect("opens"));
    let epoch = take_over(&a).await;
    a.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    let current = take_over(&b).await;
    assert_stale(a.append(epoch, messages(session(1), 4, 4)).await, current);
    b.append(current, messages(session(1), 4, 4)).await.expect("stores");
    assert_eq!(history(&b, current, session(1)).await, written(&messages(session(1), 1, 4)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_pauses_inside_its_transaction_holds_a_takeover_no_longer_than_its_timeout() {
    let database = Database::with_tables().await;
    let (old, new) = (opened(&database).await, opened(&database).await);
    let epoch = take_over(&old).await;
    // A transaction with the settings of a store's connection, stopped with the fence in its hands.
    let mut paused = database.like_a_store().await;
    paused.batch(FENCE).await.expect("locks");
    let taken = eventually("the takeover succeeds", async || match new.take_lease(epoch, engine("b"), NOW).await {
        // It gives up after a quarter of a second; the paused transaction is ended after one.
        Err(StoreError::Busy(_)) => None,
        outcome => Some(outcome.expect("writes")),
    })
    .await;
    assert_eq!(taken, Taken::Held(epoch.next()));
    let woken = paused.batch("INSERT INTO open_sessions VALUES ('main', gen_random_uuid()); COMMIT").await;
    woken.expect_err("F-1: its transaction is over");
    assert_stale(old.append(epoch, messages(session(1), 1, 1)).await, epoch.next());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takeover_does_not_pass_a_write_that_has_seen_its_epoch() {
    let database = Database::with_tables().await;
    let (old, new) = (opened(&database).await, opened(&database).await);
    let epoch = take_over(&old).await;
    let gate = database.gate().await;
    let takeover = async {
        database.waits_for_a_lock().await;
        // The write has compared the epoch and is not committed yet.
        let busy = new.take_lease(epoch, engine("b"), NOW).await;
        assert!(matches!(busy, Err(StoreError::Busy(_))), "F-1: {busy:?}");
        gate.open().await;
    };
    let (stored, ()) = tokio::join!(old.append(epoch, messages(session(1), 1, 3)), takeover);
    stored.expect("stores");
    let current = take_over(&new).await;
    assert_eq!(history(&new, current, session(1)).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takeover_waits_for_a_transaction_that_is_about_to_commit() {
    let database = Database::with_tables().await;
    let (old, new) = (opened(&database).await, opened(&database).await);
    let epoch = take_over(&old).await;
    let committing = database.warden().await;
    committing.batch_execute(FENCE).await.expect("locks");
    let taken = new.take_lease(epoch, engine("b"), NOW);
    let commit = async {
        database.waits_for_a_lock().await;
        committing.batch_execute("COMMIT").await.expect("commits");
    };
    let (taken, ()) = tokio::join!(taken, commit);
    // On a slow machine the wait may be over before the commit is seen; then it was busy, and the next one takes it.
    match taken {
        Err(StoreError::Busy(_)) => drop(new.take_lease(epoch, engine("b"), NOW).await.expect("writes")),
        taken => assert_eq!(taken.expect("writes"), Taken::Held(epoch.next())),
    }
    assert_eq!(new.lease().await.expect("reads").expect("is there").epoch, epoch.next());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_by_another_program_is_busy_and_reading_goes_on() {
    let database = Database::with_tables().await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    let stopped = database.warden().await;
    stopped.batch_execute("BEGIN; SELECT 1 FROM leases FOR UPDATE").await.expect("locks");
    assert!(matches!(store.append(epoch, messages(session(1), 4, 4)).await, Err(StoreError::Busy(_))));
    assert!(matches!(store.renew_lease(epoch, NOW).await, Err(StoreError::Busy(_))));
    assert!(matches!(store.take_lease(epoch, engine("b"), NOW).await, Err(StoreError::Busy(_))));
    assert_eq!(store.lease().await.expect("reads").expect("is there").epoch, epoch);
    assert_eq!(history(&store, epoch, session(1)).await.len(), 3);
    drop(stopped);
    eventually("the lock is gone", async || store.renew_lease(epoch, NOW).await.ok()).await;
    store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_writer_in_one_epoch_breaks_no_order() {
    // A store that was replaced within its process while its last call was still under way.
    let database = Database::with_tables().await;
    let (first, second) = (opened(&database).await, opened(&database).await);
    let epoch = take_over(&first).await;
    for seq in (1..=40).step_by(2) {
        first.append(epoch, messages(session(1), seq, seq)).await.expect("stores");
        second.append(epoch, messages(session(1), seq + 1, seq + 1)).await.expect("stores");
    }
    let refused = first.append(epoch, messages(session(1), 40, 40)).await;
    assert!(matches!(refused, Err(StoreError::Recoverable(_))), "D-4: {refused:?}");
    assert_eq!(history(&first, epoch, session(1)).await, written(&messages(session(1), 1, 40)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_begun_twice_is_refused_and_takes_no_other_with_it() {
    let database = Database::with_tables().await;
    let (first, second) = (opened(&database).await, opened(&database).await);
    let epoch = take_over(&first).await;
    first.append(epoch, messages(session(1), 1, 2)).await.expect("stores");
    first.append(epoch, vec![closing(session(1), 3)]).await.expect("stores");
    // The second has never heard of the session and takes its first event for a beginning.
    let answers = all(vec![
        second.append(epoch, messages(session(2), 1, 2)),
        second.append(epoch, messages(session(1), 1, 1)),
        second.append(epoch, messages(session(3), 1, 2)),
    ])
    .await;
    assert!(matches!(answers[..], [Ok(()), Err(StoreError::Recoverable(_)), Ok(())]), "{answers:?}");
    assert_eq!(second.open_sessions(epoch).await.expect("reads").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_come_and_go_without_touching_each_other() {
    let database = Database::with_tables().await;
    let mut stores = Vec::new();
    for number in 1..=4 {
        let name = PairName::new(&format!("pair-{number}")).expect("is a name");
        let store = PostgresStore::open(&database.address(), &name).await.expect("opens");
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(number), 1, 10)).await.expect("stores");
        stores.push((store, epoch, session(number)));
    }
    // One is stopped in the middle of a write, one is given up and its rows are deleted by hand.
    let stopped = database.warden().await;
    stopped.batch_execute("BEGIN; SELECT 1 FROM leases WHERE pair = 'pair-1' FOR UPDATE").await.expect("locks");
    database.run("DELETE FROM leases WHERE pair = 'pair-2'; DELETE FROM events WHERE pair = 'pair-2'").await;
    for (store, epoch, session) in &stores[2..] {
        store.append(*epoch, messages(*session, 11, 20)).await.expect("stores");
        store.renew_lease(*epoch, Timestamp(NOW.0 + 1)).await.expect("renews");
        assert_eq!(history(store, *epoch, *session).await, written(&messages(*session, 1, 20)));
        let open = store.open_sessions(*epoch).await.expect("reads");
        assert!(open.iter().map(|open| open.session).eq([*session]));
    }
}
