//! REST: what each action asks of the engine, what it answers, and how everything that can go wrong is told.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tandem_gateway::GatewaySettings;
use tandem_protocol::{
    ErrorCode, ParticipantId, ParticipantKind, Seq, Timestamp,
    link::{Answer, Credential, Request},
};

use crate::{House, messages, page, session, within};

/// An action on the session of these stories.
fn on_session(house: &House, method: Method, action: &str) -> RequestBuilder {
    let url = house.url(&format!("/api/v1/sessions/{}{action}", session()));
    Client::new().request(method, url).bearer_auth("a token")
}

/// The answer, whatever it says.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = within("an answer", request.send()).await.expect("the gateway is there");
    let status = response.status();
    let is_problem = response.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json");
    assert_eq!(is_problem, status.is_client_error() || status.is_server_error(), "{status}");
    let body = response.bytes().await.expect("has a body");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Sends the request while the engine answers.
async fn exchange(house: &mut House, request: RequestBuilder, reply: Answer) -> (Request, StatusCode, Value) {
    let sent = tokio::spawn(answer(request));
    let (id, asked) = house.peer.asked().await;
    house.peer.answers(id, reply);
    let (status, body) = sent.await.expect("does not panic");
    (asked, status, body)
}

fn joined(participant: u32, seq: u64) -> Answer {
    Answer::Joined { participant: ParticipantId(participant), seq: Seq(seq) }
}

/// D-3: the repeat of a creation asks for the same and answers the same, also at a gateway with the same secret.
#[tokio::test]
async fn a_creation_with_a_key_may_be_repeated() {
    let secret = tandem_gateway::IdempotencySecret("one secret for all gateways of a house".into());
    let settings = GatewaySettings { idempotency_secret: Some(secret), ..Default::default() };
    let (mut here, mut there) = (House::with(settings.clone()).await, House::with(settings).await);
    let mut answers = Vec::new();
    for house in [&mut here, &mut there] {
        let request = Client::new().post(house.url("/api/v1/sessions"));
        let body = json!({"name": "Ada", "subject": "Order 7", "properties": {"order": "7"}});
        let request = request.header("Idempotency-Key", "0b3f5c9e7d1a4826").json(&body);
        let (asked, status, body) = exchange(house, request, joined(1, 2)).await;
        let Request::Open(open) = asked else { panic!("expected an open, not {asked:?}") };
        assert_eq!((open.name.as_str(), open.subject.as_deref()), ("Ada", Some("Order 7")));
        assert_eq!(open.properties["order"], "7");
        assert_eq!((status, &body["session"]), (StatusCode::CREATED, &json!(open.session)));
        assert_eq!((&body["participant"], &body["seq"]), (&json!(1), &json!(2)));
        assert!(!serde_json::to_string(&open).expect("serialises").contains(body["token"].as_str().expect("is text")));
        answers.push((body, open.token_hash));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn each_creation_without_a_key_is_another_session() {
    let mut house = House::start().await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let request = Client::new().post(house.url("/api/v1/sessions")).json(&json!({}));
        sessions.push(exchange(&mut house, request, joined(1, 2)).await.2["session"].clone());
    }
    assert_ne!(sessions[0], sessions[1]);
}

#[tokio::test]
async fn a_participant_is_added_with_a_token_of_its_own() {
    let mut house = House::start().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let body = json!({"name": "Order bot", "client_id": "join-1"});
        let request = on_session(&house, Method::POST, "/participants").json(&body);
        let (asked, status, body) = exchange(&mut house, request, joined(2, 3)).await;
        let Request::Join(join) = asked else { panic!("expected a join, not {asked:?}") };
        assert_eq!((join.kind, join.client_id.as_str()), (ParticipantKind::External, "join-1"));
        assert_eq!((status, &body["participant"]), (StatusCode::CREATED, &json!(2)));
        tokens.push((body["token"].clone(), join.token_hash));
    }
    assert_eq!(tokens[0], tokens[1], "a repeat is answered as the first was");
}

#[tokio::test]
async fn a_message_is_posted_under_either_kind_of_id() {
    let mut house = House::start().await;
    let by_body = on_session(&house, Method::POST, "/messages").json(&json!({"text": "hi", "client_id": "m-1"}));
    let by_header = on_session(&house, Method::POST, "/messages").json(&json!({"text": "hi"}));
    for request in [by_body, by_header.header("Idempotency-Key", "m-1")] {
        let saved = Answer::Saved { seq: Seq(4), at_ms: Timestamp(9), participant: ParticipantId(1), durable: true };
        let (asked, status, body) = exchange(&mut house, request, saved).await;
        let Request::Send(send) = asked else { panic!("expected a send, not {asked:?}") };
        assert_eq!((send.client_id.as_str(), send.text.as_str()), ("m-1", "hi"));
        assert!(matches!(send.by, Credential::Token(_)));
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, json!({"client_id": "m-1", "participant": 1, "seq": 4, "at_ms": 9}));
    }
}

/// D-2: it waits, and is done once.
#[tokio::test]
async fn a_post_during_a_failover_waits_and_succeeds() {
    let house = House::start().await;
    let post = on_session(&house, Method::POST, "/messages").json(&json!({"text": "hi", "client_id": "m-1"}));
    let mut peer = house.peer;
    let sent = tokio::spawn(answer(post));
    peer.asked().await;
    peer.dies();
    let mut peer = house.engine.welcomes().await;
    let (id, _) = peer.asked().await;
    peer.answers(id, Answer::Saved { seq: Seq(4), at_ms: Timestamp(9), participant: ParticipantId(1), durable: true });
    assert_eq!(sent.await.expect("does not panic").0, StatusCode::OK);
}

#[tokio::test]
async fn a_request_without_an_engine_is_told_when_to_try_again() {
    let settings = GatewaySettings { engine_wait_max: Duration::from_millis(200), ..Default::default() };
    let house = House::with(settings).await;
    let post = on_session(&house, Method::POST, "/messages").json(&json!({"text": "hi", "client_id": "m-1"}));
    house.peer.dies();
    let response = within("an answer", post.send()).await.expect("the gateway is there");
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"1".parse().expect("a value")));
    assert_eq!(response.json::<Value>().await.expect("is JSON")["code"], "unavailable");
}

#[tokio::test]
async fn leaving_and_closing_are_answered_without_a_body() {
    let mut house = House::start().await;
    let leave = on_session(&house, Method::POST, "/leave");
    let (asked, status, _) = exchange(&mut house, leave, Answer::Done).await;
    assert!(matches!(asked, Request::Leave { by: Credential::Token(_), .. }));
    assert_eq!(status, StatusCode::NO_CONTENT);
    let close = on_session(&house, Method::POST, "/close");
    let (asked, status, _) = exchange(&mut house, close, Answer::Done).await;
    assert!(matches!(asked, Request::Close { .. }));
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_session_shows_its_state() {
    let mut house = House::start().await;
    let show = on_session(&house, Method::GET, "");
    let (_, status, body) = exchange(&mut house, show, Answer::Page(page(1, 9, messages(1..=1)))).await;
    assert_eq!((status, &body["head"], &body["participant"]), (StatusCode::OK, &json!(9), &json!(1)));
    assert_eq!(body["state"]["status"], "open");
}

#[tokio::test]
async fn events_are_read_after_a_number() {
    let mut house = House::start().await;
    let list = on_session(&house, Method::GET, "/events?after=3&limit=2");
    let (asked, status, body) = exchange(&mut house, list, Answer::Page(page(1, 9, messages(4..=5)))).await;
    assert!(matches!(asked, Request::Read { after: Seq(3), limit: 2, .. }));
    assert_eq!(status, StatusCode::OK);
    assert_eq!(crate::browser::seqs(&body), [4, 5]);
    assert_eq!((&body["after"], &body["head"], &body["recovered"]), (&json!(5), &json!(9), &json!(true)));
}

/// R-2.
#[tokio::test]
async fn a_number_that_never_was_is_answered_from_the_beginning() {
    let mut house = House::start().await;
    for wait in ["", "&wait=30"] {
        let list = tokio::spawn(answer(on_session(&house, Method::GET, &format!("/events?after=7{wait}"))));
        if wait.is_empty() {
            house.peer.reads(1, 2, Vec::new()).await;
        } else {
            house.peer.attaches(1, 2, Vec::new()).await;
        }
        assert_eq!(house.peer.reads(1, 2, messages(1..=2)).await, Seq::ZERO);
        let (_, body) = list.await.expect("does not panic");
        assert_eq!((body["recovered"].clone(), crate::browser::seqs(&body)), (json!(false), vec![1, 2]));
    }
}

#[tokio::test]
async fn a_poll_waits_for_an_event_and_counts_as_a_connection() {
    let mut house = House::start().await;
    let list = tokio::spawn(answer(on_session(&house, Method::GET, "/events?after=3&wait=30")));
    assert_eq!(house.peer.attaches(1, 3, Vec::new()).await, Seq(3));
    house.peer.delivers(3, messages(4..=4));
    assert_eq!(house.peer.reads(1, 4, messages(4..=4)).await, Seq(3));
    let (status, body) = list.await.expect("does not panic");
    assert_eq!((status, crate::browser::seqs(&body), &body["after"]), (StatusCode::OK, vec![4], &json!(4)));
    assert_eq!(house.peer.hears_detach().await, Some(ParticipantId(1)));
}

#[tokio::test]
async fn a_poll_is_answered_at_once_when_there_is_something_and_empty_after_its_wait() {
    let mut house = House::start().await;
    let list = tokio::spawn(answer(on_session(&house, Method::GET, "/events?wait=30&limit=1")));
    house.peer.attaches(1, 2, messages(1..=2)).await;
    let (_, body) = list.await.expect("does not panic");
    assert_eq!((crate::browser::seqs(&body), &body["after"]), (vec![1], &json!(1)));
    house.peer.hears_detach().await;
    let list = tokio::spawn(answer(on_session(&house, Method::GET, "/events?wait=1&after=2")));
    house.peer.attaches(1, 2, Vec::new()).await;
    let (status, body) = list.await.expect("does not panic");
    assert_eq!((status, crate::browser::seqs(&body).len(), &body["after"]), (StatusCode::OK, 0, &json!(2)));
}

#[tokio::test]
async fn a_poll_whose_caller_has_gone_is_detached() {
    let mut house = House::start().await;
    let list = tokio::spawn(answer(on_session(&house, Method::GET, "/events?wait=30&after=2")));
    house.peer.attaches(1, 2, Vec::new()).await;
    list.abort();
    assert_eq!(house.peer.hears_detach().await, Some(ParticipantId(1)));
}

#[tokio::test]
async fn what_the_engine_refuses_is_a_problem_with_its_code() {
    let mut house = House::start().await;
    for (code, status) in [
        (ErrorCode::Unauthorized, 401),
        (ErrorCode::Forbidden, 403),
        (ErrorCode::UnknownSession, 404),
        (ErrorCode::SessionClosed, 409),
        (ErrorCode::SessionFull, 409),
        (ErrorCode::NotSaved, 503),
    ] {
        let post = on_session(&house, Method::POST, "/messages").json(&json!({"text": "hi", "client_id": "m-1"}));
        let sent = tokio::spawn(answer(post));
        let (id, _) = house.peer.asked().await;
        house.peer.refuses(id, code);
        let (answered, body) = sent.await.expect("does not panic");
        assert_eq!((answered.as_u16(), &body["code"]), (status, &json!(code)));
    }
    let poll = tokio::spawn(answer(on_session(&house, Method::GET, "/events?wait=5")));
    house.peer.refuses_attach(ErrorCode::Unauthorized).await;
    assert_eq!(poll.await.expect("does not panic").0, StatusCode::UNAUTHORIZED);
}

/// RFC 9457 on every path.
#[tokio::test]
async fn whatever_is_wrong_with_a_request_is_told_as_a_problem() {
    let house = House::start().await;
    let client = Client::new();
    let to = |method: Method, path: &str| client.request(method, house.url(path));
    let create = || to(Method::POST, "/api/v1/sessions");
    let json_of = |text: String| create().header("content-type", "application/json").body(text);
    let post = |body: Value| on_session(&house, Method::POST, "/messages").json(&body);
    let requests = [
        (to(Method::GET, "/nothing"), 404, "no_such_route"),
        (to(Method::GET, "/api/v1/nothing"), 404, "no_such_route"),
        (to(Method::GET, "/static/../Cargo.toml"), 404, "no_such_route"),
        (to(Method::DELETE, "/api/v1/sessions"), 405, "method_not_allowed"),
        (to(Method::POST, "/sample"), 405, "method_not_allowed"),
        (create().body("name=Ada"), 415, "unsupported_media_type"),
        (json_of("{".into()), 400, "bad_request"),
        (json_of(r#"{"nmae":"Ada"}"#.into()), 400, "bad_request"),
        (json_of(format!("\"{}\"", "x".repeat(65_536))), 413, "body_too_large"),
        (create().header("Idempotency-Key", "short").json(&json!({})), 400, "bad_request"),
        (post(json!({"text": "hi"})), 400, "bad_request"),
        (post(json!({"text": "x".repeat(16_385), "client_id": "m-1"})), 413, "message_too_long"),
        (post(json!({"text": "hi", "client_id": "two words"})), 400, "bad_request"),
        (post(json!({"text": "hi", "client_id": "a"})).header("Idempotency-Key", "b"), 400, "bad_request"),
        (on_session(&house, Method::GET, "/events?limit=501"), 400, "bad_request"),
        (on_session(&house, Method::GET, "/events?wait=31"), 400, "bad_request"),
        (on_session(&house, Method::GET, "/events?after=x"), 400, "bad_request"),
        (to(Method::GET, "/api/v1/sessions/17").bearer_auth("t"), 400, "bad_request"),
        (to(Method::GET, &format!("/api/v1/sessions/{}", session())), 401, "unauthorized"),
        (to(Method::GET, "/api/v1/ws"), 426, "upgrade_required"),
        (to(Method::GET, "/api/v1/desk"), 426, "upgrade_required"),
        (to(Method::GET, "/api/v1/agent/login"), 405, "method_not_allowed"),
        (to(Method::GET, "/api/v1/problems/none"), 404, "no_such_route"),
    ];
    for (request, status, code) in requests {
        let (answered, body) = answer(request).await;
        assert_eq!((answered.as_u16(), body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(body["status"], status);
        let explained = answer(to(Method::GET, body["type"].as_str().expect("is a path"))).await;
        assert_eq!((explained.0, &explained.1["title"]), (StatusCode::OK, &body["title"]));
    }
}
