//! The test that every deployment must pass, and what a failover looks like from outside.

use tandem_protocol::{ClientId, Seq, client::Notice};
use tandem_tests::{Backup, Customer, Engine, History, Primary, Role, Store, System, check};
use test_case::test_case;

/// The steps are those of the design, with the echo participant in the agent's place.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn the_test_that_every_deployment_must_pass(store: Store) {
    let mut system = System::builder().on(store).echo().start().await;

    // 1. Start a chat session on `/sample`.
    let page = system.rest().request(reqwest::Method::GET, "/sample").send().await.expect("the page is served");
    assert!(page.status().is_success());
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;

    // 2. Send a message; it is seen to be active: saved, and answered by the other participant.
    customer.says("hi").await;
    customer.reads("You said: hi").await;

    // 3. Kill the primary's process with `kill -9`.
    let survivor = system.which(Backup).await;
    let dead = system.kill(Primary).await;

    // 4. Send another message: the chat continues, and the user is told of both.
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    customer.waits_for("both notices", both_notices).await;

    // 5. The killed engine, when started again, starts as backup.
    system.restart(dead).await;
    assert!(matches!(system.role_of(dead).await, Role::Backup(_)));
    assert!(matches!(system.role_of(survivor).await, Role::Primary(_)));
    system.is_complete().await;

    // 6. The engine's log says what was done to restore the session.
    system.engine_logs(survivor, "took over").await;
    system.engine_logs(survivor, "restored").await;

    let files = std::fs::read_dir(system.data()).expect("is there").map(|entry| entry.expect("is read").file_name());
    let is_database = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".db");
    let keeps_files = matches!(store, Store::Files);
    assert_eq!(files.filter(is_database).count() > 0, keeps_files, "a database leaves nothing in the data directory");
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

fn both_notices(view: &tandem_tests::customer::View) -> Option<()> {
    match view.notices.as_slice() {
        [Notice::ConnectionLost, Notice::SessionRestored { gap_ms, .. }] => {
            assert!(*gap_ms > 0, "the gap is measured");
            Some(())
        }
        _ => None,
    }
}

/// the customer's own connection stays, and everything is pushed without his doing anything.
#[tokio::test]
async fn a_silent_customer_keeps_the_connection_and_is_told_that_the_session_is_restored() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let dead = system.kill(Primary).await;
    customer.waits_for("both notices", both_notices).await;
    let state = customer.view(|view| view.state.clone()).expect("a restored session has a state");
    assert_eq!(state.participants.len(), 1, "R-2: the whole current state");
    assert_eq!(customer.view(|view| (view.connections, view.closes.len())), (1, 0));
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// D-2, D-3: each kill meets the engine that the last one made primary.
#[tokio::test]
async fn a_chat_goes_on_through_one_kill_after_the_other() {
    let mut system = System::builder().echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    for round in 1..=4 {
        let dead = system.kill(Primary).await;
        customer.says(&format!("round {round}")).await;
        customer.reads(&format!("You said: round {round}")).await;
        system.restart(dead).await;
        system.is_complete().await;
    }
    let transcript = system.rest().transcript(customer.ticket()).await;
    customer.reads_up_to(transcript.last().expect("there are events").seq).await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// What is written while nobody serves waits in the page and is sent, in order, when somebody does.
#[tokio::test]
async fn what_is_written_during_the_gap_is_sent_in_order() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.is_connected().await;
    system.kill_both();
    customer
        .waits_for("the loss is noticed", |view| view.notices.contains(&Notice::ConnectionLost).then_some(()))
        .await;
    let ids: Vec<ClientId> = (1..=20).map(|number| customer.writes(&format!("message {number}"))).collect();
    system.restart(Engine::B).await;
    let mut last = Seq::ZERO;
    for id in &ids {
        let seq = customer.is_saved(id).await;
        assert!(seq > last, "D-4: {id} overtook another");
        last = seq;
    }
    customer.reads_up_to(last).await;
    assert_eq!(check(&customer.history()), []);
    system.restart(Engine::A).await;
    system.is_complete().await;
    system.finish().await;
}

/// A clean stop hands over: the backup does not wait for a lease to expire.
#[tokio::test]
async fn a_chat_goes_on_when_the_primary_is_stopped_cleanly() {
    let mut system = System::builder().echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let stopped = system.shut_down(Primary).await;
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    system.restart(stopped).await;
    system.is_complete().await;
    assert!(matches!(system.role_of(stopped).await, Role::Backup(_)));
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// The gateway knows the configured primary only; it learns the other one and remembers it over a restart.
#[tokio::test]
async fn a_gateway_starts_while_its_configured_primary_is_down() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    system.kill(Engine::A).await;
    customer.says("to the other engine").await;
    system.kill_gateway();
    system.restart_gateway().await;
    customer.says("through a new gateway").await;
    let other = Customer::start(&system.rest(), "Bob").await;
    other.says("hello").await;
    for history in [customer.history(), other.history()] {
        assert_eq!(check(&History::of([history])), []);
    }
    system.restart(Engine::A).await;
    system.is_complete().await;
    system.finish().await;
}

/// The pair is seen by whoever watches the system: each kill raises the epoch by one (F-1).
#[tokio::test]
async fn every_takeover_raises_the_epoch() {
    let mut system = System::start().await;
    let mut last = epoch(&system).await;
    for _ in 0..2 {
        let dead = system.kill(Primary).await;
        let now = epoch(&system).await;
        assert_eq!(now, last.next());
        last = now;
        system.restart(dead).await;
        system.is_complete().await;
    }
    system.finish().await;
}

async fn epoch(system: &System) -> tandem_protocol::Epoch {
    match system.role_of(Primary).await {
        Role::Primary(pair) => pair.epoch,
        role => panic!("the primary became {role:?}"),
    }
}

/// Nothing in `/readyz` and `/healthz` needs a token, and both say what an operator's probe needs.
#[tokio::test]
async fn the_gateway_says_whether_it_is_ready() {
    let mut system = System::start().await;
    let rest = system.rest();
    let get = async |path: &str| {
        let response = rest.request(reqwest::Method::GET, path).send().await.expect("the gateway answers");
        (response.status().as_u16(), response.text().await.expect("a body"))
    };
    assert_eq!(get("/healthz").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    system.kill_both();
    tandem_tests::eventually("the gateway is not ready without an engine", async || {
        (get("/readyz").await.0 == 503).then_some(())
    })
    .await;
    assert_eq!(get("/healthz").await.0, 200, "the gateway itself is well");
    system.restart(Engine::A).await;
    system.restart(Engine::B).await;
    system.is_complete().await;
    tandem_tests::eventually("the gateway is ready again", async || (get("/readyz").await.0 == 200).then_some(()))
        .await;
    system.finish().await;
}
