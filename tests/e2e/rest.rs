//! What an integrator's program relies on: REST has the same events, cursor and guarantees as the WebSocket.

use reqwest::Method;
use serde_json::{Value, json};
use tandem_protocol::{ClientId, ErrorCode, EventBody, Seq};
use tandem_tests::{
    Customer, History, Primary, Rest, System, check,
    history::{Acked, Reader, Sent},
    rest::{Ticket, answer, events_of},
};

fn id(text: &str) -> ClientId {
    ClientId::new(text).expect("valid")
}

fn seq(body: &Value) -> Seq {
    Seq(body["seq"].as_u64().unwrap_or_else(|| panic!("{body} has a number")))
}

/// D-1, D-2: a POST that meets a dead engine waits and succeeds.
#[tokio::test]
async fn a_post_during_a_failover_waits_and_succeeds() {
    let mut system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("shop").await;
    let dead = system.kill(Primary).await;
    let ids: Vec<ClientId> = (1..=20).map(|number| id(&format!("order-{number}"))).collect();
    let posts = ids.iter().map(|client_id| rest.say(&ticket, client_id, client_id.as_str()));
    let replies = futures_util::future::join_all(posts).await;
    let mut history = History::default();
    for (client_id, reply) in ids.iter().zip(replies) {
        let seq = seq(&reply.done());
        let by = ticket.participant;
        history.sends.push(Sent { by, client_id: client_id.clone(), text: client_id.to_string(), lane: None });
        history.acks.push(Acked { by, client_id: client_id.clone(), seq });
    }
    let events = rest.transcript(&ticket).await;
    history.readers.push(Reader { name: "shop".into(), events, contradictions: Vec::new(), is_complete: true });
    assert_eq!(check(&history), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// D-3: over a failover too, a repeat is one event and is answered as the first was.
#[tokio::test]
async fn a_repeated_post_is_answered_as_the_first_was() {
    let mut system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("shop").await;
    let first: Value = rest.say(&ticket, &id("order-1"), "one").await.done();
    assert_eq!(rest.say(&ticket, &id("order-1"), "one").await.done::<Value>(), first);
    let dead = system.kill(Primary).await;
    assert_eq!(rest.say(&ticket, &id("order-1"), "one").await.done::<Value>(), first);
    let path = format!("/api/v1/sessions/{}/messages", ticket.session);
    let by_header = rest.request(Method::POST, &path).bearer_auth(&ticket.token).header("Idempotency-Key", "order-1");
    assert_eq!(answer(by_header.json(&json!({ "text": "one" }))).await.done::<Value>(), first);
    assert_eq!(rest.transcript(&ticket).await.len(), 3, "opened, joined, one message");
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// D-3: a creation that is repeated with its key is the same session, with the same token.
#[tokio::test]
async fn a_repeated_creation_is_the_same_session() {
    let mut system = System::start().await;
    let rest = system.rest();
    let create = async |body: Value| {
        let request = rest.request(Method::POST, "/api/v1/sessions").header("Idempotency-Key", "4f0c2a9be1d87356a0");
        answer(request.json(&body)).await.done::<Ticket>()
    };
    let first = create(json!({ "name": "shop" })).await;
    assert_eq!(create(json!({ "name": "shop" })).await, first);
    let dead = system.kill(Primary).await;
    assert_eq!(create(json!({ "name": "shop" })).await, first);
    assert_ne!(create(json!({ "name": "another" })).await.session, first.session);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// Programs and pages see one conversation.
#[tokio::test]
async fn a_program_and_a_page_see_the_same_events() {
    let system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = rest.join(customer.ticket(), "order bot").await;
    customer.says("where is my order?").await;
    let reply = rest.say(&bot, &id("answer-1"), "on its way").await;
    let head = seq(&reply.done());
    customer.reads("on its way").await;
    customer.reads_up_to(head).await;
    let events = rest.transcript(&bot).await;
    let reader = Reader { name: "the bot".into(), events, contradictions: Vec::new(), is_complete: true };
    let history = History { readers: vec![reader], ..History::default() };
    assert_eq!(check(&History::of([customer.history(), history])), []);
    system.finish().await;
}

/// A long poll answers with the first event that comes, or with none after the wait.
#[tokio::test]
async fn a_long_poll_waits_for_the_next_event() {
    let mut system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("shop").await;
    let head = rest.transcript(&ticket).await.last().expect("there are events").seq;
    let poll = tokio::spawn({
        let (rest, ticket) = (rest.clone(), ticket.clone());
        async move { rest.events(&ticket, head, 10, Some("30")).await }
    });
    let dead = system.kill(Primary).await;
    let said = seq(&rest.say(&ticket, &id("order-1"), "one").await.done());
    let page: Value = poll.await.expect("the poll does not panic").done();
    let events = events_of(&page);
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [said]);
    let empty: Value = rest.events(&ticket, said, 10, Some("1")).await.done();
    assert_eq!((events_of(&empty).len(), empty["after"].as_u64()), (0, Some(said.0)));
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// A history is read in pages of the caller's size.
#[tokio::test]
async fn a_history_is_read_page_by_page() {
    let system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("shop").await;
    for number in 1..=7 {
        rest.say(&ticket, &id(&format!("m-{number}")), "x").await.is_done();
    }
    let mut after = Seq::ZERO;
    let mut sizes = Vec::new();
    while sizes.last() != Some(&0) {
        let page: Value = rest.events(&ticket, after, 4, None).await.done();
        let events = events_of(&page);
        sizes.push(events.len());
        after = Seq(page["after"].as_u64().expect("a page says where it ends"));
    }
    assert_eq!(sizes, [4, 4, 1, 0]);
    system.finish().await;
}

/// R-2: a program that knows events that never were is told so and gets the whole history.
#[tokio::test]
async fn a_position_beyond_the_end_is_told_and_answered_from_the_beginning() {
    let system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("shop").await;
    let page: Value = rest.events(&ticket, Seq(999), 10, None).await.done();
    assert_eq!(page["recovered"], false);
    assert_eq!(events_of(&page).len(), 2);
    system.finish().await;
}

/// RFC 9457 on every path, whatever is wrong.
#[tokio::test]
async fn whatever_goes_wrong_is_told_as_problem_details() {
    let system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("shop").await;
    let wrong = Ticket { token: "x".repeat(43), ..ticket.clone() };
    let unknown = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("a UUID");
    let nowhere = Ticket { session: unknown, ..ticket.clone() };
    let long = "x".repeat(16_385);

    use ErrorCode::{BadRequest, MessageTooLong, Unauthorized, UnknownSession};
    let replies = [
        (404, "no_such_route", get(&rest, "/api/v1/nothing").await),
        (404, "no_such_route", get(&rest, "/nothing").await),
        (405, "method_not_allowed", answer(rest.request(Method::DELETE, "/api/v1/sessions")).await),
        (400, "bad_request", raw(&rest, "application/json", "{").await),
        (400, "bad_request", raw(&rest, "application/json", r#"{"nmae":"x"}"#).await),
        (415, "unsupported_media_type", raw(&rest, "text/plain", "{}").await),
        (401, "unauthorized", rest.say(&wrong, &id("m"), "x").await),
        (401, "unauthorized", get(&rest, &format!("/api/v1/sessions/{}", ticket.session)).await),
        (404, "unknown_session", rest.say(&nowhere, &id("m"), "x").await),
        (413, "message_too_long", rest.say(&ticket, &id("m"), &long).await),
        (400, "bad_request", rest.events(&ticket, Seq::ZERO, 0, None).await),
        (400, "bad_request", rest.events(&ticket, Seq::ZERO, 1, Some("forever")).await),
        (426, "upgrade_required", get(&rest, "/api/v1/ws").await),
    ];
    for (status, code, reply) in replies {
        assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{}", reply.body);
    }
    for code in [BadRequest, MessageTooLong, Unauthorized, UnknownSession] {
        let name = serde_json::to_value(code).expect("a code serialises");
        let page = get(&rest, &format!("/api/v1/problems/{}", name.as_str().expect("is a string"))).await;
        assert_eq!(page.status, 200, "the type of a problem leads to a page");
    }
    assert_eq!(rest.transcript(&ticket).await.len(), 2, "nothing of it was recorded");
    system.finish().await;
}

async fn get(rest: &Rest, path: &str) -> tandem_tests::rest::Reply {
    answer(rest.request(Method::GET, path)).await
}

async fn raw(rest: &Rest, kind: &str, body: &'static str) -> tandem_tests::rest::Reply {
    answer(rest.request(Method::POST, "/api/v1/sessions").header("content-type", kind).body(body)).await
}

/// R-2: the whole current state in one piece.
#[tokio::test]
async fn the_state_of_a_session_names_its_participants() {
    let system = System::start().await;
    let rest = system.rest();
    let body = json!({ "name": "shop", "subject": "order 7", "properties": { "order": "7" } });
    let ticket: Ticket = rest.try_open(body).await.done();
    rest.join(&ticket, "order bot").await;
    let shown: Value = rest.state(&ticket).await.done();
    assert_eq!(shown["state"]["status"], "open");
    assert_eq!(shown["state"]["subject"], "order 7");
    assert_eq!(shown["state"]["properties"]["order"], "7");
    let participants = shown["state"]["participants"].as_array().expect("a list");
    let named: Vec<(&str, &str)> = participants
        .iter()
        .map(|one| (one["kind"].as_str().unwrap_or_default(), one["name"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(named, [("CLIENT", "shop"), ("EXTERNAL", "order bot")]);
    let transcript = rest.transcript(&ticket).await;
    assert!(matches!(transcript[0].parse().expect("parses").body, EventBody::Opened { .. }));
    system.finish().await;
}
