//! How long to wait before the next try at one address: exponential, with full jitter, so that many links do not
//! come back at the same moment. Pure: the random numbers come from the caller.

use std::time::Duration;

/// The first pause. The backup of a killed primary takes over within milliseconds; a link that came too early must
/// not wait longer than the takeover itself.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// The longest pause. An engine that comes back is found within a second; a try at a dead address costs a packet.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The pause after so many failures in a row, the last included. The first retry is immediate.
pub(crate) fn pause(failures: u32, rng: &mut fastrand::Rng) -> Duration {
    if failures <= 1 {
        return Duration::ZERO;
    }
    // Beyond this many doublings the pause has long met its maximum.
    let doublings = (failures - 2).min(10);
    let most = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    most.mul_f64(rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_is_immediate() {
        assert_eq!(pause(0, &mut fastrand::Rng::with_seed(1)), Duration::ZERO);
        assert_eq!(pause(1, &mut fastrand::Rng::with_seed(1)), Duration::ZERO);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut rng = fastrand::Rng::with_seed(2);
        for failures in 2..100 {
            let most = PAUSE_MIN.saturating_mul(1 << (failures - 2).min(20)).min(PAUSE_MAX);
            let pauses: Vec<_> = (0..50).map(|_| pause(failures, &mut rng)).collect();
            assert!(pauses.iter().all(|pause| *pause <= most));
            assert!(pauses.iter().any(|pause| *pause > most / 2) && pauses.iter().any(|pause| *pause < most / 2));
        }
        assert!(pause(u32::MAX, &mut rng) <= PAUSE_MAX);
    }
}
