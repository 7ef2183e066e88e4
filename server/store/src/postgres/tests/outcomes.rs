//! Stories of connections that break at the worst moment, and of servers that stop and come back: whatever is answered
//! is true, and what cannot be known is found out before anybody is answered (D-1, D-2).

use std::sync::Arc;

use tandem_protocol::Epoch;

use super::{
    pair,
    proxy::{Break, Proxy},
    server::{Database, Server, USER, eventually, parsed, within},
};
use crate::{
    Directory, Entry, PostgresDirectory, PostgresOpenError, PostgresStore, Store, StoreError, Taken,
    contract::{
        directory::story::{added, agent, name, reply},
        story::{NOW, assert_stale, engine, history, message, messages, session, take_over, written},
    },
};

/// A store behind a network that can break, and one beside it.
struct Story {
    database: Database,
    proxy: Proxy,
    store: PostgresStore,
    epoch: Epoch,
}

impl Story {
    /// Three events of session 1 are stored.
    async fn begin() -> Self {
        let database = Database::with_tables().await;
        let proxy = Proxy::to(&database).await;
        let store = PostgresStore::open(&proxy.address(&database), &pair()).await.expect("opens");
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 2)).await.expect("stores");
        // The statement for sessions that are under way is prepared: from here on an append is all that a client says.
        store.append(epoch, messages(session(1), 3, 3)).await.expect("stores");
        Self { database, proxy, store, epoch }
    }

    async fn beside(&self) -> PostgresStore {
        PostgresStore::open(&self.database.address(), &pair()).await.expect("opens")
    }

    async fn holds(&self, events: u64) {
        let found = history(&self.store, self.epoch, session(1)).await;
        assert_eq!(found, written(&messages(session(1), 1, events)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_looked_up_and_acknowledged() {
    let story = Story::begin().await;
    for seq in (4..=12).step_by(2) {
        story.proxy.will_break(Break::AfterTheServer);
        story.store.append(story.epoch, messages(session(1), seq, seq)).await.expect("D-1: it is stored");
        story.holds(seq).await;
        // Without breaking, so that the statement is prepared again.
        story.store.append(story.epoch, messages(session(1), seq + 1, seq + 1)).await.expect("stores");
    }
    story.holds(13).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_is_lost_on_its_way_is_looked_up_and_may_be_tried_again() {
    let story = Story::begin().await;
    for seq in 4..=8 {
        story.proxy.will_break(Break::BeforeTheServer);
        let refused = story.store.append(story.epoch, messages(session(1), seq, seq)).await;
        assert!(matches!(refused, Err(StoreError::Recoverable(_))), "{refused:?}");
        story.store.append(story.epoch, messages(session(1), seq, seq)).await.expect("stores");
        story.holds(seq).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_reaches_the_server_late_stores_nothing() {
    let mut story = Story::begin().await;
    story.proxy.will_break(Break::Late);
    let refused = story.store.append(story.epoch, messages(session(1), 4, 4)).await;
    assert!(matches!(refused, Err(StoreError::Recoverable(_))), "{refused:?}");
    // It was told that nothing is stored, so nothing of it may come to be.
    let answer = story.proxy.deliver().await;
    assert!(answer.contains("INSERT 0 0"), "D-1: {answer}");
    story.holds(3).await;
    let other = Entry { at: tandem_protocol::Timestamp(1), ..message(session(1), 4) };
    story.store.append(story.epoch, vec![other]).await.expect("stores");
    story.holds(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_a_deposed_primary_that_reaches_the_server_late_stores_nothing() {
    let mut story = Story::begin().await;
    story.proxy.will_break(Break::Late);
    let new = story.beside().await;
    let (refused, current) = tokio::join!(story.store.append(story.epoch, messages(session(1), 4, 4)), take_over(&new));
    assert!(matches!(refused, Err(StoreError::Recoverable(_) | StoreError::Stale { .. })), "{refused:?}");
    let answer = story.proxy.deliver().await;
    assert!(answer.contains("INSERT 0 0"), "F-1: {answer}");
    new.append(current, messages(session(1), 4, 5)).await.expect("stores");
    assert_eq!(history(&new, current, session(1)).await, written(&messages(session(1), 1, 5)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_of_a_primary_that_is_deposed_meanwhile_is_found() {
    let story = Story::begin().await;
    let new = story.beside().await;
    let gate = story.database.gate().await;
    story.proxy.will_break(Break::AfterTheServer);
    let takeover = async {
        story.database.waits_for_a_lock().await;
        gate.open().await;
        take_over_soon(&new).await
    };
    let (stored, current) = tokio::join!(story.store.append(story.epoch, messages(session(1), 4, 4)), takeover);
    stored.expect("D-2: it is stored, whoever is primary now");
    assert_eq!(history(&new, current, session(1)).await.len(), 4);
    assert_stale(story.store.append(story.epoch, messages(session(1), 5, 5)).await, current);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_is_ended_in_the_middle_of_a_statement_stores_nothing() {
    let story = Story::begin().await;
    let gate = story.database.gate().await;
    let end = async {
        story.database.waits_for_a_lock().await;
        story
            .database
            .run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE wait_event = 'advisory'")
            .await;
        gate.open().await;
    };
    let (refused, ()) = tokio::join!(story.store.append(story.epoch, messages(session(1), 4, 4)), end);
    assert!(matches!(refused, Err(StoreError::Recoverable(_))), "{refused:?}");
    story.store.append(story.epoch, messages(session(1), 4, 4)).await.expect("stores");
    story.holds(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_is_cancelled_by_hand_stores_nothing_and_may_be_tried_again() {
    let story = Story::begin().await;
    let gate = story.database.gate().await;
    let cancel = async {
        story.database.waits_for_a_lock().await;
        story.database.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'").await;
    };
    let (refused, ()) = tokio::join!(story.store.append(story.epoch, messages(session(1), 4, 4)), cancel);
    assert!(
        matches!(&refused, Err(StoreError::Recoverable(cause)) if cause.to_string().contains("57014")),
        "{refused:?}"
    );
    gate.open().await;
    story.store.append(story.epoch, messages(session(1), 4, 4)).await.expect("stores");
    story.holds(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takeover_whose_answer_is_lost_is_found_to_be_held() {
    let story = Story::begin().await;
    let mut epoch = story.epoch;
    for how in [Break::AfterTheServer, Break::BeforeTheServer, Break::AfterTheServer] {
        // Once without breaking, so that the statement is prepared.
        epoch = take_over(&story.store).await;
        story.proxy.will_break(how);
        let taken = story.store.take_lease(epoch, engine("b"), NOW).await.expect("is found out");
        assert_eq!(taken, Taken::Held(epoch.next()), "{how:?}");
        epoch = epoch.next();
        assert_eq!(story.store.lease().await.expect("reads").expect("is there").epoch, epoch);
        story.store.renew_lease(epoch, NOW).await.expect("renews");
    }
    story.store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takeover_that_another_won_while_its_answer_was_lost_is_lost() {
    let mut story = Story::begin().await;
    let epoch = take_over(&story.store).await;
    story.proxy.will_break(Break::Late);
    let other = story.beside().await;
    let theirs = async {
        // The first attempt of the one behind the network is under way and does not arrive.
        eventually("the other takes it", async || {
            matches!(other.take_lease(epoch, engine("c"), NOW).await, Ok(Taken::Held(_) | Taken::Lost(_))).then_some(())
        })
        .await;
    };
    let (ours, ()) = tokio::join!(story.store.take_lease(epoch, engine("b"), NOW), theirs);
    let answer = story.proxy.deliver().await;
    assert!(answer.contains("UPDATE 0"), "F-1: {answer}");
    let lease = other.lease().await.expect("reads").expect("is there");
    assert_eq!(lease.epoch, epoch.next());
    match ours.expect("is found out") {
        Taken::Held(_) => assert_eq!(lease.holder, engine("b")),
        Taken::Lost(found) => {
            assert_eq!(found, lease);
            assert_eq!(found.holder, engine("c"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_whose_connection_broke_is_tried_again_unnoticed() {
    let story = Story::begin().await;
    story.holds(3).await;
    for how in [Break::BeforeTheServer, Break::AfterTheServer] {
        story.proxy.will_break(how);
        story.holds(3).await;
    }
    story.database.cut_off().await;
    story.holds(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_of_the_directory_whose_answer_is_lost_is_carried_out_once() {
    let database = Database::with_tables().await;
    let proxy = Proxy::to(&database).await;
    let directory = PostgresDirectory::open(&proxy.address(&database)).await.expect("opens");
    // Once without breaking, so that the statements are prepared.
    let ann = added(&directory, "ann").await.agent;
    assert_eq!(directory.add_account(agent("ann")).await.expect("reads"), None);
    assert!(directory.save_canned(ann, reply("r-1", "hello")).await.expect("writes"));
    assert!(directory.delete_canned(ann, &reply("r-1", "hello").id, false).await.expect("writes"));

    proxy.will_break(Break::AfterTheServer);
    let ben = directory.add_account(agent("ben")).await.expect("writes").expect("D-1: it is made, for this caller");
    assert_eq!(directory.credentials(&name("ben")).await.expect("reads").map(|found| found.0), Some(ben));
    proxy.will_break(Break::AfterTheServer);
    assert!(directory.save_canned(ann, reply("r-2", "bye")).await.expect("writes"));
    proxy.will_break(Break::AfterTheServer);
    assert!(directory.delete_canned(ann, &reply("r-2", "bye").id, false).await.expect("writes"));
    assert_eq!(directory.canned(ann).await.expect("reads"), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_and_starts_again_under_load_loses_nothing_acknowledged() {
    let server = Server::new();
    let mut running = server.start();
    let database = Database::with_tables_on(&server).await;
    let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
    let epoch = take_over(&store).await;
    let store = Arc::new(store);
    let mut writers = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let store = Arc::clone(&store);
        writers.spawn(async move { store_patiently(&store, epoch, number, 300).await });
    }
    for round in 0..2 {
        eventually("the writers are at it", async || {
            let stored = database.number("SELECT count(*) FROM events").await;
            (stored > 50 * (round + 1)).then_some(())
        })
        .await;
        if round == 0 {
            running.stop()
        } else {
            running.crash()
        }
        let refused = store.load(epoch, &[session(1)]).await;
        assert!(matches!(refused, Err(StoreError::Recoverable(_))), "{refused:?}");
        running = server.start();
    }
    within("everything is stored", writers.join_all()).await;
    for number in 1..=8 {
        let found = history(&*store, epoch, session(number)).await;
        assert_eq!(found, written(&messages(session(number), 1, 300)), "D-2, D-4");
    }
    drop((store, running));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_standby_under_load_loses_nothing_acknowledged() {
    let first = Server::new();
    let running = first.start();
    let database = Database::with_tables_on(&first).await;
    let second = first.standby();
    let standby_running = second.start();
    first.waits_for_its_standby().await;

    let on = |hosts: String| parsed(&format!("postgres://{USER}@{hosts}/{}", database.name()));
    let (one, other) = (format!("127.0.0.1:{}", first.port()), format!("127.0.0.1:{}", second.port()));
    let refused = PostgresStore::open(&on(other.clone()), &pair()).await.expect_err("a standby is never read");
    assert!(matches!(refused, PostgresOpenError::ReadOnly { .. }), "{refused}");
    let store = PostgresStore::open(&on(format!("{other},{one}")), &pair()).await.expect("opens");
    let epoch = take_over(&store).await;
    let store = Arc::new(store);
    let mut writers = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let store = Arc::clone(&store);
        writers.spawn(async move { store_patiently(&store, epoch, number, 100).await });
    }
    eventually("the writers are at it", async || {
        (database.number("SELECT count(*) FROM events").await > 100).then_some(())
    })
    .await;
    running.crash();
    let refused = store.lease().await;
    assert!(matches!(refused, Err(StoreError::Recoverable(_))), "nobody takes writes: {refused:?}");
    second.is_promoted().await;
    within("everything is stored", writers.join_all()).await;
    for number in 1..=8 {
        let found = history(&*store, epoch, session(number)).await;
        assert_eq!(found, written(&messages(session(number), 1, 100)), "D-2, D-4");
    }
    drop((store, standby_running));
}

/// Stores messages one after the other, each until it is stored, as an engine does.
async fn store_patiently(store: &PostgresStore, epoch: Epoch, number: u16, count: u64) {
    for seq in 1..=count {
        loop {
            match store.append(epoch, messages(session(number), seq, seq)).await {
                Ok(()) => break,
                Err(StoreError::Recoverable(_) | StoreError::Busy(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("a stopped server is no failure: {error:?}"),
            }
        }
    }
}

/// Takes the lease, whoever still holds its row.
async fn take_over_soon(store: &PostgresStore) -> Epoch {
    eventually("the lease is taken", async || {
        let seen = store.lease().await.expect("reads").expect("is there").epoch;
        match store.take_lease(seen, engine("b"), NOW).await {
            Ok(Taken::Held(epoch)) => Some(epoch),
            Ok(Taken::Lost(_)) | Err(StoreError::Busy(_)) => None,
            Err(error) => panic!("nothing else may come of it: {error:?}"),
        }
    })
    .await
}
