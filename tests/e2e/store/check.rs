//! `tandem store check`.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;
use tandem_protocol::SessionId;
use tandem_tests::{
    Customer, System,
    postgres::{Database, USER},
};
use tempfile::TempDir;

use super::tandem;

/// A data directory with one chat, which nobody uses any more, and its session.
async fn chatted() -> (TempDir, SessionId) {
    let data = TempDir::new().expect("the temp folder is writable");
    let system = System::builder().data(data.path()).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    for text in ["one", "two", "three"] {
        customer.says(text).await;
    }
    let session = customer.ticket().session;
    drop(customer);
    system.finish().await;
    (data, session)
}

fn alter(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("tandem.db")).expect("opens");
    connection.execute_batch(sql).expect("writes");
}

/// What is found, a line each, and the exit code.
async fn findings(data: &Path) -> (Vec<String>, Option<i32>) {
    let ran = tandem(&["store", "check", "--json"], data).await;
    let said: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let findings = said["check"]["findings"].as_array().expect("is a list");
    (findings.iter().map(|finding| finding.as_str().expect("is a sentence").to_owned()).collect(), ran.code)
}

#[tokio::test]
async fn a_store_in_use_is_checked_and_found_as_it_was_written() {
    let system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let said = tandem(&["store", "check"], system.data()).await.done();
    assert_eq!(said, format!("{} is as it was written: 1 transcripts, 3 events\n", system.data().display()));
    customer.says("and on").await;
    system.finish().await;
}

#[tokio::test]
async fn a_flipped_byte_is_found() {
    let (data, session) = chatted().await;
    let file = data.path().join("tandem.db");
    let mut bytes = std::fs::read(&file).expect("reads");
    let text = br#""text":"two""#;
    let at = bytes.windows(text.len()).position(|part| part == text).expect("stands in the file");
    bytes[at + 9] ^= 1;
    std::fs::write(&file, bytes).expect("writes");
    let expected = format!("session {session} of pair main: event 4 does not follow from the link before it");
    assert_eq!(findings(data.path()).await, (vec![expected], Some(1)));
    let said = tandem(&["store", "check"], data.path()).await;
    assert!(said.stdout.contains(" is damaged: 1 findings in 1 transcripts, "), "{said:?}");
}

#[tokio::test]
async fn a_deleted_row_is_found() {
    let (data, session) = chatted().await;
    alter(data.path(), "DELETE FROM events WHERE seq = 4");
    let (found, code) = findings(data.path()).await;
    let transcript = format!("session {session} of pair main: event 4 is not there");
    let way = format!("the way back through the log is broken: session {session} of pair main, event 5");
    assert_eq!((found, code), (vec![way, transcript], Some(1)));
}

#[tokio::test]
async fn an_inserted_row_is_found() {
    let (data, session) = chatted().await;
    alter(
        data.path(),
        "INSERT INTO events (pair, session, seq, prev, mark, at, closes, proof, link, body)
         SELECT pair, session, seq + 1, id, mark, at, 0, proof, link, body FROM events ORDER BY id DESC LIMIT 1",
    );
    let (found, code) = findings(data.path()).await;
    assert_eq!(code, Some(1));
    let ours = format!("session {session} of pair main: event ");
    assert!(found.iter().any(|finding| finding.starts_with(&ours)), "{found:?}");
}

#[tokio::test]
async fn a_database_is_checked_too() {
    let database = Database::empty().await;
    let system = System::builder().postgres(&database).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("one").await;
    let address = database.by_network(USER, "");
    let check = async || tandem(&["store", "check", "--store", &address], Path::new(".")).await;
    let said = check().await.done();
    assert!(said.contains(" is as it was written: 1 transcripts, 3 events\n"), "{said}");
    database.run("UPDATE events SET body = replace(body, 'one', 'two')").await;
    let found = check().await;
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.stdout.contains("event 3 does not follow from the link before it"), "{found:?}");
    system.finish().await;
}
