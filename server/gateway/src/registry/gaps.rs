//! What the readers of one pair noticed of its failovers: the longest wait of each, for the journal.
//!
//! A planned switchover is noticed by nobody and leaves no gap. The registry says what happens; [`Gaps::next`] is asked by
//! whoever tells the primary.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tandem_protocol::{Epoch, PairName, control::Noted};
use tokio::sync::Notify;

/// How long the sessions that follow are waited for, so that most failovers are told in one word. What is greater later is
/// told again.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    noticed: Mutex<Noticed>,
    is_due: Notify,
}

#[derive(Debug, Default)]
struct Noticed {
    /// Of the primary that is linked to.
    epoch: Epoch,
    /// The greatest that was not told yet.
    gap: Option<(Epoch, Duration)>,
}

impl Gaps {
    /// A primary serves in this epoch.
    pub(super) fn is_connected(&self, epoch: Epoch) {
        self.lock().epoch = epoch;
    }

    /// Sessions are attached again, so long after the primary before was lost. Of an epoch before this one nothing more is
    /// to be said.
    pub(super) fn reattached(&self, lost_for: Duration) {
        let mut noticed = self.lock();
        let epoch = noticed.epoch;
        let before = noticed.gap.filter(|(of, _)| *of == epoch).map_or(Duration::ZERO, |(_, gap)| gap);
        noticed.gap = Some((epoch, before.max(lost_for)));
        drop(noticed);
        self.is_due.notify_one();
    }

    /// The next gap that is to be told of, once it is there.
    pub(crate) async fn next(&self, pair: &PairName) -> Noted {
        loop {
            self.is_due.notified().await;
            tokio::time::sleep(TOLD_AFTER).await;
            if let Some((epoch, gap)) = self.take() {
                let gap_ms = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
                return Noted::Gap { pair: pair.clone(), epoch, gap_ms };
            }
        }
    }

    fn take(&self) -> Option<(Epoch, Duration)> {
        self.lock().gap.take()
    }

    fn lock(&self) -> MutexGuard<'_, Noticed> {
        // Two values, each always whole.
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_of_each_failover_is_told_once() {
        let gaps = Gaps::default();
        let ms = Duration::from_millis;
        gaps.is_connected(Epoch(2));
        [80, 120, 100].into_iter().for_each(|lost_ms| gaps.reattached(ms(lost_ms)));
        assert_eq!(gaps.take(), Some((Epoch(2), ms(120))));
        assert_eq!(gaps.take(), None, "it is told");
        gaps.reattached(ms(900));
        gaps.is_connected(Epoch(3));
        gaps.reattached(ms(50));
        assert_eq!(gaps.take(), Some((Epoch(3), ms(50))), "that of another epoch is not this one's");
    }
}
