//! When a connection was last heard of, for people who ask how it is.
//!
//! The reader notes it once for all that one read brought, in one store to memory that nobody waits for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;

use tokio::time::Instant;

/// The moment of the last frame, a heartbeat included. Clones are of the same connection.
#[derive(Debug, Clone)]
pub struct Heard {
    begun: Instant,
    /// Milliseconds from there.
    last_ms: Arc<AtomicU64>,
}

impl Heard {
    /// Of a connection that is heard of now.
    #[must_use]
    pub fn now() -> Self {
        Self { begun: Instant::now(), last_ms: Arc::default() }
    }

    pub(super) fn note(&self, at: Instant) {
        let since = at.saturating_duration_since(self.begun);
        // It orders nothing: a reader who sees it a moment late is told a moment more.
        self.last_ms.store(u64::try_from(since.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long ago that was.
    #[must_use]
    pub fn ago(&self) -> Duration {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_how_long_nothing_was_heard() {
        let hours = |hours: u64| Duration::from_secs(3_600 * hours);
        let begun = Instant::now() - hours(3);
        let heard = Heard { begun, last_ms: Arc::default() };
        let reader = heard.clone();
        assert!(heard.ago() >= hours(3));
        reader.note(begun + hours(1));
        assert!((hours(2)..hours(3)).contains(&heard.ago()), "{:?}", heard.ago());
    }
}
