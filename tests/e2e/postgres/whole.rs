//! `tandem run` on PostgreSQL: everything is in the database, and its password is nowhere else.

use serde_json::Value;
use tandem_tests::{
    Customer, Whole,
    agent::try_login,
    check,
    postgres::{Database, GUARDED, PASSWORD, Server, USER},
    whole::Given,
};

/// The steps of the test that every deployment must pass, with nothing but what the command says.
#[tokio::test]
async fn one_command_runs_everything_on_a_database_and_its_data_directory_holds_nothing() {
    let database = Database::empty().await;
    let address = database.by_network(USER, "");
    let given = Given { flags: vec!["--store".into(), address.clone()], ..Given::default() };
    let mut whole = Whole::start_with(given).await;
    let started = whole.says("started").await;
    assert_eq!(started["store"], address);
    for line in whole.command_lines() {
        assert_eq!(line.contains("postgres://"), line.contains("--engine-ports"), "only where it was typed: {line}");
    }
    let demo = started["login"]["password"].as_str().expect("is made for a first look").to_owned();
    let login: Value = try_login(&whole.rest(), "demo", &demo).await.done();
    assert_eq!(login["role"], "administrator");
    assert_eq!(database.number("SELECT count(*) FROM accounts").await, 1);

    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    whole.kill_named(pid(&started["primary"]));
    assert_eq!(whole.says("took_over").await["name"], "b");
    assert_eq!(whole.says("came_back").await["name"], "a");
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    assert_eq!(check(&customer.history()), []);
    drop(customer);

    // Another machine would find everything too.
    whole.kill().await;
    std::fs::remove_dir_all(whole.data()).expect("nothing uses it any more");
    whole.start_again().await;
    let again: Value = try_login(&whole.rest(), "demo", &demo).await.done();
    assert_eq!(again["agent"], login["agent"]);
    assert!(database.number("SELECT count(*) FROM events").await > 4);
    whole.ends(&["lost the primary"]).await;
}

/// Neither the password nor a statement, even where everything is logged.
#[tokio::test]
async fn a_password_is_in_no_log_and_on_no_command_line() {
    let database = Database::empty().await;
    let password = PASSWORD.replace(' ', "%20");
    let address = database.by_network(&format!("{GUARDED}:{password}"), "");
    let given = Given {
        variables: vec![("TANDEM_STORE__ADDRESS".into(), address), ("TANDEM_LOG__LEVEL".into(), "debug".into())],
        ..Given::default()
    };
    let mut whole = Whole::start_with(given).await;
    let started = whole.says("started").await;
    let shown = database.by_network(&format!("{GUARDED}:***"), "");
    assert_eq!(started["store"], shown);
    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    drop(customer);
    assert!(!whole.log("DEBUG").is_empty(), "everything is logged");
    for secret in ["horse", "INSERT INTO", "SELECT "] {
        assert_eq!(whole.log(secret), [""; 0], "{secret}");
        let lines: Vec<String> = whole.command_lines().into_iter().filter(|line| line.contains(secret)).collect();
        assert_eq!(lines, [""; 0], "{secret}");
    }
    whole.ends(&[]).await;
}

/// An engine that finds no database ends with its one line and is started again, ever more rarely, until there is one.
#[tokio::test]
async fn an_engine_that_dies_while_the_database_is_away_comes_back_when_that_does() {
    let server = Server::new();
    let running = server.start();
    let database = server.database("").await;
    let address = database.by_network(USER, "");
    // However long a busy machine takes to start the server again.
    let patience = ("TANDEM_ENGINE__SETTINGS__TRANSCRIPT_RESEND_ATTEMPTS".into(), "1000".into());
    let given = Given { variables: vec![patience], flags: vec!["--store".into(), address.clone()], ..Given::default() };
    let mut whole = Whole::start_with(given).await;
    let started = whole.says("started").await;
    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    running.stop();
    whole.kill_named(pid(&started["backup"]));
    let not_back = whole.says("not_back").await;
    assert_eq!(not_back["why"], "engine b ended before it was ready: exit code 1");
    let line = format!("tandem: {address}: no database server listens there: is it started, and is the port right?");
    assert!(!whole.log(&line).is_empty(), "the engine has said why");
    let running = server.start();
    assert_eq!(whole.says("came_back").await["name"], "b");
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    assert_eq!(check(&customer.history()), []);
    drop(customer);
    whole
        .ends(&[
            "the lease",
            "not saved yet",
            "the connection broke",
            "it cannot be looked up yet",
            "the directory",
            "the archive",
        ])
        .await;
    drop(running);
}

fn pid(part: &Value) -> u32 {
    part["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a process is named by its id")
}
