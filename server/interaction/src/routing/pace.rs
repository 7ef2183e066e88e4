//! How fast a queue moves: the usual time from one take to the next while somebody waits.

use std::time::Duration;

/// How much the newest of the times counts. With a fifth, some ten takes make the earlier ones forgotten: a shift that
/// ends is noticed, one slow answer is not.
const WEIGHT: f64 = 0.2;

/// Whoever waits is told whole seconds: finer ones would only look exact.
const GRAIN_MS: f64 = 1_000.0;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pace {
    usual: Option<Duration>,
    /// Since when somebody waits and nobody was taken.
    since: Option<Duration>,
    waiting: usize,
}

impl Pace {
    /// One more waits.
    pub(super) fn comes(&mut self, now: Duration) {
        self.waiting += 1;
        self.since.get_or_insert(now);
    }

    /// One less waits, for whatever reason.
    pub(super) fn goes(&mut self) {
        self.waiting -= 1;
        if self.waiting == 0 {
            self.since = None;
        }
    }

    /// One of those who wait was taken; he still counts among them.
    pub(super) fn taken(&mut self, now: Duration) {
        let Some(since) = self.since.replace(now) else {
            self.since = None;
            return;
        };
        let took = now.saturating_sub(since);
        self.usual = Some(self.usual.map_or(took, |usual| usual.mul_f64(1.0 - WEIGHT) + took.mul_f64(WEIGHT)));
    }

    /// How long one at this place is expected to wait; none while nothing is known.
    pub(super) fn wait_ms(&self, place: u32) -> Option<u64> {
        let wait = self.usual?.mul_f64(f64::from(place));
        // Rounded up: who is told to wait one second longer is served before his time.
        Some(((wait.as_secs_f64() * 1_000.0 / GRAIN_MS).ceil() * GRAIN_MS) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_wait_is_the_usual_time_between_takes_for_each_place() {
        let mut pace = Pace::default();
        pace.comes(seconds(10));
        pace.comes(seconds(10));
        assert_eq!(pace.wait_ms(1), None, "nothing is known");
        pace.taken(seconds(30));
        pace.goes();
        assert_eq!(pace.wait_ms(1), Some(20_000));
        assert_eq!(pace.wait_ms(3), Some(60_000));
        pace.taken(seconds(40));
        pace.goes();
        assert_eq!(pace.wait_ms(1), Some(18_000), "the newest counts a fifth");
    }

    #[test]
    fn the_time_in_which_nobody_waits_counts_for_nothing() {
        let mut pace = Pace::default();
        pace.comes(seconds(0));
        pace.taken(seconds(10));
        pace.goes();
        pace.comes(seconds(1_000));
        pace.taken(seconds(1_010));
        pace.goes();
        assert_eq!(pace.wait_ms(1), Some(10_000));
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        let mut pace = Pace::default();
        pace.comes(Duration::ZERO);
        pace.taken(Duration::from_millis(2_345));
        assert_eq!(pace.wait_ms(1), Some(3_000));
    }
}
