//! Chats with everything in them that may ever stand in one.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json, value::to_raw_value};
use sha2::{Digest, Sha256};
use tandem_protocol::Seq;

use super::*;

fn event(seq: u64, mut body: Value) -> RawEvent {
    body["seq"] = json!(seq);
    body["at_ms"] = json!(1_764_000_000_000_u64 + seq * 1_000);
    let visibility = body.get("visibility").cloned().unwrap_or(json!("ALL"));
    RawEvent {
        seq: Seq(seq),
        visibility: serde_json::from_value(visibility).expect("is a visibility"),
        event: to_raw_value(&body).expect("is JSON").into(),
    }
}

fn transcript(events: Vec<RawEvent>) -> Transcript {
    let about = About {
        session: "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID"),
        subject: Some("Order <17> & more".into()),
        opened_at_ms: Timestamp(1_764_000_000_000),
        closed_at_ms: None,
        erased: false,
    };
    let names = [(1, "Ana <b>"), (2, "Ben")].map(|(number, name)| (ParticipantId(number), name.to_owned()));
    Transcript { about, names: names.into(), events }
}

fn said(seq: u64, participant: u32, text: &str) -> RawEvent {
    let body = json!({"type": "message", "participant": participant, "client_id": "m", "text": text});
    event(seq, body)
}

/// One of each kind of event, and an unknown and an unreadable one.
pub(crate) fn of_everything() -> Transcript {
    let bodies = [
        json!({"type": "opened", "subject": "Order", "properties": {"order": "<17>", "plan": "b"}}),
        json!({"type": "joined", "participant": 1, "kind": "CLIENT", "name": "Ana <b>", "client_id": "open"}),
        json!({"type": "queued", "queue": "default", "cause": "opened", "client_id": "q", "text": "Soon & sure."}),
        json!({"type": "joined", "participant": 2, "kind": "AGENT", "name": "Ben", "client_id": "t", "took": 3}),
        json!({"type": "message", "participant": 1, "client_id": "m", "text": "Hello\n<script>x()</script>"}),
        json!({"type": "message", "participant": 2, "client_id": "n", "text": "a secret", "visibility": "INT"}),
        json!({"type": "message", "participant": 9, "client_id": "n", "text": "a whisper", "visibility": "VIP"}),
        json!({"type": "invited", "agent": 9, "by": 2, "client_id": "i", "visibility": "INT"}),
        json!({"type": "invitation_ended", "agent": 9, "reason": "declined", "visibility": "INT"}),
        json!({"type": "notice", "notice": "IDLE_CONTROL_ALERT"}),
        json!({"type": "from_the_future"}),
        json!({"type": "erased", "visibility": "INT"}),
        json!({"type": "left", "participant": 1, "reason": 0}),
        json!({"type": "closed", "reason": "customer_left"}),
    ];
    let mut whole = transcript((1..).zip(bodies).map(|(seq, body)| event(seq, body)).collect());
    whole.about.closed_at_ms = Some(Timestamp(1_764_000_014_000));
    whole
}

/// As [`of_everything`], after an erasure and while it goes on: the rest of what the templates tell apart.
pub(crate) fn erased() -> Transcript {
    let mut whole = transcript(vec![event(1, json!({"type": "erased"}))]);
    whole.about.erased = true;
    whole.about.subject = None;
    whole
}

#[test]
fn a_text_has_a_paragraph_for_each_event() {
    let text = of_everything().text().expect("is written");
    let mut paragraphs = text.split("\n\n");
    assert_eq!(
        paragraphs.next(),
        Some(
            "Order <17> & more\nSession: 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f\nBegan: 2025-11-24 16:00:00 UTC\n\
             Ended: 2025-11-24 16:00:14 UTC"
        )
    );
    let rest: Vec<_> = paragraphs.collect();
    assert_eq!(rest.len(), 13, "all but the unknown one: {rest:#?}");
    assert_eq!(rest[0], "2025-11-24 16:00:01 UTC * the chat began; order: <17>, plan: b");
    assert_eq!(
        rest[2],
        "2025-11-24 16:00:03 UTC * the chat waits in the queue default. The customer was told: Soon & sure."
    );
    assert_eq!(rest[4], "2025-11-24 16:00:05 UTC Ana <b> (customer):\n    Hello\n    <script>x()</script>");
    assert_eq!(rest[5], "2025-11-24 16:00:06 UTC Ben (agent) [note for staff]:\n    a secret");
    assert_eq!(rest[6], "2025-11-24 16:00:07 UTC Participant 9 [note for supervisors]:\n    a whisper");
    assert_eq!(rest[10], "2025-11-24 16:00:12 UTC * erased");
    assert_eq!(rest[12], "2025-11-24 16:00:14 UTC * the chat ended: the customer left\n");
}

#[test]
fn a_message_cannot_pretend_to_be_another_ones() {
    let forged = "hi\r\n\r\n2025-11-24 16:00:09 UTC Ben (agent):\n    You get it for free.\u{1b}[2J";
    let text = transcript(vec![said(1, 1, forged)]).text().expect("is written");
    let claims = text.lines().filter(|line| line.starts_with("2025"));
    assert_eq!(claims.count(), 1, "{text}");
    assert!(!text.contains('\u{1b}') && text.contains('\u{fffd}'), "{text}");
}

#[test]
fn a_page_shows_text_and_never_markup() {
    let html = of_everything().html().expect("is written");
    assert!(!html.contains("<script") && !html.contains("<b>Ana <b>"), "{html}");
    assert!(html.contains("&#60;script&#62;x()&#60;/script&#62;"), "{html}");
    assert!(html.contains("note for staff") && html.contains("note for supervisors"));
    assert!(html.contains(r#"<li class="erased" id="e12">"#), "{html}");
    assert!(html.contains(r#"<time datetime="2025-11-24T16:00:05.000Z">16:00:05 UTC</time>"#), "{html}");
    assert_eq!(html.matches(r#"<li class="day">"#).count(), 1, "one day, one line");
}

#[test]
fn a_chat_in_pieces_is_the_same_as_in_one() {
    let Transcript { about, names, events } = of_everything();
    for form in [Form::Text, Form::Html] {
        let mut writer = Writer::new(form, about.clone());
        let mut pieces = vec![writer.head().expect("is written")];
        for event in &events {
            pieces.push(writer.events(&names, std::slice::from_ref(event)).expect("is written"));
        }
        pieces.push(writer.foot().expect("is written"));
        assert_eq!(pieces.concat(), of_everything().write(form).expect("is written"));
    }
}

#[test]
fn the_policy_allows_the_pages_own_style_and_no_other() {
    let html = erased().html().expect("is written");
    let (_, rest) = html.split_once("<style>").expect("has a style rule");
    let (style, _) = rest.split_once("</style>").expect("it ends");
    let hash = format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(style)));
    assert!(CONTENT_SECURITY_POLICY.contains(&hash), "the hash is {hash}");
}
