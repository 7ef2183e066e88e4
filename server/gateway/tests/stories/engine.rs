//! An engine that a story speaks for: it accepts the link, hands every frame to the story and says what it is told.

use serde_json::{Value, value::to_raw_value};
use tandem_link::{
    Outbox,
    connection::{Accepted, ConnectionSettings, accept, frame},
};
use tandem_protocol::{
    DeskId, Epoch, ErrorCode, Pair, PairName, ParticipantId, Peer as PeerName, RawEvent, Refusal, RequestId, Seq,
    SessionId,
    desk::{DeskAsk, DeskNews},
    link::{Answer, Attached, Deliver, FromEngine, Outcome, Request, ToEngine},
};
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

use crate::{page, session, view, within};

/// Where an engine is to be found.
pub(crate) struct Engine {
    pair: PairName,
    listener: TcpListener,
}

/// A gateway's link as the engine has it.
pub(crate) struct Peer {
    outbox: Outbox,
    frames: mpsc::UnboundedReceiver<ToEngine>,
    tasks: [AbortHandle; 2],
}

impl Engine {
    pub(crate) async fn start() -> Self {
        Self::of("main").await
    }

    /// The primary of a pair of this name.
    pub(crate) async fn of(pair: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        Self { pair: PairName::new(pair).expect("is valid"), listener }
    }

    pub(crate) fn pair_name(&self) -> PairName {
        self.pair.clone()
    }

    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().expect("it is bound").to_string()
    }

    /// Lets the next link in.
    pub(crate) async fn welcomes(&self) -> Peer {
        let accepted = within("the gateway's link", async {
            let (tcp, _) = self.listener.accept().await.expect("accepts");
            accept(tcp, &ConnectionSettings::default()).await.expect("the link shakes hands")
        });
        let Accepted { mut reader, outbox, writer, .. } = accepted.await;
        let (into, frames) = mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            while let Ok(Some(frame)) = reader.next().await {
                // What it knows of the pair is no part of these stories.
                if !matches!(frame, ToEngine::Knows(_)) && into.send(frame).is_err() {
                    return;
                }
            }
        });
        let writing = tokio::spawn(writer.run());
        let peer = Peer { outbox, frames, tasks: [reading.abort_handle(), writing.abort_handle()] };
        peer.says(&FromEngine::Welcome(self.pair().into()));
        peer
    }

    fn pair(&self) -> Pair {
        let primary =
            PeerName { name: "a".parse().expect("is valid"), address: self.address(), pid: std::process::id() };
        Pair { name: self.pair_name(), epoch: Epoch(1), primary, backup: None }
    }
}

impl Peer {
    pub(crate) fn says(&self, word: &FromEngine) {
        self.outbox.push(frame(word)).expect("the gateway is connected");
    }

    /// The next frame.
    pub(crate) async fn hears(&mut self) -> ToEngine {
        within("a frame of the gateway", self.frames.recv()).await.expect("the gateway is connected")
    }

    /// The next frame, which is a request.
    pub(crate) async fn asked(&mut self) -> (RequestId, Request) {
        match self.hears().await {
            ToEngine::Request { id, body, .. } => (id, body),
            other => panic!("expected a request, not {other:?}"),
        }
    }

    pub(crate) fn answers(&self, id: RequestId, answer: Answer) {
        self.says(&FromEngine::Answer { id, outcome: Outcome::Done(answer) });
    }

    pub(crate) fn refuses(&self, id: RequestId, code: ErrorCode) {
        let refusal = Refusal::new(code, "The story wants it so.");
        self.says(&FromEngine::Answer { id, outcome: Outcome::Refused(refusal) });
    }

    /// Answers the attach that comes next, and returns the position it named.
    pub(crate) async fn attaches(&mut self, participant: u32, head: u64, events: Vec<RawEvent>) -> Seq {
        let (id, request) = self.asked().await;
        let Request::Attach(attaches) = request else { panic!("expected an attach, not {request:?}") };
        let live = attaches
            .iter()
            .map(|attach| Attached::Live { session: attach.session, page: page(participant, head, events.clone()) });
        self.answers(id, Answer::Attached(live.collect()));
        attaches[0].after
    }

    /// Refuses the attach that comes next.
    pub(crate) async fn refuses_attach(&mut self, code: ErrorCode) {
        let (id, request) = self.asked().await;
        let Request::Attach(attaches) = request else { panic!("expected an attach, not {request:?}") };
        let refusal = Refusal::new(code, "The story wants it so.");
        let refused =
            attaches.iter().map(|attach| Attached::Refused { session: attach.session, refusal: refusal.clone() });
        self.answers(id, Answer::Attached(refused.collect()));
    }

    /// Answers the read that comes next, and returns the position it named.
    pub(crate) async fn reads(&mut self, participant: u32, head: u64, events: Vec<RawEvent>) -> Seq {
        let (id, request) = self.asked().await;
        let Request::Read { after, .. } = request else { panic!("expected a read, not {request:?}") };
        self.answers(id, Answer::Page(page(participant, head, events)));
        after
    }

    pub(crate) fn delivers(&self, after: u64, events: Vec<RawEvent>) {
        self.delivers_to(session(), after, events);
    }

    pub(crate) fn delivers_to(&self, session: SessionId, after: u64, events: Vec<RawEvent>) {
        self.says(&FromEngine::Deliver(Deliver { session, after: Seq(after), events }));
    }

    /// The next frame, which is for the interaction server.
    pub(crate) async fn told(&mut self) -> (RequestId, DeskAsk) {
        match self.asked().await {
            (id, Request::Ask(ask)) => (id, ask),
            (_, other) => panic!("expected a question to the interaction server, not {other:?}"),
        }
    }

    /// Answers in the place of the interaction server.
    pub(crate) fn tells(&self, id: RequestId, answer: &Value) {
        self.answers(id, Answer::Told(to_raw_value(answer).expect("is JSON")));
    }

    /// Lets the desk in that enters next, with the view of this version.
    pub(crate) async fn lets_in(&mut self, version: u64) -> DeskId {
        let (id, ask) = self.told().await;
        let DeskAsk::Enter { desk, .. } = ask else { panic!("expected an enter, not {ask:?}") };
        self.tells(id, &view(version));
        desk
    }

    /// What is done at a desk next, by the id that the desk gave it.
    pub(crate) async fn hears_do(&mut self) -> (RequestId, String) {
        let (id, ask) = self.told().await;
        let DeskAsk::Do { id: action, .. } = ask else { panic!("expected an action, not {ask:?}") };
        (id, action.as_str().to_owned())
    }

    /// Waits until a desk is gone.
    pub(crate) async fn hears_exit(&mut self) -> DeskId {
        let (id, ask) = self.told().await;
        let DeskAsk::Exit { desk } = ask else { panic!("expected an exit, not {ask:?}") };
        self.tells(id, &Value::Null);
        desk
    }

    pub(crate) fn shows(&self, desk: DeskId, version: u64) {
        let view = to_raw_value(&view(version)).expect("is JSON");
        self.says(&FromEngine::Desk { desk, news: DeskNews::View(view) });
    }

    /// Waits until a participant has no reader left.
    pub(crate) async fn hears_detach(&mut self) -> Option<ParticipantId> {
        match self.hears().await {
            ToEngine::Detach { participant, .. } => participant,
            other => panic!("expected a detach, not {other:?}"),
        }
    }

    /// `kill -9`: the connection ends without a word.
    pub(crate) fn dies(&self) {
        self.outbox.cut();
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
