//! A planned switchover between two engines, seen from their links: what is held, what is told, and what happens when
//! either engine dies in the middle of it.

use std::sync::atomic::{AtomicBool, Ordering};

use tandem_protocol::{Blocker, GivenUp, Switched, Switchover, SwitchoverOutcome, link::Deputy};
use tokio::task::JoinHandle;

use super::{
    troubled::{At, Troubled},
    *,
};

/// A primary and its backup, on one store.
struct Two {
    primary: Killable,
    backup: Killable,
    _dir: tempfile::TempDir,
}

impl Two {
    fn start() -> Self {
        Self::start_with("1.0.0", "1.0.0")
    }

    fn start_with(primary_software: &str, backup_software: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let open = || Arc::new(SqliteStore::open(dir.path(), &main_pair()).expect("the store opens"));
        let primary = Killable::start_of("a", open(), primary_software);
        block_on(async { primary.is(is_primary).await });
        let backup = Killable::start_of("b", open(), backup_software);
        block_on(async { backup.is(is_backup).await });
        Self { primary, backup, _dir: dir }
    }
}

impl Peer {
    /// As [`Peer::welcomed_by`], once the engine has a backup, of which this link then knows.
    async fn knowing(engine: &Killable) -> (Self, Epoch) {
        let (mut peer, epoch) = Self::welcomed_by(engine).await;
        let pair = loop {
            // Whoever asks with an old epoch is told nothing new, but he is answered.
            match peer.switches(Epoch::ZERO, true).await {
                SwitchoverOutcome::Overtaken { .. } => {}
                other => panic!("an epoch that is over: {other:?}"),
            }
            if let Some(pair) = peer.pair.clone().filter(|pair| pair.backup.is_some()) {
                break pair;
            }
            tokio::task::yield_now().await;
        };
        peer.acknowledges(pair);
        (peer, epoch)
    }

    fn acknowledges(&self, pair: Pair) {
        self.outbox.push(frame(&ToEngine::Knows(pair))).expect("the connection holds");
    }

    async fn switches(&mut self, from: Epoch, dry_run: bool) -> SwitchoverOutcome {
        match self.asks(Request::Switchover(Switchover { from, dry_run, by: None })).await {
            Outcome::Done(Answer::Switchover(outcome)) => outcome,
            other => panic!("not an answer to it: {other:?}"),
        }
    }

    /// Waits until nothing is in the way: the backup says what it is a moment after it is welcomed.
    async fn may_switch(&mut self, from: Epoch) {
        loop {
            match self.switches(from, true).await {
                SwitchoverOutcome::Clear { .. } => return,
                SwitchoverOutcome::Blocked(_) => tokio::task::yield_now().await,
                other => panic!("neither clear nor blocked: {other:?}"),
            }
        }
    }

    /// Asks and does not wait.
    fn begins(&mut self, body: Request) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.outbox.push(frame(&ToEngine::Request { id, body, trace: None })).expect("the connection holds");
        id
    }

    async fn hears_answer(&mut self, asked: RequestId) -> Outcome {
        loop {
            match self.hears().await {
                FromEngine::Answer { id, outcome } if id == asked => return outcome,
                FromEngine::Answer { id, .. } => panic!("{id:?} is answered before {asked:?}"),
                _ => {}
            }
        }
    }

    async fn hears_of_a_lost_backup(&mut self) {
        loop {
            if let FromEngine::Pair(Pair { backup: None, .. }) = self.hears().await {
                return;
            }
        }
    }

    /// Hears everything up to the last word; the answers among it.
    async fn hears_to_the_end(&mut self) -> (Vec<(RequestId, Outcome)>, FromEngine) {
        let mut answers = Vec::new();
        loop {
            match self.hears().await {
                FromEngine::Answer { id, outcome } => answers.push((id, outcome)),
                last @ (FromEngine::Moved(_) | FromEngine::NotPrimary(_)) => return (answers, last),
                _ => {}
            }
        }
    }
}

/// Sends one thing after the other until it is stopped, without waiting for any answer.
struct Sender {
    is_over: Arc<AtomicBool>,
    sending: JoinHandle<Vec<(RequestId, u64)>>,
}

impl Sender {
    fn start(peer: &Peer, session: SessionId, first: u64) -> Self {
        let (outbox, is_over) = (peer.outbox.clone(), Arc::new(AtomicBool::new(false)));
        let stop = is_over.clone();
        let sending = tokio::spawn(async move {
            let (mut sent, mut pace) = (Vec::new(), tokio::time::interval(Duration::from_millis(1)));
            while !stop.load(Ordering::SeqCst) {
                pace.tick().await;
                let number = first + sent.len() as u64;
                let id = RequestId(10_000 + number);
                let body = send(session, &format!("m-{number}"));
                sent.push((id, number));
                // Once the engine has gone nobody hears it; it is asked again.
                let _ = outbox.push(frame(&ToEngine::Request { id, body, trace: None }));
            }
            sent
        });
        Self { is_over, sending }
    }

    async fn stops(self) -> Vec<(RequestId, u64)> {
        self.is_over.store(true, Ordering::SeqCst);
        self.sending.await.expect("it does not panic")
    }
}

fn send(session: SessionId, client_id: &str) -> Request {
    let client_id = ClientId::new(client_id).expect("valid");
    Request::Send(Send { session, by: ANA, client_id, text: "hi".into(), visibility: Visibility::All })
}

fn attach(session: SessionId, after: Seq) -> Request {
    Request::Attach(vec![Attach { session, by: ANA, also: Vec::new(), after }])
}

fn saved(outcome: &Outcome) -> Seq {
    match outcome {
        Outcome::Done(Answer::Saved { seq, .. }) => *seq,
        other => panic!("not saved: {other:?}"),
    }
}

#[test]
fn what_is_in_flight_is_answered_before_the_move_or_by_the_successor_and_once() {
    // D-1, D-3, D-4, F-1
    let Two { primary, backup, _dir } = Two::start();
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        let (mut peer, epoch) = Peer::knowing(&primary).await;
        peer.asks(open(session)).await;
        peer.asks(attach(session, Seq::ZERO)).await;
        peer.may_switch(epoch).await;
        // Sends before and after the word to switch over, none of which is waited for.
        let mut asked = Vec::new();
        for number in 0..50 {
            asked.push((peer.begins(send(session, &format!("m-{number}"))), number));
            if number == 20 {
                peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
            }
        }
        // They keep coming until the primary says where to go.
        let sender = Sender::start(&peer, session, 50);
        let (answers, last) = peer.hears_to_the_end().await;
        asked.extend(sender.stops().await);
        let FromEngine::Moved(pair) = last else { panic!("not moved: {last:?}") };
        assert_eq!((pair.epoch, &pair.primary.address), (epoch.next(), &backup.address));
        assert_eq!(pair.backup.expect("stands by").address, primary.address);

        let next = epoch.next();
        backup.serves_in(next).await;
        let (mut peer, _) = Peer::welcomed_by(&backup).await;
        let attached = peer.asks(attach(session, Seq::ZERO)).await;
        let Outcome::Done(Answer::Attached(attached)) = attached else { panic!("not attached: {attached:?}") };
        let [Attached::Live { page, .. }] = &attached[..] else { panic!("refused: {attached:?}") };
        let told = answers.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(Answer::Saved { .. })));
        assert_eq!(page.head, Seq(2 + told.clone().count() as u64), "what was saved was answered before the move");
        for (id, number) in asked {
            let first = answers.iter().find(|(answered, _)| *answered == id).map(|(_, outcome)| saved(outcome));
            let again = saved(&peer.asks(send(session, &format!("m-{number}"))).await);
            assert_eq!(first.unwrap_or(again), again, "a repeat is answered as the first was");
            assert_eq!(again, Seq(3 + number), "in the order in which they were sent");
        }
        let outcome = peer.switches(epoch, false).await;
        let SwitchoverOutcome::Done(Switched { from, to, epoch: of, held_us }) = outcome else {
            panic!("not done: {outcome:?}")
        };
        assert_eq!((from.as_str(), to.as_str(), of), ("a", "b", next));
        assert!(held_us > 0, "it is measured");
        primary.is(is_backup).await;
    });
    primary.stop();
    backup.stop();
}

#[test]
fn the_primary_moves_back_and_forth_and_every_epoch_is_one_more() {
    let Two { primary, backup, _dir } = Two::start();
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        let (mut peer, mut epoch) = Peer::knowing(&primary).await;
        peer.asks(open(session)).await;
        let mut engines = [&primary, &backup];
        for round in 0..6 {
            peer.asks(attach(session, Seq::ZERO)).await;
            assert_eq!(peer.says(session, &format!("m-{round}")).await, Seq(3 + round));
            peer.may_switch(epoch).await;
            peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
            let (_, last) = peer.hears_to_the_end().await;
            assert!(matches!(last, FromEngine::Moved(_)), "{last:?}");
            engines.reverse();
            epoch = epoch.next();
            engines[0].serves_in(epoch).await;
            (peer, _) = Peer::knowing(engines[0]).await;
        }
    });
    primary.stop();
    backup.stop();
}

#[test]
fn all_that_is_in_the_way_is_named_and_nothing_is_begun() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        let (mut peer, epoch) = Peer::welcomed_by(&primary).await;
        let unaware = Blocker::LinkUnaware { link: "test".into() };
        for dry_run in [true, false] {
            let blocked = SwitchoverOutcome::Blocked(vec![Blocker::NoBackup, unaware.clone()]);
            assert_eq!(peer.switches(epoch, dry_run).await, blocked);
        }
        peer.acknowledges(peer.pair.clone().expect("welcomed"));
        assert_eq!(peer.switches(epoch, true).await, SwitchoverOutcome::Blocked(vec![Blocker::NoBackup]));
        assert!(is_primary(&primary.role()));
    });
    primary.stop();
}

#[test]
fn nothing_is_handed_over_to_an_older_program() {
    let Two { primary, backup, _dir } = Two::start_with("1.1.0", "1.0.9");
    block_on(async {
        let (mut peer, epoch) = Peer::knowing(&primary).await;
        let older = |backup: &str| Blocker::BackupOlder { backup: backup.into(), primary: "1.1.0".into() };
        loop {
            let outcome = peer.switches(epoch, false).await;
            let SwitchoverOutcome::Blocked(blockers) = outcome else { panic!("not blocked: {outcome:?}") };
            match &blockers[..] {
                // It says what it is a moment after it is welcomed.
                [blocker] if *blocker == older("unknown") => tokio::task::yield_now().await,
                blockers => break assert_eq!(blockers, [older("1.0.9")]),
            }
        }
    });
    primary.stop();
    backup.stop();
}

#[test]
fn only_gateways_and_operators_may_ask_for_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        for role in [LinkRole::External, LinkRole::Interaction] {
            let mut peer = Peer::dial_as(role, &primary, "main", Epoch::ZERO).await;
            let FromEngine::Welcome(Welcome { pair, .. }) = peer.hears().await else { panic!("not welcomed") };
            let refused =
                peer.asks(Request::Switchover(Switchover { from: pair.epoch, dry_run: true, by: None })).await;
            assert!(matches!(refused, Outcome::Refused(refusal) if refusal.code == ErrorCode::Forbidden));
        }
    });
    primary.stop();
}

#[test]
fn a_signal_switches_over_too_and_one_to_the_backup_does_nothing() {
    let Two { primary, backup, _dir } = Two::start();
    block_on(async {
        let (mut peer, epoch) = Peer::knowing(&primary).await;
        peer.may_switch(epoch).await;
        backup.engine().switch_over().await;
        primary.engine().switch_over().await;
        let (_, last) = peer.hears_to_the_end().await;
        assert!(matches!(&last, FromEngine::Moved(pair) if pair.epoch == epoch.next()), "{last:?}");
        backup.is(is_primary).await;
        primary.is(is_backup).await;
    });
    primary.stop();
    backup.stop();
}

/// The engine that stands by, played by the story: it can die at any step.
struct Deputised {
    peer: Peer,
}

impl Deputised {
    async fn stands_by(primary: &Killable) -> Self {
        let name = EngineName::new("b").expect("valid");
        // Nothing listens there: whoever is sent to it comes back.
        let this = tandem_protocol::Peer { name, address: "127.0.0.1:1".into(), pid: u32::MAX };
        let mut peer = Peer::dial_as(LinkRole::Standby(this), primary, "main", Epoch::ZERO).await;
        assert!(matches!(peer.hears().await, FromEngine::Welcome(_)));
        let deputy = Deputy { software: "1.0.0".into(), host: "elsewhere".into(), pid_started: 1 };
        peer.outbox.push(frame(&ToEngine::StandsBy(deputy))).expect("the connection holds");
        Self { peer }
    }

    async fn is_asked_to_prepare(&mut self) -> Vec<SessionId> {
        loop {
            match self.peer.hears().await {
                FromEngine::Prepare { sessions, is_last: true } => return sessions,
                FromEngine::Pair(_) | FromEngine::Heartbeat => {}
                other => panic!("not asked to prepare: {other:?}"),
            }
        }
    }

    fn is_prepared(&self) {
        self.peer.outbox.push(frame(&ToEngine::Prepared)).expect("the connection holds");
    }

    fn dies(self) {
        self.peer.outbox.cut();
    }
}

#[test]
fn the_primary_goes_on_when_its_backup_dies_before_or_while_requests_are_held() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, trouble) = Troubled::open(dir.path(), &main_pair());
    let primary = Killable::start_on("a", Arc::new(store));
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        primary.is(is_primary).await;
        for is_held in [false, true] {
            let mut backup = Deputised::stands_by(&primary).await;
            let (mut peer, epoch) = Peer::knowing(&primary).await;
            peer.asks(open(session)).await;
            peer.asks(attach(session, Seq::ZERO)).await;
            peer.may_switch(epoch).await;
            let asked = peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
            assert_eq!(backup.is_asked_to_prepare().await, [session]);
            if is_held {
                // The store keeps what it was given, so that the hold cannot end before the death is seen.
                trouble.stalls(At::Append);
                let waits = peer.begins(send(session, "at-the-store"));
                trouble.is_reached().await;
                backup.is_prepared();
                let held = peer.begins(send(session, "held"));
                backup.dies();
                let given_up = peer.hears_answer(asked).await;
                assert!(is_given_up(&given_up, GivenUp::BackupLost), "{given_up:?}");
                trouble.lets_go();
                let first = saved(&peer.hears_answer(waits).await);
                assert_eq!(saved(&peer.hears_answer(held).await), first.next(), "D-4: what was held comes after it");
            } else {
                backup.dies();
                let given_up = peer.hears_answer(asked).await;
                assert!(is_given_up(&given_up, GivenUp::BackupLost), "{given_up:?}");
                peer.says(session, "goes-on").await;
            }
        }
        assert!(is_primary(&primary.role()));
    });
    primary.stop();
}

#[test]
fn the_primary_goes_on_when_the_store_does_not_save_in_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, trouble) = Troubled::open(dir.path(), &main_pair());
    let primary = Killable::start_on("a", Arc::new(store));
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        primary.is(is_primary).await;
        let mut backup = Deputised::stands_by(&primary).await;
        let (mut peer, epoch) = Peer::knowing(&primary).await;
        peer.asks(open(session)).await;
        peer.may_switch(epoch).await;
        let asked = peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
        backup.is_asked_to_prepare().await;
        trouble.stalls(At::Append);
        let waits = peer.begins(send(session, "at-the-store"));
        trouble.is_reached().await;
        backup.is_prepared();
        let given_up = peer.hears_answer(asked).await;
        assert!(is_given_up(&given_up, GivenUp::StoreLate), "{given_up:?}");
        loop {
            match backup.peer.hears().await {
                FromEngine::CalledOff => break,
                FromEngine::Pair(_) | FromEngine::Heartbeat => {}
                other => panic!("not called off: {other:?}"),
            }
        }
        trouble.lets_go();
        saved(&peer.hears_answer(waits).await);
        peer.says(session, "goes-on").await;
    });
    primary.stop();
}

/// From here on the epoch is the backup's: it is taken over like any other that lost its engine.
#[test]
fn the_former_primary_takes_over_when_the_backup_dies_with_the_lease_in_its_hands() {
    for is_told in [true, false] {
        let dir = tempfile::tempdir().expect("a directory");
        let (store, trouble) = Troubled::open(dir.path(), &main_pair());
        let primary = Killable::start_on("a", Arc::new(store));
        let session = SessionId(uuid::Uuid::now_v7());
        block_on(async {
            primary.is(is_primary).await;
            let mut backup = Deputised::stands_by(&primary).await;
            let (mut peer, epoch) = Peer::knowing(&primary).await;
            peer.asks(open(session)).await;
            assert_eq!(peer.says(session, "m-1").await, Seq(3));
            peer.may_switch(epoch).await;
            peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
            backup.is_asked_to_prepare().await;
            if is_told {
                backup.is_prepared();
            } else {
                // It dies after its name was written, and before the primary knows that it was.
                trouble.stalls(At::LeaseAfter);
                backup.is_prepared();
                trouble.is_reached().await;
                backup.dies();
                peer.hears_of_a_lost_backup().await;
                trouble.lets_go();
            }
            let (_, last) = peer.hears_to_the_end().await;
            assert!(matches!(&last, FromEngine::Moved(pair) if pair.epoch == epoch.next()), "{last:?}");
            // F-1: the backup's epoch is over.
            let next = epoch.next().next();
            primary.serves_in(next).await;
            let (mut peer, _) = Peer::welcomed_by(&primary).await;
            assert_eq!(peer.says(session, "m-1").await, Seq(3), "D-3");
            let outcome = peer.switches(epoch, false).await;
            assert!(matches!(outcome, SwitchoverOutcome::Overtaken { epoch, .. } if epoch == next), "{outcome:?}");
        });
        primary.stop();
    }
}

/// Before the lease is written, and after it is written but before anybody is told.
#[test]
fn the_backup_takes_over_when_the_primary_dies_in_the_middle() {
    // D-2, D-3, F-1
    for at in [At::LeaseBefore, At::LeaseAfter] {
        let dir = tempfile::tempdir().expect("a directory");
        let (store, trouble) = Troubled::open(dir.path(), &main_pair());
        let primary = Killable::start_on("a", Arc::new(store));
        block_on(async { primary.is(is_primary).await });
        let backup = Killable::start("b", dir.path());
        let session = SessionId(uuid::Uuid::now_v7());
        block_on(async {
            backup.is(is_backup).await;
            let (mut peer, epoch) = Peer::knowing(&primary).await;
            peer.asks(open(session)).await;
            peer.asks(attach(session, Seq::ZERO)).await;
            assert_eq!(peer.says(session, "m-1").await, Seq(3));
            peer.may_switch(epoch).await;
            trouble.stalls(at);
            peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
            trouble.is_reached().await;
            peer.begins(send(session, "held"));
            primary.kill();
            backup.is(is_primary).await;
            let (mut peer, next) = Peer::welcomed_by(&backup).await;
            let expected = if at == At::LeaseAfter { epoch.next().next() } else { epoch.next() };
            assert_eq!(next, expected, "{at:?}: every epoch is raised once by whoever takes it");
            assert_eq!(peer.says(session, "m-1").await, Seq(3), "{at:?}");
            assert_eq!(peer.says(session, "held").await, Seq(4), "{at:?}: what was held was never done");
            let outcome = peer.switches(epoch, false).await;
            assert!(matches!(outcome, SwitchoverOutcome::Overtaken { .. }), "{at:?}: {outcome:?}");
        });
        backup.stop();
    }
}

/// Refused by the store because of the new epoch, it is not taken for the word that another engine has taken over.
#[test]
fn an_erasure_under_way_while_the_lease_is_handed_over_is_done_by_the_successor() {
    // F-1, F-2, D-3
    let dir = tempfile::tempdir().expect("a directory");
    let (store, trouble) = Troubled::open(dir.path(), &main_pair());
    let primary = Killable::start_on("a", Arc::new(store));
    block_on(async { primary.is(is_primary).await });
    let backup = Killable::start("b", dir.path());
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        backup.is(is_backup).await;
        let (mut peer, epoch) = Peer::knowing(&primary).await;
        peer.asks(open(session)).await;
        peer.says(session, "m-1").await;
        peer.asks(Request::Leave { session, by: ANA }).await;
        peer.may_switch(epoch).await;
        trouble.stalls(At::Erase);
        let erasing = peer.begins(Request::Erase { session });
        trouble.is_reached().await;
        trouble.stalls(At::LeaseAfter);
        peer.begins(Request::Switchover(Switchover { from: epoch, dry_run: false, by: None }));
        trouble.is_reached().await;
        trouble.lets_go();
        trouble.is_erased().await;
        trouble.lets_go();
        let (answers, last) = peer.hears_to_the_end().await;
        assert!(matches!(&last, FromEngine::Moved(pair) if pair.epoch == epoch.next()), "{last:?}");
        assert!(answers.iter().all(|(id, _)| *id != erasing), "it is not done, so nobody is told anything of it");
        backup.serves_in(epoch.next()).await;
        let (mut peer, _) = Peer::welcomed_by(&backup).await;
        assert!(matches!(peer.asks(Request::Erase { session }).await, Outcome::Done(Answer::Done)));
        let outcome = peer.switches(epoch, false).await;
        assert!(matches!(outcome, SwitchoverOutcome::Done(_)), "as planned: {outcome:?}");
        primary.is(is_backup).await;
    });
    primary.stop();
    backup.stop();
}

fn is_given_up(outcome: &Outcome, cause: GivenUp) -> bool {
    matches!(outcome, Outcome::Done(Answer::Switchover(SwitchoverOutcome::GivenUp(given))) if *given == cause)
}

#[test]
fn a_store_that_takes_nothing_is_in_the_way() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, trouble) = Troubled::open(dir.path(), &main_pair());
    let primary = Killable::start_on("a", Arc::new(store));
    block_on(async {
        primary.is(is_primary).await;
        let _backup = Deputised::stands_by(&primary).await;
        let (mut peer, epoch) = Peer::knowing(&primary).await;
        peer.may_switch(epoch).await;
        trouble.cuts_off();
        let blocked = SwitchoverOutcome::Blocked(vec![Blocker::StoreNotWritable]);
        assert_eq!(peer.switches(epoch, true).await, blocked);
        assert_eq!(peer.switches(epoch, false).await, blocked);
    });
    primary.kill();
}
