//! Stories of erasing what was said in a session: nothing of it is left, and the chain still vouches for the rest.

use std::sync::Arc;

use tandem_protocol::{
    ClientId, ClosedReason, Epoch, Event, EventBody, ParticipantId, RawEvent, Seq, SessionId, Timestamp, TokenHash,
    Visibility,
};

use super::{
    Backend,
    story::{NOW, assert_stale, closing, history, in_turn, message, messages, session, take_over, written},
};
use crate::{Entry, Erased, Proof, Store, Transcript, Transcripts, verify};

/// A message that only those may read.
fn note(session: SessionId, seq: u64, visibility: Visibility) -> Entry {
    let (participant, client_id) = (ParticipantId(2), ClientId::new("n-1").expect("is visible ASCII"));
    let body = EventBody::Message { participant, client_id, text: "between us".into(), visibility };
    entry(session, seq, body)
}

/// The end of a session, as an engine writes it.
fn end(session: SessionId, seq: u64) -> Entry {
    Entry { closes: true, ..entry(session, seq, EventBody::Closed { reason: ClosedReason::CustomerLeft }) }
}

fn entry(session: SessionId, seq: u64, body: EventBody) -> Entry {
    let at = Timestamp(NOW.0 + seq);
    Entry { session, at, event: RawEvent::of(&Event { seq: Seq(seq), at_ms: at, body }), secret: None, closes: false }
}

/// What a reader finds in the place of an event.
fn blank(seq: u64, visibility: &str) -> String {
    format!(r#"{{"seq":{seq},"at_ms":{},"type":"erased"{visibility}}}"#, NOW.0 + seq)
}

async fn transcript(backend: &impl Backend, session: SessionId) -> Transcript {
    backend.transcripts().await.transcript(session).await.expect("reads").expect("there is one")
}

/// A session of this many messages that has ended.
async fn ended(store: &impl Store, epoch: Epoch, session: SessionId, count: u64) {
    store.append(epoch, messages(session, 1, count)).await.expect("stores");
    store.append(epoch, vec![end(session, count + 1)]).await.expect("stores");
}

pub(crate) async fn an_erased_session_says_nothing_and_its_chain_still_holds(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    let entries = vec![
        Entry { secret: Some(TokenHash([7; 32])), ..message(session(1), 1) },
        note(session(1), 2, Visibility::Int),
        note(session(1), 3, Visibility::Vip),
        end(session(1), 4),
    ];
    store.append(epoch, entries.clone()).await.expect("stores");
    let before = transcript(backend, session(1)).await;
    let link = verify(session(1), &before.events).expect("it is as it was written");

    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    let last = entries[3].event.event.get().to_owned();
    let expected = vec![blank(1, ""), blank(2, r#","visibility":"INT""#), blank(3, r#","visibility":"VIP""#), last];
    assert_eq!(history(&store, epoch, session(1)).await, expected);
    let loaded = store.load(epoch, &[session(1)]).await.expect("loads");
    assert!(loaded[0].events.iter().all(|stored| stored.secret.is_none()), "nobody's token is known any more");
    let page = store.read(epoch, session(1), Seq::ZERO, 9, 9_000).await.expect("reads");
    let seen = [Visibility::All, Visibility::Int, Visibility::Vip, Visibility::All];
    assert!(page.iter().map(|event| event.visibility).eq(seen), "nobody sees more numbers than before");

    let after = transcript(backend, session(1)).await;
    assert_eq!(verify(session(1), &after.events), Ok(link), "who has noted the link finds it");
    let leaves = after.events.iter().map(|written| matches!(written.chained, Some((Proof::Leaf(_), _))));
    assert!(leaves.eq([true, true, true, false]), "without the salt no text can be found by trying");
    let places = |transcript: &Transcript| transcript.events.iter().map(|written| written.place).collect::<Vec<_>>();
    assert_eq!(places(&after), places(&before));
}

pub(crate) async fn an_erasure_may_be_repeated_and_of_an_unknown_session_there_is_nothing(backend: &impl Backend) {
    let (first, second) = (backend.open("main").await, backend.open("main").await);
    let epoch = take_over(&first).await;
    assert_eq!(first.erase(epoch, session(9)).await.expect("is no error"), Erased::Done);
    ended(&first, epoch, session(1), 3).await;
    assert_eq!(first.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    let erased = transcript(backend, session(1)).await;
    assert_eq!(first.erase(epoch, session(1)).await.expect("is no error"), Erased::Done);
    // By another primary too.
    let epoch = take_over(&second).await;
    assert_eq!(second.erase(epoch, session(1)).await.expect("is no error"), Erased::Done);
    let repeated = transcript(backend, session(1)).await;
    let proofs = |transcript: &Transcript| transcript.events.iter().map(|written| written.chained).collect::<Vec<_>>();
    assert_eq!(proofs(&repeated), proofs(&erased));
    assert_eq!(history(&second, epoch, session(1)).await.len(), 4);
}

pub(crate) async fn a_session_that_is_open_is_not_erased(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("stores");
    assert_eq!(store.erase(epoch, session(1)).await.expect("is no error"), Erased::StillOpen);
    assert_eq!(history(&store, epoch, session(1)).await, written(&messages(session(1), 1, 3)));
    drop(store);
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    assert_eq!(store.erase(epoch, session(1)).await.expect("is no error"), Erased::StillOpen);
    store.append(epoch, vec![closing(session(1), 4)]).await.expect("stores");
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    assert_eq!(history(&store, epoch, session(1)).await[..3], [blank(1, ""), blank(2, ""), blank(3, "")]);
}

pub(crate) async fn a_deposed_engine_erases_nothing(backend: &impl Backend) {
    let (old, new) = (backend.open("main").await, backend.open("main").await);
    let epoch = take_over(&old).await;
    ended(&old, epoch, session(1), 3).await;
    let current = take_over(&new).await;
    assert_stale(old.erase(epoch, session(1)).await, current);
    assert_stale(new.erase(epoch, session(1)).await, current);
    assert_eq!(history(&new, current, session(1)).await[..3], written(&messages(session(1), 1, 3)), "F-1");
}

pub(crate) async fn what_others_said_is_not_erased(backend: &impl Backend) {
    let (main, other) = (backend.open("main").await, backend.open("other").await);
    let (main_epoch, other_epoch) = (take_over(&main).await, take_over(&other).await);
    for seq in 1..=300 {
        main.append(main_epoch, vec![message(session(1), seq), message(session(2), seq)]).await.expect("stores");
        other.append(other_epoch, vec![message(session(1), seq)]).await.expect("stores");
    }
    main.append(main_epoch, vec![closing(session(1), 301), closing(session(2), 301)]).await.expect("stores");
    other.append(other_epoch, vec![closing(session(1), 301)]).await.expect("stores");
    assert_eq!(main.erase(main_epoch, session(1)).await.expect("erases"), Erased::Done);
    let blanks: Vec<_> = (1..=300).map(|seq| blank(seq, "")).collect();
    assert_eq!(history(&main, main_epoch, session(1)).await[..300], blanks);
    for (store, epoch, number) in [(&main, main_epoch, 2), (&other, other_epoch, 1)] {
        let found = history(store, epoch, session(number)).await;
        assert_eq!(found[..300], written(&messages(session(number), 1, 300)));
    }
}

pub(crate) async fn saving_goes_on_while_a_long_session_is_erased(backend: &impl Backend) {
    let store = Arc::new(backend.open("main").await);
    let epoch = take_over(&*store).await;
    ended(&*store, epoch, session(1), 3_000).await;
    let erasing = store.erase(epoch, session(1));
    let saving = async {
        for seq in 1..=20 {
            store.append(epoch, messages(session(2), seq * 5 - 4, seq * 5)).await.expect("stores");
        }
        history(&*store, epoch, session(1)).await
    };
    // What is read in between is a beginning as it was, and blanks behind it: such a session can be restored.
    let (erased, between) = tokio::join!(erasing, saving);
    assert_eq!(erased.expect("erases"), Erased::Done);
    let first_blank = between.iter().position(|text| text.contains(r#""erased""#)).unwrap_or(3_000);
    assert_eq!(between[..first_blank], written(&messages(session(1), 1, first_blank as u64)));
    assert!(between[first_blank..3_000].iter().all(|text| text.contains(r#""erased""#)));
    assert!(history(&*store, epoch, session(1)).await[..3_000].iter().all(|text| text.contains(r#""erased""#)));
    assert_eq!(history(&*store, epoch, session(2)).await, written(&messages(session(2), 1, 100)));
    for number in [1, 2] {
        verify(session(number), &transcript(backend, session(number)).await.events).expect("the chain holds");
    }
}

pub(crate) async fn an_erasure_that_races_a_takeover_is_done_or_refused_and_can_be_repeated(backend: &impl Backend) {
    let (mut old, mut new) = (backend.open("main").await, backend.open("main").await);
    let mut epoch = take_over(&old).await;
    for number in 1..=4 {
        ended(&old, epoch, session(number), 700).await;
        let link = verify(session(number), &transcript(backend, session(number)).await.events).expect("is whole");
        let erasing = in_turn(async || old.erase(epoch, session(number)).await);
        let (erased, current) = tokio::join!(erasing, take_over(&new));
        match erased {
            Ok(erased) => assert_eq!(erased, Erased::Done),
            Err(error) => assert_stale::<()>(Err(error), current),
        }
        assert_eq!(new.erase(current, session(number)).await.expect("erases"), Erased::Done);
        let found = transcript(backend, session(number)).await;
        assert_eq!(verify(session(number), &found.events), Ok(link), "F-1: no piece was written twice differently");
        assert!(found.events[..700].iter().all(|written| written.event.event.get().contains(r#""erased""#)));
        std::mem::swap(&mut old, &mut new);
        epoch = current;
    }
}

pub(crate) async fn an_erased_session_stays_erased_for_the_next_primary(backend: &impl Backend) {
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    ended(&store, epoch, session(1), 3).await;
    // At once: with SQLite the index does not know the session yet.
    assert_eq!(store.erase(epoch, session(1)).await.expect("erases"), Erased::Done);
    drop(store);
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    assert_eq!(history(&store, epoch, session(1)).await[..3], [blank(1, ""), blank(2, ""), blank(3, "")]);
    assert_eq!(store.open_sessions(epoch).await.expect("reads"), []);
}
