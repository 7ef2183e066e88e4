//! [`Pulse`]: asks an interaction server whether it goes on, for whoever starts a hung process again.
//!
//! It takes its turn at the core, as every input does. It never asks for the directory or a pair: a server that waits for
//! either goes on.

use std::{fmt, sync::Arc};

use crate::service::Service;

/// Asks the interaction server. Cheap to clone; it may outlive its server.
#[derive(Clone)]
pub struct Pulse(Arc<Service>);

impl Pulse {
    pub(crate) fn of(service: Arc<Service>) -> Self {
        Self(service)
    }

    /// Returns once the core has answered, with true, or has panicked, with false. One that hangs does neither, so the
    /// caller bounds the wait. Cancel safe: a turn for which nobody waits is taken all the same.
    pub async fn answers(&self) -> bool {
        let service = self.0.clone();
        // On a task of its own: a core that hangs must not take the caller with it, who bounds the wait.
        tokio::spawn(async move { service.waits_for_turn() }).await.is_ok()
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pulse")
    }
}
