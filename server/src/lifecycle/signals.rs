//! The signals that ask a process to end, and the one that asks an engine to hand over.

use std::{fs, io};

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
    /// None where it is to outlive its terminal, as one that `nohup` has started.
    hang_up: Option<Signal>,
}

impl EndSignals {
    /// Takes the signals over from now on; until then they end the process the hard way.
    pub(crate) fn take() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if is_ignored(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// Waits for the first of them. Cancel safe: a signal is kept until it is received.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            Some(_) = async { self.hang_up.as_mut()?.recv().await } => {}
        }
    }

    /// As [`EndSignals::received`] for who has been asked before: a terminal that is closed asks twice, as a rule, and
    /// means it once.
    pub(crate) async fn insisted(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
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

/// Whether whoever has started this process wants it to ignore the signal.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores(&status, kind.as_raw_value())
}

/// The kernel's mask has a bit for each signal, the first for signal 1.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_found_in_the_kernels_mask() {
        let status = "Name:\ttandem\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        assert_eq!([1, 2, 13].map(|signal| ignores(status, signal)), [true, false, true]);
        assert!(!ignores("", 1));
    }
}
