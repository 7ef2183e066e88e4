//! An engine dies: what clients see of it, and what they do not.

use std::time::Duration;

use serde_json::json;
use tandem_gateway::GatewaySettings;
use tandem_protocol::{
    ErrorCode, ParticipantId, Refusal, Seq, Timestamp,
    client::close,
    link::{Answer, Attached, Credential, Request},
};

use crate::{House, browser::Browser, messages, page, session};

/// D-2: the browser does nothing and has it all.
#[tokio::test]
async fn a_browser_stays_connected_and_is_told_of_loss_and_restoration() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    house.peer.dies();
    assert_eq!(browser.hears().await, json!({"type": "notice", "notice": "connection_lost"}));
    browser.messages("m-1").await;
    let mut peer = house.engine.welcomes().await;
    let (id, request) = peer.asked().await;
    let Request::Attach(attaches) = request else { panic!("expected an attach, not {request:?}") };
    assert_eq!((attaches[0].session, attaches[0].after), (session(), Seq(3)));
    assert_eq!(attaches[0].by, Credential::Participant(ParticipantId(1)));
    peer.answers(id, Answer::Attached(vec![Attached::Live { session: session(), page: page(1, 5, messages(4..=5)) }]));
    assert_eq!(browser.hears_events().await, [4, 5]);
    let restored = browser.hears_of("notice").await;
    assert_eq!((&restored["notice"], &restored["head"]), (&json!("session_restored"), &json!(5)));
    assert!(restored["gap_ms"].is_u64() && restored["state"]["participants"].is_array(), "{restored}");
    let (id, request) = peer.asked().await;
    assert!(matches!(request, Request::Send(send) if send.client_id.as_str() == "m-1"));
    peer.answers(id, Answer::Saved { seq: Seq(6), at_ms: Timestamp(1), participant: ParticipantId(1), durable: true });
    assert_eq!(browser.hears_of("ack").await["seq"], 6);
}

/// complete or refused.
#[tokio::test]
async fn a_history_that_the_new_primary_does_not_have_is_taken_back() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 7).await;
    house.peer.dies();
    browser.hears_of("notice").await;
    let mut peer = house.engine.welcomes().await;
    peer.attaches(1, 2, Vec::new()).await;
    assert_eq!(browser.hears_of("welcome").await["recovered"], false);
    assert_eq!(peer.reads(1, 2, messages(1..=2)).await, Seq::ZERO);
    assert_eq!(browser.hears_events().await, [1, 2]);
    assert_eq!(browser.hears_of("notice").await["notice"], "session_restored");
}

#[tokio::test]
async fn a_session_that_the_new_primary_refuses_ends() {
    let mut house = House::start().await;
    let mut browser = house.browser(1, 3).await;
    house.peer.dies();
    browser.hears_of("notice").await;
    let mut peer = house.engine.welcomes().await;
    let (id, _) = peer.asked().await;
    let refusal = Refusal::new(ErrorCode::UnknownSession, "It is gone.");
    peer.answers(id, Answer::Attached(vec![Attached::Refused { session: session(), refusal }]));
    assert_eq!(browser.is_ended_with().await, close::UNKNOWN_SESSION);
}

#[tokio::test]
async fn a_browser_that_comes_during_the_failover_waits_and_is_welcomed() {
    let house = House::start().await;
    house.peer.dies();
    let mut browser = Browser::connects(&house.gateway).await;
    browser.hello(0).await;
    let mut peer = house.engine.welcomes().await;
    peer.attaches(1, 2, messages(1..=2)).await;
    browser.hears_of("welcome").await;
    assert_eq!(browser.hears_events().await, [1, 2]);
}

#[tokio::test]
async fn without_any_engine_a_hello_is_told_to_come_back_and_a_connected_client_stays() {
    let settings = GatewaySettings { engine_wait_max: Duration::from_millis(300), ..Default::default() };
    let mut house = House::with(settings).await;
    let mut there = house.browser(1, 3).await;
    house.peer.dies();
    there.hears_of("notice").await;
    // The first waits in vain for its welcome, the second need not wait any more.
    for _ in 0..2 {
        let mut browser = Browser::connects(&house.gateway).await;
        browser.hello(0).await;
        let (_, bye, code) = browser.is_ended().await;
        assert_eq!(code, close::UNAVAILABLE);
        assert!(bye["reconnect_ms"].as_u64().is_some_and(|wait| wait >= 1_000), "{bye}");
    }
    there.says(json!({"type": "heartbeat"})).await;
    assert_eq!(there.hears_of("heartbeat").await["head"], 3);
}

/// The engine must not believe that somebody reads who has gone meanwhile.
#[tokio::test]
async fn a_browser_that_goes_before_it_is_let_in_is_detached_after_all() {
    let mut house = House::start().await;
    let mut browser = Browser::connects(&house.gateway).await;
    browser.hello(0).await;
    let (id, request) = house.peer.asked().await;
    assert!(matches!(request, Request::Attach(_)));
    browser.vanishes();
    house.peer.answers(id, Answer::Attached(vec![Attached::Live { session: session(), page: page(1, 0, vec![]) }]));
    assert_eq!(house.peer.hears_detach().await, Some(ParticipantId(1)));
}
