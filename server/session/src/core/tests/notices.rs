//! `transcript-save-notices`: which notices are events; what is told and not kept is in `idleness`.

use tandem_protocol::NoticeKind;

use super::*;
use crate::KeptNotices;

/// The events of a session of Ana's that another engine has taken over and she has come back to.
fn events_after_a_takeover(kept_notices: KeptNotices) -> Vec<EventBody> {
    let mut first = Desk::new();
    first.opens(1).expect("opens");
    let settings = SessionSettings { kept_notices, ..SessionSettings::default() };
    let mut second = Desk::with(settings, &[OpenSession { session: session(1) }]);
    second.stored = first.stored;
    second.attaches(1, Seq(2));
    second.says(1, "m-1", "still there?").expect("says");
    second.last_events(second.stored.len() - 2)
}

#[test]
fn the_transcript_says_that_the_session_was_restored_where_it_keeps_all_notices() {
    for kept in [KeptNotices::None, KeptNotices::Major] {
        let events = events_after_a_takeover(kept);
        assert!(matches!(events[..], [EventBody::Message { .. }]), "{events:?}");
    }
    let events = events_after_a_takeover(KeptNotices::All);
    let [EventBody::Notice { notice: NoticeKind::Restored, text: None }, EventBody::Message { .. }] = &events[..]
    else {
        panic!("{events:?}");
    };
}

#[test]
fn a_session_that_had_ended_is_read_and_not_restored() {
    let mut first = Desk::new();
    first.opens(1).expect("opens");
    first.ask(Request::Close { session: session(1), by: ANA }).expect("closes");
    let settings = SessionSettings { kept_notices: KeptNotices::All, ..SessionSettings::default() };
    let mut second = Desk::with(settings, &[]);
    second.stored = first.stored;
    let before = second.stored.len();
    assert_eq!(second.attaches(1, Seq::ZERO).events.len(), before);
    assert_eq!(second.stored.len(), before);
}
