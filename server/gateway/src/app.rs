//! What every handler of the gateway shares.

use std::sync::Arc;

use tandem_protocol::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{control::Oversight, drills::Drills, engine::Engine, secret::Secret, settings::GatewaySettings};

/// See the module. Handlers get it as `State<Shared>`.
pub(crate) struct App {
    pub(crate) settings: GatewaySettings,
    /// Whether clients reach it by HTTPS without a proxy between.
    pub(crate) is_encrypted: bool,
    pub(crate) engine: Engine,
    pub(crate) secret: Secret,
    /// What administrators see.
    pub(crate) oversight: Oversight,
    /// What they rehearse.
    pub(crate) drills: Drills,
    /// For them: what this process is called, and since when it is there.
    pub(crate) name: String,
    pub(crate) started_at: Timestamp,
    /// One permit a WebSocket of a session's client (`clients-max`).
    pub(crate) sockets: Arc<Semaphore>,
    /// One permit a desk (`desks-max`): a rush of customers does not keep those away who are to answer them.
    pub(crate) desks: Arc<Semaphore>,
    /// Every connection's task; a shutdown waits for them.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the gateway shuts down.
    pub(crate) stopping: CancellationToken,
}

/// A handle to the one there is.
pub(crate) type Shared = Arc<App>;
