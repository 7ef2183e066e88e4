//! How sessions end: a participant leaves, somebody closes, a customer is gone too long, and what is left of it.

use tandem_protocol::{ClientId, ClosedReason, ErrorCode, EventBody, LeaveReason, Seq, SessionStatus, client::close};
use tandem_tests::{Customer, History, Primary, Store, System, check, customer::View, eventually};
use test_case::test_case;

/// The shortest that may be set.
const GONE_AFTER: &str = "5 s";

fn closed(view: &View) -> Option<Seq> {
    view.find(|body| matches!(body, EventBody::Closed { .. }))
}

fn left_because(view: &View, wanted: LeaveReason) -> Option<Seq> {
    view.find(|body| matches!(body, EventBody::Left { reason, .. } if *reason == wanted))
}

#[tokio::test]
async fn a_customer_who_leaves_ends_the_session_with_a_reason() {
    let system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.says("thanks, that was all").await;
    bot.is_connected().await;
    customer.leaves();
    let left = |view: &View| left_because(view, LeaveReason::Logout);
    bot.waits_for("the customer left with reason 0", left).await;
    let last = bot.waits_for("the session is closed", closed).await;
    assert_eq!(bot.is_stopped().await, close::ENDED);
    bot.reads_up_to(last).await;
    assert_eq!(rest.state(bot.ticket()).await.done::<serde_json::Value>()["state"]["status"], "closed");
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    system.finish().await;
}

#[tokio::test]
async fn a_closed_session_takes_nothing_more_and_stays_readable() {
    let mut system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    customer.says("hi").await;
    assert_eq!(rest.close(customer.ticket()).await.status, 204);
    assert_eq!(rest.close(customer.ticket()).await.status, 204, "closing may be repeated");
    customer.waits_for("the session is closed", closed).await;
    assert_eq!(customer.is_stopped().await, close::ENDED);
    let reply = rest.say(customer.ticket(), &ClientId::new("late").expect("valid"), "late").await;
    assert!(reply.is_refused_with(ErrorCode::SessionClosed));
    let before = rest.transcript(customer.ticket()).await;
    let dead = system.kill(Primary).await;
    let after = rest.transcript(customer.ticket()).await;
    assert_eq!(after.len(), before.len(), "D-2: the history outlives engine and session");
    let body = after.last().expect("there are events").parse().expect("parses").body;
    assert_eq!(body, EventBody::Closed { reason: ClosedReason::Ended });
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// The others are told with reason 3, and no session is left open for nobody.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_customer_gone_too_long_leaves_the_session(store: Store) {
    let system =
        System::builder().on(store).setting("engine.settings.client-disconnect-timeout", GONE_AFTER).start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.is_connected().await;
    bot.is_connected().await;
    customer.goes_offline();
    bot.waits_for("the customer is gone", |view| left_because(view, LeaveReason::Gone)).await;
    bot.waits_for("the session is closed", closed).await;
    system.finish().await;
}

/// A customer who is connected or asks stays, however long he says nothing.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_connected_customer_is_never_gone(store: Store) {
    let system =
        System::builder().on(store).setting("engine.settings.client-disconnect-timeout", GONE_AFTER).start().await;
    let rest = system.rest();
    let silent = Customer::start(&rest, "Ann").await;
    let gone = Customer::start(&rest, "Bob").await;
    silent.is_connected().await;
    gone.is_connected().await;
    let bot = Customer::with_ticket(&rest, rest.join(gone.ticket(), "bot").await, "bot");
    bot.is_connected().await;
    gone.goes_offline();
    // Bob's end shows that the time is over. A bot of his session sees it: Bob himself must not be heard of again.
    bot.waits_for("the other customer is gone", closed).await;
    let state = rest.state(silent.ticket()).await.done::<serde_json::Value>();
    assert_eq!(state["state"]["status"], serde_json::to_value(SessionStatus::Open).expect("serialises"));
    system.finish().await;
}

/// No zombie chats: the new primary also ends sessions that nobody attaches again.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_session_whose_customer_never_comes_back_after_a_kill_is_ended(store: Store) {
    let mut system =
        System::builder().on(store).setting("engine.settings.client-disconnect-timeout", GONE_AFTER).start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = rest.join(customer.ticket(), "bot").await;
    customer.says("hi").await;
    drop(customer);
    let dead = system.kill(Primary).await;
    let state = async || rest.state(&bot).await.done::<serde_json::Value>()["state"]["status"].clone();
    eventually("the session is closed", async || (state().await == "closed").then_some(())).await;
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
