//! What engines write down of takeovers, restorations and switchovers, and what they answer of it.

use tandem_protocol::{
    Switchover, SwitchoverOutcome,
    control::{
        Act, ActKind, Actor, Control, ControlAsk, Noted, Restoration, RestoredHow, Takeover, TakeoverCause, Told,
    },
};

use super::*;

fn ann() -> Actor {
    Actor { who: "ann".into(), from: "192.0.2.7".into() }
}

impl Peer {
    pub(super) async fn controls(&mut self, act: Control) -> Outcome {
        self.asks(Request::Control(ControlAsk { by: ann(), act })).await
    }

    async fn is_told(&mut self, act: Control) -> Told {
        match self.controls(act).await {
            Outcome::Done(Answer::Control(told)) => told,
            other => panic!("not told: {other:?}"),
        }
    }

    /// Asks until that many are written down: engines write beside their work.
    async fn takeovers(&mut self, count: usize) -> Vec<Takeover> {
        let takeovers = async {
            loop {
                match self.is_told(Control::Takeovers { before: None, limit: 99 }).await {
                    Told::Takeovers(takeovers) if takeovers.len() >= count => return takeovers,
                    Told::Takeovers(_) => {}
                    other => panic!("no takeovers: {other:?}"),
                }
            }
        };
        timeout(DEADLINE, takeovers).await.expect("they are written down in time")
    }

    async fn acts(&mut self, count: usize) -> Vec<Act> {
        let acts = async {
            loop {
                match self.is_told(Control::Acts { before_ms: None, limit: 99 }).await {
                    Told::Acts(acts) if acts.len() >= count => return acts,
                    Told::Acts(_) => {}
                    other => panic!("no acts: {other:?}"),
                }
            }
        };
        timeout(DEADLINE, acts).await.expect("they are written down in time")
    }

    async fn restorations(&mut self, session: SessionId, count: usize) -> Vec<Restoration> {
        let restorations = async {
            loop {
                match self.is_told(Control::Restorations { session }).await {
                    Told::Restorations(restorations) if restorations.len() >= count => return restorations,
                    Told::Restorations(_) => {}
                    other => panic!("no restorations: {other:?}"),
                }
            }
        };
        timeout(DEADLINE, restorations).await.expect("they are written down in time")
    }

    /// Has the primary hand over to its backup, once nothing is in the way; the link ends with it.
    async fn has_it_hand_over(mut self, from: Epoch) {
        loop {
            if let Some(pair) = self.pair.clone() {
                self.outbox.push(frame(&ToEngine::Knows(pair))).expect("the connection holds");
            }
            let dry = Switchover { from, dry_run: true, by: Some(ann()) };
            if let Outcome::Done(Answer::Switchover(SwitchoverOutcome::Clear { .. })) =
                self.asks(Request::Switchover(dry)).await
            {
                break;
            }
        }
        let asked = Request::Switchover(Switchover { from, dry_run: false, by: Some(ann()) });
        let id = RequestId(self.next_request);
        self.outbox.push(frame(&ToEngine::Request { id, body: asked, trace: None })).expect("the connection holds");
        while !matches!(self.hears().await, FromEngine::Moved(_)) {}
    }
}

fn attach(session: SessionId) -> Request {
    let by = Credential::Participant(ParticipantId(1));
    Request::Attach(vec![Attach { session, by, also: Vec::new(), after: Seq(2) }])
}

#[test]
fn takeovers_and_restorations_are_written_down_and_told_by_whoever_serves() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async { primary.is(is_primary).await });
    let backup = Killable::start("b", dir.path());
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        backup.is(is_backup).await;
        let (mut peer, epoch) = Peer::welcomed_by(&primary).await;
        peer.asks(open(session)).await;
        peer.says(session, "m-1").await;
        let [first] = &peer.takeovers(1).await[..] else { panic!("there was one") };
        assert_eq!((first.epoch, first.from.as_ref(), first.cause), (epoch, None, TakeoverCause::First));
        tokio::task::block_in_place(|| primary.kill());
        backup.is(is_primary).await;
        let (mut peer, next) = Peer::welcomed_by(&backup).await;
        peer.asks(attach(session)).await;
        let gap = Noted::Gap { pair: main_pair(), epoch: next, gap_ms: 87 };
        assert_eq!(peer.is_told(Control::Note(Box::new(gap))).await, Told::Done);
        let takeovers = peer.takeovers(2).await;
        let [second, _] = &takeovers[..] else { panic!("{takeovers:?}") };
        let from = second.from.as_ref().map(EngineName::as_str);
        assert_eq!((second.epoch, from, second.to.as_str()), (next, Some("a"), "b"));
        assert_eq!((second.cause, second.sessions, second.gap_ms), (TakeoverCause::Died, 1, Some(87)));
        let restorations = peer.restorations(session, 1).await;
        let [restored] = &restorations[..] else { panic!("{restorations:?}") };
        assert_eq!((restored.epoch, restored.engine.as_str()), (next, "b"));
        assert_eq!((restored.how, restored.events), (RestoredHow::Asked, 3));
        tokio::task::block_in_place(|| backup.stop());
    });
}

#[test]
fn a_switchover_is_an_act_of_whoever_asked_and_sessions_are_restored_ahead_of_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async { primary.is(is_primary).await });
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        let (mut alone, epoch) = Peer::welcomed_by(&primary).await;
        let asked = || Request::Switchover(Switchover { from: epoch, dry_run: false, by: Some(ann()) });
        alone.asks(asked()).await;
        let [blocked] = &alone.acts(1).await[..] else { panic!("there is one") };
        assert_eq!((blocked.act, &blocked.by), (ActKind::Switchover, &ann()));
        assert!(blocked.outcome.starts_with("blocked: no backup stands by"), "{}", blocked.outcome);
        drop(alone);

        let backup = tokio::task::block_in_place(|| Killable::start("b", dir.path()));
        backup.is(is_backup).await;
        let (mut peer, _) = Peer::welcomed_by(&primary).await;
        peer.asks(open(session)).await;
        peer.says(session, "m-1").await;
        peer.asks(attach(session)).await;
        peer.has_it_hand_over(epoch).await;
        backup.is(is_primary).await;
        let (mut peer, next) = Peer::welcomed_by(&backup).await;
        // As a link does that was not answered; the former primary has noted the same.
        let outcome = peer.asks(asked()).await;
        assert!(matches!(outcome, Outcome::Done(Answer::Switchover(SwitchoverOutcome::Done(_)))), "{outcome:?}");
        peer.asks(asked()).await;
        let acts = peer.acts(2).await;
        let told: Vec<_> = acts.iter().map(|act| (act.by.who.as_str(), act.outcome.as_str())).collect();
        assert_eq!(told[0], ("ann", "done"));
        assert_eq!(told.len(), 2, "it was done once, and a dry run is no act: {told:?}");
        let takeovers = peer.takeovers(2).await;
        assert_eq!((takeovers[0].epoch, takeovers[0].cause), (next, TakeoverCause::Planned));
        assert_eq!(takeovers[0].from.as_ref().map(EngineName::as_str), Some("a"));
        let restorations = peer.restorations(session, 1).await;
        assert_eq!((restorations[0].how, restorations[0].epoch), (RestoredHow::Prepared, next));
        tokio::task::block_in_place(|| (primary.stop(), backup.stop()));
    });
}

#[test]
fn what_is_signalled_is_an_act_of_whoever_could() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        primary.engine().switch_over().await;
        let (mut peer, _) = Peer::welcomed_by(&primary).await;
        let [act] = &peer.acts(1).await[..] else { panic!("there is one") };
        assert_eq!((act.act, act.by.who.as_str()), (ActKind::Switchover, "signal"));
        assert!(act.by.from.starts_with("SIGUSR1 to engine a"), "{}", act.by.from);
        assert!(act.outcome.starts_with("blocked: "), "{}", act.outcome);
    });
    primary.stop();
}

#[test]
fn a_journal_that_cannot_be_written_delays_no_message_and_who_asks_of_it_is_refused() {
    // D-1
    let dir = tempfile::tempdir().expect("a directory");
    let store = || Arc::new(SqliteStore::open(dir.path(), &main_pair()).expect("the store opens"));
    let primary = Killable::start_on("a", store());
    block_on(async { primary.is(is_primary).await });
    let backup = Killable::start_on("b", store());
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        backup.is(is_backup).await;
        let (mut peer, _) = Peer::welcomed_by(&primary).await;
        peer.asks(open(session)).await;
        peer.says(session, "m-1").await;
        let refused = |outcome| matches!(outcome, Outcome::Refused(refusal) if refusal.code == ErrorCode::Unavailable);
        assert!(refused(peer.controls(Control::Acts { before_ms: None, limit: 9 }).await));
        tokio::task::block_in_place(|| primary.kill());
        backup.is(is_primary).await;
        let (mut peer, next) = Peer::welcomed_by(&backup).await;
        peer.asks(attach(session)).await;
        let gap = Noted::Gap { pair: main_pair(), epoch: next, gap_ms: 87 };
        assert!(refused(peer.controls(Control::Note(Box::new(gap))).await));
        assert_eq!(peer.says(session, "m-2").await, Seq(4));
        tokio::task::block_in_place(|| backup.stop());
    });
}
