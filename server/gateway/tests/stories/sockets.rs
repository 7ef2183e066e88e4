//! A WebSocket's life: handshake, hello, events, messages, and the ways it ends.

use std::time::Duration;

use serde_json::json;
use tandem_gateway::GatewaySettings;
use tandem_protocol::{
    ClosedReason, ErrorCode, Event, EventBody, ParticipantId, Place, RawEvent, Seq, Timestamp,
    client::close,
    link::{Answer, Credential, FromEngine, Request, ToEngine},
};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::{House, browser::Browser, messages, session};

#[tokio::test]
async fn a_browser_gets_its_history_page_by_page_and_then_what_comes() {
    let mut house = House::start().await;
    let mut browser = Browser::connects(&house.gateway).await;
    browser.hello(2).await;
    assert_eq!(house.peer.attaches(1, 6, messages(3..=4)).await, Seq(2));
    let welcome = browser.hears_of("welcome").await;
    assert_eq!(
        (&welcome["head"], &welcome["participant"], &welcome["recovered"]),
        (&json!(6), &json!(1), &json!(true))
    );
    assert_eq!(welcome["state"]["participants"][0]["name"], "Ada");
    assert_eq!((&welcome["heartbeat_ms"], &welcome["message_bytes_max"]), (&json!(15_000), &json!(16_384)));
    let first = browser.hears_of("events").await;
    assert_eq!((&first["after"], crate::browser::seqs(&first)), (&json!(2), vec![3, 4]));
    assert_eq!(house.peer.reads(1, 6, messages(5..=6)).await, Seq(4));
    assert_eq!(browser.hears_events().await, [5, 6]);
    house.peer.delivers(6, messages(7..=7));
    assert_eq!(browser.hears_events().await, [7]);
    browser.vanishes();
    assert_eq!(house.peer.hears_detach().await, Some(ParticipantId(1)));
}

#[tokio::test]
async fn two_tabs_are_in_step_and_the_last_one_takes_the_participant_with_it() {
    let mut house = House::start().await;
    let (mut one, mut two) = (house.browser(1, 3).await, house.browser(1, 3).await);
    house.peer.delivers(3, messages(4..=5));
    assert_eq!((one.hears_events().await, two.hears_events().await), (vec![4, 5], vec![4, 5]));
    one.vanishes();
    two.messages("m-1").await;
    let (_, request) = house.peer.asked().await;
    assert!(matches!(request, Request::Send(_)), "the first tab's going is not told");
    two.vanishes();
    assert_eq!(house.peer.hears_detach().await, Some(ParticipantId(1)));
}

/// D-1.
#[tokio::test]
async fn a_message_is_acknowledged_when_it_is_saved() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    browser.messages("m-1").await;
    let (id, request) = house.peer.asked().await;
    let Request::Send(send) = request else { panic!("expected a send, not {request:?}") };
    assert_eq!((send.session, send.by), (session(), Credential::Participant(ParticipantId(1))));
    assert_eq!((send.client_id.as_str(), send.text.as_str()), ("m-1", "hi"));
    house
        .peer
        .answers(id, Answer::Saved { seq: Seq(4), at_ms: Timestamp(9), participant: ParticipantId(1), durable: true });
    assert_eq!(browser.hears().await, json!({"type": "ack", "client_id": "m-1", "seq": 4, "at_ms": 9}));
    browser.messages("m-2").await;
    let (id, _) = house.peer.asked().await;
    house.peer.refuses(id, ErrorCode::NotSaved);
    let refused = browser.hears_of("refused").await;
    assert_eq!((&refused["client_id"], &refused["code"]), (&json!("m-2"), &json!("not_saved")));
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    browser.says(json!({"type": "message", "client_id": "m-1", "text": "x".repeat(16_385)})).await;
    let refused = browser.hears_of("refused").await;
    assert_eq!((&refused["client_id"], &refused["code"]), (&json!("m-1"), &json!("message_too_long")));
    browser.says(json!({"type": "heartbeat"})).await;
    assert_eq!(browser.hears().await, json!({"type": "heartbeat", "head": 3}));
}

#[tokio::test]
async fn typing_goes_to_the_engine_and_comes_to_the_others() {
    let mut house = House::start().await;
    let (mut one, mut two) = (house.browser(1, 3).await, house.browser(2, 3).await);
    one.says(json!({"type": "typing", "on": true})).await;
    let ToEngine::Typing { participant, on, .. } = house.peer.hears().await else { panic!("expected typing") };
    assert_eq!((participant, on), (ParticipantId(1), true));
    house.peer.says(&FromEngine::Typing { session: session(), participant, on });
    house.peer.delivers(3, messages(4..=4));
    assert_eq!(two.hears().await, json!({"type": "typing", "participant": 1, "on": true}));
    assert_eq!(two.hears_events().await, [4]);
    assert_eq!(one.hears_events().await, [4], "not to the one who types");
}

#[tokio::test]
async fn a_waiting_customer_is_told_its_place_and_nothing_else() {
    let mut house = House::start().await;
    let (mut one, mut two) = (house.browser(1, 3).await, house.browser(2, 3).await);
    for (wait_ms, told) in [
        (Some(60_000), json!({"type": "queue", "place": 2, "wait_ms": 60_000})),
        (None, json!({"type": "queue", "place": 2})),
    ] {
        house.peer.says(&FromEngine::Place { session: session(), place: Place { place: 2, wait_ms } });
        assert_eq!((one.hears().await, two.hears().await), (told.clone(), told));
    }
}

#[tokio::test]
async fn a_client_that_found_a_gap_gets_what_it_asks_for() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 9).await;
    browser.says(json!({"type": "resume", "after": 7})).await;
    assert_eq!(house.peer.reads(1, 9, messages(8..=9)).await, Seq(7));
    assert_eq!(browser.hears_events().await, [8, 9]);
}

/// R-2.
#[tokio::test]
async fn a_client_with_a_history_that_never_was_starts_anew() {
    let mut house = House::start().await;
    let mut browser = Browser::connects(&house.gateway).await;
    browser.hello(7).await;
    house.peer.attaches(1, 2, Vec::new()).await;
    assert_eq!(browser.hears_of("welcome").await["recovered"], false);
    assert_eq!(house.peer.reads(1, 2, messages(1..=2)).await, Seq::ZERO);
    assert_eq!(browser.hears_events().await, [1, 2]);
}

#[tokio::test]
async fn a_session_that_ends_ends_its_browsers_after_the_last_event() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    browser.says(json!({"type": "leave"})).await;
    let (id, request) = house.peer.asked().await;
    assert!(matches!(request, Request::Leave { by: Credential::Participant(ParticipantId(1)), .. }));
    house.peer.answers(id, Answer::Done);
    let body = EventBody::Closed { reason: ClosedReason::CustomerLeft };
    house.peer.delivers(3, vec![RawEvent::of(&Event { seq: Seq(4), at_ms: Timestamp(1), body })]);
    let (frames, bye, code) = browser.is_ended().await;
    assert_eq!(crate::browser::seqs(&frames[0]), [4]);
    assert_eq!(code, close::ENDED);
    assert!(bye.get("reconnect_ms").is_none());
}

#[tokio::test]
async fn what_the_engine_refuses_closes_with_its_code() {
    let mut house = House::start().await;
    for (refused, code) in [
        (ErrorCode::Unauthorized, close::UNAUTHORIZED),
        (ErrorCode::UnknownSession, close::UNKNOWN_SESSION),
        (ErrorCode::SessionClosed, close::ENDED),
        (ErrorCode::LimitClients, close::BUSY),
    ] {
        let mut browser = Browser::connects(&house.gateway).await;
        browser.hello(0).await;
        house.peer.refuses_attach(refused).await;
        assert_eq!(browser.is_ended_with().await, code, "{refused:?}");
    }
}

#[tokio::test]
async fn a_frame_that_is_not_understood_closes_with_its_code() {
    let mut house = House::start().await;
    let too_large = Message::text("x".repeat(65_537));
    for (frame, code) in [
        (Message::text("{"), close::BAD_FRAME),
        (Message::text(r#"{"type":"dance"}"#), close::BAD_FRAME),
        (Message::binary(vec![1, 2]), close::BAD_FRAME),
        (too_large.clone(), close::FRAME_TOO_LARGE),
    ] {
        let mut browser = house.browser(1, 3).await;
        browser.sends(frame).await;
        assert_eq!(browser.is_ended_with().await, code);
        house.peer.hears_detach().await;
    }
    for (first, code) in [
        (Message::text("{"), close::BAD_FRAME),
        (Message::text(r#"{"type":"heartbeat"}"#), close::NO_HELLO),
        (too_large, close::FRAME_TOO_LARGE),
    ] {
        let mut browser = Browser::connects(&house.gateway).await;
        browser.sends(first).await;
        assert_eq!(browser.is_ended_with().await, code);
    }
}

#[tokio::test]
async fn a_second_hello_is_a_bad_frame() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    browser.hello(3).await;
    assert_eq!(browser.is_ended_with().await, close::BAD_FRAME);
}

#[tokio::test]
async fn a_client_without_a_hello_is_not_waited_for() {
    let settings = GatewaySettings { hello_max: Duration::from_millis(100), ..Default::default() };
    let house = House::with(settings).await;
    let mut browser = Browser::connects(&house.gateway).await;
    assert_eq!(browser.is_ended_with().await, close::NO_HELLO);
}

#[tokio::test]
async fn a_silent_client_hears_heartbeats_and_is_ended() {
    let (heartbeat, silence_max) = (Duration::from_millis(100), Duration::from_millis(300));
    let settings = GatewaySettings { heartbeat, silence_max, ..Default::default() };
    let mut house = House::with(settings).await;
    let mut browser = house.browser(1, 3).await;
    let (frames, bye, code) = browser.is_ended().await;
    assert!(frames.contains(&json!({"type": "heartbeat", "head": 3})), "{frames:?}");
    assert_eq!(code, close::SILENT);
    assert!(bye["reconnect_ms"].is_u64());
}

#[tokio::test]
async fn a_handshake_needs_the_subprotocol_and_an_origin_that_is_allowed() {
    let settings = GatewaySettings { allowed_origins: vec!["https://shop.example".into()], ..Default::default() };
    let house = House::with(settings).await;
    let own = format!("http://{}", house.gateway.local_addr());
    for (path, protocol, other) in
        [("/api/v1/ws", "tandem.v1", "tandem.desk.v1"), ("/api/v1/desk", "tandem.desk.v1", "tandem.v1")]
    {
        let status =
            async |protocol, origin: Option<&str>| match Browser::tries(&house.gateway, path, protocol, origin).await {
                Ok(_) => 101,
                Err(Error::Http(response)) => {
                    let kind = response.headers()["content-type"].to_str().expect("is text");
                    assert_eq!(kind, "application/problem+json");
                    response.status().as_u16()
                }
                Err(other) => panic!("the handshake broke: {other}"),
            };
        assert_eq!(status(Some(protocol), None).await, 101);
        assert_eq!(status(Some(protocol), Some(&own)).await, 101);
        assert_eq!(status(Some(protocol), Some("https://shop.example")).await, 101);
        assert_eq!(status(Some(protocol), Some("https://evil.example")).await, 403);
        assert_eq!(status(Some(other), None).await, 400);
        assert_eq!(status(None, None).await, 400);
    }
}

#[tokio::test]
async fn a_gateway_that_goes_tells_everyone_when_to_come_back() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    let mut early = Browser::connects(&house.gateway).await;
    let shutdown = tokio::spawn(house.gateway.shutdown());
    for browser in [&mut browser, &mut early] {
        let (_, bye, code) = browser.is_ended().await;
        assert_eq!(code, close::GOING_AWAY);
        assert!(bye["reconnect_ms"].as_u64().is_some_and(|wait| wait <= 5_000), "{bye}");
    }
    crate::within("the gateway's end", shutdown).await.expect("does not panic");
}
