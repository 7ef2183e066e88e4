//! The one place where the engine reads its clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tandem_protocol::Timestamp;
use tandem_session::Now;
use tokio::time::Instant;

/// Counts from its own making.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Now {
        Now { elapsed: self.start.elapsed(), wall: wall() }
    }

    /// What [`Now::elapsed`] was at this moment.
    pub(crate) fn elapsed_at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    /// The moment at which `elapsed` will have passed.
    pub(crate) fn at(&self, elapsed: Duration) -> Instant {
        self.start + elapsed
    }
}

/// A clock before 1970 is a broken one; nothing but the display of times depends on it.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
