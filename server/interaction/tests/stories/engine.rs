//! An engine that a story speaks for: it accepts the link, hands every frame to the story and says what it is told.

use std::collections::VecDeque;

use tandem_link::{
    LinkSettings, Outbox,
    connection::{Accepted, ConnectionSettings, accept, frame},
};
use tandem_protocol::{
    AskId, ClientId, DeskId, Epoch, ErrorCode, GatewayLink, LoginName, Pair, PairName, ParticipantId, Peer as PeerName,
    Refusal, RequestId, Secret, Seq, SessionId, Timestamp, TokenHash,
    archive::Look,
    desk::{Action, DeskAsk, DeskNews, View},
    link::{Answer, FromEngine, LinkRole, Outcome, Request, ToEngine},
    routing::{Changed, Placed},
};
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

use crate::within;

/// Where an engine is to be found.
pub(crate) struct Engine {
    pair: PairName,
    listener: TcpListener,
}

/// The interaction server's link as the engine has it.
pub(crate) struct Peer {
    outbox: Outbox,
    frames: mpsc::UnboundedReceiver<ToEngine>,
    /// What came while the story waited for something else.
    heard: VecDeque<ToEngine>,
    tasks: [AbortHandle; 2],
    last_ask: AskId,
}

const GATEWAY: GatewayLink = GatewayLink(7);

impl Engine {
    pub(crate) async fn start() -> Self {
        Self::of_pair("main").await
    }

    pub(crate) async fn of_pair(pair: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        Self { pair: PairName::new(pair).expect("is valid"), listener }
    }

    /// What a link to it needs to know.
    pub(crate) fn link(&self) -> LinkSettings {
        LinkSettings::new(self.pair.clone(), LinkRole::Interaction, "interaction", vec![self.address()])
    }

    fn address(&self) -> String {
        self.listener.local_addr().expect("it is bound").to_string()
    }

    /// Lets the next link in, and tells it that there is no session.
    pub(crate) async fn welcomes(&self) -> Peer {
        self.welcomes_with(&[]).await
    }

    /// Lets the next link in, and tells it of these sessions.
    pub(crate) async fn welcomes_with(&self, open: &[Changed]) -> Peer {
        let accepted = within("the link", async {
            let (tcp, _) = self.listener.accept().await.expect("accepts");
            accept(tcp, &ConnectionSettings::default()).await.expect("the link shakes hands")
        });
        let Accepted { hello, mut reader, outbox, writer, .. } = accepted.await;
        assert_eq!(hello.role, LinkRole::Interaction);
        let (into, frames) = mpsc::unbounded_channel();
        let (open, says) = (open.to_vec(), outbox.clone());
        let reading = tokio::spawn(async move {
            while let Ok(Some(word)) = reader.next().await {
                let words = answers_to(&word, &open);
                words.iter().for_each(|word| says.push(frame(word)).expect("the server is connected"));
                let is_over = words.is_empty() && !matches!(word, ToEngine::Heartbeat) && into.send(word).is_err();
                if is_over {
                    return;
                }
            }
        });
        let writing = tokio::spawn(writer.run());
        let tasks = [reading.abort_handle(), writing.abort_handle()];
        let peer = Peer { outbox, frames, heard: VecDeque::new(), tasks, last_ask: AskId(0) };
        peer.says(&FromEngine::Welcome(self.pair().into()));
        peer
    }

    fn pair(&self) -> Pair {
        let primary =
            PeerName { name: "a".parse().expect("is valid"), address: self.address(), pid: std::process::id() };
        Pair { name: self.pair.clone(), epoch: Epoch(1), primary, backup: None }
    }
}

impl Peer {
    pub(crate) fn says(&self, word: &FromEngine) {
        self.outbox.push(frame(word)).expect("the server is connected");
    }

    pub(crate) fn changes(&self, changed: Changed) {
        self.says(&FromEngine::Changed(vec![changed]));
    }

    /// The next frame of this kind; what else comes waits.
    pub(crate) async fn hears(&mut self, what: &str, is: impl Fn(&ToEngine) -> bool) -> ToEngine {
        if let Some(at) = self.heard.iter().position(&is) {
            return self.heard.remove(at).expect("it is there");
        }
        loop {
            let frame = within(what, self.frames.recv()).await.expect("the server is connected");
            if is(&frame) {
                return frame;
            }
            self.heard.push_back(frame);
        }
    }

    pub(crate) async fn asked(&mut self, what: &str, is: impl Fn(&Request) -> bool) -> (RequestId, Request) {
        let is_request = |frame: &ToEngine| matches!(frame, ToEngine::Request { body, .. } if is(body));
        match self.hears(what, is_request).await {
            ToEngine::Request { id, body, .. } => (id, body),
            _ => unreachable!("it is a request"),
        }
    }

    pub(crate) fn answers(&self, id: RequestId, answer: Answer) {
        self.says(&FromEngine::Answer { id, outcome: Outcome::Done(answer) });
    }

    pub(crate) fn joined(&self, id: RequestId) {
        self.answers(id, Answer::Joined { participant: ParticipantId(2), seq: Seq(4) });
    }

    pub(crate) fn saved(&self, id: RequestId, seq: u64) {
        self.answers(
            id,
            Answer::Saved { seq: Seq(seq), at_ms: Timestamp(1), participant: ParticipantId(0), durable: true },
        );
    }

    /// A gateway asks.
    pub(crate) fn asks(&mut self, body: DeskAsk) -> AskId {
        self.last_ask = self.last_ask.next();
        self.says(&FromEngine::Asked { ask: self.last_ask, gateway: GATEWAY, body });
        self.last_ask
    }

    pub(crate) async fn reply_to(&mut self, ask: AskId) -> Result<String, Refusal> {
        let is_it = |frame: &ToEngine| matches!(frame, ToEngine::Reply { ask: of, .. } if *of == ask);
        match self.hears("a reply", is_it).await {
            ToEngine::Reply { outcome: Outcome::Done(Answer::Told(json)), .. } => Ok(json.get().to_owned()),
            ToEngine::Reply { outcome: Outcome::Refused(refusal), .. } => Err(refusal),
            other => panic!("no reply: {other:?}"),
        }
    }

    pub(crate) async fn logs_in(&mut self, name: &str, password: &str, token: TokenHash) -> Result<String, Refusal> {
        let (name, password) = (LoginName::new(name).expect("is valid"), Secret::new(password));
        let ask = self.asks(DeskAsk::Login { name, password, token, from: "192.0.2.1".into() });
        self.reply_to(ask).await
    }

    pub(crate) async fn enters(&mut self, desk: DeskId, token: TokenHash) -> Result<String, Refusal> {
        let ask = self.asks(DeskAsk::Enter { desk, token });
        self.reply_to(ask).await
    }

    pub(crate) async fn does(&mut self, desk: DeskId, id: &str, action: Action) -> Result<String, Refusal> {
        let ask = self.starts(desk, id, action);
        self.reply_to(ask).await
    }

    pub(crate) async fn looks(&mut self, token: TokenHash, look: Look) -> Result<String, Refusal> {
        let ask = self.asks(DeskAsk::Look { token, look, from: None });
        self.reply_to(ask).await
    }

    /// The session that is to be erased next.
    pub(crate) async fn is_to_erase(&mut self) -> (RequestId, SessionId) {
        match self.asked("an erasure", |body| matches!(body, Request::Erase { .. })).await {
            (id, Request::Erase { session }) => (id, session),
            _ => unreachable!("it is an erasure"),
        }
    }

    pub(crate) fn refuses(&self, id: RequestId, code: ErrorCode) {
        self.says(&FromEngine::Answer { id, outcome: Outcome::Refused(Refusal::new(code, "Not now.")) });
    }

    pub(crate) fn starts(&mut self, desk: DeskId, id: &str, action: Action) -> AskId {
        self.asks(DeskAsk::Do { desk, id: ClientId::new(id).expect("is valid"), action })
    }

    /// The next view of this desk that is as wanted.
    pub(crate) async fn shows(&mut self, desk: DeskId, what: &str, is: impl Fn(&View) -> bool) -> View {
        loop {
            let is_view = |frame: &ToEngine| matches!(frame, ToEngine::Push { desk: of, news: DeskNews::View(_), .. } if *of == desk);
            let ToEngine::Push { news: DeskNews::View(json), gateway, .. } = self.hears(what, is_view).await else {
                unreachable!("it is a view");
            };
            assert_eq!(gateway, GATEWAY);
            let view: View = serde_json::from_str(json.get()).expect("is a view");
            if is(&view) {
                return view;
            }
        }
    }

    pub(crate) async fn hears_of_revocation(&mut self, desk: DeskId) {
        let is_it =
            |frame: &ToEngine| matches!(frame, ToEngine::Push { desk: of, news: DeskNews::Revoked, .. } if *of == desk);
        self.hears("a revocation", is_it).await;
    }

    pub(crate) async fn places(&mut self) -> Vec<Placed> {
        match self.hears("places", |frame| matches!(frame, ToEngine::Places(_))).await {
            ToEngine::Places(placed) => placed,
            _ => unreachable!("they are places"),
        }
    }

    /// `kill -9`: the connection ends without a word.
    pub(crate) fn dies(self) {
        self.outbox.cut();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// What the server asks before it decides is answered at once.
fn answers_to(word: &ToEngine, open: &[Changed]) -> Vec<FromEngine> {
    let answer = |id: &RequestId, answer| FromEngine::Answer { id: *id, outcome: Outcome::Done(answer) };
    match word {
        ToEngine::Request { id, body: Request::Watch, .. } => {
            let sessions = open.iter().map(|changed| changed.session).collect();
            vec![FromEngine::Opened(sessions), answer(id, Answer::Done)]
        }
        ToEngine::Request { id, body: Request::Follow(asked), .. } => {
            let known = open.iter().filter(|changed| asked.contains(&changed.session));
            vec![answer(id, Answer::Followed(known.cloned().collect()))]
        }
        _ => Vec::new(),
    }
}
