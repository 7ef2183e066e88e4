//! How fast a client is read: a token bucket. Beyond it nothing is lost and nothing refused; the gateway just reads
//! no faster, and TCP tells the client so.

use std::time::Duration;

use tokio::time::Instant;

/// See the module. One frame costs one token.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: u32,
    burst: u32,
    /// As if the bucket had been empty then and nothing taken since; so one number holds the whole state.
    empty_at: Instant,
}

impl Pace {
    /// A full bucket.
    pub(super) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let mut pace = Self { per_second, burst, empty_at: now };
        pace.empty_at = now.checked_sub(pace.span(burst)).unwrap_or(now);
        pace
    }

    /// When the next frame may be read; not after `now` means at once.
    pub(super) fn ready_at(&self) -> Instant {
        self.empty_at + self.span(1)
    }

    /// A frame was read.
    pub(super) fn take(&mut self, now: Instant) {
        let full_since = now.checked_sub(self.span(self.burst)).unwrap_or(self.empty_at);
        self.empty_at = self.empty_at.max(full_since) + self.span(1);
    }

    fn span(&self, tokens: u32) -> Duration {
        Duration::from_secs(1) * tokens / self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_at_once_and_then_the_rate_holds() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut pace = Pace::new(10, 3, start);
        for _ in 0..3 {
            assert!(pace.ready_at() <= start);
            pace.take(start);
        }
        assert_eq!(pace.ready_at(), start + Duration::from_millis(100));
        let later = start + Duration::from_millis(100);
        pace.take(later);
        assert_eq!(pace.ready_at(), start + Duration::from_millis(200));
    }

    #[test]
    fn a_long_pause_earns_no_more_than_the_burst() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut pace = Pace::new(10, 3, start);
        let later = start + Duration::from_secs(3600);
        for _ in 0..3 {
            pace.take(later);
        }
        assert!(pace.ready_at() > later);
    }
}
