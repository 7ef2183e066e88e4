//! Stories of opening a data directory: fresh, left by a kill, foreign, newer, damaged.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Barrier, thread};

use super::{DataDir, pair};
use crate::{
    OpenError, SqliteStore, Store,
    contract::story::{history, messages, session, take_over, written},
};

fn refusal(dir: &Path) -> OpenError {
    SqliteStore::open(dir, &pair()).expect_err("is refused")
}

#[test]
fn a_missing_directory_is_made_for_its_owner_alone() {
    let dir = DataDir::new();
    let inner = dir.path().join("deep/data");
    drop(SqliteStore::open(&inner, &pair()).expect("opens"));
    assert_eq!(fs::metadata(&inner).expect("is there").permissions().mode() & 0o777, 0o700);
}

#[test]
fn two_engines_open_a_fresh_directory_at_the_same_time() {
    for _ in 0..20 {
        let dir = DataDir::new();
        let inner = dir.path().join("data");
        let start = Barrier::new(4);
        let open = || {
            start.wait();
            SqliteStore::open(&inner, &pair()).map(drop)
        };
        thread::scope(|scope| {
            let engines: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            for engine in engines {
                engine.join().expect("does not panic").expect("opens");
            }
        });
    }
}

#[tokio::test]
async fn a_file_left_by_a_kill_opens_with_all_that_was_acknowledged() {
    let (dir, left) = (DataDir::new(), DataDir::new());
    let store = dir.store();
    let epoch = take_over(&store).await;
    for from in (1..=500).step_by(50) {
        store.append(epoch, messages(session(1), from, from + 49)).await.expect("stores");
    }
    // What a kill leaves: the files as they are, nothing of the write-ahead log copied into the database.
    for name in ["tandem.db", "tandem.db-wal", "tandem.db-shm"] {
        fs::copy(dir.path().join(name), left.path().join(name)).expect("copies");
    }
    drop(store);
    let store = left.store();
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 500)));
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 501, 501)).await.expect("stores");
    assert_eq!(store.open_sessions(epoch).await.expect("reads")[0].head.0, 501);
}

#[test]
fn files_that_tandem_puts_there_do_not_make_a_directory_foreign() {
    let dir = DataDir::new();
    for name in ["run.lock", "pair.json"] {
        fs::write(dir.path().join(name), "x").expect("writes");
    }
    fs::create_dir(dir.path().join("log")).expect("writes");
    drop(dir.store());
}

#[test]
fn a_foreign_directory_is_refused_and_left_alone() {
    let dir = DataDir::new();
    fs::write(dir.path().join("holiday.jpg"), "x").expect("writes");
    let refusal = refusal(dir.path());
    assert!(matches!(&refusal, OpenError::ForeignDirectory { found, .. } if found == &["holiday.jpg"]));
    assert!(refusal.to_string().ends_with("it has no tandem.db but contains holiday.jpg"), "{refusal}");
    assert_eq!(fs::read_dir(dir.path()).expect("reads").count(), 1);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let dir = DataDir::new();
    dir.intruder().execute_batch("CREATE TABLE invoices (id INTEGER)").expect("writes");
    let before = fs::read(dir.file()).expect("reads");
    let refusal = refusal(dir.path());
    assert!(matches!(&refusal, OpenError::ForeignFile { found, .. } if found == &["invoices"]), "{refusal}");
    assert_eq!(fs::read(dir.file()).expect("reads"), before);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = DataDir::new();
    fs::write(dir.file(), "Dear diary, ".repeat(1_000)).expect("writes");
    assert!(matches!(refusal(dir.path()), OpenError::NotADatabase { .. }));
}

#[test]
fn a_newer_schema_is_refused_with_both_versions() {
    let dir = DataDir::new();
    drop(dir.store());
    dir.intruder().pragma_update(None, "user_version", 99).expect("writes");
    let refusal = refusal(dir.path());
    assert!(matches!(refusal, OpenError::NewerSchema { found: 99, known: 2, .. }));
    assert!(refusal.to_string().ends_with("use a newer Tandem"), "{refusal}");
}

#[test]
fn a_damaged_database_is_refused() {
    let dir = DataDir::new();
    drop(dir.store());
    let mut bytes = fs::read(dir.file()).expect("reads");
    // The schema's page behind the file header: no such kind of page exists.
    bytes[100..200].fill(0xff);
    fs::write(dir.file(), bytes).expect("writes");
    let refusal = refusal(dir.path());
    assert!(matches!(refusal, OpenError::Corrupt { .. }), "{refusal:?}");
}

#[test]
fn a_file_in_place_of_the_directory_is_refused() {
    let dir = DataDir::new();
    let file = dir.path().join("data");
    fs::write(&file, "x").expect("writes");
    assert!(matches!(refusal(&file), OpenError::NotADirectory { .. }));
    assert!(matches!(refusal(&file.join("deeper")), OpenError::NotADirectory { .. }));
}

#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    // Not even the superuser creates anything here.
    let refusal = refusal(Path::new("/proc/tandem"));
    assert!(matches!(refusal, OpenError::NotWritable { .. }), "{refusal:?}");
    assert_eq!(refusal.to_string(), "/proc/tandem is not writable for this user");
}

#[test]
fn a_file_in_use_opens_while_its_writer_stands_still() {
    let dir = DataDir::new();
    let serving = dir.store();
    let stopped = dir.intruder();
    stopped.execute_batch("BEGIN IMMEDIATE").expect("locks");
    drop(dir.store());
    drop((stopped, serving));
}
