//! The SQLite journal held to the contract, and what only a file can do wrong.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rusqlite::Connection;
use tandem_protocol::control::Noted;
use tempfile::TempDir;

use super::SqliteJournal;
use crate::{
    Journal, StoreError,
    contract::journal::{
        Backend, holds_journal_contract,
        story::{act, drill, notes, pair, restoration, session, takeover},
    },
};

holds_journal_contract!(DataDir);

/// A data directory that goes with the test.
struct DataDir(TempDir);

impl DataDir {
    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A connection of another program to the same file.
    fn intruder(&self) -> Connection {
        Connection::open(self.path().join("journal.db")).expect("opens")
    }
}

impl Backend for DataDir {
    type Journal = SqliteJournal;

    async fn fresh() -> Self {
        Self(TempDir::new().expect("the temporary directory is writable"))
    }

    fn open(&self) -> SqliteJournal {
        SqliteJournal::new(self.path())
    }
}

#[tokio::test]
async fn its_file_is_for_its_owner_alone() {
    let dir = DataDir::fresh().await;
    notes(&dir.open(), vec![Noted::Act(act(1))]).await;
    let mode = fs::metadata(dir.path().join("journal.db")).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_journal_that_cannot_be_opened_is_used_once_it_can() {
    let dir = DataDir::fresh().await;
    let in_the_way = dir.path().join("journal.db");
    fs::create_dir(&in_the_way).expect("makes");
    let journal = dir.open();
    let refused = journal.note(vec![Noted::Act(act(1))]).await.expect_err("is no file");
    assert!(matches!(refused, StoreError::Failed(_) | StoreError::Recoverable(_)), "{refused:?}");
    assert!(journal.acts(None, 9).await.is_err());
    fs::remove_dir(&in_the_way).expect("removes");
    notes(&journal, vec![Noted::Act(act(2))]).await;
    assert_eq!(journal.acts(None, 9).await.expect("reads"), [act(2)]);
}

#[tokio::test]
async fn a_stopped_writer_makes_others_busy_and_reading_goes_on() {
    let dir = DataDir::fresh().await;
    let journal = dir.open();
    notes(&journal, vec![Noted::Act(act(1))]).await;
    let stopped = dir.intruder();
    stopped.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let refused = journal.note(vec![Noted::Act(act(2))]).await;
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    assert_eq!(dir.open().acts(None, 9).await.expect("reads"), [act(1)]);
    stopped.execute_batch("ROLLBACK").expect("unlocks");
    notes(&journal, vec![Noted::Act(act(2))]).await;
}

#[tokio::test]
async fn altered_rows_are_a_failure_and_never_a_panic() {
    let damages = [
        "UPDATE takeovers SET cause = 'whim'; UPDATE acts SET act = 'theft'",
        "UPDATE takeovers SET to_engine = 'Not A Name'; UPDATE drills SET told = '{'",
        "UPDATE acts SET id = x'00'; UPDATE restorations SET how = 'somehow'",
        "DROP TABLE gaps; DROP TABLE acts; DROP TABLE drills; DROP TABLE restorations",
    ];
    for damage in damages {
        let dir = DataDir::fresh().await;
        let journal = dir.open();
        let noted = [Noted::Takeover(takeover(1)), Noted::Act(act(1)), Noted::Drill(drill(1))];
        let restored = Noted::Restorations(vec![restoration(1, 1, 1)]);
        notes(&journal, noted.into_iter().chain([restored]).collect()).await;
        dir.intruder().execute_batch(damage).expect("damages");
        let outcomes = [
            journal.takeovers(&pair("main"), None, 9).await.err(),
            journal.acts(None, 9).await.err(),
            journal.drills(&pair("main"), None, 9).await.err(),
            journal.restorations(session(1)).await.err(),
        ];
        let failed: Vec<_> = outcomes.iter().flatten().collect();
        assert!(failed.len() >= 2, "{damage}: {failed:?}");
        assert!(failed.iter().all(|error| matches!(error, StoreError::Failed(_))), "{damage}: {failed:?}");
    }
}
