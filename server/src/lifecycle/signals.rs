//! The signals that ask a process to end, and the one that asks an engine to hand over.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// `kill -USR1`, by which an engine is asked to hand over to its backup.
#[derive(Debug)]
pub(crate) struct SwitchoverSignal(Signal);

impl SwitchoverSignal {
    /// Takes the signal over from now on; until then it ends the process.
    pub(crate) fn take() -> io::Result<Self> {
        signal(SignalKind::user_defined1()).map(Self)
    }

    /// Waits for it. Cancel safe: a signal is kept until it is received.
    pub(crate) async fn received(&mut self) {
        // The runtime closes it never.
        let _ = self.0.recv().await;
    }
}

/// Ctrl-C, `kill` and a closed terminal.
#[derive(Debug)]
pub(crate) struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl EndSignals {
    /// Takes the signals over from now on; until then they end the process the hard way.
    pub(crate) fn take() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the first of them. Cancel safe: a signal is kept until it is received.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }

    /// What comes of work that may wait long for others; none, and the work is dropped, when a signal comes first.
    pub(crate) async fn unless_received<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            outcome = work => Some(outcome),
            () = self.received() => None,
        }
    }
}
