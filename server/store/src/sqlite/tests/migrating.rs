//! Stories of a file that an older Tandem has written.

use rusqlite::Connection;
use tandem_protocol::SessionId;

use super::DataDir;
use crate::{
    ChainLink, Entry, Erased, OpenError, SqliteTranscripts, Store, Transcripts,
    contract::story::{closing, history, messages, session, take_over, written},
    sqlite::heads::MARK_EVERY,
    verify,
};

/// Events of the open session of the file below: over a mark, so that its rows have one to name.
const EVENTS: u64 = MARK_EVERY + 44;

/// A file as the first version left it: a session that is open and one that has ended, behind it in the log; of the
/// index nothing was written yet.
fn of_the_first_version(dir: &DataDir) {
    let mut old = Connection::open(dir.file()).expect("opens");
    old.execute_batch(include_str!("../migrations/0001-log-and-leases.sql")).expect("makes");
    old.execute_batch("PRAGMA application_id = 1416520813; PRAGMA user_version = 1").expect("marks");
    old.execute_batch("INSERT INTO leases VALUES ('main', 3, 'a', '127.0.0.1:7301', 'boot-1', 4711, 1, 1, 0)")
        .expect("writes");
    let transaction = old.transaction().expect("begins");
    for (entry, id) in messages(session(1), 1, EVENTS).iter().zip(1..) {
        let mark = (id - 1) / MARK_EVERY.cast_signed() * MARK_EVERY.cast_signed();
        write(&transaction, entry, id, id - 1, mark);
    }
    let first = EVENTS.cast_signed() + 1;
    write(&transaction, &messages(session(2), 1, 1)[0], first, 0, 0);
    write(&transaction, &closing(session(2), 2), first + 1, first, 0);
    transaction.commit().expect("writes");
}

/// A row as the first version wrote it.
fn write(old: &Connection, entry: &Entry, id: i64, prev: i64, mark: i64) {
    let sql = "INSERT INTO events (id, pair, session, seq, prev, mark, at, closes, secret, body)
               VALUES (?1, 'main', ?2, ?3, ?4, ?5, ?6, ?7, NULL, ?8)";
    let (seq, at) = (entry.event.seq.0.cast_signed(), entry.at.0.cast_signed());
    let values =
        (id, entry.session.0.as_bytes().as_slice(), seq, prev, mark, at, entry.closes, entry.event.event.get());
    old.execute(sql, values).expect("writes");
}

async fn last_link(transcripts: &SqliteTranscripts, session: SessionId) -> ChainLink {
    let found = transcripts.transcript(session).await.expect("reads").expect("is there");
    verify(session, &found.events).unwrap_or_else(|broken| panic!("{broken}"))
}

#[tokio::test]
async fn a_file_of_the_first_version_keeps_its_sessions_and_begins_its_chains() {
    let dir = DataDir::new();
    of_the_first_version(&dir);
    let store = dir.store();
    let epoch = take_over(&store).await;
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, EVENTS)));
    assert_eq!(history(&store, epoch, session(2)).await.len(), 2);
    let open = store.open_sessions(epoch).await.expect("reads");
    assert!(open.iter().map(|open| (open.session, open.head.0)).eq([(session(1), EVENTS)]));

    let transcripts = SqliteTranscripts::open(dir.path()).expect("opens");
    assert_eq!(last_link(&transcripts, session(1)).await, ChainLink::NONE, "nothing vouches for it yet");
    store.append(epoch, messages(session(1), EVENTS + 1, EVENTS + 2)).await.expect("stores");
    let link = last_link(&transcripts, session(1)).await;
    assert_ne!(link, ChainLink::NONE);
    assert_eq!(last_link(&transcripts, session(2)).await, ChainLink::NONE);
    drop(store);
    // The next engine goes on with the chain; so does who reads the link from the index.
    let store = dir.store();
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), EVENTS + 3, EVENTS + 3)).await.expect("stores");
    let found = transcripts.transcript(session(1)).await.expect("reads").expect("is there");
    verify(session(1), &found.events).expect("it goes on");
    let at = usize::try_from(EVENTS).expect("is small");
    assert!(found.events[..at].iter().all(|written| written.chained.is_none()));
    assert_eq!(found.events[at + 1].chained.expect("it has a link").1, link);
}

#[tokio::test]
async fn the_body_stays_the_last_column_of_the_log() {
    let dir = DataDir::new();
    of_the_first_version(&dir);
    drop(dir.store());
    let sql = "SELECT name FROM pragma_table_info('events') ORDER BY cid DESC LIMIT 1";
    let last: String = dir.intruder().query_row(sql, [], |row| row.get(0)).expect("reads");
    assert_eq!(last, "body");
}

#[tokio::test]
async fn who_only_looks_does_not_bring_a_file_up() {
    let dir = DataDir::new();
    of_the_first_version(&dir);
    let refused = SqliteTranscripts::open(dir.path()).expect_err("is refused");
    assert!(matches!(refused, OpenError::OlderSchema { found: 1, needed: 2, .. }));
    assert!(refused.to_string().ends_with("start an engine of it there first"), "{refused}");
    let version: i64 = dir.intruder().pragma_query_value(None, "user_version", |row| row.get(0)).expect("reads");
    assert_eq!(version, 1);
    drop(dir.store());
    SqliteTranscripts::open(dir.path()).expect("opens once an engine has been there");
}

#[tokio::test]
async fn what_was_said_before_there_was_a_chain_can_be_erased_too() {
    let dir = DataDir::new();
    of_the_first_version(&dir);
    let store = dir.store();
    let epoch = take_over(&store).await;
    assert_eq!(store.erase(epoch, session(2)).await.expect("erases"), Erased::Done);
    store.append(epoch, vec![closing(session(1), EVENTS + 1)]).await.expect("stores");
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    let transcripts = SqliteTranscripts::open(dir.path()).expect("opens");
    assert_eq!(last_link(&transcripts, session(2)).await, ChainLink::NONE);
    assert_ne!(last_link(&transcripts, session(1)).await, ChainLink::NONE);
    for number in [1, 2] {
        let texts = history(&store, epoch, session(number)).await;
        let (_, before) = texts.split_last().expect("there is an end");
        assert!(before.iter().all(|text| text.contains(r#""erased""#)));
    }
}
