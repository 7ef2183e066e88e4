//! Two engines on one SQLite store, in one process: who serves, who is sent where, what a takeover keeps. Processes
//! that are really killed are the business of the package `tandem-tests`.

mod journal;
mod switchover;
mod troubled;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::value::RawValue;
use tandem_engine::{Engine, EngineRole, EngineSettings, SaveSettings};
use tandem_link::Outbox;
use tandem_link::connection::{ConnectionSettings, Dialled, Reader, dial, frame};
use tandem_protocol::{
    ClientId, DeskId, EngineName, Epoch, ErrorCode, Pair, PairName, ParticipantId, RequestId, Seq, SessionId, Speaks,
    TokenHash, Visibility,
    desk::DeskAsk,
    link::{
        Answer, Attach, Attached, Credential, FromEngine, Hello, LinkRole, Open, Outcome, Request, Send, ToEngine,
        Welcome,
    },
};
use tandem_session::{LeaseTimes, SessionSettings};
use tandem_store::{Journal, SqliteJournal, SqliteStore, SqliteTranscripts, Store, Transcripts, verify};
use tokio::{net::TcpListener, runtime::Runtime, time::timeout};

use troubled::Troubled;

const DEADLINE: Duration = Duration::from_secs(20);
const ANA: Credential = Credential::Token(TokenHash([7; 32]));

/// An engine with a runtime of its own: dropping the runtime is as near to a kill as one process allows.
struct Killable {
    engine: Option<Engine>,
    address: String,
    runtime: Runtime,
}

impl Killable {
    fn start(name: &str, dir: &std::path::Path) -> Self {
        let store = Arc::new(SqliteStore::open(dir, &main_pair()).expect("the store opens"));
        Self::start_with(name, store, Arc::new(SqliteJournal::new(dir)), "1.0.0")
    }

    fn start_on(name: &str, store: Arc<dyn Store>) -> Self {
        Self::start_of(name, store, "1.0.0")
    }

    /// An engine whose program has this version, and whose journal cannot be written: it makes no difference to anybody.
    fn start_of(name: &str, store: Arc<dyn Store>, software: &str) -> Self {
        let nowhere = SqliteJournal::new(std::path::Path::new("/dev/null/nowhere"));
        Self::start_with(name, store, Arc::new(nowhere), software)
    }

    fn start_with(name: &str, store: Arc<dyn Store>, journal: Arc<dyn Journal>, software: &str) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let pair = main_pair();
        let (engine, address) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("bound").to_string();
            let settings = EngineSettings {
                name: EngineName::new(name).expect("valid"),
                pair,
                advertise: address.clone(),
                software: software.to_owned(),
                lease: LeaseTimes::default(),
                sessions: SessionSettings::default(),
                save: SaveSettings::default(),
                speaks: Speaks::ALL,
                allow_drills: true,
                waker: Vec::new(),
                credentials: Default::default(),
            };
            (Engine::start(settings, store, journal, listener).expect("starts"), address)
        });
        Self { engine: Some(engine), address, runtime }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("running")
    }

    fn role(&self) -> EngineRole {
        self.engine().role().borrow().clone()
    }

    /// Waits until the engine serves in this epoch.
    async fn serves_in(&self, epoch: Epoch) {
        self.is(|role| *role == EngineRole::Primary { epoch }).await;
    }

    async fn is(&self, what: impl FnMut(&EngineRole) -> bool) {
        let mut role = self.engine().role();
        let changed = timeout(DEADLINE, role.wait_for(what)).await;
        changed.expect("the role changes in time").expect("the engine runs");
    }

    fn kill(mut self) {
        drop(self.engine.take());
        self.runtime.shutdown_background();
    }

    fn stop(mut self) {
        let engine = self.engine.take().expect("running");
        self.runtime.block_on(engine.shutdown()).expect("ends in order");
        self.runtime.shutdown_background();
    }
}

fn main_pair() -> PairName {
    PairName::new("main").expect("valid")
}

fn is_primary(role: &EngineRole) -> bool {
    matches!(role, EngineRole::Primary { .. })
}

fn is_backup(role: &EngineRole) -> bool {
    matches!(role, EngineRole::Backup { .. })
}

/// A bare link: says hello and requests, hears frames.
struct Peer {
    reader: Reader<FromEngine>,
    outbox: Outbox,
    next_request: u64,
    /// As last heard.
    pair: Option<Pair>,
}

impl Peer {
    async fn dial(engine: &Killable, pair: &str, epoch_seen: Epoch) -> Self {
        Self::dial_as(LinkRole::Gateway, engine, pair, epoch_seen).await
    }

    async fn dial_as(role: LinkRole, engine: &Killable, pair: &str, epoch_seen: Epoch) -> Self {
        let pair = PairName::new(pair).expect("valid");
        let hello = Hello::new(Speaks::ALL, pair, role, "test", epoch_seen);
        let dialled = dial(&engine.address, hello, &ConnectionSettings::default()).await.expect("connects");
        let Dialled { reader, outbox, writer } = dialled;
        tokio::spawn(writer.run());
        Self { reader, outbox, next_request: 0, pair: None }
    }

    async fn hears(&mut self) -> FromEngine {
        let heard = timeout(DEADLINE, self.reader.next()).await.expect("something in time");
        let heard = heard.expect("the connection holds").expect("not the end");
        if let FromEngine::Welcome(Welcome { pair, .. }) | FromEngine::Pair(pair) = &heard {
            self.pair = Some(pair.clone());
        }
        heard
    }

    /// That the pair has changed. A gateway also hears that no interaction server is there.
    async fn hears_of_the_pair(&mut self) -> Pair {
        loop {
            match self.hears().await {
                FromEngine::Pair(pair) => return pair,
                FromEngine::InteractionGone | FromEngine::Heartbeat => {}
                other => panic!("nothing of the pair: {other:?}"),
            }
        }
    }

    /// Connects and is welcomed, in this epoch.
    async fn welcomed_by(engine: &Killable) -> (Self, Epoch) {
        let mut peer = Self::dial(engine, "main", Epoch::ZERO).await;
        match peer.hears().await {
            FromEngine::Welcome(Welcome { pair, .. }) => (peer, pair.epoch),
            other => panic!("not welcomed: {other:?}"),
        }
    }

    async fn asks(&mut self, body: Request) -> Outcome {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.outbox.push(frame(&ToEngine::Request { id, body, trace: None })).expect("the connection holds");
        loop {
            if let FromEngine::Answer { id: answered, outcome } = self.hears().await
                && answered == id
            {
                return outcome;
            }
        }
    }

    async fn says(&mut self, session: SessionId, client_id: &str) -> Seq {
        let client_id = ClientId::new(client_id).expect("valid");
        match self
            .asks(Request::Send(Send { session, by: ANA, client_id, text: "hi".into(), visibility: Visibility::All }))
            .await
        {
            Outcome::Done(Answer::Saved { seq, .. }) => seq,
            other => panic!("not saved: {other:?}"),
        }
    }
}

fn open(session: SessionId) -> Request {
    let (name, token_hash) = ("Ana".into(), TokenHash([7; 32]));
    Request::Open(Open { session, subject: None, properties: BTreeMap::new(), name, token_hash })
}

fn block_on(story: impl Future<Output = ()>) {
    Runtime::new().expect("a runtime").block_on(story);
}

#[test]
fn a_session_goes_on_at_the_backup_when_the_primary_dies() {
    // D-2, D-3, D-4, F-1, R-2
    let dir = tempfile::tempdir().expect("a directory");
    let (first, second) = (Killable::start("a", dir.path()), Killable::start("b", dir.path()));
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async {
        // Either may be faster.
        let (primary, backup) = tokio::select! {
            () = first.is(is_primary) => (first, second),
            () = second.is(is_primary) => (second, first),
        };
        backup.is(is_backup).await;
        let (mut peer, epoch) = Peer::welcomed_by(&primary).await;
        assert!(matches!(peer.asks(open(session)).await, Outcome::Done(Answer::Joined { seq: Seq(2), .. })));
        assert_eq!(peer.says(session, "m-1").await, Seq(3));
        primary.kill();

        // One that has seen no primary yet is not held by a backup: it would be sent away until the takeover is done.
        backup.is(is_primary).await;
        let (mut peer, next_epoch) = Peer::welcomed_by(&backup).await;
        assert_eq!(next_epoch, epoch.next());
        let attach = Attach { session, by: Credential::Participant(ParticipantId(1)), also: Vec::new(), after: Seq(2) };
        let attached = peer.asks(Request::Attach(vec![attach])).await;
        let Outcome::Done(Answer::Attached(attached)) = attached else { panic!("not attached: {attached:?}") };
        let [Attached::Live { page, .. }] = &attached[..] else { panic!("refused: {attached:?}") };
        assert_eq!((page.head, page.events.len()), (Seq(3), 1));
        assert_eq!(peer.says(session, "m-1").await, Seq(3), "a repeat is answered as the first was");
        assert_eq!(peer.says(session, "m-2").await, Seq(4));
        tokio::task::block_in_place(|| backup.kill());
    });
}

#[test]
fn a_backup_names_the_primary_and_takes_over_when_that_one_is_stopped() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async { primary.is(is_primary).await });
    let backup = Killable::start("b", dir.path());
    block_on(async {
        backup.is(is_backup).await;
        let mut peer = Peer::dial(&backup, "main", Epoch::ZERO).await;
        let FromEngine::NotPrimary(Some(pair)) = peer.hears().await else { panic!("a backup does not serve") };
        assert_eq!(pair.primary.address, primary.address);
    });
    primary.stop();
    block_on(async { backup.is(is_primary).await });
    backup.stop();
}

#[test]
fn the_primary_tells_its_links_that_a_backup_came_and_went() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        let (mut peer, _) = Peer::welcomed_by(&primary).await;
        let FromEngine::InteractionGone = peer.hears().await else { panic!("there is no interaction server") };
        let backup = tokio::task::block_in_place(|| Killable::start("b", dir.path()));
        let pair = peer.hears_of_the_pair().await;
        assert_eq!(pair.backup.expect("named").address, backup.address);
        tokio::task::block_in_place(|| backup.kill());
        let pair = peer.hears_of_the_pair().await;
        assert_eq!(pair.backup, None);
    });
    primary.stop();
}

#[test]
fn a_link_of_another_pair_is_refused_and_one_that_has_seen_a_newer_primary_is_not_served() {
    // F-2
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        let mut peer = Peer::dial(&primary, "other", Epoch::ZERO).await;
        assert!(matches!(peer.hears().await, FromEngine::Refused(refusal) if refusal.code == ErrorCode::BadRequest));
        let mut peer = Peer::dial(&primary, "main", Epoch(9)).await;
        assert!(matches!(peer.hears().await, FromEngine::NotPrimary(None)));
    });
    primary.stop();
}

#[test]
fn a_primary_steps_down_when_the_other_engine_names_a_newer_epoch_and_looks_at_the_lease() {
    // F-1, F-2
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        let (mut link, epoch) = Peer::welcomed_by(&primary).await;
        let name = EngineName::new("b").expect("valid");
        let other = LinkRole::Standby(tandem_protocol::Peer { name, address: "127.0.0.1:1".into(), pid: 1 });
        let mut successor = Peer::dial_as(other, &primary, "main", epoch.next()).await;
        assert!(matches!(successor.hears().await, FromEngine::NotPrimary(None)));
        let sent_away = async {
            loop {
                if let FromEngine::NotPrimary(pair) = link.hears().await {
                    return pair;
                }
            }
        };
        assert_eq!(sent_away.await, None, "it knows no better primary");
        // The lease is its own all the same: it was told wrongly.
        let (_link, again) = Peer::welcomed_by(&primary).await;
        assert_eq!(again, epoch.next());
    });
    primary.stop();
}

#[test]
fn a_question_waits_for_the_interaction_server_and_goes_to_the_second_when_the_first_is_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        let (mut gateway, _) = Peer::welcomed_by(&primary).await;
        let (id, desk) = (RequestId(90), DeskId(uuid::Uuid::now_v7()));
        let ask = Request::Ask(DeskAsk::Exit { desk });
        gateway.outbox.push(frame(&ToEngine::Request { id, body: ask, trace: None })).expect("the connection holds");
        let mut first = Peer::dial_as(LinkRole::Interaction, &primary, "main", Epoch::ZERO).await;
        assert!(matches!(first.hears().await, FromEngine::Welcome(_)));
        assert!(matches!(first.hears().await, FromEngine::Asked { body: DeskAsk::Exit { .. }, .. }));
        let mut second = Peer::dial_as(LinkRole::Interaction, &primary, "main", Epoch::ZERO).await;
        drop(first);
        let welcomed = loop {
            match second.hears().await {
                FromEngine::Heartbeat => {}
                other => break other,
            }
        };
        assert!(matches!(welcomed, FromEngine::Welcome(_)), "{welcomed:?}");
        let FromEngine::Asked { ask, .. } = second.hears().await else { panic!("it is asked again") };
        let told = RawValue::from_string("7".into()).expect("is JSON");
        let outcome = Outcome::Done(Answer::Told(told));
        second.outbox.push(frame(&ToEngine::Reply { ask, outcome })).expect("the connection holds");
        loop {
            match gateway.hears().await {
                FromEngine::Answer { id: answered, outcome: Outcome::Done(Answer::Told(told)) } => {
                    break assert_eq!((answered, told.get()), (id, "7"));
                }
                FromEngine::InteractionGone | FromEngine::EnterAgain | FromEngine::Heartbeat => {}
                other => panic!("not an answer: {other:?}"),
            }
        }
    });
    primary.stop();
}

#[test]
fn a_primary_that_has_lost_nothing_but_the_store_is_told_by_its_successor_and_sends_its_links_away() {
    // F-2
    let dir = tempfile::tempdir().expect("a directory");
    let (store, trouble) = Troubled::open(dir.path(), &main_pair());
    let cut_off = Killable::start_on("a", Arc::new(store));
    block_on(async { cut_off.is(is_primary).await });
    let successor = Killable::start("b", dir.path());
    block_on(async {
        successor.is(is_backup).await;
        let (mut peer, _) = Peer::welcomed_by(&cut_off).await;
        trouble.cuts_off();
        successor.is(is_primary).await;
        loop {
            match peer.hears().await {
                FromEngine::NotPrimary(None) => break,
                FromEngine::Pair(_) | FromEngine::InteractionGone | FromEngine::Heartbeat => {}
                other => panic!("not sent away: {other:?}"),
            }
        }
        cut_off.is(|role| !is_primary(role)).await;
        Peer::welcomed_by(&successor).await;
    });
    cut_off.kill();
    successor.stop();
}

#[test]
fn what_was_said_is_erased_once_the_session_has_ended_and_the_backup_finds_it_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    let session = SessionId(uuid::Uuid::now_v7());
    block_on(async { primary.is(is_primary).await });
    let backup = Killable::start("b", dir.path());
    let transcripts = SqliteTranscripts::open(dir.path()).expect("opens");
    block_on(async {
        backup.is(is_backup).await;
        let (mut peer, _) = Peer::welcomed_by(&primary).await;
        peer.asks(open(session)).await;
        peer.says(session, "m-1").await;
        let erase = Request::Erase { session };
        let refused = peer.asks(erase.clone()).await;
        assert!(matches!(&refused, Outcome::Refused(refusal) if refusal.code == ErrorCode::Busy), "{refused:?}");
        peer.asks(Request::Close { session, by: ANA }).await;
        let before = transcripts.transcript(session).await.expect("reads").expect("is there");
        let link = verify(session, &before.events).expect("it is as it was written");
        assert!(matches!(peer.asks(erase.clone()).await, Outcome::Done(Answer::Done)));
        assert!(matches!(peer.asks(erase.clone()).await, Outcome::Done(Answer::Done)), "a repeat changes nothing");
        primary.kill();

        backup.is(is_primary).await;
        let (mut peer, _) = Peer::welcomed_by(&backup).await;
        let read = Request::Read { session, by: Credential::Role, after: Seq::ZERO, limit: 100 };
        let Outcome::Done(Answer::Page(page)) = peer.asks(read).await else { panic!("a role may read what is left") };
        let (last, others) = page.events.split_last().expect("there is an end");
        assert!(last.event.get().contains(r#""type":"closed""#), "{last:?}");
        assert!(others.iter().all(|event| event.event.get().contains(r#""type":"erased""#)), "{others:?}");
        assert!(matches!(peer.asks(erase).await, Outcome::Done(Answer::Done)));
        let after = transcripts.transcript(session).await.expect("reads").expect("is there");
        assert_eq!(verify(session, &after.events), Ok(link), "the chain still holds");
        tokio::task::block_in_place(|| backup.kill());
    });
}
