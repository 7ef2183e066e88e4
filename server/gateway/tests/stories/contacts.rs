//! Contacts over REST: what each action asks of the interaction server, and how its answer comes back.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tandem_protocol::{ErrorCode, archive::Look, desk::DeskAsk};

use crate::{House, browser::TOKEN, rest::answer, session};

fn request(house: &House, method: Method, path: &str) -> RequestBuilder {
    Client::new().request(method, house.url(&format!("/api/v1{path}"))).bearer_auth(TOKEN)
}

/// Sends the request while the interaction server answers; returns the question as JSON.
async fn looked(house: &mut House, request: RequestBuilder, reply: &Value) -> (Value, StatusCode, Value) {
    let sent = tokio::spawn(answer(request));
    let (id, ask) = house.peer.told().await;
    let DeskAsk::Look { look, from, .. } = ask else { panic!("expected a look, not {ask:?}") };
    // Only of what cannot be undone it is written down who did it, and from where.
    let is_noted = matches!(look, Look::Erase { .. } | Look::Merge { .. });
    assert_eq!(from.as_deref(), is_noted.then_some("127.0.0.1"));
    house.peer.tells(id, reply);
    let (status, body) = sent.await.expect("does not panic");
    (json!(look), status, body)
}

fn ana() -> Value {
    let identities = json!([{"kind": "email", "value": "ana@example.org"}]);
    json!({"contact": 7, "name": "Ana", "identities": identities, "attributes": {"plan": "gold"}, "since_ms": 1, "chats": 2})
}

#[tokio::test]
async fn a_contact_is_shown_changed_and_merged() {
    let mut house = House::start().await;
    let shown = request(&house, Method::GET, "/contacts/7");
    let (look, status, body) = looked(&mut house, shown, &ana()).await;
    assert_eq!((look, status, body), (json!({"look": "contact", "contact": 7}), StatusCode::OK, ana()));

    let change = json!({"name": "Ana M.", "attributes": {"plan": null, "vip": "yes"}});
    let amended = request(&house, Method::PATCH, "/contacts/7").json(&change);
    let (look, status, _) = looked(&mut house, amended, &ana()).await;
    assert_eq!((look, status), (json!({"look": "amend", "contact": 7, "change": change}), StatusCode::OK));

    let merged = request(&house, Method::POST, "/contacts/7/merge").json(&json!({"from": 9}));
    let (look, status, _) = looked(&mut house, merged, &ana()).await;
    assert_eq!((look, status), (json!({"look": "merge", "into": 7, "from": 9}), StatusCode::OK));
}

#[tokio::test]
async fn an_erasure_is_accepted_and_says_how_far_it_is() {
    let mut house = House::start().await;
    let erased = request(&house, Method::DELETE, "/contacts/7");
    let progress = json!({"chats": 3, "erased": 1});
    let (look, status, body) = looked(&mut house, erased, &progress).await;
    assert_eq!((look, status, body), (json!({"look": "erase", "contact": 7}), StatusCode::ACCEPTED, progress));
}

#[tokio::test]
async fn contacts_are_found_by_a_text_or_by_one_identity() {
    let mut house = House::start().await;
    let by_text = request(&house, Method::GET, "/contacts?q=an&limit=5");
    let (look, status, body) = looked(&mut house, by_text, &json!([ana()])).await;
    assert_eq!(look, json!({"look": "contacts", "text": "an", "limit": 5}));
    assert_eq!((status, body), (StatusCode::OK, json!({"contacts": [ana()]})));
    for (query, kind, value) in [
        ("email=Ana%40example.org", "email", "Ana@example.org"),
        ("phone=%2B49%20123", "phone", "+49 123"),
        ("customer=c-1", "customer", "c-1"),
    ] {
        for (reply, contacts) in [(ana(), json!([ana()])), (Value::Null, json!([]))] {
            let by = request(&house, Method::GET, &format!("/contacts?{query}"));
            let (look, _, body) = looked(&mut house, by, &reply).await;
            assert_eq!(look, json!({"look": "contact_by", "identity": {"kind": kind, "value": value}}));
            assert_eq!(body, json!({"contacts": contacts}));
        }
    }
}

#[tokio::test]
async fn a_contacts_chats_and_a_sessions_contact_are_told() {
    let mut house = House::start().await;
    let chat = json!({"session": session(), "opened_at_ms": 5, "customer": "Ana", "contact": 7, "agents": [3]});
    let chats = request(&house, Method::GET, "/contacts/7/chats?before=2025-11-24T16:00:00Z&limit=2");
    let (look, status, body) = looked(&mut house, chats, &json!([chat])).await;
    assert_eq!(look, json!({"look": "chats", "contact": 7, "before_ms": 1_764_000_000_000_u64, "limit": 2}));
    assert_eq!((status, body), (StatusCode::OK, json!({"chats": [chat]})));
    for known in [ana(), Value::Null] {
        let of = request(&house, Method::GET, &format!("/sessions/{}/contact", session()));
        let (look, status, body) = looked(&mut house, of, &known).await;
        assert_eq!(look, json!({"look": "contact_of", "session": session()}));
        assert_eq!((status, body), (StatusCode::OK, known));
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let house = House::start().await;
    let get = |path: &str| request(&house, Method::GET, path);
    for wrong in [
        get("/contacts/ana"),
        get("/contacts/-1/chats"),
        get("/contacts?email=a&phone=1"),
        get("/contacts?customer="),
        get("/contacts?mail=a"),
        get("/contacts?limit=0"),
        get("/contacts/7/chats?limit=101"),
        get("/contacts/7/chats?before=yesterday"),
        request(&house, Method::PATCH, "/contacts/7").json(&json!({"nam": "Ana"})),
        request(&house, Method::POST, "/contacts/7/merge").json(&json!({"from": 7})),
    ] {
        let (status, body) = answer(wrong).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{body}");
    }
    let (status, _) = answer(Client::new().get(house.url("/api/v1/contacts/7"))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_an_answer_to_something_else_is_an_internal_problem() {
    let mut house = House::start().await;
    for code in [ErrorCode::Unauthorized, ErrorCode::Forbidden, ErrorCode::Taken, ErrorCode::Unavailable] {
        let sent = tokio::spawn(answer(request(&house, Method::GET, "/contacts/7")));
        let (id, _) = house.peer.told().await;
        house.peer.refuses(id, code);
        assert_eq!(sent.await.expect("does not panic").1["code"], json!(code));
    }
    let shown = request(&house, Method::GET, "/contacts/7");
    let (_, status, body) = looked(&mut house, shown, &json!({"contact": "seven"})).await;
    assert_eq!((status, &body["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("internal")));
}
