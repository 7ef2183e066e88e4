//! Stories of looking back into a file that others write, or do not write any more, or have tampered with.

use std::fs;

use tandem_protocol::Seq;

use super::DataDir;
use crate::{
    Breach, Broken, LogPlace, OpenError, SqliteTranscripts, Store, StoreError, Transcripts,
    contract::story::{messages, session, take_over},
    verify,
};

fn opened(dir: &DataDir) -> SqliteTranscripts {
    SqliteTranscripts::open(dir.path()).expect("opens")
}

#[tokio::test]
async fn who_looks_before_anybody_has_written_makes_nothing() {
    let dir = DataDir::new();
    let missing = SqliteTranscripts::open(&dir.path().join("nowhere")).expect("opens");
    assert!(missing.pairs().await.expect("reads").is_empty());
    let transcripts = opened(&dir);
    assert_eq!(transcripts.size().await.expect("reads"), 0);
    assert_eq!(fs::read_dir(dir.path()).expect("reads").count(), 0);
    // As an engine leaves it for a moment: made, and not filled.
    fs::write(dir.file(), "").expect("writes");
    assert!(opened(&dir).transcript(session(1)).await.expect("reads").is_none());
    assert!(transcripts.pairs().await.expect("reads").is_empty());
    let store = dir.store();
    take_over(&store).await;
    assert_eq!(transcripts.pairs().await.expect("reads").len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_at_once_or_when_it_comes() {
    let dir = DataDir::new();
    let early = opened(&dir);
    dir.intruder().execute_batch("CREATE TABLE invoices (id INTEGER)").expect("writes");
    let refused = SqliteTranscripts::open(dir.path()).expect_err("is refused");
    assert!(matches!(refused, OpenError::ForeignFile { .. }), "{refused}");
    assert!(matches!(early.pairs().await, Err(StoreError::Failed(_))));
    let dir = DataDir::new();
    drop(dir.store());
    dir.intruder().pragma_update(None, "user_version", 99).expect("writes");
    let refused = SqliteTranscripts::open(dir.path()).expect_err("is refused");
    assert!(matches!(refused, OpenError::NewerSchema { found: 99, .. }), "{refused}");
}

#[tokio::test]
async fn a_stopped_writer_does_not_keep_anybody_from_looking_back_nor_the_other_way_round() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    let transcripts = opened(&dir);
    let stopped = dir.intruder();
    stopped.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let found = transcripts.transcript(session(1)).await.expect("reads").expect("is there");
    assert_eq!(found.events.len(), 3);
    stopped.execute_batch("ROLLBACK").expect("unlocks");
    // A reader that stands still in the middle of the log.
    stopped.execute_batch("BEGIN; SELECT count(*) FROM events").expect("reads");
    store.append(epoch, messages(session(1), 4, 6)).await.expect("stores");
    let main = super::pair();
    assert_eq!(transcripts.log(&main, LogPlace(3), 9).await.expect("reads").len(), 3);
}

#[tokio::test]
async fn a_log_is_read_where_no_engine_runs() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 300)).await.expect("stores");
    drop(store);
    let transcripts = opened(&dir);
    let found = transcripts.transcript(session(1)).await.expect("reads").expect("is there");
    verify(session(1), &found.events).expect("is as it was written");
    assert_eq!(transcripts.sessions(&super::pair(), None, 9).await.expect("reads"), [session(1)]);
}

#[tokio::test]
async fn what_was_tampered_with_is_found_by_its_chain() {
    let damages = [
        ("UPDATE events SET body = replace(body, 'message 2', 'message 7') WHERE seq = 2", Breach::Altered),
        ("UPDATE events SET at = at + 1 WHERE seq = 2", Breach::Altered),
        ("UPDATE events SET link = zeroblob(32) WHERE seq = 2", Breach::Altered),
        ("UPDATE events SET proof = zeroblob(32) WHERE seq = 2", Breach::NotErased),
        ("UPDATE events SET proof = NULL, link = NULL WHERE seq = 2", Breach::Unchained),
        ("UPDATE events SET closes = 1 WHERE seq = 1", Breach::Altered),
    ];
    for (damage, why) in damages {
        let dir = DataDir::new();
        let store = dir.store();
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
        assert_ne!(dir.intruder().execute(damage, []).expect("damages"), 0);
        let found = opened(&dir).transcript(session(1)).await.expect("reads").expect("is there");
        let seq = if damage.ends_with("seq = 1") { Seq(1) } else { Seq(2) };
        assert_eq!(verify(session(1), &found.events), Err(Broken { seq, why }), "{damage}");
    }
}

#[tokio::test]
async fn bytes_that_nobody_can_have_written_are_a_failure() {
    let damages = [
        "UPDATE events SET proof = x'00' WHERE seq = 2",
        "UPDATE events SET link = NULL WHERE seq = 2",
        "UPDATE events SET link = x'00' WHERE seq = 2",
        "UPDATE events SET proof = 'text' WHERE seq = 2",
        "UPDATE events SET body = '{' WHERE seq = 2",
        "UPDATE events SET prev = 3 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 1",
    ];
    for damage in damages {
        let dir = DataDir::new();
        let store = dir.store();
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
        assert_ne!(dir.intruder().execute(damage, []).expect("damages"), 0);
        let refused = opened(&dir).transcript(session(1)).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{damage}: {refused:?}");
    }
}
