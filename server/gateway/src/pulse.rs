//! [`Pulse`]: asks a gateway whether it goes on, for whoever starts a hung process again.
//!
//! It asks the loop that accepts connections, and then takes its turn at what all readers and desks need. It never asks
//! for a free connection or for an engine: a gateway at its limit (O-1), or without a primary, goes on.

use tokio::sync::{mpsc, oneshot};

use crate::app::Shared;

/// Questions that may wait for the loop; a further one waits for its room, as the one who asks it would for the answer.
const QUESTIONS_MAX: usize = 1;

/// Asks the gateway. Cheap to clone; it may outlive its gateway.
#[derive(Clone)]
pub struct Pulse {
    accepting: mpsc::Sender<oneshot::Sender<()>>,
    app: Shared,
}

impl Pulse {
    /// With what the loop is asked by.
    pub(crate) fn of(app: Shared) -> (Self, mpsc::Receiver<oneshot::Sender<()>>) {
        let (accepting, asked) = mpsc::channel(QUESTIONS_MAX);
        (Self { accepting, app }, asked)
    }

    /// Returns once the gateway has answered, with true, or has ended, with false. One that hangs does neither, so the
    /// caller bounds the wait. Cancel safe: an answer for which nobody waits is dropped.
    pub async fn answers(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        let accepts = self.accepting.send(answer).await.is_ok() && answered.await.is_ok();
        let app = self.app.clone();
        // On a task of its own: a lock that nobody lets go of must not take the caller with it, who bounds the wait.
        let turns = tokio::spawn(async move {
            let sessions: usize = app.engine.pairs().iter().map(|pair| pair.registry.session_count()).sum();
            sessions + app.engine.desk_count()
        });
        accepts && turns.await.is_ok()
    }
}
