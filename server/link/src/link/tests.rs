//! Stories of a link and scripted engines over loopback TCP.

use std::time::Duration;

use tandem_protocol::{
    ClientId, Epoch, Seq, Timestamp,
    link::{Answer, Attach, Attached, Credential, FromEngine, LinkRole, Outcome, Send},
};
use tokio::sync::mpsc;

use super::*;
use crate::{
    connection::ConnectionSettings,
    incoming::Incoming,
    testing::{
        deliver,
        engine::{Down, FakeEngine, Linked, soon},
        live, pair, pair_name, session,
    },
};

struct Recorder(mpsc::UnboundedSender<Incoming<u32>>);

impl Owner for Recorder {
    type Tag = u32;

    fn on(&self, incoming: Incoming<u32>) {
        let _ = self.0.send(incoming);
    }
}

struct Gateway {
    link: Link<Recorder>,
    task: LinkTask,
    told: mpsc::UnboundedReceiver<Incoming<u32>>,
}

fn settings(addresses: &[&str]) -> LinkSettings {
    let addresses = addresses.iter().map(ToString::to_string).collect();
    LinkSettings::new(pair_name(), LinkRole::Gateway, "gateway-1", addresses)
}

impl Gateway {
    fn start(settings: LinkSettings) -> Self {
        let (teller, told) = mpsc::unbounded_channel();
        let (link, task) = Link::start(settings, Arc::new(Recorder(teller)));
        Self { link, task, told }
    }

    async fn is_told(&mut self) -> Incoming<u32> {
        soon("news from the link", self.told.recv()).await.unwrap()
    }

    async fn is_connected(&mut self) -> Pair {
        match self.is_told().await {
            Incoming::Connected { pair } => pair,
            other => panic!("not connected: {other:?}"),
        }
    }

    async fn is_lost(&mut self) {
        let told = self.is_told().await;
        assert!(matches!(told, Incoming::Lost { moved_to: None, .. }), "{told:?}");
    }

    async fn is_answered(&mut self) -> u32 {
        match self.is_told().await {
            Incoming::Answered { tag, outcome: Outcome::Done(_) } => tag,
            other => panic!("no answer: {other:?}"),
        }
    }

    fn says(&self, tag: u32) {
        self.link.submit(message(tag), tag).unwrap();
    }

    async fn ends(mut self) {
        self.link.stop();
        soon("the link's end", self.task).await.unwrap();
        assert!(self.told.try_recv().is_err(), "nothing is told but what the story knows");
    }
}

fn message(at: u32) -> Request {
    Request::Send(Send {
        session: session(1),
        by: Credential::Participant(ParticipantId(1)),
        client_id: ClientId::new(&format!("m-{at}")).unwrap(),
        text: "hi".into(),
        visibility: tandem_protocol::Visibility::All,
    })
}

fn saved(seq: u64) -> Answer {
    Answer::Saved { seq: Seq(seq), at_ms: Timestamp(1), participant: ParticipantId(1), durable: true }
}

/// The engine hears the message and answers it.
async fn saves(engine: &mut Linked, at: u32) {
    let id = hears_message(engine, at).await;
    engine.answers(id, saved(u64::from(at)));
}

async fn hears_message(engine: &mut Linked, at: u32) -> RequestId {
    match engine.hears_request().await {
        (id, Request::Send(send)) if send.client_id.as_str() == format!("m-{at}") => id,
        other => panic!("not message {at}: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_answered() {
    let mut a = FakeEngine::start();
    let mut gateway = Gateway::start(settings(&[&a.address]));
    // Said before there is a connection: it waits.
    gateway.says(1);
    let mut primary = a.welcomes(&pair(1, &a.address, None)).await;
    assert_eq!(primary.hello.epoch_seen, Epoch::ZERO);
    saves(&mut primary, 1).await;
    assert_eq!(gateway.is_connected().await.epoch, Epoch(1));
    assert_eq!(gateway.is_answered().await, 1);
    assert_eq!(gateway.link.status().unacked, 0);
    gateway.ends().await;
    primary.sees_the_end().await;
    a.kill().await;
}

#[tokio::test]
async fn what_waits_is_sent_again_in_order_and_answered_exactly_once_when_the_primary_is_killed() {
    let (mut a, mut b) = (FakeEngine::start(), FakeEngine::start());
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let mut primary = a.welcomes(&pair(1, &a.address, Some(&b.address))).await;
    gateway.is_connected().await;
    (1..=3).for_each(|at| gateway.says(at));
    let _unanswered = hears_message(&mut primary, 1).await;
    saves(&mut primary, 2).await;
    assert_eq!(gateway.is_answered().await, 2);
    let unanswered = hears_message(&mut primary, 3).await;

    a.kill().await;
    primary.dies().await;
    gateway.is_lost().await;
    gateway.says(4);
    let mut primary = b.welcomes(&pair(2, &b.address, None)).await;
    assert_eq!(primary.hello.epoch_seen, Epoch(1));
    saves(&mut primary, 1).await;
    let again = hears_message(&mut primary, 3).await;
    assert_eq!(again, unanswered, "the repeat is the same request");
    primary.answers(again, saved(3));
    primary.answers(again, saved(3));
    saves(&mut primary, 4).await;
    assert_eq!(gateway.is_connected().await.epoch, Epoch(2));
    for at in [1, 3, 4] {
        assert_eq!(gateway.is_answered().await, at);
    }
    gateway.ends().await;
    primary.sees_the_end().await;
}

#[tokio::test]
async fn all_sessions_are_attached_again_after_a_loss_from_where_they_were() {
    let (mut a, mut b) = (FakeEngine::start(), FakeEngine::start());
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let mut primary = a.welcomes(&pair(1, &a.address, Some(&b.address))).await;
    gateway.is_connected().await;
    let attach = |at| Attach { session: session(at), by: Credential::Role, also: Vec::new(), after: Seq::ZERO };
    gateway.link.submit(Request::Attach(vec![attach(1), attach(2)]), 1).unwrap();
    let (id, _) = primary.hears_request().await;
    primary.answers(id, Answer::Attached(vec![live(1, None, 3), live(2, None, 8)]));
    primary.says(&FromEngine::Deliver(deliver(1, 4..=6)));
    assert_eq!(gateway.is_answered().await, 1);
    assert!(matches!(gateway.is_told().await, Incoming::Deliver(_)));
    assert_eq!(gateway.link.status().sessions, 2);

    a.kill().await;
    primary.dies().await;
    gateway.is_lost().await;
    let mut primary = b.welcomes(&pair(2, &b.address, None)).await;
    gateway.is_connected().await;
    let (id, Request::Attach(mut asked)) = primary.hears_request().await else { panic!("no attach") };
    asked.sort_by_key(|attach| attach.session);
    assert_eq!(asked.iter().map(|attach| attach.after).collect::<Vec<_>>(), [Seq(6), Seq(8)]);
    primary.answers(id, Answer::Attached(asked.iter().map(|at| live(at.session.0.as_u128(), None, 9)).collect()));
    primary.says(&FromEngine::Deliver(deliver(1, 10..=10)));
    let Incoming::Reattached { attached, .. } = gateway.is_told().await else { panic!("not reattached") };
    assert!(attached.len() == 2 && attached.iter().all(|attached| matches!(attached, Attached::Live { .. })));
    assert!(matches!(gateway.is_told().await, Incoming::Deliver(_)));
    gateway.ends().await;
}

#[tokio::test]
async fn when_both_are_down_either_may_return() {
    for first_returns in [true, false] {
        let (mut a, backup) = (FakeEngine::start(), Down::new());
        let other = Down::new();
        let mut gateway = Gateway::start(settings(&[&a.address, &other.address()]));
        let primary = a.welcomes(&pair(1, &a.address, Some(&backup.address()))).await;
        gateway.is_connected().await;
        gateway.says(1);
        a.kill().await;
        primary.dies().await;
        gateway.is_lost().await;
        let mut returned = if first_returns { other.up() } else { backup.up() };
        let mut primary = returned.welcomes(&pair(2, &returned.address, None)).await;
        gateway.is_connected().await;
        saves(&mut primary, 1).await;
        assert_eq!(gateway.is_answered().await, 1);
        gateway.ends().await;
    }
}

#[tokio::test]
async fn a_link_goes_where_the_backup_points() {
    let (mut a, mut b) = (FakeEngine::start(), FakeEngine::start());
    let mut gateway = Gateway::start(settings(&[&b.address]));
    let pair = pair(1, &a.address, Some(&b.address));
    b.linked().await.turns_away(&FromEngine::NotPrimary(Some(pair.clone()))).await;
    let primary = a.welcomes(&pair).await;
    assert_eq!(primary.hello.epoch_seen, Epoch(1));
    gateway.is_connected().await;
    gateway.ends().await;
}

#[tokio::test]
async fn a_primary_that_steps_down_says_where_to_go() {
    let (mut a, mut b) = (FakeEngine::start(), FakeEngine::start());
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let primary = a.welcomes(&pair(1, &a.address, None)).await;
    gateway.is_connected().await;
    let moved = pair(2, &b.address, Some(&a.address));
    primary.turns_away(&FromEngine::NotPrimary(Some(moved.clone()))).await;
    gateway.is_lost().await;
    let primary = b.welcomes(&moved).await;
    assert_eq!(primary.hello.epoch_seen, Epoch(2));
    assert_eq!(gateway.is_connected().await, moved);
    gateway.ends().await;
}

#[tokio::test]
async fn a_link_moves_with_the_lease_and_asks_there_what_was_not_answered() {
    // D-3
    let (mut a, mut b) = (FakeEngine::start(), FakeEngine::start());
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let mut primary = a.welcomes(&pair(1, &a.address, Some(&b.address))).await;
    gateway.is_connected().await;
    gateway.says(1);
    gateway.says(2);
    saves(&mut primary, 1).await;
    let held = hears_message(&mut primary, 2).await;
    let moved = pair(2, &b.address, Some(&a.address));
    primary.turns_away(&FromEngine::Moved(moved.clone())).await;
    assert_eq!(gateway.is_answered().await, 1, "what was answered before the move is told before it");
    let told = gateway.is_told().await;
    assert!(matches!(told, Incoming::Lost { moved_to: Some(Epoch(2)), .. }), "{told:?}");
    let mut primary = b.welcomes(&moved).await;
    assert_eq!(hears_message(&mut primary, 2).await, held);
    primary.answers(held, saved(2));
    assert_eq!(gateway.is_connected().await, moved);
    assert_eq!(gateway.is_answered().await, 2);
    gateway.ends().await;
}

#[tokio::test]
async fn a_link_says_what_it_knows_of_the_pair_whenever_that_changes() {
    let mut a = FakeEngine::start();
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let alone = pair(1, &a.address, None);
    let mut primary = a.welcomes(&alone).await;
    gateway.is_connected().await;
    assert_eq!(primary.hears_what_it_knows().await, alone);
    let complete = pair(1, &a.address, Some("b:1"));
    primary.says(&FromEngine::Pair(complete.clone()));
    assert!(matches!(gateway.is_told().await, Incoming::Pair(_)));
    assert_eq!(primary.hears_what_it_knows().await, complete);
    gateway.ends().await;
}

#[tokio::test]
async fn a_deposed_primary_is_not_believed() {
    let (mut a, mut b) = (FakeEngine::start(), FakeEngine::start());
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let primary = a.welcomes(&pair(5, &a.address, Some(&b.address))).await;
    gateway.is_connected().await;
    primary.dies().await;
    gateway.is_lost().await;
    // B was away for long and still believes in its epoch 3; meanwhile A renewed its own.
    b.welcomes(&pair(3, &b.address, None)).await.sees_the_end().await;
    let primary = a.welcomes(&pair(5, &a.address, None)).await;
    assert_eq!(gateway.is_connected().await.epoch, Epoch(5));
    drop(primary);
    gateway.is_lost().await;
    gateway.ends().await;
}

#[tokio::test]
async fn a_silent_primary_sees_the_end_for_the_backup_although_it_still_accepts() {
    let silent = ConnectionSettings { heartbeat: Duration::from_secs(3_600), ..ConnectionSettings::default() };
    let lively = ConnectionSettings { heartbeat: Duration::from_millis(20), ..ConnectionSettings::default() };
    let (mut a, mut b) = (FakeEngine::start_with(silent), FakeEngine::start_with(lively));
    let quick = LinkSettings { silence_max: Duration::from_millis(500), ..settings(&[&a.address]) };
    let mut gateway = Gateway::start(quick);
    let _stopped = a.welcomes(&pair(1, &a.address, Some(&b.address))).await;
    gateway.is_connected().await;
    gateway.is_lost().await;
    // The attempt at A hangs; the one at B is not kept from its welcome by it.
    let _hung = a.linked().await;
    let _primary = b.welcomes(&pair(2, &b.address, None)).await;
    assert_eq!(gateway.is_connected().await.epoch, Epoch(2));
    gateway.link.stop();
}

#[tokio::test]
async fn an_engine_that_accepts_but_never_answers_keeps_no_other_from_being_asked() {
    let stopped = Down::new().stopped();
    let mut b = FakeEngine::start();
    let mut gateway = Gateway::start(settings(&[&stopped.local_addr().unwrap().to_string(), &b.address]));
    let primary = b.welcomes(&pair(1, &b.address, None)).await;
    gateway.is_connected().await;
    gateway.ends().await;
    primary.sees_the_end().await;
}

#[tokio::test]
async fn a_link_starts_from_its_cache_while_the_configured_primary_is_down() {
    let (folder, down) = (tempfile::tempdir().unwrap(), Down::new());
    let cache = Some(folder.path().join("pair.json"));
    let mut b = FakeEngine::start();
    let configured = FakeEngine::start();
    let mut first = Gateway::start(LinkSettings { cache: cache.clone(), ..settings(&[&b.address]) });
    let primary = b.welcomes(&pair(4, &b.address, None)).await;
    first.is_connected().await;
    first.ends().await;
    primary.sees_the_end().await;
    configured.kill().await;

    let mut second = Gateway::start(LinkSettings { cache, ..settings(&[&down.address()]) });
    assert_eq!(second.link.status().pair, Some(pair(4, &b.address, None)));
    b.welcomes(&pair(5, &b.address, None)).await;
    assert_eq!(second.is_connected().await.epoch, Epoch(5));
    second.link.stop();
}

#[tokio::test]
async fn a_change_of_the_pair_is_told_and_believed() {
    let (mut a, b) = (FakeEngine::start(), Down::new());
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let primary = a.welcomes(&pair(2, &a.address, None)).await;
    gateway.is_connected().await;
    let with_backup = pair(2, &a.address, Some(&b.address()));
    primary.says(&FromEngine::Pair(pair(1, &b.address(), None)));
    primary.says(&FromEngine::Pair(with_backup.clone()));
    assert!(matches!(gateway.is_told().await, Incoming::Pair(told) if told == with_backup));
    assert_eq!(gateway.link.status().pair, Some(with_backup));
    gateway.ends().await;
}

#[tokio::test]
async fn a_request_beyond_the_bound_is_given_back_and_no_frame_is_too_long() {
    let (down, mut refused) = (Down::new(), Vec::new());
    let gateway = Gateway::start(LinkSettings { unacked_max: 2, ..settings(&[&down.address()]) });
    for tag in 1..=3 {
        refused.extend(gateway.link.submit(message(tag), tag).err());
    }
    assert_eq!(refused.iter().map(|full| (full.tag, full.refusal.code)).collect::<Vec<_>>(), [(3, ErrorCode::Busy)]);
    let Request::Send(send) = message(4) else { panic!("no message") };
    let endless = Request::Send(Send { text: "x".repeat(LINK_FRAME_BYTES_MAX), ..send });
    assert_eq!(gateway.link.submit(endless, 4).unwrap_err().refusal.code, ErrorCode::MessageTooLong);
    gateway.link.stop();
    assert_eq!(gateway.link.submit(message(5), 5).unwrap_err().refusal.code, ErrorCode::Unavailable);
    gateway.ends().await;
}

#[tokio::test]
async fn typing_and_detaching_reach_the_primary() {
    let mut a = FakeEngine::start();
    let mut gateway = Gateway::start(settings(&[&a.address]));
    gateway.link.typing(session(1), ParticipantId(1), true);
    let mut primary = a.welcomes(&pair(1, &a.address, None)).await;
    gateway.is_connected().await;
    gateway.link.typing(session(1), ParticipantId(1), false);
    gateway.link.detach(session(1), None);
    assert!(matches!(primary.hears().await, ToEngine::Typing { on: false, .. }), "what was typed before is dropped");
    assert!(matches!(primary.hears().await, ToEngine::Detach { participant: None, .. }));
    gateway.ends().await;
}

#[tokio::test]
async fn what_is_queued_when_a_link_is_stopped_is_still_written() {
    let mut a = FakeEngine::start();
    let mut gateway = Gateway::start(settings(&[&a.address]));
    let mut primary = a.welcomes(&pair(1, &a.address, None)).await;
    gateway.is_connected().await;
    (1..=100).for_each(|at| gateway.says(at));
    gateway.link.stop();
    for at in 1..=100 {
        hears_message(&mut primary, at).await;
    }
    primary.sees_the_end().await;
    gateway.ends().await;
}

/// One life of a primary: it hears some requests, answers some of those, and dies.
async fn lives_and_dies(mut engine: Linked, rng: &mut fastrand::Rng) {
    for _ in 0..rng.u32(0..30) {
        let (id, _) = engine.hears_request().await;
        if rng.u32(0..3) > 0 {
            engine.answers(id, Answer::Done);
        }
    }
    engine.dies().await;
}

#[tokio::test]
async fn each_request_is_answered_exactly_once_however_often_the_primary_dies() {
    for seed in (0..10).chain([fastrand::u64(..)]) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut a = FakeEngine::start();
        let mut gateway = Gateway::start(settings(&[&a.address]));
        let (mut said, mut answered) = (0, Vec::new());
        for epoch in 1..=20 {
            // By its hello the link has taken all that the life before answered; as many wait now as any life hears.
            let engine = a.linked().await;
            while gateway.link.status().unacked < 30 {
                said += 1;
                gateway.says(said);
            }
            engine.says(&FromEngine::Welcome(pair(epoch, &a.address, None).into()));
            lives_and_dies(engine, &mut rng).await;
        }
        let mut last = a.welcomes(&pair(21, &a.address, None)).await;
        let mut heard = Vec::new();
        while answered.len() < said as usize {
            tokio::select! {
                biased;
                told = gateway.is_told() => if let Incoming::Answered { tag, .. } = told { answered.push(tag) },
                (id, _) = last.hears_request() => {
                    heard.push(id);
                    last.answers(id, Answer::Done);
                }
            }
        }
        assert!(heard.is_sorted(), "what waited comes in its original order");
        answered.sort_unstable();
        assert!(answered.iter().copied().eq(1..=said), "each once: {answered:?}");
        assert_eq!(gateway.link.status().unacked, 0);
        gateway.ends().await;
    }
}
