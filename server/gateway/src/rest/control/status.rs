//! `GET /api/v1/control/status`: how everything stands, as far as it can be told within a second. What is older says how
//! old it is.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use tandem_protocol::{
    EngineName, Epoch, PairName, Peer, Timestamp,
    control::{Outlook, PairStatus},
    desk::{AgentView, LoggedIn, QueueView},
};

use super::who::Looking;
use crate::{
    app::Shared,
    clock,
    control::{Age, Overseer, Watched, watch},
};

/// The answer, 200.
#[derive(Serialize)]
pub(in crate::rest) struct Status {
    /// The gateway's clock, by which its ages are to be read.
    at_ms: Timestamp,
    me: LoggedIn,
    gateway: ThisGateway,
    agents: Agents,
    pairs: Vec<PairView>,
}

/// The process that answers.
#[derive(Serialize)]
struct ThisGateway {
    name: String,
    version: &'static str,
    pid: u32,
    since_ms: Timestamp,
    desks: usize,
}

/// What the interaction server told last.
#[derive(Serialize)]
struct Agents {
    age_ms: Age,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    queues: Vec<QueueView>,
    agents: Vec<AgentView>,
    waiting: u64,
    served: u64,
}

/// One pair.
#[derive(Serialize)]
struct PairView {
    pair: PairName,
    /// A primary is there.
    connected: bool,
    /// For how long none has been.
    #[serde(skip_serializing_if = "Option::is_none")]
    away_ms: Option<u64>,
    /// It has handed over, and its successor is on its way.
    moving: bool,
    /// Sessions that are read through this gateway, and requests that wait for their answer.
    read: usize,
    unacked: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<KnownPair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<Age>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Arc<PairStatus>>,
    /// What would happen if one of its processes died now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outlook: Vec<Outlook>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Who is who, as the primary has told every link.
#[derive(Serialize)]
struct KnownPair {
    epoch: Epoch,
    primary: KnownEngine,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<KnownEngine>,
}

#[derive(Serialize)]
struct KnownEngine {
    name: EngineName,
    address: String,
    pid: u32,
}

/// See the module.
pub(in crate::rest) async fn status(State(app): State<Shared>, Looking(overseer): Looking) -> Json<Status> {
    let pairs = watch(&app).await.into_iter().map(PairView::of).collect();
    let gateway = ThisGateway {
        name: app.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        since_ms: app.started_at,
        desks: app.engine.desk_count(),
    };
    let me = overseer.overview.me.clone();
    Json(Status { at_ms: clock::now(), me, gateway, agents: Agents::of(&overseer), pairs })
}

impl Agents {
    fn of(overseer: &Overseer) -> Self {
        let overview = &*overseer.overview;
        Self {
            age_ms: Age::since(overseer.seen_at),
            refusal: overseer.refusal.as_ref().map(|problem| problem.detail().to_owned()),
            queues: overview.queues.clone(),
            agents: overview.agents.clone(),
            waiting: overview.waiting,
            served: overview.served,
        }
    }
}

impl PairView {
    fn of(watched: Watched) -> Self {
        let (status, age_ms) = watched.status.unzip();
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            pair: watched.name,
            connected: watched.away.is_none(),
            away_ms: watched.away.map(|away| ms(away.time)),
            moving: watched.away.is_some_and(|away| away.is_planned),
            read: watched.sessions,
            unacked: watched.unacked,
            known: watched.known.map(|known| KnownPair {
                epoch: known.epoch,
                primary: known.primary.into(),
                backup: known.backup.map(KnownEngine::from),
            }),
            age_ms,
            outlook: status.as_ref().map_or_else(Vec::new, |status| status.outlook()),
            status,
            refusal: watched.refusal.map(|problem| problem.detail().to_owned()),
        }
    }
}

impl From<Peer> for KnownEngine {
    fn from(peer: Peer) -> Self {
        Self { name: peer.name, address: peer.address, pid: peer.pid }
    }
}
