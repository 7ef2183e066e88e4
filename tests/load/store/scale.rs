//! How much is measured, and what a rate is.

use std::{
    ops::AddAssign,
    time::{Duration, Instant},
};

/// How many calls wait at the same time, at each step.
pub(crate) const WAITING: [usize; 4] = [1, 16, 256, 4_096];

/// How much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    pub(crate) slice: Duration,
    pub(crate) rounds: u32,
    pub(crate) sessions: usize,
    pub(crate) events: u64,
    pub(crate) event_bytes: usize,
}

/// Events and the time that they took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rate {
    pub(crate) events: u64,
    pub(crate) took: Duration,
}

impl Rate {
    /// So many events since a moment.
    pub(crate) fn since(begun: Instant, events: u64) -> Self {
        Self { events, took: begun.elapsed() }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(crate) fn per_second(&self) -> f64 {
        if self.took.is_zero() { 0.0 } else { self.events as f64 / self.took.as_secs_f64() }
    }
}

impl AddAssign for Rate {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.took += other.took;
    }
}
