//! Stories of a disk that fails and works again, a lock that is held, and bytes that were altered.

use tandem_protocol::{Epoch, Seq};

use super::{Connections, DataDir, SqliteStore, open, pair};
use crate::{
    Store, StoreError, Taken,
    contract::story::{NOW, all, engine, history, message, message_of, messages, session, take_over, written},
    sqlite::schema,
};

#[tokio::test]
async fn a_full_disk_fails_and_a_freed_one_works_again() {
    let dir = DataDir::new();
    let file = open::prepare(dir.path(), &schema::LOG).expect("opens");
    let filler = dir.intruder();
    filler.execute_batch("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(1000000))").expect("fills");
    let connections = Connections::open(&file).expect("opens");
    // The file may grow by a few pages more: then SQLite says SQLITE_FULL, as on a full disk.
    let pages: i64 = filler.pragma_query_value(None, "page_count", |row| row.get(0)).expect("reads");
    let limit = pages + 4;
    let limited = connections.writer.pragma_update_and_check(None, "max_page_count", limit, |row| row.get::<_, i64>(0));
    assert_eq!(limited.expect("limits"), limit);
    let store = SqliteStore::start(&pair(), file, connections).expect("starts");
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");

    let big = vec![message(session(2), 1), message_of(session(1), 4, &"x".repeat(100_000))];
    let answers = all(vec![store.append(epoch, big), store.append(epoch, messages(session(3), 1, 1))]).await;
    assert!(matches!(answers[0], Err(StoreError::Failed(_))), "{answers:?}");
    let third = answers[1].is_ok();
    // What fits is still stored, and what is stored is still read: nothing in memory is ahead of the disk.
    store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 4)));
    assert_eq!(history(&store, epoch, session(2)).await.len(), 0);
    assert_eq!(history(&store, epoch, session(3)).await.len(), usize::from(third), "D-1: answered is stored");

    filler.execute_batch("DROP TABLE filler").expect("frees");
    let big = vec![message(session(2), 1), message_of(session(1), 5, &"x".repeat(100_000))];
    store.append(epoch, big).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 5);
    assert_eq!(history(&store, epoch, session(2)).await.len(), 1);
}

#[tokio::test]
async fn a_table_that_is_gone_is_a_failure_until_it_is_back() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    let intruder = dir.intruder();
    intruder.execute_batch("ALTER TABLE events RENAME TO gone").expect("renames");
    let refused = store.append(epoch, messages(session(1), 4, 4)).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert!(matches!(store.load(epoch, &[session(1)]).await, Err(StoreError::Failed(_))));
    intruder.execute_batch("ALTER TABLE gone RENAME TO events").expect("renames");
    store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 4);
}

#[tokio::test]
async fn a_write_lock_held_by_another_process_is_busy_and_reading_goes_on() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    let stopped = dir.intruder();
    stopped.execute_batch("BEGIN IMMEDIATE").expect("locks");
    assert!(matches!(store.append(epoch, messages(session(1), 4, 4)).await, Err(StoreError::Busy(_))));
    assert!(matches!(store.renew_lease(epoch, NOW).await, Err(StoreError::Busy(_))));
    assert!(matches!(store.take_lease(epoch, engine("b"), NOW).await, Err(StoreError::Busy(_))));
    assert_eq!(store.lease().await.expect("reads").expect("is there").epoch, epoch);
    assert_eq!(history(&store, epoch, session(1)).await.len(), 3);
    // The stopped process is killed: its lock goes with it.
    drop(stopped);
    assert_eq!(store.take_lease(epoch, engine("b"), NOW).await.expect("writes"), Taken::Held(epoch.next()));
    store.append(epoch.next(), messages(session(1), 4, 4)).await.expect("stores");
}

#[tokio::test]
async fn altered_bytes_are_a_failure_and_never_a_panic_or_a_wrong_history() {
    let damages = [
        "UPDATE events SET prev = 1 WHERE seq = 3",
        "UPDATE events SET prev = 99 WHERE seq = 3",
        "UPDATE events SET prev = 3 WHERE seq = 3",
        "UPDATE events SET body = '{' WHERE seq = 2",
        "UPDATE events SET body = x'ff' WHERE seq = 2",
        "UPDATE events SET secret = x'00' WHERE seq = 2",
        "UPDATE events SET session = x'00' WHERE seq = 2",
        "UPDATE events SET seq = -1 WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
    ];
    for damage in damages {
        let dir = DataDir::new();
        let store = dir.store();
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
        assert_ne!(dir.intruder().execute(damage, []).expect("damages"), 0);
        assert!(matches!(store.load(epoch, &[session(1)]).await, Err(StoreError::Failed(_))), "{damage}");
        let read = store.read(epoch, session(1), Seq::ZERO, 10, 10_000).await;
        assert!(matches!(read, Err(StoreError::Failed(_))), "{damage}");
    }
}

#[tokio::test]
async fn a_damaged_lease_is_a_failure_and_is_not_taken() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    dir.intruder().execute("UPDATE leases SET name = 'Not A Name'", []).expect("damages");
    assert!(matches!(store.lease().await, Err(StoreError::Failed(_))));
    assert!(matches!(store.take_lease(epoch, engine("b"), NOW).await, Err(StoreError::Failed(_))));
    let stale = store.append(Epoch(9), messages(session(1), 1, 1)).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
}
