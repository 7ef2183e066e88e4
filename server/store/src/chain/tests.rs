//! Stories of transcripts that were tampered with, and one that a stranger checks by the published form.

use tandem_protocol::{ClosedReason, TokenHash, Visibility};

use super::*;
use crate::{
    Entry, LogPlace,
    contract::story::{NOW, closing, message_of, messages, session},
};

/// As a store keeps them, with salts that are alike in every run.
fn chained(entries: Vec<Entry>) -> Vec<Written> {
    let mut last = ChainLink::NONE;
    let place = (1..).map(LogPlace);
    let write = |(entry, place): (Entry, LogPlace)| {
        let salt = [entry.event.seq.0 as u8; SALT_BYTES];
        last = next(last, &entry, salt);
        let Entry { session, at, event, secret, closes } = entry;
        Written { session, place, at, event, secret, closes, chained: Some((Proof::Salt(salt), last)) }
    };
    entries.into_iter().zip(place).map(write).collect()
}

/// Three messages and the end.
fn transcript() -> Vec<Written> {
    let mut entries = messages(session(1), 1, 3);
    entries.push(closing(session(1), 4));
    chained(entries)
}

fn erase(written: &mut Written) {
    let (event, proof) = super::erase(written).expect("it says something");
    let link = written.chained.expect("it has a link").1;
    (written.event, written.chained) = (event, proof.map(|proof| (proof, link)));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn assert_broken(events: &[Written], seq: u64, why: Breach) {
    assert_eq!(verify(session(1), events), Err(Broken { seq: Seq(seq), why }));
}

#[test]
fn a_transcript_is_as_it_was_written() {
    let events = transcript();
    let last = events[3].chained.expect("it has a link").1;
    assert_eq!(verify(session(1), &events), Ok(last));
    assert_eq!(verify(session(1), &events[..3]), Ok(events[2].chained.expect("it has a link").1), "it may go on");
}

#[test]
fn a_stranger_comes_to_the_same_link() {
    // Reckoned with the program in server/PROTOCOL.md. It must never change: links that others have noted rely on it.
    let text = "hi é 🦀";
    let ended =
        Event { seq: Seq(2), at_ms: Timestamp(NOW.0 + 2), body: EventBody::Closed { reason: ClosedReason::Ended } };
    let end = Entry { event: RawEvent::of(&ended), ..closing(session(1), 2) };
    let events = chained(vec![message_of(session(1), 1, text), end]);
    let link = verify(session(1), &events).expect("it is as it was written");
    assert_eq!(hex(&link.0), "ba0997707165b59eff0e4e3ccd970c529b2b445e8d06b1124e454417a5a14248");
}

#[test]
fn what_is_altered_is_found_where_it_stands() {
    type Alteration = (&'static str, fn(&mut Written));
    let alterations: [Alteration; 5] = [
        ("body", |written| written.event = message_of(session(1), 2, "another text").event),
        ("time", |written| written.at = Timestamp(written.at.0 + 1)),
        ("end", |written| written.closes = true),
        ("salt", |written| written.chained = written.chained.map(|(_, link)| (Proof::Salt([9; SALT_BYTES]), link))),
        ("link", |written| written.chained = written.chained.map(|(proof, _)| (proof, ChainLink([9; 32])))),
    ];
    for (what, alter) in alterations {
        let mut events = transcript();
        alter(&mut events[1]);
        let broken = verify(session(1), &events).expect_err(what);
        assert_eq!(broken, Broken { seq: Seq(2), why: Breach::Altered }, "{what}");
    }
}

#[test]
fn the_secret_beside_an_event_is_not_a_part_of_the_chain() {
    let mut events = transcript();
    events[1].secret = Some(TokenHash([1; 32]));
    verify(session(1), &events).expect("it goes when the session is erased, and the chain stays");
}

#[test]
fn what_is_left_out_or_moved_is_found() {
    let without = |at: usize| {
        let mut events = transcript();
        events.remove(at);
        events
    };
    assert_broken(&[], 1, Breach::Missing);
    assert_broken(&without(0), 1, Breach::Missing);
    assert_broken(&without(1), 2, Breach::Missing);
    let mut swapped = transcript();
    swapped.swap(1, 2);
    assert_broken(&swapped, 2, Breach::Missing);
    // Given the numbers that belong there, they do not follow from each other.
    for (written, seq) in swapped.iter_mut().zip(1..) {
        written.event.seq = Seq(seq);
    }
    assert_broken(&swapped, 2, Breach::Altered);
    let mut behind = transcript();
    behind[2].closes = true;
    let salt = [3; SALT_BYTES];
    let before = behind[1].chained.expect("it has a link").1;
    let leaf = leaf(salt, behind[2].event.event.get());
    behind[2].chained = Some((Proof::Salt(salt), link(before, session(1), Seq(3), behind[2].at, true, leaf)));
    assert_broken(&behind, 4, Breach::BehindTheEnd);
}

#[test]
fn an_event_of_another_session_is_found() {
    let mut events = transcript();
    events[2].session = session(2);
    assert_broken(&events, 3, Breach::Foreign);
    let theirs = chained(messages(session(2), 1, 3));
    assert_eq!(verify(session(1), &theirs), Err(Broken { seq: Seq(1), why: Breach::Foreign }));
}

#[test]
fn what_was_written_before_there_was_a_chain_stands_at_the_beginning_only() {
    let mut old: Vec<Written> = transcript();
    for written in &mut old {
        written.chained = None;
    }
    assert_eq!(verify(session(1), &old), Ok(ChainLink::NONE));
    // The chain begins where the session goes on with it.
    let salt = [7; SALT_BYTES];
    let mut events = old.clone();
    let own = leaf(salt, events[3].event.event.get());
    let last = link(ChainLink::NONE, session(1), Seq(4), events[3].at, true, own);
    events[3].chained = Some((Proof::Salt(salt), last));
    assert_eq!(verify(session(1), &events), Ok(last));
    let mut holed = transcript();
    holed[2].chained = None;
    assert_broken(&holed, 3, Breach::Unchained);
}

#[test]
fn an_erased_transcript_still_proves_its_order_and_its_length() {
    let mut events = transcript();
    let last = verify(session(1), &events).expect("it is as it was written");
    for written in &mut events[..3] {
        erase(written);
    }
    assert_eq!(verify(session(1), &events), Ok(last));
    let mut shortened = events.clone();
    shortened.remove(1);
    assert_broken(&shortened, 2, Breach::Missing);
    let mut forged = events.clone();
    forged[1].chained = forged[1].chained.map(|(_, link)| (Proof::Leaf([9; 32]), link));
    assert_broken(&forged, 2, Breach::Altered);
}

#[test]
fn an_event_is_erased_once_and_the_end_of_a_session_not_at_all() {
    let mut events = transcript();
    erase(&mut events[0]);
    assert_eq!(events[0].event.event.get(), format!(r#"{{"seq":1,"at_ms":{},"type":"erased"}}"#, NOW.0 + 1));
    assert!(super::erase(&events[0]).is_none());
    assert!(super::erase(&events[3]).is_none());
    events[1].chained = None;
    let (_, proof) = super::erase(&events[1]).expect("it says something");
    assert_eq!(proof, None, "what was written before there was a chain has no part in it");
}

#[test]
fn nothing_can_be_said_in_the_name_of_an_erased_event() {
    let mut events = transcript();
    erase(&mut events[1]);
    events[1].event = message_of(session(1), 2, "I agree to everything").event;
    assert_broken(&events, 2, Breach::NotErased);
    events[1].event = erased(Seq(2), Timestamp(1), Visibility::All);
    assert_broken(&events, 2, Breach::NotErased);
}

#[test]
fn a_proof_is_known_by_its_length() {
    for proof in [Proof::Salt([1; SALT_BYTES]), Proof::Leaf([2; 32])] {
        assert_eq!(Proof::stored(proof.as_bytes()), Some(proof));
    }
    assert_eq!(Proof::stored(&[0; 17]), None);
    assert_eq!(Proof::stored(&[]), None);
}
