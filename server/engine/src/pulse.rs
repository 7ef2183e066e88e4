//! [`Pulse`]: asks an engine whether its service goes on, for whoever starts a hung process again.
//!
//! The question is an input like any report, so it is answered by the service's own loop and by nothing else: while a
//! process merely exists it says nothing. It never depends on the store: an engine whose store hangs goes on.

use tokio::sync::{mpsc, oneshot};

use crate::service::Input;

/// Asks the service. Cheap to clone; it may outlive its engine.
#[derive(Debug, Clone)]
pub struct Pulse(mpsc::Sender<Input>);

impl Pulse {
    pub(crate) fn of(reports: mpsc::Sender<Input>) -> Self {
        Self(reports)
    }

    /// Returns once the service has answered, with true, or has ended, with false. A service that hangs does neither, so
    /// the caller bounds the wait. Cancel safe: an answer for which nobody waits is dropped.
    pub async fn answers(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.send(Input::Asked(answer)).await.is_ok() && answered.await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_service_that_hangs_does_not_answer() {
        let (reports, reported) = mpsc::channel(1);
        let pulse = Pulse::of(reports);
        // It is there and takes nothing: the second question does not even find room.
        for _ in 0..2 {
            assert!(timeout(Duration::from_millis(10), pulse.answers()).await.is_err());
        }
        drop(reported);
        assert!(!pulse.answers().await);
    }
}
