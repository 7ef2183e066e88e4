//! Stories of what the server says no to, with its real error codes: what is worth another try, and what is not.

use super::{
    pair,
    server::{Database, eventually},
};
use crate::{
    Directory, PostgresDirectory, PostgresStore, Store, StoreError,
    contract::{
        directory::story::{NOW, added, chat, name, reply},
        story::{engine, history, messages, session, take_over, written},
    },
};

/// Makes every insert into the log fail as a row of `fails` says.
const FAILING: &str = "
    CREATE TABLE fails (code text); GRANT ALL ON fails TO tandem;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE code text := (SELECT max(fails.code) FROM fails);
    BEGIN
        IF code IS NOT NULL THEN RAISE EXCEPTION 'told to' USING ERRCODE = code; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER fail AFTER INSERT ON events EXECUTE FUNCTION fail()";

async fn opened(database: &Database) -> PostgresStore {
    PostgresStore::open(&database.address(), &pair()).await.expect("opens")
}

#[tokio::test]
async fn the_servers_errors_are_told_apart_by_their_codes() {
    let database = Database::with_tables().await;
    database.run(FAILING).await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 1)).await.expect("stores");
    let warden = database.warden().await;
    let passing = ["40001", "40P01", "57014", "53000", "53200", "55006", "08006", "25006", "26000"];
    let grave = ["53100", "58030", "XX000", "XX001", "23514", "0LP01"];
    let codes = passing.map(|code| (code, true)).into_iter().chain(grave.map(|code| (code, false)));
    for (seq, (code, passes)) in (2..).zip(codes) {
        warden.execute("INSERT INTO fails VALUES ($1)", &[&code]).await.expect("writes");
        let refused = store.append(epoch, messages(session(1), seq, seq)).await;
        assert_eq!(matches!(refused, Err(StoreError::Recoverable(_))), passes, "{code}: {refused:?}");
        assert_eq!(matches!(refused, Err(StoreError::Failed(_))), !passes, "{code}: {refused:?}");
        warden.batch_execute("DELETE FROM fails").await.expect("writes");
        // Nothing of it is stored, and it works again as soon as the cause is gone.
        store.append(epoch, messages(session(1), seq, seq)).await.expect("stores");
    }
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 16)));
}

#[tokio::test]
async fn revoked_rights_are_a_failure_until_they_are_given_back() {
    let database = Database::with_tables().await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    database.run("REVOKE INSERT ON events FROM tandem").await;
    let refused = store.append(epoch, messages(session(1), 4, 4)).await;
    assert!(matches!(&refused, Err(StoreError::Failed(cause)) if cause.to_string().contains("42501")), "{refused:?}");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 3);
    database.run("GRANT INSERT ON events TO tandem").await;
    store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 4);
}

#[tokio::test]
async fn a_table_that_is_gone_is_a_failure_until_it_is_back() {
    let database = Database::with_tables().await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    database.run("ALTER TABLE events RENAME TO gone").await;
    let refused = store.append(epoch, messages(session(1), 4, 4)).await;
    assert!(matches!(&refused, Err(StoreError::Failed(cause)) if cause.to_string().contains("42P01")), "{refused:?}");
    assert!(matches!(store.load(epoch, &[session(1)]).await, Err(StoreError::Failed(_))));
    database.run("ALTER TABLE gone RENAME TO events").await;
    store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await.len(), 4);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_for_a_while_is_recoverable() {
    let database = Database::with_tables().await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    // As after a failover: the connections are cut, and the host of old is a standby.
    database.run(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name())).await;
    database.cut_off().await;
    eventually("the store notices", async || match store.append(epoch, messages(session(1), 4, 4)).await {
        Err(StoreError::Recoverable(cause)) => cause.to_string().contains("takes no writes").then_some(()),
        outcome => panic!("nothing else may come of it: {outcome:?}"),
    })
    .await;
    assert!(matches!(store.load(epoch, &[session(1)]).await, Err(StoreError::Recoverable(_))), "never from a standby");
    let elsewhere = database.server().warden("postgres").await;
    elsewhere.batch_execute(&format!("ALTER DATABASE {} RESET ALL", database.name())).await.expect("sets");
    store.append(epoch, messages(session(1), 4, 4)).await.expect("stores");
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 4)));
}

#[tokio::test]
async fn a_server_without_a_connection_left_is_recoverable() {
    let database = Database::with_tables().await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    database.run(&format!("ALTER DATABASE {} CONNECTION LIMIT 0", database.name())).await;
    database.cut_off().await;
    let full = eventually("the store notices", async || match store.renew_lease(epoch, NOW).await {
        Err(StoreError::Recoverable(cause)) => cause.to_string().contains("53300").then_some(()),
        outcome => panic!("nothing else may come of it: {outcome:?}"),
    });
    full.await;
    database.run(&format!("ALTER DATABASE {} CONNECTION LIMIT -1", database.name())).await;
    store.renew_lease(epoch, NOW).await.expect("renews");
}

#[tokio::test]
async fn altered_rows_are_a_failure_and_never_a_panic_or_a_wrong_history() {
    let damages = [
        "UPDATE events SET body = '{' WHERE seq = 2",
        "UPDATE events SET secret = '\\x00' WHERE seq = 2",
        "UPDATE events SET seq = -1 WHERE seq = 2",
        "UPDATE events SET seq = 9 WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
        "ALTER TABLE events ALTER body TYPE bytea USING body::bytea",
    ];
    for damage in damages {
        let database = Database::with_tables().await;
        let store = opened(&database).await;
        let epoch = take_over(&store).await;
        store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
        database.run(damage).await;
        assert!(matches!(store.load(epoch, &[session(1)]).await, Err(StoreError::Failed(_))), "{damage}");
        let read = store.read(epoch, session(1), tandem_protocol::Seq::ZERO, 10, 10_000).await;
        assert!(matches!(read, Err(StoreError::Failed(_))), "{damage}: {read:?}");
    }
}

#[tokio::test]
async fn a_damaged_lease_is_a_failure() {
    let database = Database::with_tables().await;
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    database.run("UPDATE leases SET name = 'Not A Name'").await;
    assert!(matches!(store.lease().await, Err(StoreError::Failed(_))));
    database.run("UPDATE leases SET name = 'a', pid = -1").await;
    assert!(matches!(store.lease().await, Err(StoreError::Failed(_))));
    // A takeover writes the row anew.
    store.take_lease(epoch, engine("b"), NOW).await.expect("writes");
    assert_eq!(store.lease().await.expect("reads").expect("is there").holder, engine("b"));
}

#[tokio::test]
async fn altered_rows_of_the_directory_are_a_failure_and_never_a_panic() {
    let damages = [
        "UPDATE accounts SET name = 'Not A Name'",
        "UPDATE accounts SET role = 'king'",
        "UPDATE accounts SET skills = '{'",
        "UPDATE accounts SET capacity = -1",
        "UPDATE secrets SET secret = '\\x00'",
        "UPDATE takings SET agent = -1",
        "UPDATE replies SET id = 'two words'",
        "DROP TABLE logins",
    ];
    for damage in damages {
        let database = Database::with_tables().await;
        let directory = PostgresDirectory::open(&database.address()).await.expect("opens");
        let account = added(&directory, "ann").await;
        directory.secret().await.expect("writes");
        directory.take_chat(chat(1, account.agent)).await.expect("writes");
        directory.save_canned(account.agent, reply("r-1", "hello")).await.expect("writes");
        database.run(damage).await;
        let outcomes = [
            directory.accounts().await.err(),
            directory.secret().await.err(),
            directory.unfiled().await.err(),
            directory.canned(account.agent).await.err(),
            directory.logins(NOW).await.err(),
        ];
        let failed = outcomes.iter().flatten().all(|error| matches!(error, StoreError::Failed(_)));
        assert!(failed && outcomes.iter().any(Option::is_some), "{damage}: {outcomes:?}");
    }
}

#[tokio::test]
async fn a_stopped_writer_of_the_directory_holds_up_no_message() {
    let database = Database::with_tables().await;
    let directory = PostgresDirectory::open(&database.address()).await.expect("opens");
    let account = added(&directory, "ann").await;
    let stopped = database.warden().await;
    stopped.batch_execute("BEGIN; UPDATE accounts SET era = era + 1").await.expect("locks");
    let refused = directory.set_disabled(&name("ann"), true).await;
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    assert_eq!(directory.accounts().await.expect("reads"), [account]);
    let store = opened(&database).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    stopped.batch_execute("ROLLBACK").await.expect("unlocks");
    directory.set_disabled(&name("ann"), true).await.expect("writes").expect("is there");
}
