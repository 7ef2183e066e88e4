//! The Web API server of Tandem: browser WebSockets, REST, pages. It stands between clients and one or several pairs of
//! engines and keeps clients connected while one engine dies and the other takes over.
//!
//! It holds no history and decides nothing about a session but at which pair it is opened: what it knows is who reads
//! what here and how far, and who is at which desk. It knows the engines, and the interaction server behind them, through
//! its links only and must never see a store. The executable's gateway role calls [`Gateway::start`] and [`Gateway::shutdown`].

mod app;
mod clock;
mod control;
mod drills;
mod engine;
mod frames;
mod health;
mod measuring;
mod origin;
mod outgoing;
mod pages;
mod problem;
mod pulse;
mod registry;
mod rest;
mod routes;
mod secret;
mod serve;
mod settings;
mod socket;

use std::{net::SocketAddr, sync::Arc};

use tandem_link::{LinkSettings, LinkStatus, LinkTask};
use tandem_protocol::PairName;
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use engine::InvalidPairs;
pub use pulse::Pulse;
pub use secret::SecretError;
pub use serve::Listener;
pub use settings::{GatewaySettings, IdempotencySecret, InvalidSetting, TrustedProxy};

use app::{App, Shared};
use control::Oversight;
use drills::Drills;
use engine::{Engine, Pairs, tell_gaps};
use registry::Desks;
use secret::Secret;

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is not allowed.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// The file of its secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Its links do not go together.
    #[error(transparent)]
    Pairs(#[from] InvalidPairs),
    /// The listener has no address: its socket is broken.
    #[error("the listener: {0}")]
    Listener(#[source] std::io::Error),
}

/// A running gateway.
pub struct Gateway {
    app: Shared,
    address: SocketAddr,
    accepting: JoinHandle<()>,
    pulse: Pulse,
    /// A task for each pair and one for the desks.
    keeping_times: JoinSet<()>,
    links: Vec<LinkTask>,
}

impl Gateway {
    /// Starts to serve on the listener and to look for the primaries, a link for each pair. Must be called within a Tokio
    /// runtime.
    ///
    /// It serves at once; until an engine is there requests wait and `/readyz` says so. The first pair has the sessions
    /// whose ids say no pair that is linked to.
    pub fn start(
        settings: GatewaySettings,
        listener: impl Into<Listener>,
        links: Vec<LinkSettings>,
    ) -> Result<Self, StartError> {
        settings.check()?;
        let listener = listener.into();
        let is_encrypted = listener.is_encrypted();
        let address = listener.local_addr().map_err(StartError::Listener)?;
        let configured = settings.idempotency_secret.as_ref().map(|secret| secret.0.as_str());
        let secret = Secret::load(configured, links.first().and_then(|link| link.cache.as_deref()))?;
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let name = links.first().map_or_else(String::new, |link| link.name.clone());
        let desks = Arc::new(Desks::new(links.len()));
        let (pairs, links) = Pairs::start(links, &desks)?;
        let keeping_times = keep_times(&pairs, &desks, &stopping);
        let engine = Engine::new(pairs, desks, settings.engine_wait_max, tasks.clone(), stopping.clone());
        let sockets = Arc::new(Semaphore::new(settings.clients_max));
        let desks = Arc::new(Semaphore::new(settings.desks_max));
        let connections_max = settings.http_connections_max;
        let (owned, stopped) = (tasks.clone(), stopping.clone());
        let oversight = Oversight::new(links.len());
        let app = Arc::new(App {
            settings,
            is_encrypted,
            engine,
            secret,
            oversight,
            drills: Drills::default(),
            name,
            started_at: clock::now(),
            sockets,
            desks,
            tasks: owned,
            stopping: stopped,
        });
        let (pulse, asked) = Pulse::of(app.clone());
        let accept = serve::serve(listener, routes::router(app.clone()), connections_max, tasks, asked, stopping);
        Ok(Self { app, address, accepting: tokio::spawn(accept), pulse, keeping_times, links })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// By which one may ask whether it goes on.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// How its links stand, one for each pair.
    #[must_use]
    pub fn links(&self) -> Vec<(PairName, LinkStatus)> {
        self.app.engine.pairs().iter().map(|pair| (pair.name.clone(), pair.status())).collect()
    }

    /// Stops: accepts no more, tells every client when to come back, lets requests finish within `shutdown-max`, and
    /// ends the links last, so that what was accepted is still answered.
    pub async fn shutdown(mut self) {
        let until = Instant::now() + self.app.settings.shutdown_max;
        self.app.stopping.cancel();
        self.app.engine.stop_readers();
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "the task that accepts connections had panicked");
        }
        while let Some(kept) = self.keeping_times.join_next().await {
            if let Err(error) = kept {
                tracing::error!(%error, "a task that keeps times had panicked");
            }
        }
        self.app.tasks.close();
        if timeout_at(until, self.app.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.app.tasks.len(), "did not finish in time; they are dropped");
        }
        self.app.engine.stop_links();
        for link in self.links {
            if let Err(error) = link.await {
                tracing::error!(%error, "a link's task had panicked");
            }
        }
    }
}

fn keep_times(pairs: &Pairs, desks: &Arc<Desks>, stopping: &CancellationToken) -> JoinSet<()> {
    let mut keeping = JoinSet::new();
    // None of it is needed once the readers are told that the gateway goes.
    for pair in pairs.iter() {
        let (registry, stopped) = (pair.registry.clone(), stopping.clone());
        keeping.spawn(async move { stopped.run_until_cancelled(registry.keep_times()).await.unwrap_or(()) });
        let (telling, stopped) = (tell_gaps(pair.link.clone(), pair.registry.clone()), stopping.clone());
        keeping.spawn(async move { stopped.run_until_cancelled(telling).await.unwrap_or(()) });
    }
    let (desks, stopped) = (desks.clone(), stopping.clone());
    keeping.spawn(async move { stopped.run_until_cancelled(desks.keep_times()).await.unwrap_or(()) });
    keeping
}
