//! `tandem store copy`.

use serde_json::Value;
use tandem_protocol::ClientId;
use tandem_tests::{
    Account, Agent, Customer, System, check,
    postgres::{Database, USER},
};
use tempfile::TempDir;

use super::{begin, line, texts};

/// Runs `tandem store copy`.
async fn copy(from: &str, to: &str) -> tandem_tests::command::Ran {
    let here = TempDir::new().expect("the temp folder is writable");
    begin(&["store", "copy", "--from", from, "--to", to, "--json"], here.path()).await.expect("the command runs")
}

fn copied(ran: tandem_tests::command::Ran) -> Value {
    let said: Value = serde_json::from_str(&ran.done()).expect("is JSON");
    said["copy"]["rows"].clone()
}

/// The way of an installation that grows, and back.
#[tokio::test]
async fn a_stopped_system_goes_on_in_postgresql_and_back_in_files() {
    let (parent, database) = (TempDir::new().expect("the temp folder is writable"), Database::empty().await);
    let (files, again) = (parent.path().join("data"), parent.path().join("again"));
    let [old, new] = [&files, &again].map(|path| path.to_str().expect("is UTF-8"));
    let address = database.by_network(USER, "");

    let system = System::builder().agents().data(&files).start().await;
    let ana = Account::agent("ana");
    system.add(&ana);
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("in files").await;
    assert_eq!(check(&customer.history()), []);
    let ticket = customer.ticket().clone();
    drop(customer);
    system.finish().await;
    let rows = copied(copy(old, &address).await);
    assert!(rows["events"].as_u64() >= Some(3) && rows["accounts"] == 1, "{rows}");

    let says = async |system: &System, text: &str| {
        let id = ClientId::new(&text.replace(' ', "-")).expect("is visible ASCII");
        system.rest().say(&ticket, &id, text).await.is_done();
        texts(&system.rest().transcript(&ticket).await)
    };
    let system = System::builder().agents().postgres(&database).start().await;
    assert_eq!(says(&system, "in PostgreSQL").await, ["in files", "in PostgreSQL"]);
    drop(Agent::comes(&system.rest(), &ana).await);
    system.finish().await;
    // What a process of the system leaves behind it is gone when the server has noticed.
    database.is_left_alone().await;
    let rows = copied(copy(&address, new).await);
    assert_eq!(rows["accounts"], 1);

    let system = System::builder().agents().data(&again).start().await;
    assert_eq!(says(&system, "back in files").await, ["in files", "in PostgreSQL", "back in files"]);
    drop(Agent::comes(&system.rest(), &ana).await);
    system.finish().await;
}

/// D-2: what is saved after a copy would be missing in it.
#[tokio::test]
async fn what_still_runs_is_named_and_not_copied() {
    let (database, other) = (Database::empty().await, Database::empty().await);
    let (address, into) = (database.by_network(USER, ""), other.by_network(USER, ""));
    let system = System::start().await;
    let data = system.data().to_str().expect("is UTF-8").to_owned();
    let refused = copy(&data, &into).await;
    assert!(line(&refused).contains("is in use by another engine named "), "{refused:?}");
    system.finish().await;
    let system = System::builder().postgres(&database).start().await;
    let refused = copy(&address, &into).await;
    assert!(line(&refused).contains(" is in use: Tandem's processes have "), "{refused:?}");
    system.finish().await;
    assert_eq!(other.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'").await, 0, "nothing was made");
}

#[tokio::test]
async fn a_copy_replaces_nothing() {
    let parent = TempDir::new().expect("the temp folder is writable");
    let (files, database) = (parent.path().join("data"), Database::empty().await);
    let (data, address) = (files.to_str().expect("is UTF-8"), database.by_network(USER, ""));
    let system = System::builder().data(&files).start().await;
    system.rest().open("Ann").await;
    system.finish().await;
    copied(copy(data, &address).await);
    let refused = copy(data, &address).await;
    assert_eq!(line(&refused), "tandem: the target has rows in the table leases already; it must be empty");
    let refused = copy(data, data).await;
    assert_eq!(line(&refused), format!("tandem: {data} exists already; choose a new name"));
}

/// A backup of a database is a data directory as well.
#[tokio::test]
async fn a_database_is_backed_up_into_files_while_a_chat_goes_on() {
    let (parent, database) = (TempDir::new().expect("the temp folder is writable"), Database::empty().await);
    let (place, address) = (parent.path().join("copy"), database.by_network(USER, ""));
    let system = System::builder().agents().postgres(&database).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let words = ["store", "backup", place.to_str().expect("is UTF-8"), "--json", "--store", &address];
    let backup = begin(&words, parent.path());
    while !backup.is_finished() {
        customer.says("meanwhile").await;
    }
    backup.await.expect("the command runs").done();
    assert_eq!(check(&customer.history()), []);
    let live = texts(&system.rest().transcript(customer.ticket()).await);
    system.finish().await;
    let copy = System::builder().data(&place).start().await;
    let copied = texts(&copy.rest().transcript(customer.ticket()).await);
    assert!(!copied.is_empty() && live.starts_with(&copied), "{copied:?} of {live:?}");
    copy.finish().await;
}
