//! A scripted engine: the other side of the wire, played by the test itself on this crate's own `accept`.

use std::time::Duration;

use tandem_protocol::{
    Pair, RequestId,
    link::{Answer, FromEngine, Hello, Outcome, Request, ToEngine},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    connection::{ConnectionSettings, Reader, accept, frame},
    outbox::Outbox,
};

/// A story waits this long for what must happen, and fails then. Generous: it is never met when all is well.
const DEADLINE: Duration = Duration::from_secs(20);

/// Awaits what must happen.
pub(crate) async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    timeout(DEADLINE, happens).await.unwrap_or_else(|_| panic!("{what} does not happen"))
}

/// An address at which nothing listens, and that nobody else can take.
pub(crate) struct Down(TcpSocket);

impl Down {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// The process starts.
    pub(crate) fn up(self) -> FakeEngine {
        FakeEngine::serve(self.0.listen(64).unwrap(), ConnectionSettings::default())
    }

    /// The process starts, and then is stopped: the kernel accepts for it, and nobody answers.
    pub(crate) fn stopped(self) -> TcpListener {
        self.0.listen(64).unwrap()
    }
}

/// An engine that accepts; what it says is the test's.
pub(crate) struct FakeEngine {
    pub(crate) address: String,
    accepted: mpsc::UnboundedReceiver<Linked>,
    accepting: JoinHandle<()>,
}

/// One link that has said hello.
pub(crate) struct Linked {
    pub(crate) hello: Hello,
    pub(crate) outbox: Outbox,
    reader: Reader<ToEngine>,
    writing: JoinHandle<()>,
}

impl FakeEngine {
    pub(crate) fn start() -> Self {
        Down::new().up()
    }

    pub(crate) fn start_with(settings: ConnectionSettings) -> Self {
        Self::serve(Down::new().stopped(), settings)
    }

    fn serve(listener: TcpListener, settings: ConnectionSettings) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let (links, accepted) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                // A link that found its primary elsewhere gives up its other attempt at any point of it.
                let Ok(accepted) = accept(tcp, &settings).await else { continue };
                let writing = tokio::spawn(accepted.writer.run());
                let (hello, outbox, reader) = (accepted.hello, accepted.outbox, accepted.reader);
                let _ = links.send(Linked { hello, outbox, reader, writing });
            }
        });
        Self { address, accepted, accepting }
    }

    /// The next link that says hello.
    pub(crate) async fn linked(&mut self) -> Linked {
        soon("a hello", self.accepted.recv()).await.unwrap()
    }

    /// The next link, welcomed.
    pub(crate) async fn welcomes(&mut self, pair: &Pair) -> Linked {
        let linked = self.linked().await;
        linked.says(&FromEngine::Welcome(pair.clone().into()));
        linked
    }

    /// The process is killed: nothing listens at its address.
    pub(crate) async fn kill(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
    }
}

impl Linked {
    pub(crate) fn says(&self, said: &FromEngine) {
        self.outbox.push(frame(said)).unwrap();
    }

    /// Says the last word and ends the connection.
    pub(crate) async fn turns_away(self, said: &FromEngine) {
        let _ = self.outbox.end(Some(frame(said)));
        self.reader.discard().await;
        self.writing.await.unwrap();
    }

    pub(crate) fn answers(&self, id: RequestId, answer: Answer) {
        self.says(&FromEngine::Answer { id, outcome: Outcome::Done(answer) });
    }

    /// The next frame that is not about the pair.
    pub(crate) async fn hears(&mut self) -> ToEngine {
        loop {
            match self.hears_any().await {
                ToEngine::Knows(_) => {}
                other => return other,
            }
        }
    }

    /// What the link says that it knows of the pair.
    pub(crate) async fn hears_what_it_knows(&mut self) -> Pair {
        match self.hears_any().await {
            ToEngine::Knows(pair) => pair,
            other => panic!("not what it knows: {other:?}"),
        }
    }

    async fn hears_any(&mut self) -> ToEngine {
        soon("a frame", self.reader.next()).await.unwrap().expect("the link is connected")
    }

    pub(crate) async fn hears_request(&mut self) -> (RequestId, Request) {
        match self.hears().await {
            ToEngine::Request { id, body, .. } => (id, body),
            other => panic!("no request: {other:?}"),
        }
    }

    /// The connection ends without a word, as when its process is killed.
    pub(crate) async fn dies(self) {
        self.outbox.cut();
        drop(self.reader);
        self.writing.await.unwrap();
    }

    /// Waits until the link has gone.
    pub(crate) async fn sees_the_end(mut self) {
        while let Ok(Some(_)) = soon("the link's end", self.reader.next()).await {}
        self.outbox.cut();
        self.writing.await.unwrap();
    }
}
