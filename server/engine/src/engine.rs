//! The handle of a running engine.

use std::sync::Arc;

use tandem_protocol::{EngineName, Epoch};
use tandem_store::{Journal, Store};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use crate::{EngineError, EngineSettings, acceptor, process::Process, service};

/// What an engine is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineRole {
    /// It has not found out yet, or is taking over.
    Undecided,
    /// It stands by for this engine.
    Backup {
        /// The primary's name.
        primary: EngineName,
        /// The epoch in which that one serves.
        epoch: Epoch,
    },
    /// It serves, in this epoch.
    Primary {
        /// The epoch.
        epoch: Epoch,
    },
}

/// A running engine. Dropping it leaves it running; [`Engine::shutdown`] ends it.
#[derive(Debug)]
pub struct Engine {
    role: watch::Receiver<EngineRole>,
    inputs: mpsc::Sender<service::Input>,
    restart: Arc<Notify>,
    stop: tokio_util::sync::CancellationToken,
    service: JoinHandle<()>,
    acceptor: JoinHandle<()>,
}

impl Engine {
    /// Starts an engine on a store and a listener that is bound already: whoever connects early waits instead of
    /// being refused, for a refused address tells the other engine that nobody is here. What happens is written into the
    /// journal; whether that works makes no difference to anybody who chats.
    pub fn start(
        settings: EngineSettings,
        store: Arc<dyn Store>,
        journal: Arc<dyn Journal>,
        listener: TcpListener,
    ) -> Result<Self, EngineError> {
        let process = Process::this().map_err(EngineError::Process)?;
        let stop = tokio_util::sync::CancellationToken::new();
        let restart = Arc::new(Notify::new());
        let credentials = settings.credentials.clone();
        let (service, role, inputs) =
            service::Service::new(settings, store, journal, process, stop.clone(), restart.clone());
        Ok(Self {
            role,
            inputs: inputs.clone(),
            restart,
            stop,
            service: tokio::spawn(service.run()),
            acceptor: tokio::spawn(acceptor::run(listener, inputs, credentials)),
        })
    }

    /// What the engine is, now and from now on.
    #[must_use]
    pub fn role(&self) -> watch::Receiver<EngineRole> {
        self.role.clone()
    }

    /// Has the engine hand over to its backup, if it is primary. What becomes of it is in the log: whoever wants an answer
    /// asks over a link.
    pub async fn switch_over(&self) {
        // The service may have ended; then there is nothing to hand over.
        let _ = self.inputs.send(service::Input::SwitchoverSignalled).await;
    }

    /// Waits until an operator wants the engine, which stands by, to be ended and started again. Cancel safe.
    pub fn restart_asked(&self) -> impl Future<Output = ()> + use<> {
        let restart = self.restart.clone();
        async move { restart.notified().await }
    }

    /// Ends the engine: what was sent is saved and answered, the lease is given up, links are sent away.
    pub async fn shutdown(self) -> Result<(), EngineError> {
        self.stop.cancel();
        self.service.await.map_err(|_| EngineError::Panicked)?;
        self.acceptor.await.map_err(|_| EngineError::Panicked)
    }

    /// Waits until the engine ends without having been told to, which only a panic does.
    pub async fn failed(&mut self) -> EngineError {
        // The service runs until it is stopped, and `shutdown` takes the engine.
        let _ = (&mut self.service).await;
        EngineError::Panicked
    }
}
