//! What happened and who did it, as operators' commands tell it, whatever has died since.

use rusqlite::Connection;
use serde_json::{Value, json};
use tandem_protocol::{
    archive::{Contact, Erasure, Look},
    desk::AgentRole,
};
use tandem_tests::{
    Account, Customer, Engine, Primary, Store, System, check, eventually,
    postgres::{Database, USER},
};
use test_case::test_case;

/// What a command says with `--json`.
async fn told(system: &System, command: &'static str, flags: &[&str]) -> Value {
    let flags: Vec<&str> = flags.iter().copied().chain(["--json"]).collect();
    let said = system.runs(command, &flags).await.done();
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{command}: {error} in {said:?}"))
}

/// What a command says once it is as wanted: it is written down beside everything else.
async fn told_once(
    system: &System,
    command: &'static str,
    flags: &[&str],
    is_wanted: impl Fn(&Value) -> bool,
) -> Value {
    let wanted = async || Some(told(system, command, flags).await).filter(&is_wanted);
    eventually(&format!("{command} says what happened"), wanted).await
}

/// One part of each entry.
fn each<'a>(entries: &'a Value, part: &str) -> Vec<&'a Value> {
    entries.as_array().expect("is a list").iter().map(|entry| &entry[part]).collect()
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn what_happened_and_who_did_it_is_told_whatever_has_died_since(store: Store) {
    let mut system = System::builder().on(store).echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    let session = customer.ticket().session.to_string();
    customer.says("before").await;
    let never = system.runs("log", &[&session]).await.done();
    assert_eq!(never, format!("session {session} did not have to be restored in the last 30 days\n"));

    system.kill(Primary).await;
    customer.says("meanwhile").await;
    system.restart(Engine::A).await;
    system.is_complete().await;
    system.switches_over().await;
    customer.says("after").await;
    let added = system.agent_command(&["add", "ben", "--password-stdin"], "correct horse battery\n");
    assert_eq!((added.code, added.stderr.as_str()), (Some(0), ""));

    let is_whole =
        |takeovers: &Value| takeovers.as_array().is_some_and(|all| all.len() == 3 && all[1]["gap_ms"].is_u64());
    let takeovers = told_once(&system, "failovers", &[], is_whole).await;
    assert_eq!(each(&takeovers, "cause"), ["planned", "died", "first"]);
    assert_eq!(each(&takeovers, "from")[..2], ["b", "a"]);
    assert_eq!(each(&takeovers, "to"), ["a", "b", "a"]);
    assert_eq!(takeovers[0]["gap_ms"], Value::Null, "nobody noticed");

    let acts = told_once(&system, "audit", &[], |acts| acts.as_array().is_some_and(|acts| acts.len() == 2)).await;
    assert_eq!(each(&acts, "act"), ["account_add", "switchover"]);
    assert_eq!(each(&acts, "about"), ["ben", "pair main, epoch 2"]);
    assert_eq!(each(&acts, "outcome"), ["done", "done"]);
    for (act, command) in each(&acts, "by").into_iter().zip(["agent add", "switchover"]) {
        let from = act["from"].as_str().expect("is a text");
        assert!(from.starts_with(&format!("tandem {command} (process ")), "{from}");
        assert!(act["who"].as_str().is_some_and(|who| who.contains('@') && !who.starts_with('?')), "{act}");
    }

    let is_whole = |log: &Value| log["restorations"].as_array().is_some_and(|all| all.len() == 2);
    let log = told_once(&system, "log", &[&session], is_whole).await;
    let restorations = &log["restorations"];
    assert_eq!(each(restorations, "how"), ["asked", "prepared"]);
    assert_eq!(each(restorations, "engine"), ["b", "a"]);
    assert_eq!(restorations[0]["takeover"]["cause"], "died");

    // All of it outlives everything.
    system.kill_both();
    system.restart(Engine::A).await;
    system.restart(Engine::B).await;
    system.is_complete().await;
    customer.says("and still").await;
    let is_newer = |takeovers: &Value| takeovers.as_array().is_some_and(|all| all.len() > 3);
    let later = told_once(&system, "failovers", &[], is_newer).await;
    let later = later.as_array().expect("is a list");
    assert_eq!(later[later.len() - 3..], takeovers.as_array().expect("is a list")[..]);
    assert_eq!(told(&system, "audit", &[]).await, acts);
    let page = told(&system, "audit", &["--limit", "1", "--before", acts[0]["at"].as_str().expect("is a text")]).await;
    assert_eq!(each(&page, "act"), ["switchover"]);
    assert!(system.runs("failovers", &[]).await.done().contains("process died"));
    assert!(system.runs("log", &[&session]).await.done().contains("ahead of the switchover"));
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

#[tokio::test]
async fn whoever_erases_a_contact_is_named_once() {
    let system = System::builder().agents().start().await;
    let ticket = system.rest().open_with("Ana", json!({ "email": "ana@example.org" })).await;
    let adam = system.looker(&Account::agent("adam").role(AgentRole::Administrator)).await;
    let known = async || {
        let told = adam.tries(Look::ContactOf { session: ticket.session }).await.ok()?;
        serde_json::from_str::<Option<Contact>>(&told).expect("is a contact")
    };
    let contact = eventually("the contact is known", known).await.contact;
    for _ in 0..2 {
        // The second time he asks how far it is.
        let erasure: Erasure = adam.looks(Look::Erase { contact }).await;
        assert_eq!(erasure.chats, 1);
    }
    let has_both = |acts: &Value| acts.as_array().is_some_and(|acts| acts.len() >= 2);
    let acts = told_once(&system, "audit", &[], has_both).await;
    assert_eq!(each(&acts, "act"), ["contact_erase", "account_add"]);
    assert_eq!((&acts[0]["by"]["who"], &acts[0]["about"]), (&json!("adam"), &json!(format!("contact {contact}"))));
    system.finish().await;
}

#[tokio::test]
async fn what_is_no_sessions_id_is_refused_with_an_example() {
    let system = System::start().await;
    let ran = system.runs("log", &["ann"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("a session's id is a UUID, such as 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f"),
        "{}",
        ran.stderr
    );
    system.finish().await;
}

/// Another process holds the journal's lock and never lets go.
#[tokio::test]
async fn a_journal_file_that_cannot_be_written_delays_no_message() {
    let system = System::start().await;
    told_once(&system, "failovers", &[], |takeovers| takeovers.as_array().is_some_and(|all| all.len() == 1)).await;
    let program = Connection::open(system.data().join("journal.db")).expect("opens");
    program.busy_timeout(std::time::Duration::from_secs(5)).expect("sets");
    program.execute_batch("BEGIN IMMEDIATE").expect("it is free soon");
    chats_go_on(system, "done, and not written into the audit log").await;
    program.execute_batch("ROLLBACK").expect("lets go");
}

#[tokio::test]
async fn a_journal_in_a_database_that_cannot_be_written_delays_no_message() {
    let database = Database::empty().await;
    let system = System::builder().postgres(&database).start().await;
    told_once(&system, "failovers", &[], |takeovers| takeovers.as_array().is_some_and(|all| all.len() == 1)).await;
    database.run(&format!("REVOKE INSERT, UPDATE ON takeovers, gaps, acts, restorations FROM {USER}")).await;
    chats_go_on(system, "done, and not written into the audit log").await;
}

/// D-1, D-2: as if there were no journal; an operator's command says that it is not written down.
async fn chats_go_on(mut system: System, said: &str) {
    system.expect_log("the journal cannot be written");
    system.expect_log("the engine ends before everything is written into the journal");
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let dead = system.kill(Primary).await;
    customer.says("meanwhile").await;
    system.restart(dead).await;
    system.is_complete().await;
    system.switches_over().await;
    customer.says("after").await;
    let added = system.agent_command(&["add", "ben", "--password-stdin"], "correct horse battery\n");
    assert_eq!(added.code, Some(0), "it is done: {}", added.stderr);
    assert!(added.stderr.contains(said), "{}", added.stderr);
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}
