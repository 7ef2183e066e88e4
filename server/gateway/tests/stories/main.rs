//! Stories of a gateway between real sockets: browsers and programs on one side, on the other an engine that says
//! exactly what the story needs. Stories with real engines are in the workspace's `tests/`.

mod agents;
mod browser;
mod contacts;
mod control;
mod desks;
mod engine;
mod failover;
mod limits;
mod pages;
mod pairs;
mod rest;
mod sockets;
mod transcripts;

use std::{future::Future, time::Duration};

use serde_json::{Value, json};
use tandem_gateway::{Gateway, GatewaySettings};
use tandem_link::LinkSettings;
use tandem_protocol::{
    ClientId, DeskId, Event, EventBody, ParticipantId, ParticipantKind, ParticipantState, RawEvent, Seq, SessionId,
    SessionState, Timestamp, Visibility,
    link::{Heads, LinkRole, Page},
};
use tokio::net::TcpListener;

use browser::Browser;
use engine::{Engine, Peer};

/// How long a story waits for anything before it fails: far longer than anything takes, and shorter than a heartbeat,
/// which would wake a connection that has forgotten something.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for what must come.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// A gateway and the engine it is connected to.
struct House {
    gateway: Gateway,
    engine: Engine,
    peer: Peer,
}

impl House {
    async fn start() -> Self {
        Self::with(GatewaySettings::default()).await
    }

    async fn with(settings: GatewaySettings) -> Self {
        let engine = Engine::start().await;
        let gateway = gateway(settings, &engine).await;
        let peer = engine.welcomes().await;
        Self { gateway, engine, peer }
    }

    /// A browser that the engine has let in as this participant, in step at `head`.
    async fn browser(&mut self, participant: u32, head: u64) -> Browser {
        let mut browser = Browser::connects(&self.gateway).await;
        browser.hello(head).await;
        self.peer.attaches(participant, head, Vec::new()).await;
        browser.hears_of("welcome").await;
        browser
    }

    /// A desk that the interaction server has let in, with the view of version 1.
    async fn desk(&mut self) -> (Browser, DeskId) {
        let mut browser = Browser::connects_desk(&self.gateway).await;
        browser.desk_hello().await;
        let desk = self.peer.lets_in(1).await;
        browser.hears_of("welcome").await;
        (browser, desk)
    }

    /// What a URL path is at this gateway.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.local_addr())
    }
}

async fn gateway(settings: GatewaySettings, engine: &Engine) -> Gateway {
    gateway_of(settings, &[engine]).await
}

/// One that is told of the primaries of several pairs.
async fn gateway_of(settings: GatewaySettings, engines: &[&Engine]) -> Gateway {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let link =
        |engine: &&Engine| LinkSettings::new(engine.pair_name(), LinkRole::Gateway, "gateway", vec![engine.address()]);
    Gateway::start(settings, listener, engines.iter().map(link).collect()).expect("the settings are fine")
}

/// A view of which only the number matters.
fn view(version: u64) -> Value {
    json!({"version": version, "offers": []})
}

fn session() -> SessionId {
    "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID")
}

fn message(seq: u64, text: &str) -> RawEvent {
    let client_id = ClientId::new(&format!("m-{seq}")).expect("is valid");
    let body = EventBody::Message {
        participant: ParticipantId(1),
        client_id,
        text: text.to_owned(),
        visibility: Visibility::All,
    };
    RawEvent::of(&Event { seq: Seq(seq), at_ms: Timestamp(1), body })
}

fn messages(seqs: std::ops::RangeInclusive<u64>) -> Vec<RawEvent> {
    seqs.map(|seq| message(seq, "hi")).collect()
}

fn state() -> SessionState {
    let participant = |number| ParticipantState {
        participant: ParticipantId(number),
        kind: ParticipantKind::Client,
        name: "Ada".into(),
        joined: true,
        visibility: Visibility::All,
        agent: None,
    };
    let participants = vec![participant(1), participant(2)];
    SessionState { participants, ..SessionState::default() }
}

fn page(participant: u32, head: u64, events: Vec<RawEvent>) -> Page {
    let heads = Heads { all: Seq(head), int: Seq(head), vip: Seq(head) };
    Page { participant: Some(ParticipantId(participant)), head: Seq(head), heads, events, state: state() }
}
