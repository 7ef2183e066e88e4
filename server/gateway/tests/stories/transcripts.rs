//! Transcripts over REST: of a session for who is in it, of any for a login, and the search through them.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tandem_protocol::{
    ClosedReason, Event, EventBody, ParticipantId, RawEvent, Seq, SessionStatus, Timestamp, Visibility,
    archive::{Look, PastChat, TranscriptPage},
    desk::DeskAsk,
    link::{Answer, Heads, Page, Request},
};

use crate::{House, browser::TOKEN, message, messages, page, rest::answer, session, within};

fn get(house: &House, path: &str) -> RequestBuilder {
    Client::new().get(house.url(&format!("/api/v1{path}"))).bearer_auth(TOKEN)
}

fn of_session(house: &House, query: &str) -> RequestBuilder {
    get(house, &format!("/sessions/{}/transcript{query}", session()))
}

fn of_login(house: &House, query: &str) -> RequestBuilder {
    get(house, &format!("/transcripts/{}{query}", session()))
}

fn closed(seq: u64) -> RawEvent {
    RawEvent::of(&Event {
        seq: Seq(seq),
        at_ms: Timestamp(9_000),
        body: EventBody::Closed { reason: ClosedReason::Ended },
    })
}

/// What a login is told of a session that has events up to 3.
fn past(events: Vec<RawEvent>) -> Value {
    let chat = PastChat {
        session: session(),
        opened_at_ms: Timestamp(1),
        closed_at_ms: None,
        subject: Some("Order <7>".into()),
        customer: "Ada".into(),
        contact: None,
        agents: Vec::new(),
        disposition: None,
        erased: false,
    };
    let names = [(ParticipantId(1), "Ada".to_owned())].into();
    json!(TranscriptPage { chat, head: Seq(3), events, names })
}

/// Answers the next question for a transcript, and returns from where it was asked.
async fn tells(house: &mut House, reply: &Value) -> Seq {
    let (id, ask) = house.peer.told().await;
    let DeskAsk::Look { look: Look::Transcript { after, .. }, .. } = ask else {
        panic!("expected a look, not {ask:?}")
    };
    house.peer.tells(id, reply);
    after
}

async fn whole(response: Response) -> String {
    within("the whole answer", response.text()).await.expect("is text")
}

#[tokio::test]
async fn a_participant_gets_the_whole_session_page_by_page() {
    let mut house = House::start().await;
    let sent = tokio::spawn(answer(of_session(&house, "")));
    assert_eq!(house.peer.reads(1, 5, messages(1..=3)).await, Seq(0));
    assert_eq!(house.peer.reads(1, 6, messages(4..=6)).await, Seq(3));
    let (status, body) = sent.await.expect("does not panic");
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&body["head"], &body["names"]["1"], &body["chat"]["customer"]),
        (&json!(5), &json!("Ada"), &json!("Ada"))
    );
    let seqs: Vec<_> =
        body["events"].as_array().expect("is a list").iter().map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=5).map(Some).collect::<Vec<_>>(), "what was said later is of the next transcript");
}

#[tokio::test]
async fn a_customers_transcript_has_no_note_and_ends_where_the_rest_is_none_of_his_business() {
    let mut house = House::start().await;
    let sent = tokio::spawn(answer(of_session(&house, "?format=json")));
    let note = |seq| RawEvent { visibility: Visibility::Int, ..message(seq, "a note") };
    let heads = Heads { all: Seq(3), int: Seq(5), vip: Seq(5) };
    for (after, events) in [(0, vec![message(1, "hi"), note(2)]), (2, vec![message(3, "so"), note(4), note(5)])] {
        let (id, request) = house.peer.asked().await;
        let Request::Read { after: asked, .. } = request else { panic!("expected a read, not {request:?}") };
        assert_eq!(asked, Seq(after));
        house.peer.answers(id, Answer::Page(Page { heads, ..page(1, 5, events) }));
    }
    let (_, body) = sent.await.expect("does not panic");
    assert!(!body.to_string().contains("a note"), "{body}");
    assert_eq!((&body["head"], body["events"].as_array().map(Vec::len)), (&json!(3), Some(2)));
}

#[tokio::test]
async fn the_transcript_of_an_ended_session_says_when_it_ended() {
    let mut house = House::start().await;
    let sent = tokio::spawn(answer(of_session(&house, "")));
    let ended = |events| {
        let mut page = page(1, 4, events);
        page.state.status = SessionStatus::Closed;
        Answer::Page(page)
    };
    for (after, events) in [(0, messages(1..=3)), (3, vec![closed(4)]), (3, vec![closed(4)])] {
        let (id, request) = house.peer.asked().await;
        let Request::Read { after: asked, .. } = request else { panic!("expected a read, not {request:?}") };
        assert_eq!(asked, Seq(after));
        house.peer.answers(id, ended(events));
    }
    let (_, body) = sent.await.expect("does not panic");
    assert_eq!(body["chat"]["closed_at_ms"], json!(9_000));
    assert_eq!(body["events"][3]["type"], json!("closed"));
}

#[tokio::test]
async fn a_login_gets_a_transcript_in_the_form_it_asks_for() {
    let mut house = House::start().await;
    for (query, accept, kind, has) in [
        ("", "*/*", "application/json", "\"text\":\"good day\""),
        ("", "text/html", "text/html; charset=utf-8", "<p class=\"said\" dir=\"auto\">good day</p>"),
        ("?format=html", "*/*", "text/html; charset=utf-8", "<h1 dir=\"auto\">Order &#60;7&#62;</h1>"),
        ("?format=text", "text/html", "text/plain; charset=utf-8", "Ada:\n    good day\n"),
    ] {
        let sent = tokio::spawn(of_login(&house, query).header("Accept", accept).send());
        assert_eq!(tells(&mut house, &past(vec![message(1, "good day"), message(2, "good day")])).await, Seq(0));
        assert_eq!(tells(&mut house, &past(vec![message(3, "good day")])).await, Seq(2));
        let response = sent.await.expect("does not panic").expect("is answered");
        assert_eq!(response.headers()["content-type"], kind);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let policy = response.headers().get("content-security-policy").map(|policy| policy.to_str().expect("is text"));
        assert_eq!(policy.is_some_and(|policy| policy.contains("style-src 'sha256-")), kind.starts_with("text/html"));
        let body = whole(response).await;
        assert!(body.contains(has), "{body}");
        assert_eq!(body.matches("good day").count(), 3, "all three are there: {body}");
    }
}

#[tokio::test]
async fn a_transcript_that_is_refused_is_a_problem_and_one_that_breaks_off_is_no_whole() {
    let mut house = House::start().await;
    let sent = tokio::spawn(answer(of_login(&house, "")));
    let (id, _) = house.peer.told().await;
    house.peer.refuses(id, tandem_protocol::ErrorCode::Forbidden);
    let (status, body) = sent.await.expect("does not panic");
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));

    let sent = tokio::spawn(of_login(&house, "").send());
    tells(&mut house, &past(messages(1..=2))).await;
    let response = sent.await.expect("does not panic").expect("is answered");
    let (id, _) = house.peer.told().await;
    house.peer.refuses(id, tandem_protocol::ErrorCode::Forbidden);
    let body = within("the end", response.text()).await;
    assert!(body.is_err(), "the part was taken for the whole: {body:?}");

    for wrong in [of_login(&house, "?format=pdf"), of_session(&house, "?after=3"), get(&house, "/transcripts/7")] {
        let (status, body) = answer(wrong).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{body}");
    }
}

#[tokio::test]
async fn a_search_is_passed_on_with_all_its_bounds() {
    let mut house = House::start().await;
    let query = "?q=red%20lam&contact=7&from=1000&until=1970-01-01T00:00:02Z&after=x&limit=10";
    let sent = tokio::spawn(answer(get(&house, &format!("/transcripts{query}"))));
    let (id, ask) = house.peer.told().await;
    let DeskAsk::Look { look, .. } = ask else { panic!("expected a look, not {ask:?}") };
    assert_eq!(
        json!(look),
        json!({"look": "search", "text": "red lam", "contact": 7, "from_ms": 1000, "until_ms": 2000, "after": "x", "limit": 10})
    );
    let chat = json!({"session": session(), "opened_at_ms": 5, "customer": "Ada"});
    let hit =
        json!({"chat": chat, "seq": 3, "at_ms": 7, "name": "Ada", "excerpt": "a red lamp", "marks": [[2, 5], [6, 9]]});
    let hits = json!({"hits": [hit], "next": "y"});
    house.peer.tells(id, &hits);
    assert_eq!(sent.await.expect("does not panic"), (StatusCode::OK, hits));
    for wrong in ["", "?q=%20", "?q=a&limit=101", "?q=a&from=x", "?q=a&until=2025-13-01T00:00:00Z", "?words=a"] {
        let (status, body) = answer(get(&house, &format!("/transcripts{wrong}"))).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{wrong}");
    }
    let long = "x".repeat(257);
    assert_eq!(answer(get(&house, &format!("/transcripts?q={long}"))).await.0, StatusCode::BAD_REQUEST);
}
