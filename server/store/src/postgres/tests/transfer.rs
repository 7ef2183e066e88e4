//! A store that moves from files to a database and back is the same afterwards, and goes on in either.

use std::path::Path;

use rusqlite::Connection;
use tandem_protocol::{AgentId, PairName, TokenHash, control::Noted, desk::ChosenState};
use tempfile::TempDir;

use super::{
    pair,
    server::{Database, eventually},
};
use crate::{
    Archive, Chosen, Directory, PostgresSource, PostgresStore, PostgresTarget, SqliteDirectory, SqliteJournal,
    SqliteSource, SqliteStore, SqliteTarget, Store, Transcripts,
    contract::{
        archive::story::{ana, closes, comes, email, learns, opened_by, phone, places, says, sought, taken_by, who},
        directory::story::{agent, chat, filing, later, login, reply, token},
        journal::story::{act, drill, gap, notes, restoration, takeover},
        story::{closing, history, message, messages, session, take_over, written},
    },
    transfer::{Digest, Source, TABLES, Table, Target, TransferError, transfer},
    verify,
};

/// Enough for the longest session to have marks.
const LONG: u64 = 600;

/// Two pairs whose sessions are mixed in the log; one of them is over, one is long; and somebody who works here.
async fn filled() -> TempDir {
    let dir = TempDir::new().expect("the temporary directory is writable");
    let main = SqliteStore::open(dir.path(), &pair()).expect("opens");
    let other = SqliteStore::open(dir.path(), &PairName::new("other").expect("is a name")).expect("opens");
    let (epoch, other_epoch) = (take_over(&main).await, take_over(&other).await);
    let mut first = message(session(1), 1);
    first.secret = Some(TokenHash([7; 32]));
    main.append(epoch, vec![first, message(session(2), 1)]).await.expect("writes");
    other.append(other_epoch, vec![message(session(3), 1)]).await.expect("writes");
    main.append(epoch, messages(session(1), 2, LONG)).await.expect("writes");
    main.append(epoch, vec![closing(session(2), 2)]).await.expect("writes");
    other.append(other_epoch, vec![message(session(3), 2)]).await.expect("writes");
    let directory = SqliteDirectory::open(dir.path()).expect("opens");
    directory.secret().await.expect("writes");
    directory.begin_life().await.expect("writes");
    let ann = directory.add_account(agent("ann")).await.expect("writes").expect("is new").agent;
    let bob = directory.add_account(agent("bob")).await.expect("writes").expect("is new").agent;
    directory.add_login(login(1, ann), later(0)).await.expect("writes");
    directory.choose(Chosen { agent: bob, state: ChosenState::Ready, since: later(1) }).await.expect("writes");
    directory.take_chat(chat(1, ann)).await.expect("writes");
    directory.take_chat(chat(2, bob)).await.expect("writes");
    directory.file_chat(filing(2, bob, "sold", later(3))).await.expect("writes");
    directory.save_canned(ann, reply("r-1", "/hi")).await.expect("writes");
    archived(&directory, ann).await;
    let restored = Noted::Restorations(vec![restoration(1, 2, 1), restoration(2, 2, 1)]);
    let noted = vec![Noted::Takeover(takeover(1)), gap(1, 80), Noted::Act(act(1)), Noted::Drill(drill(1)), restored];
    notes(&SqliteJournal::new(dir.path()), noted).await;
    dir
}

/// Contacts who are known, alike, merged and erased, and what they said.
async fn archived(directory: &SqliteDirectory, ann: AgentId) {
    let first = vec![opened_by(1, &[ana()]), comes(1, "Ana"), taken_by(1, ann, "Ann"), says(1, 4, "Grüße aus Köln")];
    learns(directory, first).await;
    let alike = vec![opened_by(2, &[phone("+49301")]), comes(2, "Ana"), opened_by(3, &[ana(), phone("+49301")])];
    learns(directory, alike).await;
    let others = vec![opened_by(4, &[email("b@example.org")]), opened_by(5, &[email("c@example.org")]), closes(5)];
    learns(directory, others).await;
    let id = async |identity| who(directory, &identity).await.expect("is known").contact;
    let (ana, bea, cid) = (id(ana()).await, id(email("b@example.org")).await, id(email("c@example.org")).await);
    directory.merge(ana, bea).await.expect("writes").expect("is done");
    directory.erase_contact(cid).await.expect("writes").expect("is there");
    directory.chat_erased(session(5)).await.expect("writes");
}

/// Everything in a file as text.
fn dump(dir: &Path, file: &str, sql: &str) -> Vec<String> {
    let connection = Connection::open(dir.join(file)).expect("opens");
    let mut query = connection.prepare(sql).expect("prepares");
    let columns = query.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let value = |at| format!("{:?}", row.get_ref(at).expect("is there"));
        Ok((0..columns).map(value).collect::<Vec<_>>().join(" "))
    };
    query.query_map([], row).expect("reads").map(|row| row.expect("reads")).collect()
}

async fn digest(source: &mut dyn Source, table: &'static Table) -> Digest {
    let mut digest = Digest::new(table);
    loop {
        let rows = source.rows(table, digest.last()).await.expect("reads");
        if rows.is_empty() {
            return digest;
        }
        digest.add(&rows);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_moves_there_and_back_is_the_same() {
    let (dir, back, database) = (filled().await, TempDir::new().expect("is writable"), Database::empty().await);
    let mut source = SqliteSource::alone(dir.path(), dir.path()).expect("opens");
    let target = PostgresTarget::new(&database.address()).await.expect("opens");
    let mut told = Vec::new();
    let moved = transfer(&mut source, Box::new(target), &mut |rows| told.push(rows)).await.expect("moves");
    let rows: u64 = moved.iter().map(|(_, rows)| rows).sum();
    assert!(told.is_sorted() && told.last() == Some(&(2 * rows)), "{told:?} of {rows}");
    let empty: Vec<_> = moved.iter().filter(|(_, rows)| *rows == 0).map(|(table, _)| table.name).collect();
    assert_eq!(empty, [""; 0], "every table has rows in this story");
    drop(source);

    let snapshot = PostgresSource::snapshot(&database.address()).await.expect("opens");
    let mut source = snapshot.alone(&database.address()).await.expect("nobody writes");
    let target = SqliteTarget::new(back.path()).expect("opens");
    transfer(&mut source, Box::new(target), &mut |_| ()).await.expect("moves");
    drop(source);

    let mut before = SqliteSource::snapshot(dir.path(), dir.path()).expect("opens");
    let mut after = SqliteSource::snapshot(back.path(), back.path()).expect("opens");
    for table in TABLES.iter().filter(|table| !table.is_leases()) {
        assert!(digest(&mut before, table).await.is(&digest(&mut after, table).await), "{}", table.name);
    }
    let same = [
        ("tandem.db", "SELECT * FROM events ORDER BY id"),
        ("tandem.db", "SELECT * FROM sessions ORDER BY pair, session"),
        ("directory.db", "SELECT * FROM sqlite_sequence"),
        ("directory.db", "SELECT rowid FROM past_words WHERE past_words MATCH 'koln'"),
        ("tandem.db", "SELECT pair, epoch, name, address, pid, pid_started, renewed_at FROM leases ORDER BY pair"),
    ];
    for (file, sql) in same {
        assert_eq!(dump(dir.path(), file, sql), dump(back.path(), file, sql), "{sql}");
    }
    assert_eq!(
        dump(back.path(), "tandem.db", "SELECT DISTINCT released, host FROM leases"),
        [r#"Integer(1) Text([])"#]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_moved_goes_on_where_it_was() {
    let (dir, database) = (filled().await, Database::empty().await);
    let mut source = SqliteSource::alone(dir.path(), dir.path()).expect("opens");
    let target = PostgresTarget::new(&database.address()).await.expect("opens");
    transfer(&mut source, Box::new(target), &mut |_| ()).await.expect("moves");
    let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
    let epoch = take_over(&store).await;
    assert_eq!(epoch.0, 2, "F-1: the epoch goes on");
    let open = store.open_sessions(epoch).await.expect("reads");
    assert_eq!(open.iter().map(|open| open.session).collect::<Vec<_>>(), [session(1)]);
    store.append(epoch, vec![message(session(1), LONG + 1)]).await.expect("D-4: the numbers go on");
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, LONG + 1)));
    store.append(epoch, vec![message(session(2), 3)]).await.expect_err("what was over stays so");
    let transcripts = super::PostgresTranscripts::open(&database.address()).await.expect("opens");
    let transcript = transcripts.transcript(session(1)).await.expect("reads").expect("is there");
    verify(session(1), &transcript.events).expect("the chain goes on");
    let directory = crate::PostgresDirectory::open(&database.address()).await.expect("opens");
    let cid = directory.add_account(agent("cid")).await.expect("writes").expect("is new").agent;
    assert_eq!(cid.0, 3, "no number is given out again");
    assert!(directory.login(token(1), later(1)).await.expect("reads").is_some());
    assert_eq!(places(&directory, sought("köln")).await, [(1, 4)], "what was said is found");
    learns(&directory, vec![opened_by(6, &[email("d@example.org")])]).await;
    let new = who(&directory, &email("d@example.org")).await.expect("is known").contact;
    assert_eq!(new.0, 5, "nor is a contact's, whatever became of him");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_has_rows_is_refused() {
    let (dir, database) = (filled().await, Database::with_tables().await);
    let mut source = SqliteSource::snapshot(dir.path(), dir.path()).expect("opens");
    let target = PostgresTarget::new(&database.address()).await.expect("opens");
    transfer(&mut source, Box::new(target), &mut |_| ()).await.expect("moves");
    let target = PostgresTarget::new(&database.address()).await.expect("opens");
    let refused = transfer(&mut source, Box::new(target), &mut |_| ()).await.expect_err("has rows");
    assert!(matches!(refused, TransferError::NotEmpty("leases")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_source_is_refused_by_name_and_leaves_nothing() {
    let (dir, into) = (filled().await, TempDir::new().expect("is writable"));
    let intruder = Connection::open(dir.path().join("tandem.db")).expect("opens");
    intruder.execute_batch("DELETE FROM events WHERE seq = 300").expect("writes");
    let mut source = SqliteSource::snapshot(dir.path(), dir.path()).expect("opens");
    let target = SqliteTarget::new(into.path()).expect("opens");
    let refused = transfer(&mut source, Box::new(target), &mut |_| ()).await.expect_err("is damaged");
    assert!(matches!(refused, TransferError::Broken { seq, .. } if seq.0 == 301), "{refused:?}");
    assert_eq!(dump(into.path(), "tandem.db", "SELECT * FROM leases"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_a_pair_without_a_lease_are_not_moved_without_a_word() {
    let (into, database) =
        (TempDir::new().expect("the temporary directory is writable"), Database::with_tables().await);
    let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("writes");
    drop(store);
    database.run("DELETE FROM leases").await;
    let mut source = PostgresSource::snapshot(&database.address()).await.expect("opens");
    let target = SqliteTarget::new(into.path()).expect("opens");
    let refused = transfer(&mut source, Box::new(target), &mut |_| ()).await.expect_err("is damaged");
    assert!(matches!(refused, TransferError::Damaged { table: "events", rows: 3 }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_nobody_finishes_leaves_nothing() {
    let (dir, database) = (filled().await, Database::with_tables().await);
    let mut source = SqliteSource::snapshot(dir.path(), dir.path()).expect("opens");
    let mut target = PostgresTarget::new(&database.address()).await.expect("opens");
    for table in TABLES {
        let rows = source.rows(table, None).await.expect("reads");
        target.write(table, rows).await.expect("writes");
    }
    drop(target);
    // It waits for the lock until the server has noticed.
    assert_eq!(database.number("SELECT count(*) FROM events").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_writes_while_a_source_is_held_alone_and_everybody_beside_a_snapshot() {
    let database = Database::with_tables().await;
    let store = PostgresStore::open(&database.address(), &pair()).await.expect("opens");
    let epoch = take_over(&store).await;
    let mut snapshot = PostgresSource::snapshot(&database.address()).await.expect("opens");
    store.append(epoch, vec![message(session(1), 1)]).await.expect("nobody waits for a snapshot");
    let events = TABLES.iter().find(|table| table.is_events()).expect("is one of them");
    assert_eq!(snapshot.rows(events, None).await.expect("reads").len(), 0, "it is of one moment");
    assert_eq!(snapshot.others().await.expect("reads"), 2, "the store writes over one and reads over one");
    let mut alone = snapshot.alone(&database.address()).await.expect("nobody writes");
    assert_eq!(alone.rows(events, None).await.expect("reads").len(), 1, "it is of another moment");
    assert_eq!(alone.others().await.expect("reads"), 2, "it is none of the others");
    store.append(epoch, vec![message(session(1), 2)]).await.expect_err("the table is locked");
    drop(alone);
    let again = "it is stored once the lock is gone";
    eventually(again, async || store.append(epoch, vec![message(session(1), 2)]).await.ok()).await;
    let mut snapshot = PostgresSource::snapshot(&database.address()).await.expect("opens");
    assert!(snapshot.others().await.expect("reads") > 0);
    drop(store);
    let gone = "who has gone is not counted for ever";
    eventually(gone, async || (snapshot.others().await.expect("reads") == 0).then_some(())).await;
}

#[tokio::test]
async fn every_column_is_moved_or_derived() {
    let database = Database::with_tables().await;
    let derived = ["leases.writer", "accounts.era", "logins.era", "past_messages.words"];
    let tables = ["open_sessions", "schema_versions", "directory_version", "archive_guard"];
    let sql = "SELECT table_name || '.' || column_name, table_name::text FROM information_schema.columns
               WHERE table_schema = 'tandem' ORDER BY 1";
    let found = database.warden().await.query(sql, &[]).await.expect("reads");
    let found: Vec<(String, String)> = found.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_moved =
        |(column, table): &&(String, String)| !derived.contains(&column.as_str()) && !tables.contains(&table.as_str());
    let found: Vec<_> = found.iter().filter(is_moved).map(|(column, _)| column.clone()).collect();
    let columns = |table: &&'static Table| {
        let name = table.name;
        table.columns.iter().map(move |column| format!("{name}.{}", column.name)).collect::<Vec<_>>()
    };
    let mut moved: Vec<String> = TABLES.iter().flat_map(columns).collect();
    moved.sort();
    assert_eq!(found, moved);
}
