//! Logging in and out, as a workspace and a bot do it.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tandem_gateway::GatewaySettings;
use tandem_protocol::{
    ErrorCode, Refusal,
    desk::DeskAsk,
    link::{FromEngine, Outcome},
};

use crate::{House, browser::TOKEN, rest::answer};

fn login(house: &House) -> RequestBuilder {
    let body = json!({"name": "ana@example.org", "password": "correct horse"});
    Client::new().post(house.url("/api/v1/agent/login")).json(&body)
}

fn account() -> Value {
    json!({"agent": 7, "name": "ana@example.org", "display": "Ana", "role": "agent"})
}

#[tokio::test]
async fn a_login_is_answered_with_a_token_of_which_only_the_hash_is_passed_on() {
    let mut house = House::start().await;
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let sent = tokio::spawn(answer(login(&house)));
        let (id, ask) = house.peer.told().await;
        let DeskAsk::Login { name, password, token: hash, from } = ask else { panic!("expected a login, not {ask:?}") };
        assert_eq!(
            (name.as_str(), password.reveal(), from.as_str()),
            ("ana@example.org", "correct horse", "127.0.0.1")
        );
        house.peer.tells(id, &account());
        let (status, mut body) = sent.await.expect("does not panic");
        let token = body.as_object_mut().expect("is an object").remove("token").expect("is there");
        assert_eq!((status, body), (StatusCode::OK, account()));
        assert_eq!(token.as_str().map(str::len), Some(43));
        assert!(!json!(hash).to_string().contains(token.as_str().expect("is text")));
        hashes.push(hash);
    }
    assert_ne!(hashes[0], hashes[1], "each has a token of its own");
}

#[tokio::test]
async fn a_login_that_is_refused_says_why_and_when_to_try_again() {
    let mut house = House::start().await;
    let wrong = Refusal::new(ErrorCode::Unauthorized, "The name or the password is wrong.");
    let slow = Refusal { retry_after_ms: Some(2_500), ..Refusal::new(ErrorCode::SlowDown, "Too many attempts.") };
    for (refusal, status, retry_after) in [(wrong, 401, None), (slow, 429, Some("3"))] {
        let sent = tokio::spawn(login(&house).send());
        let (id, _) = house.peer.told().await;
        house.peer.says(&FromEngine::Answer { id, outcome: Outcome::Refused(refusal.clone()) });
        let response = sent.await.expect("does not panic").expect("is answered");
        assert_eq!(response.status().as_u16(), status);
        let told = response.headers().get("retry-after").map(|value| value.to_str().expect("is text").to_owned());
        assert_eq!(told.as_deref(), retry_after);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = response.json::<Value>().await.expect("is JSON");
        assert_eq!((&body["code"], &body["detail"]), (&json!(refusal.code), &json!(refusal.message)));
    }
}

#[tokio::test]
async fn a_page_of_another_origin_logs_nobody_in() {
    let settings = GatewaySettings { allowed_origins: vec!["https://desk.example".into()], ..Default::default() };
    let mut house = House::with(settings).await;
    let (status, body) = answer(login(&house).header("Origin", "https://evil.example")).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("foreign_origin")));
    let sent = tokio::spawn(answer(login(&house).header("Origin", "https://desk.example")));
    let (id, _) = house.peer.told().await;
    house.peer.tells(id, &account());
    assert_eq!(sent.await.expect("does not panic").0, StatusCode::OK);
}

#[tokio::test]
async fn a_login_that_makes_no_sense_is_refused_at_once() {
    let house = House::start().await;
    for body in
        [json!({"name": "Ana!", "password": "p"}), json!({"name": "ana"}), json!({"name": "ana", "pasword": "p"})]
    {
        let (status, body) = answer(Client::new().post(house.url("/api/v1/agent/login")).json(&body)).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{body}");
    }
}

#[tokio::test]
async fn without_an_interaction_server_a_login_waits_and_is_told_to_come_back() {
    let settings = GatewaySettings { engine_wait_max: Duration::from_millis(200), ..Default::default() };
    let house = House::with(settings).await;
    let (status, body) = answer(login(&house)).await;
    assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
}

#[tokio::test]
async fn an_interaction_server_of_another_kind_is_an_internal_problem() {
    let mut house = House::start().await;
    let sent = tokio::spawn(answer(login(&house)));
    let (id, _) = house.peer.told().await;
    house.peer.tells(id, &json!(null));
    let (status, body) = sent.await.expect("does not panic");
    assert_eq!((status, &body["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("internal")));
}

#[tokio::test]
async fn a_logout_names_the_token_and_needs_one() {
    let mut house = House::start().await;
    let url = house.url("/api/v1/agent/logout");
    let logout = || Client::new().post(&url);
    assert_eq!(answer(logout()).await.0, StatusCode::UNAUTHORIZED);
    let sent = tokio::spawn(answer(logout().bearer_auth(TOKEN)));
    let (id, ask) = house.peer.told().await;
    assert!(matches!(ask, DeskAsk::Logout { .. }), "{ask:?}");
    house.peer.tells(id, &json!(null));
    assert_eq!(sent.await.expect("does not panic"), (StatusCode::NO_CONTENT, Value::Null));
}
