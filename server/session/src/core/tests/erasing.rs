//! Erasing: only what has ended, no copy in memory, and who asks meanwhile gets what is left.

use tandem_protocol::Event;

use super::*;
use crate::Erased;

fn erase(number: u128) -> Request {
    Request::Erase { session: session(number) }
}

fn read(number: u128) -> Request {
    Request::Read { session: session(number), by: Credential::Role, after: Seq::ZERO, limit: 100 }
}

/// A desk at which Ana has said something in session 1 and left.
fn ended() -> Desk {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.says(1, "m-1", "hi").expect("saved");
    desk.ask(Request::Leave { session: session(1), by: ANA }).expect("leaves");
    desk
}

impl Desk {
    /// The store erases session 1.
    fn erases(&mut self) {
        for record in &mut self.stored {
            if !record.closes {
                let body = EventBody::Erased { visibility: record.event.visibility };
                record.event = RawEvent::of(&Event { seq: record.event.seq, at_ms: record.at, body });
                record.secret = None;
            }
        }
    }

    /// The store reports, and reads what is wanted then.
    fn hears_of_erasure(&mut self, became: Erased) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.core.erased(session(1), became, &mut effects);
        let wants = effects.extract_if(.., |effect| matches!(effect, Effect::Load { .. })).count();
        if wants > 0 {
            let history = self.history_of(session(1));
            self.core.loaded(self.now, vec![history], &mut effects);
        }
        effects
    }
}

fn answers(effects: &[Effect]) -> Vec<(RequestId, &Outcome)> {
    let answer = |effect| match effect {
        &Effect::Answer { id, ref outcome, .. } => Some((id, outcome)),
        _ => None,
    };
    effects.iter().filter_map(answer).collect()
}

#[test]
fn a_session_that_goes_on_is_not_erased() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    assert_eq!(code(desk.ask(erase(1))), ErrorCode::Busy);
    // Its end is told to nobody before it is saved, and is none before that.
    desk.submit(Request::Leave { session: session(1), by: ANA });
    let (_, effects) = desk.submit(erase(1));
    assert!(matches!(&answers(&effects)[..], [(_, Outcome::Refused(refusal))] if refusal.code == ErrorCode::Busy));
    desk.core.take_batch().expect("the end waits for the store");
    desk.core.saved(desk.now, &mut Vec::new());
    let (_, effects) = desk.submit(erase(1));
    assert!(matches!(effects[..], [Effect::Erase { .. }]), "{effects:?}");
}

#[test]
fn an_erasure_is_answered_when_the_store_has_done_it_and_leaves_no_copy_in_memory() {
    let mut desk = ended();
    desk.attaches(1, Seq::ZERO);
    let (asked, effects) = desk.submit(erase(1));
    assert!(matches!(effects[..], [Effect::Erase { session: erased }] if erased == session(1)), "{effects:?}");
    assert_eq!(desk.core.counts().live, 0);
    assert_eq!(desk.core.counts().attachments, 0);
    desk.erases();
    let effects = desk.hears_of_erasure(Erased::Done);
    assert!(matches!(answers(&effects)[..], [(id, Outcome::Done(Answer::Done))] if id == asked), "{effects:?}");
    assert_eq!(effects.len(), 1);
    let Ok(Answer::Page(page)) = desk.ask(read(1)) else { panic!("a role may read what is left") };
    assert_eq!((page.head, page.events.len(), page.state.status), (Seq(5), 5, SessionStatus::Closed));
    assert!(page.state.participants.is_empty());
    let texts: Vec<_> = page.events.iter().map(|event| event.event.get()).collect();
    assert!(texts[..4].iter().all(|text| text.contains(r#""type":"erased""#)), "{texts:?}");
    assert_eq!(code(desk.says(1, "m-2", "anybody there?")), ErrorCode::Unauthorized, "nobody's token is known");
}

#[test]
fn who_asks_while_a_session_is_being_erased_waits_and_gets_what_is_left() {
    let mut desk = ended();
    let (asked, _) = desk.submit(erase(1));
    let (reading, effects) = desk.submit(read(1));
    assert!(effects.is_empty(), "it is parked: {effects:?}");
    let (opening, effects) = desk.submit(open(1));
    assert!(effects.is_empty(), "the same id must not become another session: {effects:?}");
    let (repeat, effects) = desk.submit(erase(1));
    assert!(effects.is_empty(), "{effects:?}");
    desk.erases();
    let effects = desk.hears_of_erasure(Erased::Done);
    let answers = answers(&effects);
    let ids: Vec<_> = answers.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [asked, reading, opening]);
    assert!(matches!(answers[1].1, Outcome::Done(Answer::Page(page)) if page.events.len() == 5));
    assert!(matches!(answers[2].1, Outcome::Refused(refusal) if refusal.code == ErrorCode::Unauthorized));
    // The repeat goes to the store again, which has nothing left to do.
    assert!(matches!(effects.last(), Some(Effect::Erase { .. })), "{effects:?}");
    let effects = desk.hears_of_erasure(Erased::Done);
    assert!(matches!(effects[..], [Effect::Answer { id, .. }] if id == repeat), "{effects:?}");
}

#[test]
fn what_waited_behind_an_erasure_for_the_session_to_be_read_waits_for_the_erasure_too() {
    let mut desk = Desk::new();
    desk.stored = ended().stored;
    let (asked, mut effects) = desk.submit(erase(1));
    assert!(matches!(effects[..], [Effect::Load { .. }]), "{effects:?}");
    let (opening, _) = desk.submit(open(1));
    effects.clear();
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    assert!(matches!(effects[..], [Effect::Erase { .. }]), "{effects:?}");
    desk.erases();
    let effects = desk.hears_of_erasure(Erased::Done);
    let answers = answers(&effects);
    assert!(matches!(answers[0], (id, Outcome::Done(Answer::Done)) if id == asked));
    assert!(matches!(answers[1], (id, Outcome::Refused(_)) if id == opening));
    assert_eq!(desk.core.counts().open, 0, "D-4: no second session comes to be under the same id");
}

#[test]
fn a_page_that_was_being_read_is_not_given_out_once_the_erasure_has_begun() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    // More than memory keeps, so that the first events are read from the store.
    for number in 0..100 {
        desk.says(1, &format!("m-{number}"), "hi").expect("saved");
    }
    desk.ask(Request::Leave { session: session(1), by: ANA }).expect("leaves");
    let (reading, effects) = desk.submit(read(1));
    let [Effect::Read { read, .. }] = effects[..] else { panic!("not read from the store: {effects:?}") };
    desk.submit(erase(1));
    let events = desk.history_of(session(1)).history.into_iter().map(|(event, _)| event).collect();
    let mut effects = Vec::new();
    desk.core.page_read(read, events, &mut effects);
    let is_busy = |outcome: &Outcome| matches!(outcome, Outcome::Refused(refusal) if refusal.code == ErrorCode::Busy);
    assert!(matches!(answers(&effects)[..], [(id, outcome)] if id == reading && is_busy(outcome)), "{effects:?}");
}

#[test]
fn an_erasure_that_fails_may_be_asked_for_again() {
    let mut desk = ended();
    let (asked, _) = desk.submit(erase(1));
    let effects = desk.hears_of_erasure(Erased::Failed);
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(refusal) if refusal.retry_after_ms.is_some());
    assert!(matches!(answers(&effects)[..], [(id, outcome)] if id == asked && refused(outcome)), "{effects:?}");
    let (again, effects) = desk.submit(erase(1));
    assert!(matches!(effects[..], [Effect::Load { .. }]), "what is left of it is read first");
    let mut effects = Vec::new();
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    assert!(matches!(effects[..], [Effect::Erase { .. }]), "{effects:?}");
    desk.erases();
    let effects = desk.hears_of_erasure(Erased::Done);
    assert!(matches!(answers(&effects)[..], [(id, Outcome::Done(Answer::Done))] if id == again));
}

#[test]
fn of_a_session_that_nobody_knows_there_is_nothing_to_erase() {
    let mut desk = Desk::new();
    let (asked, mut effects) = desk.submit(erase(1));
    effects.clear();
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    // The store is asked all the same: a history that cannot be read is unknown here and not there.
    assert!(matches!(effects[..], [Effect::Erase { .. }]), "{effects:?}");
    let effects = desk.hears_of_erasure(Erased::Done);
    assert!(matches!(answers(&effects)[..], [(id, Outcome::Done(Answer::Done))] if id == asked));
    assert_eq!(desk.core.counts(), crate::CoreCounts::default());
}

#[test]
fn a_session_of_which_the_later_part_is_erased_can_be_restored() {
    let mut desk = ended();
    let whole = desk.stored.clone();
    desk.erases();
    let blank = std::mem::take(&mut desk.stored);
    for erased_from in 0..whole.len() {
        let mut desk = Desk::new();
        desk.stored = whole[..erased_from].iter().chain(&blank[erased_from..]).cloned().collect();
        let Ok(Answer::Page(page)) = desk.ask(read(1)) else { panic!("not restored from {erased_from}") };
        assert_eq!((page.head, page.state.status), (Seq(5), SessionStatus::Closed), "from {erased_from}");
    }
}
