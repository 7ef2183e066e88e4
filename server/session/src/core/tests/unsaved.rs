//! `transcript-save-on-error = continue` and `transcript-auto-save`: what is told without being saved, what becomes of
//! it, and who is told.

use tandem_protocol::{ClosedReason, link::SessionNotice};

use super::*;
use crate::{AutoSave, OnSaveError};

/// A core that goes on unsaved, with a session of Ana's that is saved up to event 2 and attached.
fn going_on() -> Desk {
    let settings = SessionSettings { on_save_error: OnSaveError::Continue, ..SessionSettings::default() };
    with(settings)
}

fn with(settings: SessionSettings) -> Desk {
    let mut desk = Desk::with(settings, &[]);
    desk.opens(1).expect("opens");
    desk.attaches(1, Seq::ZERO);
    desk.others.clear();
    desk
}

/// What an answer to a send says: where it stands, and whether it is on the disk.
fn place_in(effects: &[Effect]) -> Option<(Seq, bool)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Answer { outcome: Outcome::Done(Answer::Saved { seq, durable, .. }), .. } => Some((*seq, *durable)),
        _ => None,
    })
}

fn delivered(effects: &[Effect]) -> Vec<Seq> {
    let delivered = effects.iter().filter_map(|effect| match effect {
        Effect::Deliver { deliver, .. } => Some(deliver.events.iter().map(|event| event.seq)),
        _ => None,
    });
    delivered.flatten().collect()
}

fn notices(effects: &[Effect]) -> Vec<SessionNotice> {
    let notices = effects.iter().filter_map(|effect| match effect {
        Effect::Notice { notice, .. } => Some(notice.clone()),
        _ => None,
    });
    notices.collect()
}

fn saved(seq: u64, is_all: bool, for_clients: bool) -> SessionNotice {
    SessionNotice::Saved { seq: Seq(seq), is_all, for_clients }
}

fn not_saved(seq: u64, for_clients: bool) -> SessionNotice {
    SessionNotice::NotSaved { seq: Seq(seq), for_clients }
}

impl Desk {
    /// Says something and returns what comes of it at once.
    fn tries(&mut self, client_id: &str) -> Vec<Effect> {
        self.submit(send(1, client_id, "hi")).1
    }

    /// The store fails for the next batch.
    fn fails(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.core.take_batch().expect("something waits for the store");
        self.core.not_saved(self.now, &mut effects);
        effects
    }

    /// The store saves the next batch.
    fn saves(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.stored.extend(self.core.take_batch().expect("something waits for the store"));
        self.core.saved(self.now, &mut effects);
        effects
    }

    /// Time passes and nothing is taken to the store.
    fn waits(&mut self, secs: u64) {
        self.now.elapsed += Duration::from_secs(secs);
        self.core.tick(self.now, &mut self.others);
    }

    fn stored_seqs(&self) -> Vec<u64> {
        self.stored.iter().map(|record| record.event.seq.0).collect()
    }
}

#[test]
fn a_session_goes_on_unsaved_and_everybody_is_told_so() {
    let mut desk = going_on();
    assert!(desk.tries("m-1").is_empty(), "D-1 holds until the store fails");
    let effects = desk.fails();
    assert_eq!(notices(&effects), [not_saved(2, false)]);
    assert!(matches!(effects[0], Effect::Notice { .. }), "it is said before what it is about: {effects:?}");
    assert_eq!((place_in(&effects), delivered(&effects)), (Some((Seq(3), false)), vec![Seq(3)]));
    let effects = desk.tries("m-2");
    assert_eq!((place_in(&effects), delivered(&effects)), (Some((Seq(4), false)), vec![Seq(4)]), "told at once");
    let page = desk.attaches(1, Seq::ZERO);
    assert_eq!((page.head, page.state.unsaved_after, page.events.len()), (Seq(4), Some(Seq(2)), 4));
    assert!(desk.core.take_batch().is_none(), "a store that has failed is left alone for a while");
}

#[test]
fn what_was_told_unsaved_is_saved_under_the_same_numbers_when_that_works_again() {
    // D-3, D-4
    let mut desk = going_on();
    desk.tries("m-1");
    desk.fails();
    desk.tries("m-2");
    desk.waits(5);
    desk.fails();
    desk.waits(4);
    assert!(desk.core.take_batch().is_none());
    desk.waits(1);
    desk.tries("m-3");
    let effects = desk.saves();
    assert_eq!(notices(&effects), [saved(5, true, false)]);
    assert!(delivered(&effects).is_empty() && place_in(&effects).is_none(), "nobody is told twice: {effects:?}");
    assert_eq!(desk.stored_seqs(), [1, 2, 3, 4, 5]);
    assert_eq!(place_in(&desk.tries("m-1")), Some((Seq(3), true)), "a repeat says how it stands now");
    assert!(desk.tries("m-4").is_empty(), "D-1 holds again");
    assert_eq!(place_in(&desk.saves()), Some((Seq(6), true)));
    assert_eq!(desk.attaches(1, Seq::ZERO).state.unsaved_after, None);
}

#[test]
fn what_comes_while_a_backlog_is_at_the_store_goes_after_it() {
    // D-4
    let mut desk = going_on();
    desk.tries("m-1");
    desk.fails();
    desk.waits(5);
    desk.stored.extend(desk.core.take_batch().expect("is due"));
    assert_eq!(place_in(&desk.tries("m-2")), Some((Seq(4), false)));
    let mut effects = Vec::new();
    desk.core.saved(desk.now, &mut effects);
    assert_eq!(notices(&effects), [saved(3, false, false)]);
    assert_eq!(notices(&desk.saves()), [saved(4, true, false)]);
    assert_eq!(desk.stored_seqs(), [1, 2, 3, 4]);
}

#[test]
fn a_session_that_cannot_be_saved_keeps_no_other_from_it() {
    let mut desk = going_on();
    desk.opens(2).expect("opens");
    desk.tries("m-1");
    desk.fails();
    desk.submit(send(2, "m-1", "hi"));
    assert_eq!(place_in(&desk.saves()), Some((Seq(3), true)), "session 2 is saved as always");
    desk.submit(send(2, "m-2", "hi"));
    desk.fails();
    desk.waits(5);
    desk.fails();
    desk.waits(5);
    let before = desk.stored.len();
    desk.saves();
    assert!(desk.stored[before..].iter().all(|record| record.session == session(2)), "1 had its turn");
    desk.saves();
    assert_eq!(desk.core.sessions_behind(), 0);
}

#[test]
fn a_session_of_which_nothing_is_saved_does_not_go_on() {
    let mut desk = going_on();
    desk.submit(open(2));
    let mut effects = Vec::new();
    desk.core.loaded(desk.now, vec![LoadedSession { session: session(2), history: Vec::new() }], &mut effects);
    let effects = desk.fails();
    assert!(matches!(&effects[..], [Effect::Answer { outcome: Outcome::Refused(refusal), .. }]
        if refusal.code == ErrorCode::NotSaved));
    assert_eq!(desk.core.counts().open, 1);
}

#[test]
fn an_unsaved_session_can_end_and_its_end_is_saved_too() {
    let mut desk = going_on();
    desk.tries("m-1");
    desk.fails();
    desk.submit(Request::Leave { session: session(1), by: ANA });
    assert_eq!(desk.core.counts().open, 0);
    desk.core.link_down(desk.now, LINK, &mut Vec::new());
    desk.waits(61);
    assert_eq!(desk.core.counts().live, 1, "what is not saved stays in memory");
    desk.saves();
    assert!(desk.stored.last().expect("is saved").closes);
    desk.waits(61);
    assert_eq!(desk.core.counts().live, 0);
}

#[test]
fn more_than_memory_keeps_for_readers_is_kept_until_it_is_saved() {
    //
    let mut desk = going_on();
    desk.tries("m-0");
    desk.fails();
    for number in 1..300 {
        desk.tries(&format!("m-{number}"));
    }
    assert_eq!(desk.attaches(1, Seq(2)).events.len(), 300);
    desk.waits(5);
    desk.saves();
    assert_eq!(desk.attaches(1, Seq(2)).events.len(), 0, "the rest is read from the store");
}

#[test]
fn a_session_that_grows_too_long_unsaved_ends() {
    // B-1
    let mut desk = going_on();
    desk.tries("m-0");
    desk.fails();
    let text = "x".repeat(16_384);
    for number in 1..520 {
        desk.submit(send(1, &format!("m-{number}"), &text));
    }
    assert_eq!(code(desk.ask(send(1, "late", "hi"))), ErrorCode::SessionClosed);
    let page = desk.attaches(1, Seq::ZERO);
    assert_eq!(page.state.status, SessionStatus::Closed, "its readers are told");
    desk.waits(5);
    desk.saves();
    let last = desk.last_events(1);
    assert!(matches!(last[0], EventBody::Closed { reason: ClosedReason::NotSaved }), "{last:?}");
}

fn at_end() -> SessionSettings {
    SessionSettings { auto_save: AutoSave::AtEnd, ..SessionSettings::default() }
}

#[test]
fn a_transcript_that_is_saved_at_the_end_waits_for_nothing_and_is_saved_in_one_piece() {
    let mut desk = with(at_end());
    assert!(desk.stored.is_empty());
    assert_eq!(desk.attaches(1, Seq::ZERO).state.unsaved_after, Some(Seq::ZERO));
    let effects = desk.tries("m-1");
    assert_eq!((place_in(&effects), delivered(&effects)), (Some((Seq(3), false)), vec![Seq(3)]));
    assert_eq!(place_in(&desk.tries("m-1")), Some((Seq(3), false)), "D-3 holds");
    assert!(desk.core.take_batch().is_none());
    desk.submit(Request::Leave { session: session(1), by: ANA });
    desk.saves();
    assert_eq!(desk.stored_seqs(), [1, 2, 3, 4, 5]);
    assert!(!desk.core.waits_for_store());
}

#[test]
fn the_save_at_the_end_is_tried_until_it_works() {
    let mut desk = with(at_end());
    desk.submit(Request::Close { session: session(1), by: ANA });
    desk.fails();
    assert!(desk.core.take_batch().is_none());
    desk.waits(5);
    desk.saves();
    assert_eq!(desk.stored_seqs(), [1, 2, 3, 4]);
}

#[test]
fn an_engine_that_is_stopped_in_order_saves_what_goes_on_too() {
    let mut desk = with(at_end());
    desk.tries("m-1");
    desk.core.save_backlogs();
    assert!(desk.core.waits_for_store());
    desk.saves();
    assert_eq!(desk.stored_seqs(), [1, 2, 3]);
    let mut next = Desk::with(at_end(), &[OpenSession { session: session(1) }]);
    next.stored = desk.stored;
    next.passes(Duration::ZERO);
    let last = next.last_events(1);
    assert!(matches!(last[0], EventBody::Closed { reason: ClosedReason::NotRestored }), "{last:?}");
}

#[test]
fn a_long_transcript_is_saved_before_the_end() {
    // B-1
    let mut desk = with(at_end());
    let text = "x".repeat(16_384);
    for number in 0..70 {
        desk.submit(send(1, &format!("m-{number}"), &text));
    }
    desk.saves();
    assert_eq!(desk.stored.len(), 72);
    assert_eq!(desk.core.counts().open, 1);
    let effects = desk.tries("more");
    assert_eq!(notices(&effects), [not_saved(72, false)], "links know what they cannot rely on");
    assert_eq!(place_in(&effects), Some((Seq(73), false)));
}

#[test]
fn links_are_told_of_each_save_where_clients_may_ask_for_it() {
    let with_notices = SessionSettings { auto_save: AutoSave::EachWithNotices, ..SessionSettings::default() };
    let mut desk = with(with_notices);
    desk.tries("m-1");
    let effects = desk.saves();
    assert_eq!(notices(&effects), [saved(3, true, true)]);
    assert!(matches!(effects.last(), Some(Effect::Notice { .. })), "after the event: {effects:?}");
    desk.tries("m-2");
    assert_eq!(notices(&desk.fails()), [not_saved(3, true)], "the session ends, but what is saved is saved");
    let mut desk = going_on();
    desk.tries("m-1");
    assert_eq!(notices(&desk.saves()), [], "nobody need know otherwise");
}
