//! What a new primary is told, and what its answers mean, without any connection.

use std::collections::VecDeque;

use tandem_protocol::{
    PairName, Seq,
    control::{Actor, Control, ControlAsk},
    limits::ATTACH_SESSIONS_MAX,
    link::Credential,
};

use super::*;
use crate::{
    outbox::{Drain, OutboxBounds},
    testing::{deliver, live, session},
};

const BOUNDS: OutboxBounds = OutboxBounds { frames_max: 10_000, bytes_max: 10_000_000 };

struct Story {
    state: State<u32>,
    ids: u64,
}

impl Story {
    fn new() -> Self {
        Self { state: State::new(100, None, Measures::of(&PairName::new("main").expect("is valid"))), ids: 0 }
    }

    fn submit(&mut self, request: Request, tag: u32) -> RequestId {
        self.ids += 1;
        let (id, watch) = (RequestId(self.ids), matches!(request, Request::Watch));
        let since = request.since();
        let text = frame(&ToEngine::Request { id, body: request, trace: None });
        self.state.submit(id, Waiting { text, since, tag, watch, span: None }).unwrap();
        id
    }

    fn connect(&mut self) -> (Outbox, Drain) {
        let (outbox, drain, _) = self.connect_to(LinkVersion::CURRENT);
        (outbox, drain)
    }

    /// A primary of this version; what it cannot be asked.
    fn connect_to(&mut self, version: LinkVersion) -> (Outbox, Drain, Vec<Incoming<u32>>) {
        let (outbox, drain) = Outbox::new(BOUNDS);
        let ids = &mut self.ids;
        let resumed = self.state.connected(outbox.clone(), (EngineName::new("a").unwrap(), version), || {
            *ids += 1;
            RequestId(*ids)
        });
        (outbox, drain, resumed.refused)
    }

    fn answer(&mut self, id: RequestId, answer: Answer) -> Option<Incoming<u32>> {
        self.state.on_frame(FromEngine::Answer { id, outcome: Outcome::Done(answer) }, Instant::now())
    }

    fn attach(&mut self, at: u128, participant: u32, head: u64) {
        let by = Credential::Participant(ParticipantId(participant));
        let id = self
            .submit(Request::Attach(vec![Attach { session: session(at), by, also: Vec::new(), after: Seq::ZERO }]), 0);
        self.answer(id, Answer::Attached(vec![live(at, Some(participant), head)])).unwrap();
    }
}

async fn sent(drain: &mut Drain) -> Vec<ToEngine> {
    let mut batch = VecDeque::new();
    drain.next(&mut batch).await;
    batch.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

fn read(at: u128) -> Request {
    Request::Read { session: session(at), by: Credential::Role, after: Seq::ZERO, limit: 1 }
}

fn ids(frames: &[ToEngine]) -> Vec<RequestId> {
    let id = |frame: &ToEngine| match frame {
        ToEngine::Request { id, .. } => *id,
        other => panic!("{other:?}"),
    };
    frames.iter().map(id).collect()
}

#[tokio::test]
async fn a_new_primary_is_told_of_attachments_then_of_waiting_requests_then_of_new_ones() {
    let mut story = Story::new();
    let (_first, _drain) = story.connect();
    story.attach(1, 1, 4);
    let watch = story.submit(Request::Watch, 1);
    story.answer(watch, Answer::Done);
    story.state.on_frame(FromEngine::Deliver(deliver(1, 5..=6)), Instant::now());
    let before = story.submit(read(1), 2);
    story.state.lost(Instant::now());
    let meanwhile = story.submit(read(2), 3);
    let (_second, mut drain) = story.connect();
    let after = story.submit(read(3), 4);

    let frames = sent(&mut drain).await;
    let ToEngine::Request { body: Request::Attach(attach), .. } = &frames[0] else { panic!("{frames:?}") };
    assert_eq!((attach.len(), attach[0].session, attach[0].after), (1, session(1), Seq(6)));
    assert!(matches!(frames[1], ToEngine::Request { body: Request::Watch, .. }));
    assert_eq!(ids(&frames[2..]), [before, meanwhile, after]);
}

#[tokio::test]
async fn a_request_is_answered_once_and_by_its_own_answer_only() {
    let mut story = Story::new();
    let (_outbox, _drain) = story.connect();
    let (first, second) = (story.submit(read(1), 1), story.submit(read(2), 2));
    assert!(matches!(story.answer(second, Answer::Done), Some(Incoming::Answered { tag: 2, .. })));
    assert!(story.answer(second, Answer::Done).is_none());
    assert!(story.answer(RequestId(99), Answer::Done).is_none());
    assert!(matches!(story.answer(first, Answer::Done), Some(Incoming::Answered { tag: 1, .. })));
}

#[tokio::test]
async fn a_detach_while_disconnected_is_not_attached_again() {
    let mut story = Story::new();
    let (_first, _drain) = story.connect();
    story.attach(1, 1, 4);
    story.attach(1, 2, 4);
    story.attach(2, 1, 4);
    story.state.lost(Instant::now());
    story.state.detach(session(1), Some(ParticipantId(1)));
    story.state.detach(session(2), Some(ParticipantId(1)));
    let (_second, mut drain) = story.connect();
    let frames = sent(&mut drain).await;
    let [ToEngine::Request { body: Request::Attach(attach), .. }] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!(attach.iter().map(|attach| attach.by).collect::<Vec<_>>(), [Credential::Participant(ParticipantId(2))]);
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_is_told_for_each_of_its_sessions() {
    let mut story = Story::new();
    let (_first, _drain) = story.connect();
    story.attach(1, 1, 4);
    story.attach(2, 1, 4);
    story.state.lost(Instant::now());
    let (_second, mut drain) = story.connect();
    let id = ids(&sent(&mut drain).await)[0];
    let outcome = Outcome::Refused(Refusal::new(ErrorCode::Internal, "It is broken."));
    let incoming = story.state.on_frame(FromEngine::Answer { id, outcome }, Instant::now());
    let Some(Incoming::Reattached { attached, .. }) = incoming else { panic!("{incoming:?}") };
    assert!(attached.len() == 2 && attached.iter().all(|attached| matches!(attached, Attached::Refused { .. })));
    assert_eq!(story.state.attachments.sessions(), 0);
    assert_eq!(story.state.take_restored().map(|restored| restored.refused), Some(2));
}

#[tokio::test]
async fn a_loss_amid_the_reattachment_asks_for_everything_again() {
    let mut story = Story::new();
    let (_first, _drain) = story.connect();
    let count = 2 * ATTACH_SESSIONS_MAX;
    for at in 0..count as u128 {
        story.attach(at, 1, 4);
    }
    story.state.lost(Instant::now());
    let (_second, mut drain) = story.connect();
    let old = ids(&sent(&mut drain).await);
    assert_eq!(old.len(), 2);
    story.state.lost(Instant::now());
    let (_third, mut drain) = story.connect();
    let frames = sent(&mut drain).await;
    assert_eq!(ids(&frames).len(), 2);
    assert!(
        story.answer(old[0], Answer::Attached(Vec::new())).is_none(),
        "an answer to the last connection is nobody's"
    );
    assert!(story.state.take_restored().is_none());
    for frame in frames {
        let ToEngine::Request { id, body: Request::Attach(batch), .. } = frame else { panic!("{frame:?}") };
        let answers = batch.iter().map(|attach| live(attach.session.0.as_u128(), Some(1), 5)).collect();
        assert!(matches!(story.answer(id, Answer::Attached(answers)), Some(Incoming::Reattached { .. })));
    }
    assert_eq!(story.state.take_restored().map(|restored| restored.attached), Some(count));
}

#[tokio::test]
async fn nothing_but_requests_waits_for_a_connection() {
    let mut story = Story::new();
    story.state.send("typing".into());
    story.state.detach(session(1), None);
    let (_outbox, mut drain) = story.connect();
    story.submit(read(1), 1);
    assert_eq!(sent(&mut drain).await.len(), 1);
}

#[test]
fn a_connection_that_is_made_while_the_link_stops_ends_at_once() {
    let mut story = Story::new();
    story.state.stop();
    let (outbox, _drain) = story.connect();
    assert!(!outbox.is_open(), "nobody would end it later");
    assert!(!story.state.is_connected());
}

#[tokio::test]
async fn what_was_taken_back_is_not_told_to_a_new_primary_and_its_answer_means_nothing() {
    let mut story = Story::new();
    let (_first, _drain) = story.connect();
    let (back, stays) = (story.submit(read(1), 1), story.submit(read(2), 2));
    story.state.lost(Instant::now());
    assert_eq!(story.state.unacked.withdraw(|tag| *tag == 1), 1);
    let (_second, mut drain) = story.connect();
    assert_eq!(ids(&sent(&mut drain).await), [stays]);
    assert!(story.answer(back, Answer::Done).is_none());
    assert!(matches!(story.answer(stays, Answer::Done), Some(Incoming::Answered { tag: 2, .. })));
}

/// Neither is it sent to an engine that would break over it, nor waits anybody for an answer that cannot come.
#[tokio::test]
async fn what_an_old_primary_does_not_know_is_refused_at_once_or_when_it_is_met() {
    let mut story = Story::new();
    let by = Actor { who: "root@here".into(), from: "a story".into() };
    let asks = || Request::Control(ControlAsk { by: by.clone(), act: Control::Status });
    let known = story.submit(read(1), 1);
    story.submit(asks(), 2);
    let (_outbox, mut drain, refused) = story.connect_to(LinkVersion::FIRST);
    let [Incoming::Answered { tag: 2, outcome: Outcome::Refused(refusal) }] = &refused[..] else {
        panic!("not refused: {refused:?}")
    };
    assert_eq!(refusal.message, "engine a speaks link version 1, which does not know this: upgrade it");
    assert_eq!(ids(&sent(&mut drain).await), [known]);
    let body = asks();
    let (text, since) = ("a frame".into(), body.since());
    let waiting = Waiting { text, since, tag: 3, watch: false, span: None };
    let (given_back, refusal) = story.state.submit(RequestId(9), waiting).unwrap_err();
    assert_eq!((given_back.tag, refusal.code), (3, ErrorCode::Unavailable));
}
