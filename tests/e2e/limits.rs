//! Overload is not failure: at a limit new work is refused clearly, what exists goes on, and nobody switches over.

use serde_json::{Value, json};
use tandem_protocol::{ClientId, ErrorCode};
use tandem_tests::{Customer, Primary, Rest, Role, System, check, rest::Reply};

fn is_refused_for_now(reply: &Reply, code: ErrorCode) {
    assert!(reply.is_refused_with(code), "{}", reply.body);
    assert_eq!(reply.status, 503);
    assert!(reply.retry_after.is_some(), "a retryable refusal says when to try again");
}

async fn epoch(system: &System) -> u64 {
    match system.role_of(Primary).await {
        Role::Primary(pair) => pair.epoch.0,
        role => panic!("the primary became {role:?}"),
    }
}

/// O-1.
#[tokio::test]
async fn new_sessions_are_refused_at_the_limit_and_existing_ones_go_on() {
    let mut system = System::builder().echo().setting("engine.settings.limit-for-sessions", 3).start().await;
    let rest = system.rest();
    let epoch_before = epoch(&system).await;
    let customer = Customer::start_with_echo(&rest, "Ann").await;
    let second = rest.open("Bob").await;
    rest.open("Cid").await;
    is_refused_for_now(&rest.try_open(json!({ "name": "Dan" })).await, ErrorCode::LimitSessions);
    customer.says("am I still served?").await;
    customer.reads("You said: am I still served?").await;
    assert_eq!(epoch(&system).await, epoch_before, "no switchover is caused");
    // A limit holds over a failover too, and refuses nobody who was there.
    let dead = system.kill(Primary).await;
    customer.says("and now?").await;
    is_refused_for_now(&rest.try_open(json!({ "name": "Dan" })).await, ErrorCode::LimitSessions);
    assert_eq!(rest.close(&second).await.status, 204);
    rest.open("Dan").await;
    assert_eq!(check(&customer.history()), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// O-1: the same for clients.
#[tokio::test]
async fn new_clients_are_told_to_come_back_at_the_limit_and_connected_ones_go_on() {
    let system = System::builder().setting("engine.settings.limit-for-clients", 2).start().await;
    let rest = system.rest();
    let first = Customer::start(&rest, "Ann").await;
    let second = Customer::start(&rest, "Bob").await;
    first.is_connected().await;
    second.is_connected().await;
    let third = Customer::start(&rest, "Cid").await;
    let code = third.waits_for("the third is refused", |view| view.closes.first().copied()).await;
    assert_eq!(code, tandem_protocol::client::close::BUSY);
    first.says("am I still served?").await;
    second.goes_offline();
    third.is_connected().await;
    third.says("my turn").await;
    system.finish().await;
}

/// B-1: the length of a text is bounded where it comes in, over either interface.
#[tokio::test]
async fn a_text_beyond_the_limit_is_refused_and_the_longest_is_not() {
    let mut system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let longest = "ä".repeat(16_384 / 2);
    customer.says(&longest).await;
    let too_long = customer.writes(&format!("{longest}!"));
    let refused = customer.waits_for("the text is refused", |view| view.refused.first().cloned()).await;
    assert_eq!((refused.client_id, refused.code), (Some(too_long), ErrorCode::MessageTooLong));
    let dead = system.kill(Primary).await;
    customer.says(&longest).await;
    assert_eq!(customer.view(|view| view.connections), 1);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// B-1: participants and properties are bounded as well.
#[tokio::test]
async fn a_session_takes_so_many_participants_and_properties_and_no_more() {
    let system = System::start().await;
    let rest = system.rest();
    let properties: Value =
        (0..33).map(|at| (format!("key-{at}"), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    let reply = rest.try_open(json!({ "name": "shop", "properties": properties })).await;
    assert!(reply.is_refused_with(ErrorCode::BadRequest));
    let name = "n".repeat(129);
    assert!(rest.try_open(json!({ "name": name })).await.is_refused_with(ErrorCode::BadRequest));
    let ticket = rest.open("shop").await;
    // The other half of the places is for those who are to answer.
    for number in 2..=32 {
        rest.join(&ticket, &format!("bot {number}")).await;
    }
    assert!(join(&rest, &ticket).await.is_refused_with(ErrorCode::TooManyParticipants));
    let id = ClientId::new("m-1").expect("valid");
    rest.say(&ticket, &id, "the session goes on").await.is_done();
    system.finish().await;
}

async fn join(rest: &Rest, ticket: &tandem_tests::rest::Ticket) -> Reply {
    let path = format!("/api/v1/sessions/{}/participants", ticket.session);
    let request = rest.request(reqwest::Method::POST, &path).bearer_auth(&ticket.token);
    tandem_tests::rest::answer(request.json(&json!({ "name": "one too many" }))).await
}
