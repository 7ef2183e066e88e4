//! How long to wait before a child is started again: at once the first time, then longer and longer while it keeps
//! dying, so that a child that cannot live does not take the machine with it.

use std::time::Duration;

/// The wait after the second quick death; doubled by each further one.
const FIRST: Duration = Duration::from_millis(200);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(10);

/// A child that lived this long was well; its death begins a new count.
const HEALTHY: Duration = Duration::from_secs(5);

/// The waits of one child.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    quick_deaths: u32,
}

impl Backoff {
    /// The wait before the next start of a child that lived this long.
    pub(super) fn after(&mut self, lived: Duration) -> Duration {
        if lived >= HEALTHY {
            self.quick_deaths = 0;
        }
        let doublings = self.quick_deaths.checked_sub(1);
        self.quick_deaths += 1;
        doublings.map_or(Duration::ZERO, |doublings| (FIRST * 2_u32.pow(doublings.min(10))).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_was_well_is_started_again_at_once() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.after(HEALTHY), Duration::ZERO);
        assert_eq!(backoff.after(HEALTHY), Duration::ZERO);
    }

    #[test]
    fn a_child_that_keeps_dying_is_started_ever_more_rarely_and_forgiven_once_it_lives() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [0, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(backoff.after(HEALTHY), Duration::ZERO);
    }
}
