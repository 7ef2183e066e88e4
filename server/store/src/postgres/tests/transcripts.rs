//! Stories of tables that an older Tandem has made, and of looking back into tables that were tampered with.

use tandem_protocol::Seq;

use super::{pair, server::Database};
use crate::{
    Breach, Broken, ChainLink, LogPlace, PostgresOpenError, PostgresStore, PostgresTranscripts, Store, StoreError,
    Transcripts,
    contract::story::{history, messages, session, take_over, written},
    verify,
};

async fn opened(database: &Database) -> PostgresTranscripts {
    PostgresTranscripts::open(&database.address()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Tables as the second version left them, with a session of which the end of the table holds the beginning, as it may
/// where rows went into pages that had room.
async fn of_the_second_version() -> Database {
    let database = Database::empty().await;
    let tables = format!(
        "CREATE SCHEMA tandem AUTHORIZATION tandem; SET ROLE tandem; SET search_path = tandem;
         CREATE TABLE schema_versions (version bigint NOT NULL PRIMARY KEY,
                                       reached_at timestamptz NOT NULL DEFAULT now());
         {}{}
         INSERT INTO schema_versions (version) VALUES (1), (2);
         INSERT INTO leases VALUES ('main', 3, 1, 'a', '127.0.0.1:7301', 'boot-1', 4711, 1, 1, false);
         GRANT SELECT ON events TO guarded",
        include_str!("../migrations/0001-log-and-leases.sql"),
        include_str!("../migrations/0002-accounts-and-chats.sql"),
    );
    database.run(&tables).await;
    let warden = database.warden().await;
    for entry in messages(session(1), 1, 5).iter().rev() {
        let sql = "INSERT INTO events (pair, session, seq, at, closes, body) VALUES ('main', $1, $2, $3, false, $4)";
        let (seq, at) = (entry.event.seq.0.cast_signed(), entry.at.0.cast_signed());
        warden.execute(sql, &[&entry.session.0, &seq, &at, &entry.event.event.get()]).await.expect("writes");
    }
    warden.execute("INSERT INTO open_sessions VALUES ('main', $1)", &[&session(1).0]).await.expect("writes");
    database
}

#[tokio::test]
async fn tables_of_the_second_version_keep_their_sessions_and_begin_their_chains() {
    let database = of_the_second_version().await;
    let refused = PostgresTranscripts::open(&database.address()).await.expect_err("who only looks brings nothing up");
    assert!(matches!(refused, PostgresOpenError::OlderSchema { found: 2, needed: 5, .. }), "{refused}");
    let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
    let transcripts = opened(&database).await;
    let along = transcripts.log(&pair(), LogPlace::default(), 9).await.expect("reads");
    assert!(along.iter().map(|written| written.event.seq.0).eq(1..=5), "a session is read in its order");
    let epoch = take_over(&store).await;
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 5)));
    store.append(epoch, messages(session(1), 6, 7)).await.expect("stores");
    let found = transcripts.transcript(session(1)).await.expect("reads").expect("is there");
    assert_ne!(verify(session(1), &found.events), Ok(ChainLink::NONE));
    assert!(
        found.events.iter().map(|written| written.chained.is_some()).eq([[false; 5].as_slice(), &[true; 2]].concat())
    );
    assert_eq!(transcripts.log(&pair(), along[4].place, 9).await.expect("reads").len(), 2);
    let granted = "SELECT count(*) FROM information_schema.role_table_grants
                   WHERE table_schema = 'tandem' AND table_name = 'events' AND grantee = 'guarded'";
    assert_eq!(database.number(granted).await, 1, "who was let in still is");
}

#[tokio::test]
async fn who_only_looks_makes_no_tables() {
    let database = Database::empty().await;
    let refused = PostgresTranscripts::open(&database.address()).await.expect_err("there are none");
    assert!(matches!(refused, PostgresOpenError::OlderSchema { found: 0, .. }), "{refused}");
    assert!(refused.to_string().ends_with("start an engine of it there first"), "{refused}");
    assert_eq!(database.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'").await, 0);
}

#[tokio::test]
async fn what_was_tampered_with_is_found_by_its_chain() {
    let damages = [
        ("UPDATE events SET body = replace(body, 'message 2', 'message 7') WHERE seq = 2", Breach::Altered),
        ("UPDATE events SET at = at + 1 WHERE seq = 2", Breach::Altered),
        ("UPDATE events SET link = decode(repeat('00', 32), 'hex') WHERE seq = 2", Breach::Altered),
        ("UPDATE events SET proof = decode(repeat('00', 32), 'hex') WHERE seq = 2", Breach::NotErased),
        ("UPDATE events SET proof = NULL, link = NULL WHERE seq = 2", Breach::Unchained),
        ("DELETE FROM events WHERE seq = 2", Breach::Missing),
    ];
    for (damage, why) in damages {
        let database = Database::with_tables().await;
        let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
        database.run(damage).await;
        let found = opened(&database).await.transcript(session(1)).await.expect("reads").expect("is there");
        assert_eq!(verify(session(1), &found.events), Err(Broken { seq: Seq(2), why }), "{damage}");
    }
}

#[tokio::test]
async fn rows_that_nobody_can_have_written_are_a_failure() {
    let damages = [
        r"UPDATE events SET proof = '\x00' WHERE seq = 2",
        "UPDATE events SET link = NULL WHERE seq = 2",
        r"UPDATE events SET link = '\x00' WHERE seq = 2",
        "UPDATE events SET body = '{' WHERE seq = 2",
        "ALTER TABLE events DROP COLUMN proof",
    ];
    for damage in damages {
        let database = Database::with_tables().await;
        let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
        database.run(damage).await;
        let refused = opened(&database).await.transcript(session(1)).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{damage}: {refused:?}");
    }
}
