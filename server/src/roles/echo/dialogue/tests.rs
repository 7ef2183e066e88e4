//! The echo participant in one session, story by story.

use std::collections::BTreeMap;

use tandem_protocol::{SessionState, Timestamp, Visibility, link::Heads};

use super::*;

const CUSTOMER: ParticipantId = ParticipantId(1);
const ECHO: ParticipantId = ParticipantId(2);

fn event(seq: u64, body: EventBody) -> RawEvent {
    RawEvent::of(&Event { seq: Seq(seq), at_ms: Timestamp(0), body })
}

fn joined(seq: u64, participant: ParticipantId, kind: ParticipantKind, client_id: &str) -> RawEvent {
    let client_id = ClientId::new(client_id).expect("valid");
    let (name, visibility) = ("N".into(), Visibility::All);
    event(seq, EventBody::Joined { participant, kind, name, client_id, visibility, agent: None, took: None })
}

fn message(seq: u64, participant: ParticipantId, client_id: &str, text: &str) -> RawEvent {
    let client_id = ClientId::new(client_id).expect("valid");
    event(seq, EventBody::Message { participant, client_id, text: text.into(), visibility: Visibility::All })
}

fn says(seq: u64) -> RawEvent {
    message(seq, CUSTOMER, &format!("m-{seq}"), &format!("text {seq}"))
}

fn answers(seq: u64, to: u64) -> RawEvent {
    message(seq, ECHO, &format!("echo-{to}"), "You said: …")
}

fn page(echo: &str, head: u64, events: Vec<RawEvent>) -> Page {
    let state =
        SessionState { properties: BTreeMap::from([("echo".to_owned(), echo.to_owned())]), ..SessionState::default() };
    Page { participant: None, head: Seq(head), heads: Heads::default(), events, state }
}

/// The first two events of each session.
fn beginning() -> Vec<RawEvent> {
    let opened = event(1, EventBody::Opened { subject: None, properties: BTreeMap::new() });
    vec![opened, joined(2, CUSTOMER, ParticipantKind::Client, "c-1")]
}

fn history(more: impl IntoIterator<Item = RawEvent>) -> Vec<RawEvent> {
    beginning().into_iter().chain(more).collect()
}

fn join_answer() -> Answer {
    Answer::Joined { participant: ECHO, seq: Seq(3) }
}

fn saved() -> Answer {
    Answer::Saved { seq: Seq(99), at_ms: Timestamp(0), participant: ECHO, durable: true }
}

fn say(to: u64) -> Step {
    Step::Say { participant: ECHO, to: Seq(to), text: format!("You said: text {to}") }
}

fn refusal(code: ErrorCode) -> Refusal {
    Refusal::new(code, "no")
}

/// A dialogue that has joined as event 3.
fn under_way() -> Dialogue {
    let mut dialogue = Dialogue::new(&page("on", 2, beginning()));
    assert_eq!(dialogue.next(), Step::Join);
    assert_eq!(dialogue.next(), Step::Wait);
    dialogue.on_answer(&join_answer());
    dialogue.on_events(Seq(2), &[joined(3, ECHO, ParticipantKind::External, JOIN_ID)]);
    assert_eq!(dialogue.next(), Step::Wait);
    dialogue
}

#[test]
fn a_session_that_does_not_want_the_echo_is_left_at_once() {
    assert_eq!(Dialogue::new(&page("off", 2, beginning())).next(), Step::Leave);
}

#[test]
fn each_message_is_answered_once_and_in_order() {
    let mut dialogue = under_way();
    dialogue.on_events(Seq(3), &[says(4), says(5)]);
    assert_eq!(dialogue.next(), say(4));
    assert_eq!(dialogue.next(), Step::Wait, "one step at a time");
    dialogue.on_events(Seq(5), &[answers(6, 4)]);
    dialogue.on_answer(&saved());
    assert_eq!(dialogue.next(), say(5), "seeing the own answer before its acknowledgement skips nothing");
    dialogue.on_answer(&saved());
    assert_eq!(dialogue.next(), Step::Wait);
}

#[test]
fn a_restarted_echo_answers_only_what_has_no_answer() {
    let own = joined(3, ECHO, ParticipantKind::External, JOIN_ID);
    let events = history([own, says(4), answers(5, 4), says(6)]);
    let mut dialogue = Dialogue::new(&page("on", 6, events));
    assert_eq!(dialogue.next(), Step::Join, "the repeat of a join is harmless");
    dialogue.on_answer(&join_answer());
    assert_eq!(dialogue.next(), say(6));
}

#[test]
fn a_customer_cannot_pass_off_a_message_as_an_answer() {
    let mut dialogue = under_way();
    let forged = message(5, CUSTOMER, "echo-4", "text 5");
    dialogue.on_events(Seq(3), &[says(4), forged]);
    assert_eq!(dialogue.next(), say(4));
    dialogue.on_answer(&saved());
    assert_eq!(dialogue.next(), say(5));
}

#[test]
fn events_that_are_known_are_not_answered_again() {
    let mut dialogue = under_way();
    dialogue.on_events(Seq(3), &[says(4)]);
    assert_eq!(dialogue.next(), say(4));
    dialogue.on_answer(&saved());
    dialogue.on_events(Seq(3), &[says(4)]);
    assert!(dialogue.on_missed(&page("on", 4, vec![says(4)])));
    assert_eq!(dialogue.next(), Step::Wait);
}

#[test]
fn a_gap_is_read() {
    let mut dialogue = under_way();
    dialogue.on_events(Seq(5), &[says(6)]);
    assert_eq!(dialogue.next(), Step::Read(Seq(3)));
    dialogue.on_answer(&Answer::Page(page("on", 6, vec![says(4), says(5), says(6)])));
    assert_eq!(dialogue.next(), say(4));
}

#[test]
fn a_long_history_is_read_page_by_page_and_kept_within_bounds() {
    let burst = UNANSWERED_MAX as u64 + 10;
    let mut dialogue = under_way();
    let all: Vec<RawEvent> = (4..4 + burst).map(says).collect();
    dialogue.on_events(Seq(3), &all);
    assert_eq!(dialogue.unanswered.len(), UNANSWERED_MAX);
    let mut answered = Vec::new();
    loop {
        match dialogue.next() {
            Step::Say { to, .. } => {
                answered.push(to.0);
                dialogue.on_answer(&saved());
            }
            Step::Read(after) => {
                let events = all.iter().filter(|raw| raw.seq > after).cloned().collect();
                dialogue.on_answer(&Answer::Page(page("on", 3 + burst, events)));
            }
            step => break assert_eq!(step, Step::Wait),
        }
    }
    assert_eq!(answered, (4..4 + burst).collect::<Vec<_>>());
}

#[test]
fn a_page_that_brings_nothing_is_not_asked_for_again() {
    let mut dialogue = Dialogue::new(&page("on", 9, beginning()));
    assert_eq!(dialogue.next(), Step::Join);
    dialogue.on_answer(&join_answer());
    assert_eq!(dialogue.next(), Step::Read(Seq(2)));
    dialogue.on_answer(&Answer::Page(page("on", 9, Vec::new())));
    assert_eq!(dialogue.next(), Step::Wait);
}

#[test]
fn a_history_that_went_back_is_begun_anew() {
    assert!(!under_way().on_missed(&page("on", 2, Vec::new())));
}

#[test]
fn a_busy_engine_is_asked_again_later() {
    let mut dialogue = under_way();
    dialogue.on_events(Seq(3), &[says(4)]);
    assert_eq!(dialogue.next(), say(4));
    dialogue.on_refused(&refusal(ErrorCode::Busy));
    assert_eq!(dialogue.next(), Step::Later);
    dialogue.on_time();
    assert_eq!(dialogue.next(), say(4));
}

#[test]
fn a_message_too_long_to_be_repeated_gets_a_short_answer() {
    let mut dialogue = under_way();
    dialogue.on_events(Seq(3), &[says(4), says(5)]);
    assert_eq!(dialogue.next(), say(4));
    dialogue.on_refused(&refusal(ErrorCode::MessageTooLong));
    assert_eq!(dialogue.next(), Step::Say { participant: ECHO, to: Seq(4), text: TOO_LONG.into() });
    dialogue.on_refused(&refusal(ErrorCode::MessageTooLong));
    assert_eq!(dialogue.next(), say(5));
}

#[test]
fn a_session_that_ends_is_left_even_while_an_answer_is_under_way() {
    let mut dialogue = under_way();
    dialogue.on_events(Seq(3), &[says(4)]);
    assert_eq!(dialogue.next(), say(4));
    let reason = tandem_protocol::ClosedReason::CustomerLeft;
    dialogue.on_events(Seq(4), &[event(5, EventBody::Closed { reason })]);
    assert_eq!(dialogue.next(), Step::Leave);
}
