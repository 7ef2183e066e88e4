//! Stories of opening a database: fresh, at the same time, foreign, newer, and everything that an operator gets wrong.

use super::{
    pair,
    server::{Database, GUARDED, PASSWORD, Server, USER, free_port, parsed},
};
use crate::{
    PostgresAddress, PostgresDirectory, PostgresOpenError, PostgresStore, Store,
    contract::{
        directory::story::added,
        story::{messages, session, take_over},
    },
};

async fn opened(address: &PostgresAddress) -> PostgresStore {
    PostgresStore::open(address, &pair()).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn refusal(address: &PostgresAddress) -> PostgresOpenError {
    PostgresStore::open(address, &pair()).await.expect_err("is refused")
}

/// What an operator reads, without the address in front.
fn sentence(refusal: &PostgresOpenError, address: &PostgresAddress) -> String {
    let text = refusal.to_string();
    let rest =
        text.strip_prefix(&address.to_string()).unwrap_or_else(|| panic!("{text} does not begin with {address}"));
    rest.trim_start_matches([':', ' ']).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_open_a_fresh_database_at_the_same_time() {
    let database = Database::empty().await;
    let (address, pair) = (database.address(), pair());
    let (a, b, c, d) = tokio::join!(
        PostgresStore::open(&address, &pair),
        PostgresDirectory::open(&address),
        PostgresStore::open(&address, &pair),
        PostgresDirectory::open(&address),
    );
    let (store, directory) = (a.expect("opens"), b.expect("opens"));
    drop((c.expect("opens"), d.expect("opens")));
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    added(&directory, "ann").await;
    assert_eq!(database.number("SELECT count(*) FROM schema_versions").await, 5);
}

#[tokio::test]
async fn a_database_in_use_opens_while_somebody_stands_still_in_a_migration() {
    let database = Database::with_tables().await;
    let stopped = database.warden().await;
    stopped.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(x'546e646d'::bigint)").await.expect("locks");
    drop(opened(&database.address()).await);
}

#[tokio::test]
async fn tables_that_an_administrator_made_need_no_right_to_make_any() {
    let database = Database::with_tables().await;
    let sql = "GRANT USAGE ON SCHEMA tandem TO guarded; GRANT ALL ON ALL TABLES IN SCHEMA tandem TO guarded;
         REVOKE CREATE ON SCHEMA tandem FROM PUBLIC";
    database.run(sql).await;
    let store = opened(&database.network(&format!("{GUARDED}:correct%20horse"), "")).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
}

#[tokio::test]
async fn a_schema_of_another_program_is_refused_and_left_alone() {
    let database = Database::empty().await;
    database.run("CREATE SCHEMA tandem AUTHORIZATION tandem; CREATE TABLE tandem.invoices (id bigint)").await;
    let refused = refusal(&database.address()).await;
    assert!(matches!(&refused, PostgresOpenError::ForeignSchema { found, .. } if found == &["invoices"]), "{refused}");
    let expected = "the schema tandem was not made by Tandem: its tables are invoices";
    assert_eq!(sentence(&refused, &database.address()), expected);
    assert_eq!(database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'tandem'").await, 1);
}

#[tokio::test]
async fn a_database_that_others_use_too_is_no_obstacle() {
    let database = Database::empty().await;
    database.run("CREATE TABLE public.events (id bigint); CREATE SCHEMA tandem AUTHORIZATION tandem").await;
    let store = opened(&database.address()).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    assert_eq!(database.number("SELECT count(*) FROM public.events").await, 0);
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_versions() {
    let database = Database::with_tables().await;
    database.run("INSERT INTO schema_versions (version) VALUES (99)").await;
    let refused = refusal(&database.address()).await;
    let expected = "has schema version 99, and this Tandem knows versions up to 5: use a newer Tandem";
    assert_eq!(sentence(&refused, &database.address()), expected);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_none_is_printed() {
    let database = Database::with_tables().await;
    let right = database.network(&format!("{GUARDED}:{}", PASSWORD.replace(' ', "%20")), "");
    let store = opened(&right).await;
    assert!(!format!("{store:?} {right} {right:?}").contains("horse"), "{store:?}");
    let wrong = database.network("guarded:hunter2", "");
    let refused = refusal(&wrong).await;
    assert_eq!(sentence(&refused, &wrong), "the database server does not accept the password of user guarded");
    assert!(!format!("{refused:?} {refused}").contains("hunter2"), "{refused:?}");
    let none = database.network(GUARDED, "");
    let refused = refusal(&none).await;
    assert_eq!(sentence(&refused, &none), "the database server does not let user guarded in: password missing");
}

#[tokio::test]
async fn a_user_who_is_not_let_in_reads_the_servers_words() {
    let database = Database::with_tables().await;
    let address = database.network("banished", "?sslmode=disable");
    let refused = refusal(&address).await;
    let expected = "the database server does not let user banished in: pg_hba.conf rejects connection for host \
         \"127.0.0.1\", user \"banished\"";
    assert!(sentence(&refused, &address).starts_with(expected), "{refused}");
}

#[tokio::test]
async fn a_missing_database_is_told_with_the_command_that_makes_it() {
    let database = Database::empty().await;
    let address = parsed(&format!("postgres://{USER}@127.0.0.1:{}/nowhere", database.server().port()));
    let refused = refusal(&address).await;
    assert_eq!(sentence(&refused, &address), "there is no database nowhere: make it with createdb -O tandem nowhere");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told() {
    let unknown = parsed("postgres://u@no-such-host.invalid/d");
    let refused = refusal(&unknown).await;
    assert_eq!(sentence(&refused, &unknown), "the host is not known: check its name");
    for nobody in [format!("postgres://u@127.0.0.1:{}/d", free_port()), "postgres://u@%2Fproc/d".into()] {
        let address = parsed(&nobody);
        let refused = refusal(&address).await;
        let expected = "no database server listens there: is it started, and is the port right?";
        assert_eq!(sentence(&refused, &address), expected);
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused() {
    let standby = Database::with_tables().await;
    standby.run(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", standby.name())).await;
    let refused = refusal(&standby.address()).await;
    let expected = "the database takes no writes: name the primary server among the hosts, or all of them";
    assert_eq!(sentence(&refused, &standby.address()), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_hosts_the_one_that_takes_writes_is_used() {
    let other = Server::new();
    let running = other.start();
    let standby = Database::with_tables_on(&other).await;
    standby.run("ALTER DATABASE postgres SET default_transaction_read_only = on").await;
    let primary = Database::with_tables().await;
    primary.run("GRANT CREATE ON DATABASE postgres TO tandem").await;
    let hosts = format!(
        "127.0.0.1:{},127.0.0.1:{},127.0.0.1:{}",
        free_port(),
        standby.server().port(),
        primary.server().port()
    );
    let store = opened(&parsed(&format!("postgres://{USER}@{hosts}/postgres"))).await;
    take_over(&store).await;
    drop((store, running));
}

#[tokio::test]
async fn a_database_that_would_change_texts_is_refused() {
    let empty = Database::empty().await;
    let options = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'";
    let database = empty.another(options).await;
    let refused = refusal(&database.address()).await;
    let expected = format!("database {} has the encoding LATIN1, and Tandem needs UTF8", database.name());
    assert_eq!(sentence(&refused, &database.address()), expected);
}

#[tokio::test]
async fn a_missing_right_is_told_in_the_servers_words() {
    let database = Database::empty().await;
    database.run(&format!("ALTER DATABASE {} OWNER TO warden", database.name())).await;
    let refused = refusal(&database.address()).await;
    let expected =
        format!("user tandem lacks a right in database {0}: permission denied for database {0}", database.name());
    assert_eq!(sentence(&refused, &database.address()), expected);
}

#[tokio::test]
async fn a_server_without_a_connection_left_is_told() {
    let database = Database::with_tables().await;
    database.run(&format!("ALTER DATABASE {} CONNECTION LIMIT 0", database.name())).await;
    let refused = refusal(&database.address()).await;
    let expected = "the database server has no connection left: raise its max_connections";
    assert_eq!(sentence(&refused, &database.address()), expected);
}

#[tokio::test]
async fn an_encrypted_connection_is_made_as_the_address_asks() {
    let database = Database::with_tables().await;
    let root = database.server().root().display().to_string();
    let encrypted =
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND datname = current_database()";
    for (mode, connections) in [("disable", 0), ("prefer", 1), ("require", 1)] {
        let store = opened(&database.network(USER, &format!("?sslmode={mode}"))).await;
        assert_eq!(database.number(encrypted).await, connections, "{mode}");
        drop(store);
        database.is_left_alone().await;
    }
    let by_name = format!("postgres://{USER}@localhost:{}/{}", database.server().port(), database.name());
    let store = opened(&parsed(&format!("{by_name}?sslmode=verify-full&sslrootcert={root}"))).await;
    assert_eq!(database.number(encrypted).await, 1);
    drop(store);
}

#[tokio::test]
async fn a_server_that_proves_not_to_be_the_one_is_refused() {
    let database = Database::with_tables().await;
    let root = database.server().root().display().to_string();
    // Its certificate names localhost.
    let by_number = database.network(USER, &format!("?sslmode=verify-full&sslrootcert={root}"));
    let refused = refusal(&by_number).await;
    assert!(sentence(&refused, &by_number).starts_with("there is no encrypted connection to the database server: "));
    assert!(refused.to_string().contains("not valid for name"), "{refused}");
    // The system does not vouch for it.
    let unvouched =
        format!("postgres://{USER}@localhost:{}/{}?sslmode=verify-full", database.server().port(), database.name());
    let refused = refusal(&parsed(&unvouched)).await;
    assert!(
        matches!(&refused, PostgresOpenError::Tls { reason, .. } if reason.contains("UnknownIssuer"))
            || matches!(&refused, PostgresOpenError::Certificates { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_server_that_offers_no_encryption_is_refused_where_it_is_required() {
    let database = Database::with_tables().await;
    // No server encrypts over its own socket.
    let address = parsed(&format!("{}?sslmode=require", database.address()));
    let refused = refusal(&address).await;
    let expected = "there is no encrypted connection to the database server: server does not support TLS";
    assert_eq!(sentence(&refused, &address), expected);
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_told() {
    let folder = tempfile::TempDir::new().expect("the temporary directory is writable");
    let (missing, empty) = (folder.path().join("missing.pem"), folder.path().join("empty.pem"));
    std::fs::write(&empty, "no certificate").expect("writes");
    for (path, expected) in [(&missing, "cannot be read as certificates"), (&empty, "holds no certificate")] {
        let address = parsed(&format!("postgres://u@h/d?sslmode=verify-full&sslrootcert={}", path.display()));
        let refused = refusal(&address).await;
        assert!(sentence(&refused, &address).starts_with(&format!("{} {expected}", path.display())), "{refused}");
    }
}

#[tokio::test]
async fn a_laxer_default_of_the_database_does_not_weaken_a_commit() {
    let database = Database::with_tables().await;
    let lax = "ALTER DATABASE {} SET synchronous_commit = off; ALTER DATABASE {} SET lock_timeout = 0;
        ALTER ROLE tandem IN DATABASE {} SET synchronous_commit = off";
    database.run(&lax.replace("{}", database.name())).await;
    // What a connection is set to is seen from inside only: a trigger writes it down.
    let sql = "CREATE TABLE seen (setting text); GRANT ALL ON seen TO tandem;
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO seen SELECT name || '=' || setting FROM pg_settings
            WHERE name IN ('synchronous_commit', 'lock_timeout', 'statement_timeout',
                           'idle_in_transaction_session_timeout');
            RETURN NULL; END $$;
        CREATE TRIGGER look AFTER INSERT ON events EXECUTE FUNCTION look()";
    database.run(sql).await;
    let store = opened(&database.address()).await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    let rows = database.warden().await.query("SELECT setting FROM seen ORDER BY setting", &[]).await.expect("reads");
    let seen: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let expected = [
        "idle_in_transaction_session_timeout=1000",
        "lock_timeout=250",
        "statement_timeout=10000",
        "synchronous_commit=on",
    ];
    assert_eq!(seen, expected, "D-1");
}
