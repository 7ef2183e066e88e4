//! Stories of the index, which follows behind the log and may be at any place when a process dies.

use rusqlite::Connection;
use tandem_protocol::PairName;

use super::DataDir;
use crate::{
    SqliteStore, Store,
    contract::story::{NOW, closing, history, message, messages, session, take_over, written},
    sqlite::heads::BEHIND_ROWS_MAX,
};

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect("reads")
}

/// Three sessions whose events alternate in the log: 1 and 2 open, 3 closed.
async fn write_some(dir: &DataDir) {
    let store = dir.store();
    let epoch = take_over(&store).await;
    let entries = (1..=300).flat_map(|seq| (1..=3).map(move |number| message(session(number), seq))).collect();
    store.append(epoch, entries).await.expect("stores");
    store.append(epoch, vec![closing(session(3), 301)]).await.expect("stores");
}

async fn assert_all_is_found(dir: &DataDir) {
    let store = dir.store();
    let epoch = take_over(&store).await;
    let mut open = store.open_sessions(epoch).await.expect("reads");
    open.sort_by_key(|open| open.session);
    assert!(open.iter().map(|open| (open.session, open.head.0)).eq([(session(1), 300), (session(2), 300)]));
    for number in 1..=2 {
        assert_eq!(history(&store, epoch, session(number)).await, written(&messages(session(number), 1, 300)));
    }
    assert_eq!(history(&store, epoch, session(3)).await.len(), 301);
    for number in 1..=2 {
        store.append(epoch, messages(session(number), 301, 301)).await.expect("stores");
        assert_eq!(history(&store, epoch, session(number)).await.len(), 301);
    }
}

#[tokio::test]
async fn a_store_that_is_closed_leaves_the_index_up_with_the_log() {
    let dir = DataDir::new();
    write_some(&dir).await;
    let intruder = dir.intruder();
    assert_eq!(number(&intruder, "SELECT through FROM progress"), 901);
    assert_eq!(number(&intruder, "SELECT count(*) FROM sessions WHERE seq = 300 AND closed = 0"), 2);
    assert_eq!(number(&intruder, "SELECT first FROM sessions WHERE closed = 1"), 3);
    drop(intruder);
    assert_all_is_found(&dir).await;
}

#[tokio::test]
async fn a_crash_between_log_and_index_loses_nothing() {
    let crashes = [
        "DELETE FROM sessions; DELETE FROM progress",
        // The index knows some sessions further than it covers the log as a whole.
        "UPDATE progress SET through = 500",
        "UPDATE progress SET through = 900",
        "DELETE FROM sessions WHERE closed = 1; UPDATE progress SET through = 2",
        "UPDATE progress SET through = 100; UPDATE sessions SET head = 100, seq = 34, mark = 0 WHERE first = 1",
    ];
    for crash in crashes {
        let dir = DataDir::new();
        write_some(&dir).await;
        dir.intruder().execute_batch(crash).expect("rewrites");
        assert_all_is_found(&dir).await;
        // What was scanned is in the index after the next clean end.
        let intruder = dir.intruder();
        assert_eq!(number(&intruder, "SELECT count(*) FROM sessions WHERE seq = 301"), 3, "{crash}");
        assert_eq!(number(&intruder, "SELECT min(first) FROM sessions WHERE closed = 0"), 1, "{crash}");
        assert_eq!(number(&intruder, "SELECT through FROM progress"), 903, "{crash}");
    }
}

#[tokio::test]
async fn a_deposed_engine_does_not_touch_the_index() {
    let dir = DataDir::new();
    let (old, new) = (dir.store(), dir.store());
    let epoch = take_over(&old).await;
    old.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    take_over(&new).await;
    let intruder = dir.intruder();
    // Whatever the old one has indexed in time is wiped; it must not come back.
    intruder.execute_batch("DELETE FROM sessions").expect("deletes");
    drop(old);
    assert_eq!(number(&intruder, "SELECT count(*) FROM sessions"), 0, "F-1: every write compares the epoch");
}

#[tokio::test]
async fn an_idle_pair_does_not_fall_behind_a_busy_one() {
    let dir = DataDir::new();
    let (idle, busy) = (dir.store(), SqliteStore::open(dir.path(), &PairName::new("busy").expect("is a name")));
    let busy = busy.expect("opens");
    let (idle_epoch, busy_epoch) = (take_over(&idle).await, take_over(&busy).await);
    idle.append(idle_epoch, messages(session(1), 1, 1)).await.expect("stores");
    drop(idle);
    let idle = dir.store();
    idle.open_sessions(idle_epoch).await.expect("reads");
    busy.append(busy_epoch, messages(session(1), 1, BEHIND_ROWS_MAX + 1)).await.expect("stores");
    idle.renew_lease(idle_epoch, NOW).await.expect("renews");
    let through = "SELECT through FROM progress WHERE pair = 'main'";
    assert!(number(&dir.intruder(), through).cast_unsigned() > BEHIND_ROWS_MAX);
}
