//! Stories of a running interaction server: real links, a real directory in a file, and on the other side engines that
//! say what the story needs. What is decided is the routing core's own stories; here it is that it happens.

mod archive;
mod chats;
mod engine;
mod faults;
mod log;
mod logins;
mod pairs;

use std::{future::Future, sync::Arc, time::Duration};

use tandem_interaction::{Interaction, InteractionSettings, Stores, password};
use tandem_protocol::{
    AgentId, DeskId, LoginName, ParticipantId, ParticipantKind, ParticipantState, QueueCause, QueueState, Seq,
    SessionId, SessionState, Timestamp, TokenHash, Visibility,
    desk::{AgentRole, View},
    routing::Changed,
};
use tandem_store::{Directory, Login, NewAccount, SqliteDirectory, SqliteJournal, SqliteTranscripts};
use tempfile::TempDir;

use engine::{Engine, Peer};

/// How long a story waits for anything before it fails: far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what must come.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// An interaction server, its directory, and the engine that it is connected to.
struct House {
    server: Interaction,
    /// As another process has it, such as `tandem agent`.
    directory: Arc<SqliteDirectory>,
    engine: Engine,
    peer: Peer,
    folder: TempDir,
}

impl House {
    async fn start() -> Self {
        Self::start_with(InteractionSettings::default()).await
    }

    async fn start_with(settings: InteractionSettings) -> Self {
        Self::start_in(tempfile::tempdir().expect("is writable"), settings).await
    }

    /// In a data directory that holds something already.
    async fn start_in(folder: TempDir, settings: InteractionSettings) -> Self {
        let directory = Arc::new(SqliteDirectory::open(folder.path()).expect("opens"));
        let engine = Engine::start().await;
        let server = start_with(settings, stores_in(&folder), &engine).await;
        let peer = engine.welcomes().await;
        Self { server, directory, engine, peer, folder }
    }

    /// Somebody new, with the password `p`.
    async fn hires(&self, name: &str, role: AgentRole) -> AgentId {
        let account = NewAccount {
            name: LoginName::new(name).expect("is valid"),
            display: name.to_uppercase(),
            role,
            capacity: 2,
            skills: Vec::new(),
            password: hashed().await,
        };
        self.directory.add_account(account).await.expect("can be kept").expect("is new").agent
    }

    /// Somebody who is logged in; the token is made of his number.
    async fn logged_in(&self, name: &str) -> AgentId {
        let agent = self.hires(name, AgentRole::Agent).await;
        let login = Login { token: token(agent.0 as u8), agent, expires_at: Timestamp(u64::MAX / 2) };
        self.directory.add_login(login, Timestamp(1)).await.expect("can be kept");
        agent
    }

    /// A desk that has entered, and what it was shown first.
    async fn desk(&mut self, agent: AgentId) -> (DeskId, View) {
        let desk = DeskId(session(u64::from(agent.0)).0);
        let view = self.peer.enters(desk, token(agent.0 as u8)).await.expect("is logged in");
        (desk, serde_json::from_str(&view).expect("is a view"))
    }

    async fn shuts_down(self) {
        self.server.shutdown().await.expect("ends in order");
    }
}

async fn start(stores: Stores, engine: &Engine) -> Interaction {
    start_with(InteractionSettings::default(), stores, engine).await
}

async fn start_with(settings: InteractionSettings, stores: Stores, engine: &Engine) -> Interaction {
    Interaction::start(settings, stores, vec![engine.link()]).await.expect("starts")
}

/// Everything in a data directory.
fn stores_in(folder: &TempDir) -> Stores {
    let directory = SqliteDirectory::open(folder.path()).expect("opens");
    let transcripts = SqliteTranscripts::open(folder.path()).expect("opens");
    Stores::new(Arc::new(directory), Arc::new(transcripts), Arc::new(SqliteJournal::new(folder.path())))
}

async fn hashed() -> tandem_store::PasswordHash {
    tokio::task::spawn_blocking(|| password::hash("p")).await.expect("can be hashed")
}

fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

fn session(number: u64) -> SessionId {
    format!("0198c5a2-7b1e-7c3d-9f00-{number:012}").parse().expect("is a UUID")
}

/// A session that has just been opened.
fn opened(number: u64) -> Changed {
    let customer = ParticipantState {
        participant: ParticipantId(1),
        kind: ParticipantKind::Client,
        name: "Ana".into(),
        joined: true,
        visibility: Visibility::All,
        agent: None,
    };
    let state = SessionState { participants: vec![customer], ..SessionState::default() };
    Changed { session: session(number), head: Seq(2), state }
}

/// The same, waiting since event 3.
fn waiting(number: u64) -> Changed {
    let mut changed = opened(number);
    changed.head = Seq(3);
    changed.state.queue = Some(Box::new(QueueState {
        queue: "default".parse().expect("is valid"),
        seq: Seq(3),
        since_ms: Timestamp(1),
        cause: QueueCause::Opened,
        waiting: true,
        by: None,
        agent: None,
        text: None,
        place: None,
    }));
    changed
}

/// The same, taken with event 4.
fn taken(number: u64, agent: AgentId) -> Changed {
    let mut changed = waiting(number);
    changed.head = Seq(4);
    changed.state.queue.as_mut().expect("it waited").waiting = false;
    changed.state.participants.push(ParticipantState {
        participant: ParticipantId(2),
        kind: ParticipantKind::Agent,
        name: "BEN".into(),
        joined: true,
        visibility: Visibility::All,
        agent: Some(agent),
    });
    changed
}
