//! How fast a queue moves: the usual time from one take to the next while somebody waits, within its hours.

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
    /// The queue is outside its hours: nobody is rung, so nothing is learned and nothing can be told.
    is_closed: bool,
}

impl Pace {
    /// One more waits.
    pub(super) fn comes(&mut self, now: Duration) {
        self.waiting += 1;
        if !self.is_closed {
            self.since.get_or_insert(now);
        }
    }

    /// The hours of the queue begin or end. A night that somebody waits through is no time between two takes.
    pub(super) fn heed_hours(&mut self, is_open: bool, now: Duration) {
        if std::mem::replace(&mut self.is_closed, !is_open) != is_open {
            return;
        }
        self.since = (is_open && self.waiting > 0).then_some(now);
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
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
        let Some(since) = self.since else { return };
        self.since = Some(now);
        let took = now.saturating_sub(since);
        self.usual = Some(self.usual.map_or(took, |usual| usual.mul_f64(1.0 - WEIGHT) + took.mul_f64(WEIGHT)));
    }

    /// How long one at this place is expected to wait; none while nothing is known, nor
    /// outside the hours.
    pub(super) fn wait_ms(&self, place: u32) -> Option<u64> {
        let wait = self.usual.filter(|_| !self.is_closed)?.mul_f64(f64::from(place));
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
    fn the_time_outside_the_hours_counts_for_nothing() {
        let mut pace = Pace::default();
        pace.comes(seconds(0));
        pace.heed_hours(false, seconds(10));
        pace.taken(seconds(20));
        assert_eq!(pace.wait_ms(1), None, "who is taken by hand tells nothing");
        pace.heed_hours(true, seconds(50_000));
        pace.taken(seconds(50_010));
        assert_eq!(pace.wait_ms(1), Some(10_000));
        pace.heed_hours(true, seconds(50_015));
        pace.taken(seconds(50_020));
        assert_eq!(pace.wait_ms(1), Some(10_000), "hours that go on change nothing");
        pace.heed_hours(false, seconds(50_030));
        assert_eq!(pace.wait_ms(1), None, "nobody is served now");
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        let mut pace = Pace::default();
        pace.comes(Duration::ZERO);
        pace.taken(Duration::from_millis(2_345));
        assert_eq!(pace.wait_ms(1), Some(3_000));
    }
}
