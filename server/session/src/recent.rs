//! What happened in the last ten seconds: how often, and how long each took.
//!
//! It is for people who look at a running engine and decides nothing. The core notes each acknowledged message, the
//! runtime each batch that was saved; a note costs some nanoseconds. It must never keep more than [`SECONDS`] seconds.

use std::{collections::VecDeque, time::Duration};

use hdrhistogram::Histogram;

/// Seconds that are looked back at, the present one included (B-1).
const SECONDS: usize = 10;

/// Longer ones count as this long.
const TOOK_US_MAX: u64 = 60_000_000;

/// Decimal digits to which a duration is told apart from another.
const DIGITS: u8 = 2;

/// See the module.
#[derive(Debug)]
pub struct Recent {
    begun: Duration,
    /// Those in which anything happened, in order.
    seconds: VecDeque<Second>,
}

#[derive(Debug)]
struct Second {
    /// Whole seconds since the fixed point of this process.
    at: u64,
    took_us: Histogram<u32>,
}

/// What [`Recent`] comes to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RecentFigures {
    /// How often it happened, a second.
    pub per_s: f64,
    /// Half took no longer than so many microseconds; none when it has not happened.
    pub p50_us: Option<u64>,
    /// Of a hundred, one took longer.
    pub p99_us: Option<u64>,
}

impl Recent {
    /// Nothing yet; counted from now.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self { begun: now, seconds: VecDeque::with_capacity(SECONDS) }
    }

    /// It has happened and took so long.
    pub fn note(&mut self, now: Duration, took: Duration) {
        let at = now.as_secs();
        if self.seconds.back().is_none_or(|last| last.at != at) {
            let took_us = self.make_room(at);
            self.seconds.push_back(Second { at, took_us });
        }
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, TOOK_US_MAX);
        self.seconds.back_mut().expect("it was just made").took_us.saturating_record(took_us);
    }

    /// An empty histogram for the second that begins, made of one that is over where there is one.
    fn make_room(&mut self, at: u64) -> Histogram<u32> {
        let mut freed = None;
        while self.seconds.front().is_some_and(|second| !is_recent(second.at, at)) {
            freed = self.seconds.pop_front().map(|over| over.took_us);
        }
        freed.map_or_else(empty, |mut histogram| {
            histogram.reset();
            histogram
        })
    }

    /// What it comes to at this moment.
    #[must_use]
    pub fn figures(&self, now: Duration) -> RecentFigures {
        let mut all = empty();
        for second in self.seconds.iter().filter(|second| is_recent(second.at, now.as_secs())) {
            all.add(&second.took_us).expect("both have the same bounds");
        }
        let since = Duration::from_secs((now.as_secs() + 1).saturating_sub(SECONDS as u64)).max(self.begun);
        // In the first second a single one is not yet a rate.
        let span = now.saturating_sub(since).max(Duration::from_secs(1));
        let quantile = |of: f64| (!all.is_empty()).then(|| all.value_at_quantile(of));
        RecentFigures { per_s: all.len() as f64 / span.as_secs_f64(), p50_us: quantile(0.5), p99_us: quantile(0.99) }
    }
}

fn is_recent(second: u64, now: u64) -> bool {
    second + SECONDS as u64 > now
}

fn empty() -> Histogram<u32> {
    Histogram::new_with_bounds(1, TOOK_US_MAX, DIGITS).expect("the bounds are in order")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn nothing_has_happened_at_first() {
        assert_eq!(Recent::new(at(5.0)).figures(at(9.0)), RecentFigures::default());
    }

    #[test]
    fn a_rate_is_of_the_time_that_is_looked_back_at() {
        let mut recent = Recent::new(at(100.0));
        (0..40).for_each(|n| recent.note(at(100.0 + f64::from(n) / 10.0), MS));
        assert!((recent.figures(at(104.0)).per_s - 10.0).abs() < 0.01, "40 in 4 s");
        (40..400).for_each(|n| recent.note(at(100.0 + f64::from(n) / 10.0), MS));
        let per_s = recent.figures(at(139.99)).per_s;
        assert!((per_s - 10.0).abs() < 0.1, "{per_s}: 100 in 10 s, whatever was before");
        assert!((recent.figures(at(145.0)).per_s - 4.0).abs() < 0.5, "half of the time is over");
        assert_eq!(recent.figures(at(149.0)), RecentFigures::default(), "all of it is");
    }

    #[test]
    fn one_in_the_first_moment_is_no_thousand_a_second() {
        let mut recent = Recent::new(at(7.0));
        recent.note(at(7.001), MS);
        assert!(recent.figures(at(7.001)).per_s <= 1.0);
    }

    #[test]
    fn half_and_all_but_one_of_a_hundred_are_told_within_a_hundredth() {
        let mut recent = Recent::new(at(0.0));
        (1..=1_000).for_each(|n| recent.note(at(f64::from(n) / 200.0), MS * n));
        let RecentFigures { p50_us, p99_us, .. } = recent.figures(at(5.5));
        let is_about = |told: Option<u64>, us: f64| (told.expect("it happened") as f64 / us - 1.0).abs() < 0.01;
        assert!(is_about(p50_us, 500_000.0) && is_about(p99_us, 990_000.0), "{p50_us:?} {p99_us:?}");
    }

    #[test]
    fn what_takes_for_ever_counts_as_a_minute() {
        let mut recent = Recent::new(at(0.0));
        recent.note(at(1.0), Duration::MAX);
        let told = recent.figures(at(1.0)).p99_us.expect("it happened");
        assert!((60_000_000..61_000_000).contains(&told), "{told}");
    }
}
