//! What an operator reads who got the database wrong: one line, from whichever command, with the address and without the
//! password in it, and exit code 1.

use std::{net::TcpListener, path::Path};

use tandem_tests::{
    postgres::{Database, GUARDED, Server, USER, free_port},
    whole::refused,
};

/// The commands that open a database.
const COMMANDS: [&[&str]; 4] = [
    &["engine", "--listen", "127.0.0.1:0"],
    &["interaction"],
    &["agent", "list"],
    &["run", "--listen", "127.0.0.1:0", "--engine-ports", "0"],
];

/// Each command says the same in one line.
async fn is_refused(address: &str, expected: &str) {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let data = folder.path().join("data");
    for command in COMMANDS {
        assert_eq!(line(command, &data, &[("TANDEM_STORE__ADDRESS", address)]).await, expected, "{command:?}");
    }
}

/// The one line of a command that something was in the way of.
async fn line(command: &[&str], data: &Path, variables: &[(&str, &str)]) -> String {
    let data = data.to_str().expect("is UTF-8");
    let arguments: Vec<&str> = command.iter().copied().chain(["--data", data]).collect();
    let refusal = refused(&arguments, variables).await;
    assert_eq!(refusal.code, Some(1), "{refusal:?}");
    assert_eq!(refusal.lines.len(), 1, "one clear line: {refusal:?}");
    refusal.lines[0].clone()
}

#[tokio::test]
async fn a_wrong_password_is_said() {
    let database = Database::empty().await;
    let shown = database.by_network("guarded:***", "");
    let expected = format!("tandem: {shown}: the database server does not accept the password of user guarded");
    is_refused(&database.by_network(&format!("{GUARDED}:hunter2"), ""), &expected).await;
}

#[tokio::test]
async fn a_password_comes_from_its_file_and_a_wrong_one_is_said_without_it() {
    let database = Database::empty().await;
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let (data, file) = (folder.path().join("data"), folder.path().join("password"));
    let address = database.by_network(GUARDED, "");
    let file_name = file.to_str().expect("is UTF-8");
    let variables = [("TANDEM_STORE__ADDRESS", address.as_str()), ("TANDEM_STORE__PASSWORD_FILE", file_name)];
    let list = &["agent", "list"][..];
    let missing = line(list, &data, &variables).await;
    let expected =
        format!("tandem: store.password-file = {file:?} cannot be read: No such file or directory (os error 2)");
    assert_eq!(missing, expected);
    std::fs::write(&file, "hunter2\n").expect("the temp folder is writable");
    let shown = database.by_network("guarded:***", "");
    let expected = format!("tandem: {shown}: the database server does not accept the password of user guarded");
    assert_eq!(line(list, &data, &variables).await, expected);
    std::fs::write(&file, "correct horse\n").expect("the temp folder is writable");
    let taken = refused(&["agent", "disable", "ben", "--store", &address], &variables[1..]).await;
    assert_eq!(taken.lines, [format!("tandem: ben has no account in {shown}; `tandem agent list` shows who has")]);
}

#[tokio::test]
async fn a_missing_database_is_said_with_the_command_that_makes_it() {
    let database = Database::empty().await;
    let address = format!("postgres://{USER}@127.0.0.1:{}/nowhere", database.server().port());
    let expected = format!("tandem: {address}: there is no database nowhere: make it with createdb -O tandem nowhere");
    is_refused(&address, &expected).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let address = format!("postgres://{USER}@127.0.0.1:{}/chats", free_port());
    let expected =
        format!("tandem: {address}: no database server listens there: is it started, and is the port right?");
    is_refused(&address, &expected).await;
}

/// Somebody listens and says nothing, as a host behind a firewall.
#[tokio::test]
async fn a_server_that_does_not_answer_is_said() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = silent.local_addr().expect("is bound").port();
    let address = format!("postgres://{USER}@127.0.0.1:{port}/chats");
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let said = line(&["agent", "list"], folder.path(), &[("TANDEM_STORE__ADDRESS", &address)]).await;
    let expected = format!("tandem: {address}: the database server cannot be reached");
    assert!(said.starts_with(&expected), "{said}");
}

/// A real standby, alone in the address.
#[tokio::test]
async fn a_standby_is_refused_and_the_primary_asked_for() {
    let server = Server::new();
    let running = server.start();
    let database = server.database("").await;
    let standby = server.standby();
    let standby_running = standby.start();
    let address = database.at(USER, &[standby.port()], "");
    let expected = format!(
        "tandem: {address}: the database takes no writes: name the primary server among the hosts, or all of them"
    );
    is_refused(&address, &expected).await;
    drop((standby_running, running));
}

#[tokio::test]
async fn a_schema_of_another_program_is_refused_and_left_as_it_is() {
    let database = Database::empty().await;
    database.run("CREATE SCHEMA tandem AUTHORIZATION tandem; CREATE TABLE tandem.invoices (id bigint)").await;
    let address = database.by_network(USER, "");
    let expected = format!("tandem: {address}: the schema tandem was not made by Tandem: its tables are invoices");
    is_refused(&address, &expected).await;
    assert_eq!(database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'tandem'").await, 1);
}

/// The check of settings finds it without a server, by file and key.
#[tokio::test]
async fn a_bad_address_is_refused_by_file_and_key_before_anything_is_started() {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let file = folder.path().join("tandem.toml");
    std::fs::write(&file, "[store]\naddress = \"postgres://tandem:hunter2@db-1\"\n").expect("is writable");
    let file = file.to_str().expect("is UTF-8");
    let expected = format!(
        "tandem: {file}: store.address = (not shown) is refused; it names no database: write \
         postgres://user:password@host/database"
    );
    for command in [&["config", "check"][..], &["engine"], &["interaction"], &["agent", "list"], &["run"]] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--config", file]).collect();
        let refusal = refused(&arguments, &[]).await;
        assert_eq!((refusal.code, &refusal.lines[..]), (Some(2), &[expected.clone()][..]), "{command:?}");
    }
}
