//! Stories of what is left in the files of an erased session, and of an erasure that is broken off.

use std::fs;

use tandem_protocol::Seq;

use super::DataDir;
use crate::{
    Erased, SqliteTranscripts, Store, StoreError, Transcripts,
    contract::story::{closing, history, message_of, messages, session, take_over, written},
    verify,
};

/// How often the word stands in any file of the directory.
fn occurrences(dir: &DataDir, word: &str) -> usize {
    let files = fs::read_dir(dir.path()).expect("reads").map(|entry| entry.expect("reads").path());
    let count = |bytes: Vec<u8>| bytes.windows(word.len()).filter(|part| *part == word.as_bytes()).count();
    files.map(|file| count(fs::read(file).expect("reads"))).sum()
}

#[tokio::test]
async fn nothing_of_an_erased_text_is_left_in_the_files() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    // Short ones, and some that fill pages of their own.
    for seq in 1..=200 {
        let padding = "x".repeat(if seq % 10 == 0 { 9_000 } else { (seq % 7) as usize });
        let entries = vec![
            message_of(session(1), seq, &format!("heartache {padding} heartache")),
            message_of(session(2), seq, &format!("happiness {padding}")),
        ];
        store.append(epoch, entries).await.expect("stores");
    }
    store.append(epoch, vec![closing(session(1), 201)]).await.expect("stores");
    assert!(occurrences(&dir, "heartache") > 0);
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    // The write-ahead log goes with the last connection.
    drop(store);
    assert_eq!(occurrences(&dir, "heartache"), 0);
    assert_eq!(occurrences(&dir, "happiness"), 200);
    let transcripts = SqliteTranscripts::open(dir.path()).expect("opens");
    for number in [1, 2] {
        let found = transcripts.transcript(session(number)).await.expect("reads").expect("is there");
        verify(session(number), &found.events).expect("the chain holds");
    }
}

#[tokio::test]
async fn an_erasure_that_is_broken_off_leaves_a_beginning_and_goes_on_when_it_is_repeated() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 300)).await.expect("stores");
    store.append(epoch, vec![closing(session(1), 301)]).await.expect("stores");
    // In the third piece a row is not as the walk expects it: as if the disk failed there.
    let intruder = dir.intruder();
    intruder.execute("UPDATE events SET seq = 999 WHERE seq = 20", []).expect("damages");
    assert!(matches!(store.erase(epoch, session(1)).await, Err(StoreError::Failed(_))));
    intruder.execute("UPDATE events SET seq = 20 WHERE seq = 999", []).expect("mends");
    let texts = history(&store, epoch, session(1)).await;
    let first_blank = texts.iter().position(|text| text.contains(r#""erased""#)).expect("it had begun");
    assert!(first_blank > 20, "a piece is done whole or not at all");
    assert_eq!(texts[..first_blank], written(&messages(session(1), 1, first_blank as u64)));
    assert!(texts[first_blank..300].iter().all(|text| text.contains(r#""erased""#)));
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    let texts = history(&store, epoch, session(1)).await;
    assert!(texts[..300].iter().all(|text| text.contains(r#""erased""#)));
}

#[tokio::test]
async fn several_sessions_are_erased_one_after_the_other() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    for number in 1..=20 {
        store.append(epoch, messages(session(number), 1, 150)).await.expect("stores");
        store.append(epoch, vec![closing(session(number), 151)]).await.expect("stores");
    }
    let erasing = (1..=20).map(|number| store.erase(epoch, session(number))).collect();
    for erased in crate::contract::story::all(erasing).await {
        assert_eq!(erased.expect("erases"), Erased::Done);
    }
    for number in 1..=20 {
        let page = store.read(epoch, session(number), Seq::ZERO, 150, usize::MAX).await.expect("reads");
        assert!(page.iter().all(|event| event.event.get().contains(r#""erased""#)));
    }
}

#[tokio::test]
async fn an_erasure_whose_store_is_dropped_is_broken_off() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 2_000)).await.expect("stores");
    store.append(epoch, vec![closing(session(1), 2_001)]).await.expect("stores");
    {
        // Begun, and nobody waits any more.
        let mut erasing = Box::pin(store.erase(epoch, session(1)));
        let begun = std::future::poll_fn(|context| std::task::Poll::Ready(erasing.as_mut().poll(context)));
        assert!(begun.await.is_pending());
    }
    drop(store);
    let store = dir.store();
    let epoch = take_over(&store).await;
    assert_eq!(history(&store, epoch, session(1)).await.len(), 2_001);
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
}

#[tokio::test]
async fn a_write_lock_held_by_another_process_is_busy() {
    let dir = DataDir::new();
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, vec![closing(session(1), 1)]).await.expect("stores");
    let stopped = dir.intruder();
    stopped.execute_batch("BEGIN IMMEDIATE").expect("locks");
    assert!(matches!(store.erase(epoch, session(1)).await, Err(StoreError::Busy(_))));
    drop(stopped);
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
}
