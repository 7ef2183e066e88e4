//! `session-restoration-mode = none`: sessions die with their engine, completely, and everybody is told.

use tandem_protocol::ClosedReason;

use super::*;
use crate::Restoration;

fn settings() -> SessionSettings {
    SessionSettings { restoration: Restoration::None, ..SessionSettings::default() }
}

/// The core of an engine that has taken over from one at which Ana had said something in session 1.
fn taken_over() -> Desk {
    let mut first = Desk::new();
    first.opens(1).expect("opens");
    first.says(1, "m-1", "hi").expect("saved");
    let mut second = Desk::with(settings(), &[OpenSession { session: session(1) }]);
    second.stored = first.stored;
    second
}

#[test]
fn a_session_that_nobody_asks_for_is_closed_at_once_and_stays_open_nowhere() {
    let mut desk = taken_over();
    assert_eq!(desk.core.next_deadline(), Some(desk.now.elapsed), "nothing is waited for");
    desk.passes(Duration::ZERO);
    let ended = desk.last_events(2);
    assert!(matches!(ended[0], EventBody::Left { reason: LeaveReason::Server, .. }), "{ended:?}");
    assert!(matches!(ended[1], EventBody::Closed { reason: ClosedReason::NotRestored }), "{ended:?}");
    assert_eq!(desk.core.counts().open, 0);
    assert!(desk.stored.last().expect("it is saved").closes);
}

#[test]
fn a_reader_who_reattaches_is_told_of_the_end_in_one_piece() {
    //
    let mut desk = taken_over();
    let page = desk.attaches(1, Seq(3));
    assert_eq!(page.state.status, SessionStatus::Closed);
    assert_eq!((page.head, page.events.len()), (Seq(5), 2));
}

#[test]
fn what_is_sent_again_to_a_session_that_is_not_restored_is_known_and_what_is_new_is_refused() {
    // D-3
    let mut desk = taken_over();
    assert_eq!(saved_at(desk.says(1, "m-1", "hi")), Seq(3));
    assert_eq!(code(desk.says(1, "m-2", "more")), ErrorCode::SessionClosed);
    desk.opens(2).expect("new sessions are opened");
}

#[test]
fn readers_are_told_of_nothing_before_the_end_is_saved_and_of_a_failure_when_it_cannot_be() {
    let mut desk = taken_over();
    let by = Credential::Participant(ParticipantId(1));
    let attach = Attach { session: session(1), by, also: Vec::new(), after: Seq(3) };
    let (asked, mut effects) = desk.submit(Request::Attach(vec![attach]));
    assert!(matches!(effects[..], [Effect::Load { .. }]));
    effects.clear();
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    assert!(effects.is_empty(), "{effects:?}");
    desk.core.take_batch().expect("the end waits for the store");
    desk.core.not_saved(desk.now, &mut effects);
    assert!(matches!(&effects[..], [Effect::Answer { id, .. }] if *id == asked), "{effects:?}");
    assert_eq!(code(desk.says(1, "m-2", "more")), ErrorCode::SessionClosed);
    desk.passes(Duration::from_secs(5));
    assert!(matches!(desk.last_events(1)[0], EventBody::Closed { .. }), "the end is tried again");
    assert_eq!(desk.core.counts().open, 0);
}
