//! Which address to try when, while the primary is searched: two at a time, each with its own back-off. Pure.
//!
//! Two at a time because a stopped engine accepts connections and never answers, and because the backup holds a hello
//! while it takes over: neither may keep the other from being asked.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff;

/// Attempts under way at a time: the two engines of a pair.
const ATTEMPTS_MAX: usize = 2;

/// The pause after an engine has said that it will never serve this link, which takes an operator to change.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// One search, from the loss of a primary to the next welcome.
#[derive(Debug)]
pub(crate) struct Search {
    candidates: Vec<Candidate>,
    rng: fastrand::Rng,
}

#[derive(Debug)]
struct Candidate {
    address: String,
    due: Instant,
    failures: u32,
    busy: bool,
    /// False once the pair no longer names it; forgotten when its attempt ends.
    wanted: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try this address; its end is told by [`Search::failed`] or [`Search::refused`].
    Try(String),
    /// Nothing before this moment, unless an attempt ends.
    Wait(Instant),
    /// Nothing before an attempt ends.
    Busy,
}

impl Search {
    pub(crate) fn new(addresses: Vec<String>, now: Instant, rng: fastrand::Rng) -> Self {
        let mut search = Self { candidates: Vec::new(), rng };
        search.follow(addresses, now);
        search
    }

    /// Searches these addresses from now on, in this order where several are due. A new one is due at once; one that
    /// was tried keeps its pause, so that two engines which name each other are not asked in a tight circle.
    pub(crate) fn follow(&mut self, addresses: Vec<String>, now: Instant) {
        let mut before = std::mem::take(&mut self.candidates);
        for address in addresses {
            let candidate = match before.iter().position(|known| known.address == address) {
                Some(at) => Candidate { wanted: true, ..before.swap_remove(at) },
                None => Candidate { address, due: now, failures: 0, busy: false, wanted: true },
            };
            self.candidates.push(candidate);
        }
        let busy = before.into_iter().filter(|unwanted| unwanted.busy);
        self.candidates.extend(busy.map(|unwanted| Candidate { wanted: false, ..unwanted }));
    }

    /// There is reason to believe that this address serves now, such as a newer epoch.
    pub(crate) fn urge(&mut self, address: &str, now: Instant) {
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.address == address) {
            (candidate.due, candidate.failures) = (now, 0);
        }
    }

    pub(crate) fn next(&mut self, now: Instant) -> Next {
        if self.candidates.iter().filter(|candidate| candidate.busy).count() >= ATTEMPTS_MAX {
            return Next::Busy;
        }
        let idle = self.candidates.iter_mut().filter(|candidate| candidate.wanted && !candidate.busy);
        // The first of several that are due at the same moment.
        match idle.min_by_key(|candidate| candidate.due.max(now)) {
            Some(candidate) if candidate.due <= now => {
                candidate.busy = true;
                Next::Try(candidate.address.clone())
            }
            Some(candidate) => Next::Wait(candidate.due),
            None => Next::Busy,
        }
    }

    /// The attempt at this address failed. Returns how often it has now failed in a row.
    pub(crate) fn failed(&mut self, address: &str, now: Instant) -> u32 {
        let Some(at) = self.candidates.iter().position(|candidate| candidate.address == address) else { return 0 };
        let candidate = &mut self.candidates[at];
        candidate.busy = false;
        candidate.failures = candidate.failures.saturating_add(1);
        let failures = candidate.failures;
        candidate.due = now + backoff::pause(failures, &mut self.rng);
        if !candidate.wanted {
            self.candidates.remove(at);
        }
        failures
    }

    /// The engine at this address will not serve this link at all.
    pub(crate) fn refused(&mut self, address: &str, now: Instant) -> u32 {
        let failures = self.failed(address, now);
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.address == address) {
            candidate.due = now + REFUSED_PAUSE;
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(addresses: &[&str]) -> (Search, Instant) {
        let now = Instant::now();
        (Search::new(addresses.iter().map(ToString::to_string).collect(), now, fastrand::Rng::with_seed(3)), now)
    }

    fn tries(address: &str) -> Next {
        Next::Try(address.into())
    }

    #[test]
    fn two_are_tried_at_once_and_the_third_when_one_fails() {
        let (mut search, now) = search(&["a", "b", "c"]);
        assert_eq!([search.next(now), search.next(now), search.next(now)], [tries("a"), tries("b"), Next::Busy]);
        assert_eq!(search.failed("a", now), 1);
        // The first retry is immediate, but in its turn.
        assert_eq!(search.next(now), tries("a"));
        search.failed("a", now);
        assert_eq!(search.next(now), tries("c"));
    }

    #[test]
    fn while_both_are_down_they_alternate_and_the_pause_is_bounded() {
        let (mut search, mut now) = search(&["a", "b"]);
        let mut tried = std::collections::BTreeMap::new();
        for _ in 0..1_000 {
            match search.next(now) {
                Next::Try(address) => {
                    search.failed(&address, now);
                    *tried.entry(address).or_insert(0_u32) += 1;
                }
                Next::Wait(due) => {
                    assert!(due <= now + Duration::from_secs(1));
                    now = due;
                }
                Next::Busy => panic!("nothing is under way"),
            }
        }
        let (a, b) = (tried["a"], tried["b"]);
        assert!(a > 150 && b > 150 && a.abs_diff(b) < 100, "{a} and {b}");
    }

    #[test]
    fn a_hint_to_a_tried_address_keeps_its_pause_unless_it_is_news() {
        let (mut search, now) = search(&["a", "b"]);
        for _ in 0..40 {
            search.urge("a", now);
            search.urge("b", now);
            assert!([search.next(now), search.next(now)].iter().all(|next| matches!(next, Next::Try(_))));
            search.failed("a", now);
            search.failed("b", now);
        }
        for _ in 0..20 {
            let (a, b) = (search.next(now), search.next(now));
            for address in [a, b] {
                if let Next::Try(address) = address {
                    search.failed(&address, now);
                }
            }
            search.follow(vec!["b".into(), "a".into()], now);
        }
        assert!(matches!(search.next(now), Next::Wait(_)), "two engines that name each other are no circle");
        search.urge("b", now);
        assert_eq!(search.next(now), tries("b"));
    }

    #[test]
    fn an_address_that_is_no_longer_named_is_forgotten_once_its_attempt_ends() {
        let (mut search, now) = search(&["a", "b"]);
        assert!([search.next(now), search.next(now)].iter().all(|next| matches!(next, Next::Try(_))));
        search.follow(vec!["c".into()], now);
        assert_eq!(search.next(now), Next::Busy);
        search.failed("a", now);
        assert_eq!(search.next(now), tries("c"));
        search.failed("b", now);
        assert_eq!(search.next(now), Next::Busy);
    }

    #[test]
    fn an_engine_that_refuses_is_left_alone_for_a_while() {
        let (mut search, now) = search(&["a"]);
        search.next(now);
        search.refused("a", now);
        assert_eq!(search.next(now), Next::Wait(now + REFUSED_PAUSE));
    }
}
