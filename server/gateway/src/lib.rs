//! The Web API server of Tandem: browser WebSockets, REST, pages. It stands between clients and a pair of engines and
//! keeps clients connected while one engine dies and the other takes over.
//!
//! It holds no history and decides nothing about a session: what it knows is who reads what here and how far, and who
//! is at which desk. It knows an engine, and the interaction server behind it, through its link only and must never see
//! a store. The executable's gateway role calls [`Gateway::start`] and [`Gateway::shutdown`].

mod app;
mod engine;
mod frames;
mod health;
mod origin;
mod outgoing;
mod pages;
mod problem;
mod registry;
mod rest;
mod routes;
mod secret;
mod serve;
mod settings;
mod socket;

use std::{net::SocketAddr, sync::Arc};

use tandem_link::{Link, LinkSettings, LinkStatus, LinkTask};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use secret::SecretError;
pub use settings::{GatewaySettings, IdempotencySecret, InvalidSetting};

use app::{App, Shared};
use engine::Engine;
use registry::Registry;
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
    /// The listener has no address: its socket is broken.
    #[error("the listener: {0}")]
    Listener(#[source] std::io::Error),
}

/// A running gateway.
pub struct Gateway {
    app: Shared,
    address: SocketAddr,
    accepting: JoinHandle<()>,
    keeping_times: JoinHandle<()>,
    link: LinkTask,
}

impl Gateway {
    /// Starts to serve on the listener and to look for the primary. Must be called within a Tokio runtime.
    ///
    /// It serves at once; until an engine is there requests wait and `/readyz` says so.
    pub fn start(
        settings: GatewaySettings,
        listener: TcpListener,
        link_settings: LinkSettings,
    ) -> Result<Self, StartError> {
        settings.check()?;
        let address = listener.local_addr().map_err(StartError::Listener)?;
        let configured = settings.idempotency_secret.as_ref().map(|secret| secret.0.as_str());
        let secret = Secret::load(configured, link_settings.cache.as_deref())?;
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let registry = Arc::new(Registry::new());
        let (kept_by, stopped) = (registry.clone(), stopping.clone());
        let keeping_times = tokio::spawn(async move {
            // None of it is needed once the readers are told that the gateway goes.
            stopped.run_until_cancelled(kept_by.keep_times()).await;
        });
        let (link, link_task) = Link::start(link_settings, registry.clone());
        let engine = Engine::new(link, registry, settings.engine_wait_max, tasks.clone(), stopping.clone());
        let sockets = Arc::new(Semaphore::new(settings.clients_max));
        let desks = Arc::new(Semaphore::new(settings.desks_max));
        let connections_max = settings.http_connections_max;
        let (owned, stopped) = (tasks.clone(), stopping.clone());
        let app = Arc::new(App { settings, engine, secret, sockets, desks, tasks: owned, stopping: stopped });
        let accept = serve::serve(listener, routes::router(app.clone()), connections_max, tasks, stopping);
        Ok(Self { app, address, accepting: tokio::spawn(accept), keeping_times, link: link_task })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How its link to the pair stands.
    #[must_use]
    pub fn link_status(&self) -> LinkStatus {
        self.app.engine.status()
    }

    /// Stops: accepts no more, tells every client when to come back, lets requests finish within `shutdown-max`, and
    /// ends the link last, so that what was accepted is still answered.
    pub async fn shutdown(self) {
        let until = Instant::now() + self.app.settings.shutdown_max;
        self.app.stopping.cancel();
        self.app.engine.stop_readers();
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "the task that accepts connections had panicked");
        }
        if let Err(error) = self.keeping_times.await {
            tracing::error!(%error, "the task that keeps times had panicked");
        }
        self.app.tasks.close();
        if timeout_at(until, self.app.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.app.tasks.len(), "did not finish in time; they are dropped");
        }
        self.app.engine.stop_link();
        if let Err(error) = self.link.await {
            tracing::error!(%error, "the link's task had panicked");
        }
    }
}
