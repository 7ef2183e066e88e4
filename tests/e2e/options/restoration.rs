//! `session-restoration-mode`.

use tandem_protocol::{ClosedReason, EventBody, LeaveReason, client::close};
use tandem_tests::{Customer, History, Primary, Store, System, check, eventually};
use test_case::test_case;

/// the page keeps its connection, is told of the end by the session's own events, and can begin anew.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_session_dies_with_its_engine_where_none_is_restored(store: Store) {
    let mut system =
        System::builder().on(store).setting("engine.settings.session-restoration-mode", "none").start().await;
    let rest = system.rest();
    let [customer, alone] = [Customer::start(&rest, "Ann").await, Customer::start(&rest, "Bob").await];
    customer.says("hi").await;
    alone.says("hi").await;
    let orphan = alone.ticket().clone();
    drop(alone);
    let dead = system.kill(Primary).await;
    let ended = |body: &EventBody| *body == EventBody::Closed { reason: ClosedReason::NotRestored };
    customer.waits_for("the session is closed as not restored", |view| view.find(ended)).await;
    assert_eq!(customer.is_stopped().await, close::ENDED);
    customer.view(|view| {
        let left = |body: &EventBody| matches!(body, EventBody::Left { reason: LeaveReason::Server, .. });
        assert!(view.find(left).is_some(), "the customer left with reason 5");
        assert_eq!((view.connections, view.not_recovered), (1, 0));
    });
    // Nobody reattaches this one; it stays no zombie all the same.
    eventually("the other session is closed too", async || {
        let state = rest.state(&orphan).await.done::<serde_json::Value>();
        (state["state"]["status"] == "closed").then_some(())
    })
    .await;
    let other = Customer::start(&rest, "Ann, again").await;
    other.says("hello").await;
    for history in [customer.history(), other.history()] {
        assert_eq!(check(&History::of([history])), []);
    }
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
