//! The bare relay, the yardstick: an axum server that passes each frame on to both parties of a room and saves nothing.
//!
//! It is as good as such a relay can be made with little: small read buffers, no parsing, everything that waits is
//! written before one flush. It runs as its own process, as the gateway does.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes, WebSocket},
    },
    response::Response,
    routing::get,
};
use futures_util::{FutureExt, SinkExt, StreamExt, TryStreamExt, stream};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_tungstenite::tungstenite::Error;

use crate::{
    party::{Socket, Two},
    sessions,
};

/// As small as the gateway's: the figure beside which the relay stands is not one of buffers.
const READ_BUFFER_BYTES: usize = 1024;

/// Frames that wait for one party; a window is far smaller. A party for whom more wait is dropped from its room.
const WAITING_MAX: usize = 4096;

/// Who is in which room.
type Rooms = Arc<Mutex<HashMap<usize, Vec<mpsc::Sender<Utf8Bytes>>>>>;

/// Serves until it is killed; prints its address first.
#[expect(clippy::print_stdout, reason = "the address is told to the process that started it")]
pub(crate) async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    println!("{}", listener.local_addr().expect("a bound listener has an address"));
    let router = Router::new().route("/room/{room}", get(enter)).with_state(Rooms::default());
    axum::serve(listener, router).await.expect("serves until it is killed");
}

async fn enter(Path(room): Path<usize>, State(rooms): State<Rooms>, upgrade: WebSocketUpgrade) -> Response {
    let (own, waiting) = mpsc::channel(WAITING_MAX);
    // Before it is answered: a party that believes itself connected misses nothing that the other one says.
    rooms.lock().expect("nobody panics in a room").entry(room).or_default().push(own);
    upgrade.read_buffer_size(READ_BUFFER_BYTES).on_upgrade(move |socket| stay(room, rooms, waiting, socket))
}

/// Passes on what this party says and writes what both say.
async fn stay(room: usize, rooms: Rooms, mut waiting: mpsc::Receiver<Utf8Bytes>, mut socket: WebSocket) {
    loop {
        // Both arms are cancel safe: a frame is taken whole or not at all.
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => pass_on(room, &rooms, &text),
                Some(Ok(_)) => {}
                _ => return,
            },
            Some(text) = waiting.recv() => {
                if write(&mut socket, text, &mut waiting).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn pass_on(room: usize, rooms: &Rooms, text: &Utf8Bytes) {
    let mut rooms = rooms.lock().expect("nobody panics in a room");
    rooms.entry(room).or_default().retain(|party| party.try_send(text.clone()).is_ok());
}

/// Writes a frame and all that wait already, then flushes once.
async fn write(
    socket: &mut WebSocket,
    first: Utf8Bytes,
    waiting: &mut mpsc::Receiver<Utf8Bytes>,
) -> Result<(), axum::Error> {
    let mut next = Some(first);
    while let Some(text) = next {
        socket.feed(Message::Text(text)).await?;
        next = waiting.recv().now_or_never().flatten();
    }
    socket.flush().await
}

/// The relay's process, as the generator holds it.
pub(crate) struct Process {
    child: Child,
    address: String,
}

impl Process {
    pub(crate) async fn start() -> Self {
        let own = std::env::current_exe().expect("a running program has an executable");
        let mut child =
            Command::new(own).arg("relay").stdout(Stdio::piped()).spawn().expect("the own executable can be started");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut address).expect("the relay prints its address");
        Self { child, address: address.trim().to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Connects one party to a room.
    pub(crate) async fn connect(&self, room: usize) -> Result<Socket, Error> {
        sessions::open_socket(&format!("ws://{}/room/{room}", self.address), None).await
    }

    /// Connects both parties of many rooms.
    pub(crate) async fn rooms(&self, count: usize) -> Vec<Two> {
        // Rooms of the idle clients are below.
        let rooms = stream::iter(0..count).map(|at| async move {
            let room = usize::MAX - at;
            Ok::<Two, Error>(Two { sockets: [self.connect(room).await?, self.connect(room).await?], is_saved: false })
        });
        rooms.buffer_unordered(16).try_collect().await.expect("the relay takes every party")
    }

    pub(crate) fn end(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After an orderly end this says that the child is gone, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
