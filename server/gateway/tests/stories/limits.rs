//! B-1: what a client may do and how much waits for it.

use std::time::{Duration, Instant};

use serde_json::{json, value::to_raw_value};
use tandem_gateway::GatewaySettings;
use tandem_protocol::{
    ParticipantId, Seq, Timestamp,
    client::close,
    desk::DeskNews,
    link::{Answer, FromEngine, Request},
};

use crate::{House, browser::Browser, engine::Peer, message};

async fn hears_message(peer: &mut Peer) -> (tandem_protocol::RequestId, String) {
    match peer.asked().await {
        (id, Request::Send(send)) => (id, send.client_id.as_str().to_owned()),
        (_, other) => panic!("expected a send, not {other:?}"),
    }
}

fn saved(seq: u64) -> Answer {
    Answer::Saved { seq: Seq(seq), at_ms: Timestamp(1), participant: ParticipantId(1), durable: true }
}

/// More than the kernel's buffers of a loopback connection can take, in events of 16 KiB.
const EVENTS_UNREAD: u64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_does_not_read_is_cut_off_and_nothing_more_is_kept_for_it() {
    let settings = GatewaySettings { queue_bytes_max: 64 * 1024, ..Default::default() };
    let mut house = House::with(settings).await;
    let mut browser = house.browser(1, 0).await;
    // It is answered after the welcome is out, so the reader is in step and reads no page.
    browser.says(json!({"type": "heartbeat"})).await;
    browser.hears_of("heartbeat").await;
    let text = "x".repeat(16 * 1024);
    for seq in 1..=EVENTS_UNREAD {
        house.peer.delivers(seq - 1, vec![message(seq, &text)]);
    }
    assert_eq!(house.peer.hears_detach().await, Some(ParticipantId(1)), "it is cut off while it still does not read");
    let (frames, bye, code) = browser.is_ended().await;
    assert_eq!(code, close::SLOW_READER);
    assert!(bye["reconnect_ms"].is_u64());
    let seqs: Vec<u64> = frames.iter().flat_map(crate::browser::seqs).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "what it got has no gap");
    assert!((seqs.len() as u64) < EVENTS_UNREAD);
}

/// A view takes the place of the one before, so a desk that sleeps is not cut off and misses nothing that still holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_does_not_read_gets_the_newest_view_once_it_does() {
    let settings = GatewaySettings { queue_bytes_max: 64 * 1024, ..Default::default() };
    let mut house = House::with(settings).await;
    let (mut browser, desk) = house.desk().await;
    let text = "x".repeat(16 * 1024);
    for version in 2..=EVENTS_UNREAD {
        let view = to_raw_value(&json!({"version": version, "text": text})).expect("is JSON");
        house.peer.says(&FromEngine::Desk { desk, news: DeskNews::View(view) });
    }
    // The answer to a question that came after them shows that the gateway has them all.
    let mut other = Browser::connects_desk(&house.gateway).await;
    other.desk_hello().await;
    house.peer.lets_in(1).await;
    other.hears_of("welcome").await;
    let mut versions = vec![1];
    while versions.last() != Some(&EVENTS_UNREAD) {
        versions.push(browser.hears_of("view").await["view"]["version"].as_u64().expect("is a number"));
    }
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    assert!((versions.len() as u64) < EVENTS_UNREAD, "none was left out");
}

#[tokio::test]
async fn a_client_that_is_too_fast_is_read_more_slowly_and_loses_nothing() {
    let settings = GatewaySettings { frames_per_second: 20, frames_burst: 2, ..Default::default() };
    let mut house = House::with(settings).await;
    let mut browser = house.browser(1, 0).await;
    let begun = Instant::now();
    for number in 1..=12 {
        browser.messages(&format!("m-{number}")).await;
    }
    for number in 1..=12 {
        assert_eq!(hears_message(&mut house.peer).await.1, format!("m-{number}"));
    }
    // Two at once, ten more at twenty a second: sooner is impossible, later is only a busy machine.
    assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_with_a_full_window_is_not_read_until_the_engine_answers() {
    let settings = GatewaySettings { unacked_messages_max: 2, ..Default::default() };
    let mut house = House::with(settings).await;
    let mut browser = house.browser(1, 0).await;
    for number in 1..=3 {
        browser.messages(&format!("m-{number}")).await;
    }
    browser.says(json!({"type": "heartbeat"})).await;
    let (first, _) = hears_message(&mut house.peer).await;
    let (second, _) = hears_message(&mut house.peer).await;
    house.peer.answers(first, saved(1));
    assert_eq!(browser.hears_of("ack").await["client_id"], "m-1", "before the heartbeat, which is not read yet");
    assert_eq!(hears_message(&mut house.peer).await.1, "m-3");
    house.peer.answers(second, saved(2));
    assert_eq!(browser.hears_of("ack").await["client_id"], "m-2");
    assert_eq!(browser.hears().await, json!({"type": "heartbeat", "head": 0}));
}

#[tokio::test]
async fn one_client_too_many_is_told_to_come_back() {
    let mut house = House::with(GatewaySettings { clients_max: 1, ..Default::default() }).await;
    let first = house.browser(1, 0).await;
    let mut second = Browser::connects(&house.gateway).await;
    let (_, bye, code) = second.is_ended().await;
    assert_eq!(code, close::BUSY);
    assert!(bye["reconnect_ms"].as_u64().is_some_and(|wait| wait >= 1_000), "{bye}");
    first.vanishes();
    house.peer.hears_detach().await;
}

#[tokio::test]
async fn a_long_history_is_asked_for_only_as_fast_as_it_is_read() {
    let mut house = House::start().await;
    let mut browser = Browser::connects(&house.gateway).await;
    browser.hello(0).await;
    let text = "x".repeat(8 * 1024);
    let page = |from: u64| (from..from + 20).map(|seq| message(seq, &text)).collect::<Vec<_>>();
    house.peer.attaches(1, 60, page(1)).await;
    browser.hears_of("welcome").await;
    let mut next = 1;
    for (after, from) in [(20, 21), (40, 41)] {
        assert_eq!(house.peer.reads(1, 60, page(from)).await, Seq(after));
    }
    while next <= 60 {
        let frame = browser.hears_of("events").await;
        assert_eq!(frame["after"], next - 1);
        assert!(frame.to_string().len() < 16 * 1024, "a frame of history is small");
        next += frame["events"].as_array().expect("has events").len() as u64;
    }
}
