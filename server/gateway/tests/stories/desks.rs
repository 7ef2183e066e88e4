//! A desk's life: hello, views, actions, what a failover is for it, and the ways it ends.

use std::time::Duration;

use serde_json::{Value, json};
use tandem_gateway::GatewaySettings;
use tandem_protocol::{
    ErrorCode,
    client::close,
    desk::{ACTIONS_MAX, Action, ChosenState, DeskAsk, DeskNews},
    link::FromEngine,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{House, browser::Browser, engine::Peer, view};

/// Refuses the enter that comes next.
async fn keeps_out(peer: &mut Peer, code: ErrorCode) {
    let (id, ask) = peer.told().await;
    assert!(matches!(ask, DeskAsk::Enter { .. }), "expected an enter, not {ask:?}");
    peer.refuses(id, code);
}

#[tokio::test]
async fn a_desk_gets_its_welcome_and_then_its_views_in_order() {
    let mut house = House::start().await;
    let mut browser = Browser::connects_desk(&house.gateway).await;
    browser.desk_hello().await;
    let desk = house.peer.lets_in(5).await;
    assert_eq!(browser.hears().await, json!({"type": "welcome", "heartbeat_ms": 15_000, "view": view(5)}));
    for version in [6, 4, 7, 7, 8] {
        house.peer.shows(desk, version);
    }
    let mut last = 5;
    while last < 8 {
        let version = browser.hears_of("view").await["view"]["version"].as_u64().expect("is a number");
        assert!(version > last, "{version} after {last}");
        last = version;
    }
    browser.says(json!({"type": "heartbeat"})).await;
    assert_eq!(browser.hears().await, json!({"type": "heartbeat"}), "no older view came after it");
}

#[tokio::test]
async fn news_are_for_the_desk_that_they_name() {
    let mut house = House::start().await;
    let ((mut one, first), (mut two, second)) = (house.desk().await, house.desk().await);
    house.peer.shows(second, 3);
    house.peer.shows(first, 2);
    assert_eq!(one.hears().await, json!({"type": "view", "view": view(2)}));
    assert_eq!(two.hears().await, json!({"type": "view", "view": view(3)}));
}

#[tokio::test]
async fn an_action_is_passed_on_and_answered() {
    let mut house = House::start().await;
    let (mut browser, desk) = house.desk().await;
    browser.does("a-1").await;
    let (id, ask) = house.peer.told().await;
    let DeskAsk::Do { desk: at, id: action, action: done } = ask else { panic!("expected an action, not {ask:?}") };
    assert_eq!((at, action.as_str(), done), (desk, "a-1", Action::State(ChosenState::Ready)));
    house.peer.tells(id, &Value::Null);
    assert_eq!(browser.hears().await, json!({"type": "done", "id": "a-1", "result": null}));
    browser.does("a-2").await;
    let (id, _) = house.peer.hears_do().await;
    house.peer.refuses(id, ErrorCode::NoRoom);
    let refused = browser.hears_of("refused").await;
    assert_eq!((&refused["id"], &refused["code"]), (&json!("a-2"), &json!("no_room")));
    assert!(refused["message"].is_string() && refused.get("retry_after_ms").is_none(), "{refused}");
}

#[tokio::test]
async fn an_action_that_is_not_understood_is_refused_and_the_desk_goes_on() {
    let mut house = House::start().await;
    let (mut browser, _) = house.desk().await;
    for unknown in [json!({"do": "dance"}), json!({"do": "transfer", "session": 5})] {
        let mut frame = json!({"type": "do", "id": "a-1"});
        frame.as_object_mut().expect("is one").extend(unknown.as_object().expect("is one").clone());
        browser.says(frame).await;
        let refused = browser.hears_of("refused").await;
        assert_eq!((&refused["id"], &refused["code"]), (&json!("a-1"), &json!("bad_request")));
    }
    browser.does("a-2").await;
    assert_eq!(house.peer.hears_do().await.1, "a-2");
}

/// B-1.
#[tokio::test]
async fn a_flood_of_actions_is_refused_beyond_the_bound() {
    let mut house = House::start().await;
    let (mut browser, _) = house.desk().await;
    for number in 0..ACTIONS_MAX + 2 {
        browser.does(&format!("a-{number}")).await;
    }
    for number in [ACTIONS_MAX, ACTIONS_MAX + 1] {
        let refused = browser.hears_of("refused").await;
        assert_eq!((&refused["id"], &refused["code"]), (&json!(format!("a-{number}")), &json!("busy")));
        assert!(refused["retry_after_ms"].is_u64(), "{refused}");
    }
    for number in 0..ACTIONS_MAX {
        let (id, action) = house.peer.hears_do().await;
        assert_eq!(action, format!("a-{number}"));
        house.peer.tells(id, &Value::Null);
        assert_eq!(browser.hears_of("done").await["id"], action);
    }
}

/// R-1, R-3, D-3: the page does nothing, and what was done at it is done once.
#[tokio::test]
async fn a_desk_stays_connected_when_the_engine_dies_and_is_told_of_loss_and_restoration() {
    let mut house = House::start().await;
    let (mut browser, desk) = house.desk().await;
    browser.does("a-1").await;
    house.peer.hears_do().await;
    house.peer.dies();
    assert_eq!(browser.hears().await, json!({"type": "notice", "notice": "connection_lost"}));
    browser.does("a-2").await;
    let mut peer = house.engine.welcomes().await;
    assert_eq!(peer.lets_in(9).await, desk, "it is the same desk");
    assert_eq!(browser.hears().await, json!({"type": "view", "view": view(9)}));
    let restored = browser.hears_of("notice").await;
    assert_eq!(restored["notice"], "connection_restored");
    assert!(restored["gap_ms"].as_u64().is_some_and(|gap| gap >= 100), "it was told, so it lasted: {restored}");
    for expected in ["a-1", "a-2"] {
        let (id, action) = peer.hears_do().await;
        assert_eq!(action, expected);
        peer.tells(id, &Value::Null);
        assert_eq!(browser.hears().await, json!({"type": "done", "id": expected, "result": null}));
    }
    browser.says(json!({"type": "heartbeat"})).await;
    assert_eq!(browser.hears().await, json!({"type": "heartbeat"}));
}

#[tokio::test]
async fn a_desk_that_comes_during_the_failover_waits_and_is_welcomed() {
    let house = House::start().await;
    house.peer.dies();
    let mut browser = Browser::connects_desk(&house.gateway).await;
    browser.desk_hello().await;
    let mut peer = house.engine.welcomes().await;
    peer.lets_in(2).await;
    assert_eq!(browser.hears_of("welcome").await["view"], view(2));
}

#[tokio::test]
async fn all_desks_enter_again_when_another_interaction_server_is_there() {
    let mut house = House::start().await;
    let ((mut one, first), (mut two, second)) = (house.desk().await, house.desk().await);
    house.peer.says(&FromEngine::EnterAgain);
    let mut entered = [house.peer.lets_in(11).await, house.peer.lets_in(11).await];
    entered.sort();
    let mut expected = [first, second];
    expected.sort();
    assert_eq!(entered, expected);
    for browser in [&mut one, &mut two] {
        assert_eq!(browser.hears().await, json!({"type": "view", "view": view(11)}));
    }
}

#[tokio::test]
async fn a_desk_is_told_when_only_the_interaction_server_is_gone_and_when_another_is_there() {
    let mut house = House::start().await;
    let (mut browser, desk) = house.desk().await;
    house.peer.says(&FromEngine::InteractionGone);
    let lost = browser.hears_of("notice").await;
    assert_eq!(lost["notice"], "connection_lost");
    browser.does("a-1").await;
    house.peer.says(&FromEngine::EnterAgain);
    assert_eq!(house.peer.lets_in(13).await, desk);
    assert_eq!(browser.hears_of("view").await["view"], view(13));
    assert_eq!(browser.hears_of("notice").await["notice"], "connection_restored");
    assert_eq!(house.peer.hears_do().await.1, "a-1");
}

#[tokio::test]
async fn a_desk_that_cannot_enter_again_for_a_while_stays_and_tries() {
    let mut house = House::start().await;
    let (mut browser, desk) = house.desk().await;
    house.peer.says(&FromEngine::EnterAgain);
    keeps_out(&mut house.peer, ErrorCode::Unavailable).await;
    browser.does("a-1").await;
    assert_eq!(house.peer.lets_in(12).await, desk);
    assert_eq!(browser.hears_of("view").await["view"], view(12));
    assert_eq!(house.peer.hears_do().await.1, "a-1");
}

#[tokio::test]
async fn whoever_may_not_enter_is_told_so() {
    let mut house = House::start().await;
    for (refused, code) in [
        (ErrorCode::Unauthorized, close::UNAUTHORIZED),
        (ErrorCode::Unavailable, close::UNAVAILABLE),
        (ErrorCode::Busy, close::BUSY),
    ] {
        let mut browser = Browser::connects_desk(&house.gateway).await;
        browser.desk_hello().await;
        keeps_out(&mut house.peer, refused).await;
        let (_, bye, ended) = browser.is_ended().await;
        assert_eq!((ended, bye["reconnect_ms"].is_u64()), (code, code < 4500), "{refused:?}");
        house.peer.hears_exit().await;
    }
}

#[tokio::test]
async fn without_an_interaction_server_a_hello_is_told_to_come_back() {
    let settings = GatewaySettings { engine_wait_max: Duration::from_millis(200), ..Default::default() };
    let mut house = House::with(settings).await;
    let mut browser = Browser::connects_desk(&house.gateway).await;
    browser.desk_hello().await;
    let (_, ask) = house.peer.told().await;
    let DeskAsk::Enter { desk, .. } = ask else { panic!("expected an enter, not {ask:?}") };
    let (_, bye, code) = browser.is_ended().await;
    assert_eq!(code, close::UNAVAILABLE);
    assert!(bye["reconnect_ms"].as_u64().is_some_and(|wait| wait >= 1_000), "{bye}");
    assert_eq!(house.peer.hears_exit().await, desk, "whoever comes later does not take it for present");
}

#[tokio::test]
async fn a_login_that_ends_ends_its_desks() {
    let mut house = House::start().await;
    let (mut browser, desk) = house.desk().await;
    house.peer.says(&FromEngine::Desk { desk, news: DeskNews::Revoked });
    assert_eq!(browser.is_ended_with().await, close::UNAUTHORIZED);
    assert_eq!(house.peer.hears_exit().await, desk);
}

#[tokio::test]
async fn whoever_goes_is_not_taken_for_present() {
    let mut house = House::start().await;
    let (browser, desk) = house.desk().await;
    browser.vanishes();
    assert_eq!(house.peer.hears_exit().await, desk);
    house.peer.shows(desk, 2);
    assert_eq!(house.peer.hears_exit().await, desk, "as long as somebody shows it something");
}

#[tokio::test]
async fn a_frame_that_is_not_understood_ends_the_desk_with_its_code() {
    let mut house = House::start().await;
    let too_large = Message::text("x".repeat(65_537));
    for (frame, code) in [
        (Message::text("{"), close::BAD_FRAME),
        (Message::text(r#"{"type":"dance"}"#), close::BAD_FRAME),
        (Message::text(r#"{"type":"do","do":"canned"}"#), close::BAD_FRAME),
        (Message::text(r#"{"type":"hello","token":"again"}"#), close::BAD_FRAME),
        (Message::binary(vec![1, 2]), close::BAD_FRAME),
        (too_large.clone(), close::FRAME_TOO_LARGE),
    ] {
        let (mut browser, _) = house.desk().await;
        browser.sends(frame).await;
        assert_eq!(browser.is_ended_with().await, code);
        house.peer.hears_exit().await;
    }
    for (first, code) in [
        (Message::text("{"), close::BAD_FRAME),
        (Message::text(r#"{"type":"heartbeat"}"#), close::NO_HELLO),
        (too_large, close::FRAME_TOO_LARGE),
    ] {
        let mut browser = Browser::connects_desk(&house.gateway).await;
        browser.sends(first).await;
        assert_eq!(browser.is_ended_with().await, code);
    }
}

#[tokio::test]
async fn a_desk_without_a_hello_is_not_waited_for() {
    let settings = GatewaySettings { hello_max: Duration::from_millis(100), ..Default::default() };
    let house = House::with(settings).await;
    let mut browser = Browser::connects_desk(&house.gateway).await;
    assert_eq!(browser.is_ended_with().await, close::NO_HELLO);
}

#[tokio::test]
async fn a_silent_desk_hears_heartbeats_and_is_ended() {
    let (heartbeat, silence_max) = (Duration::from_millis(100), Duration::from_millis(300));
    let settings = GatewaySettings { heartbeat, silence_max, ..Default::default() };
    let mut house = House::with(settings).await;
    let (mut browser, desk) = house.desk().await;
    let (frames, bye, code) = browser.is_ended().await;
    assert!(frames.contains(&json!({"type": "heartbeat"})), "{frames:?}");
    assert_eq!(code, close::SILENT);
    assert!(bye["reconnect_ms"].is_u64());
    assert_eq!(house.peer.hears_exit().await, desk);
}

#[tokio::test]
async fn a_desk_too_many_is_told_to_come_back_and_customers_take_no_desk_s_place() {
    let settings = GatewaySettings { clients_max: 1, desks_max: 1, ..Default::default() };
    let mut house = House::with(settings).await;
    let _customer = house.browser(1, 3).await;
    let _desk = house.desk().await;
    let mut second = Browser::connects_desk(&house.gateway).await;
    assert_eq!(second.is_ended_with().await, close::BUSY);
}

#[tokio::test]
async fn a_gateway_that_goes_tells_its_desks_and_takes_their_presence_with_it() {
    let mut house = House::start().await;
    let (mut browser, desk) = house.desk().await;
    let shutdown = tokio::spawn(house.gateway.shutdown());
    let (_, bye, code) = browser.is_ended().await;
    assert_eq!(code, close::GOING_AWAY);
    assert!(bye["reconnect_ms"].as_u64().is_some_and(|wait| wait <= 5_000), "{bye}");
    assert_eq!(house.peer.hears_exit().await, desk);
    crate::within("the gateway's end", shutdown).await.expect("does not panic");
}
