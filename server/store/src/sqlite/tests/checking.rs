//! A check of the files: the contract, and what only a file can have wrong.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
};

use super::{DataDir, pair};
use crate::{
    SqliteSource, SqliteStore, Store,
    check::{Finding, check},
    contract::{
        checking::{Altered, holds_checking_contract},
        story::{messages, session, take_over},
    },
};

holds_checking_contract!(DataDir);

impl Altered for DataDir {
    type Source = SqliteSource;

    const FORGE: &str = "
        INSERT INTO events (pair, session, seq, prev, mark, at, closes, body)
        SELECT pair, session, max(seq) + 1, id, CASE WHEN seq < 256 THEN 0 ELSE mark END, at, 0, body
        FROM events GROUP BY pair, session";

    async fn source(&self) -> SqliteSource {
        SqliteSource::snapshot(self.path(), self.path()).expect("opens")
    }

    async fn alter(&self, sql: &str) {
        self.intruder().execute_batch(sql).expect("writes");
    }
}

/// A file with a session of 300 events whose index is up with the log.
async fn indexed() -> DataDir {
    let dir = DataDir::new();
    let store = SqliteStore::open(dir.path(), &pair()).expect("opens");
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 300)).await.expect("writes");
    drop(store);
    dir
}

async fn findings(dir: &DataDir) -> Vec<String> {
    let checked = check(&mut dir.source().await, &mut |_| ()).await;
    checked.findings.iter().map(Finding::to_string).collect()
}

/// What is found after an alteration of an indexed file.
async fn found(sql: &str) -> Vec<String> {
    let dir = indexed().await;
    dir.alter(sql).await;
    findings(&dir).await
}

fn of_session(what: &str, event: Option<u64>) -> String {
    let event = event.map_or_else(String::new, |event| format!(", event {event}"));
    format!("{what}: session {} of pair main{event}", session(1))
}

#[tokio::test]
async fn an_event_that_is_missing_at_the_end_is_found_by_the_index() {
    let found = found("DELETE FROM events WHERE seq = 300").await;
    assert_eq!(found, [of_session("the index names an end that is not in the log", None)]);
}

#[tokio::test]
async fn ways_through_the_log_that_lead_elsewhere_are_found() {
    let back = found("UPDATE events SET prev = 7 WHERE seq = 20").await;
    assert_eq!(back, [of_session("the way back through the log is broken", Some(20))]);
    let mark = found("UPDATE events SET mark = 7 WHERE seq = 290").await;
    assert_eq!(mark, [of_session("the way back from mark to mark is broken", Some(290))]);
}

#[tokio::test]
async fn an_index_that_does_not_agree_with_the_log_is_found() {
    let behind = found(
        "UPDATE sessions SET head = 250, seq = 250, mark = 0, last_at = last_at - 50,
                        link = (SELECT link FROM events WHERE id = 250)",
    )
    .await;
    assert_eq!(behind, [of_session("the index lacks events that it should know", Some(251))]);
    let missing = found("DELETE FROM sessions").await;
    assert_eq!(missing, [of_session("the index lacks events that it should know", Some(1))]);
    let start = found("UPDATE sessions SET first = 2").await;
    assert_eq!(start, [of_session("the index names a beginning that is not in the log", None)]);
}

#[tokio::test]
async fn a_flipped_byte_of_the_file_is_found() {
    let dir = indexed().await;
    let file = OpenOptions::new().write(true).open(dir.file()).expect("opens");
    let bytes = fs::read(dir.file()).expect("reads");
    for seq in (1..=300).step_by(23) {
        let text = format!("message {seq} of ");
        let at = bytes.windows(text.len()).position(|part| part == text.as_bytes()).expect("stands in the file");
        file.write_all_at(b"M", at as u64).expect("writes");
        let expected =
            format!("session {} of pair main: event {seq} does not follow from the link before it", session(1));
        assert_eq!(findings(&dir).await, [expected]);
        file.write_all_at(b"m", at as u64).expect("writes");
    }
    assert_eq!(findings(&dir).await, [""; 0], "all is as it was");
    // Page 2 is the first of a table: its kind stands in its first byte.
    file.write_all_at(&[0xff], 4_096).expect("writes");
    let found = findings(&dir).await;
    assert!(
        !found.is_empty() && found.iter().all(|finding| finding.contains("malformed") || finding.contains("tandem.db")),
        "{found:?}"
    );
}
