//! What customers see of a planned switchover: nothing.

use tandem_protocol::EventBody;
use tandem_tests::{Customer, Engine, Primary, Role, Store, System, check};
use test_case::test_case;

/// R-3 and more: no connection ends, no notice is shown, and what is said goes on. No engine warns of anything either,
/// as one would that is deposed.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_chat_goes_through_a_switchover_and_nobody_notices(store: Store) {
    let system = System::builder().on(store).echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("before").await;
    customer.reads("You said: before").await;
    let switched = system.switches_over().await;
    assert_eq!((switched.from.as_str(), switched.to.as_str()), ("a", "b"));
    assert_eq!(system.which(Primary).await, Engine::B);
    customer.says("after").await;
    customer.reads("You said: after").await;
    system.is_complete().await;
    assert!(matches!(system.role_of(Engine::A).await, Role::Backup(_)));
    is_unnoticed(&customer);
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// Where the settings let a session die with its engine, a switchover is still no death.
#[tokio::test]
async fn sessions_that_would_die_with_their_engine_go_through_a_switchover() {
    for (name, value) in [("session-restoration-mode", toml::Value::from("none")), ("transcript-auto-save", 0.into())] {
        let mut system = System::builder().setting(&format!("engine.settings.{name}"), value).start().await;
        system.expect_log("transcript-auto-save = 0");
        let customer = Customer::start(&system.rest(), "Ann").await;
        let before = customer.writes("before");
        customer.waits_for("it is answered", |view| view.outbox.is_empty().then_some(())).await;
        system.switches_over().await;
        let after = customer.writes("after");
        customer.waits_for("it is answered", |view| view.outbox.is_empty().then_some(())).await;
        is_unnoticed(&customer);
        assert_eq!(customer.view(|view| view.not_recovered), 0, "{name}: nothing is taken back");
        let said: Vec<String> = customer.view(|view| view.bodies().filter_map(|(_, body)| text_of(body)).collect());
        assert_eq!(said, ["before", "after"], "{name}: {before} and {after}");
        system.finish().await;
    }
}

fn text_of(body: EventBody) -> Option<String> {
    match body {
        EventBody::Message { text, .. } => Some(text),
        _ => None,
    }
}

/// Neither its page nor a program that looks at its connection can tell that anything happened.
fn is_unnoticed(customer: &Customer) {
    let (connections, closes, notices) =
        customer.view(|view| (view.connections, view.closes.len(), view.notices.clone()));
    assert_eq!((connections, closes, notices), (1, 0, Vec::new()));
}
