//! Whom to believe about the pair, and which addresses may have its primary. Pure.
//!
//! A link is configured with the primary's address only and learns everything else from primaries. It never believes
//! a smaller epoch than the greatest it has seen: whoever names one was deposed (F-2).

use tandem_protocol::{Epoch, Pair, PairName};

/// What the link knows of its pair.
#[derive(Debug)]
pub(crate) struct Follow {
    name: PairName,
    configured: Vec<String>,
    pair: Option<Pair>,
    /// Where the engine was that left the pair last. A pair without a backup is searched here too: when its primary
    /// dies, the engine that comes back first, at its old address, may be the one that had left before.
    former: Option<String>,
    epoch_seen: Epoch,
}

/// What became of a word about the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Learnt {
    /// A newer epoch: the primary may be another engine.
    NewEpoch,
    /// The same epoch, but something else changed, such as the backup.
    Changed,
    /// Known already.
    Known,
    /// An older epoch, or another pair; not believed.
    Disbelieved,
}

impl Follow {
    /// Begins with what a former process kept. The cached pair gives addresses but no epoch to insist on: a store
    /// that was set up anew begins at epoch 1, and a forgotten file must not keep a gateway from it. A deposed
    /// primary that this lets in cannot commit (F-1).
    pub(crate) fn new(name: PairName, configured: Vec<String>, cached: Option<Pair>) -> Self {
        Self { name, configured, pair: cached, former: None, epoch_seen: Epoch::ZERO }
    }

    pub(crate) fn pair(&self) -> Option<&Pair> {
        self.pair.as_ref()
    }

    /// For the hello: an engine with a smaller epoch must not welcome.
    pub(crate) fn epoch_seen(&self) -> Epoch {
        self.epoch_seen
    }

    /// Takes an engine's word about the pair.
    pub(crate) fn learn(&mut self, pair: &Pair) -> Learnt {
        if pair.name != self.name || pair.epoch < self.epoch_seen {
            return Learnt::Disbelieved;
        }
        let learnt = match &self.pair {
            _ if pair.epoch > self.epoch_seen => Learnt::NewEpoch,
            Some(known) if known == pair => Learnt::Known,
            _ => Learnt::Changed,
        };
        self.epoch_seen = pair.epoch;
        let before = self.pair.replace(pair.clone());
        let left = before.iter().flat_map(addresses).find(|before| !addresses(pair).any(|now| now == *before));
        if let Some(left) = left {
            self.former = Some(left.clone());
        }
        learnt
    }

    /// Where the primary may be, likeliest first: the last pair's two engines, then what was configured. In place of
    /// a backup that is gone, where it was.
    pub(crate) fn candidates(&self) -> Vec<String> {
        let is_alone = self.pair.as_ref().is_some_and(|pair| pair.backup.is_none());
        let former = self.former.iter().filter(|_| is_alone);
        let mut candidates: Vec<String> = Vec::new();
        for address in self.pair.iter().flat_map(addresses).chain(former).chain(&self.configured) {
            if !candidates.contains(address) {
                candidates.push(address.clone());
            }
        }
        candidates
    }
}

/// The addresses of a pair's engines, the primary's first.
fn addresses(pair: &Pair) -> impl Iterator<Item = &String> {
    std::iter::once(&pair.primary).chain(&pair.backup).map(|peer| &peer.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pair, pair_name};

    fn follow() -> Follow {
        Follow::new(pair_name(), vec!["x:1".into()], None)
    }

    #[test]
    fn the_configured_address_is_all_there_is_at_first() {
        assert_eq!(follow().candidates(), ["x:1"]);
    }

    #[test]
    fn the_engines_of_the_pair_come_before_what_was_configured() {
        let mut follow = follow();
        assert_eq!(follow.learn(&pair(3, "a:1", Some("b:1"))), Learnt::NewEpoch);
        assert_eq!(follow.candidates(), ["a:1", "b:1", "x:1"]);
        follow.learn(&pair(4, "x:1", Some("a:1")));
        assert_eq!(follow.candidates(), ["x:1", "a:1"]);
    }

    #[test]
    fn a_backup_that_is_gone_is_looked_for_where_it_was() {
        let mut follow = follow();
        follow.learn(&pair(3, "x:1", Some("b:1")));
        follow.learn(&pair(3, "x:1", None));
        assert_eq!(follow.candidates(), ["x:1", "b:1"]);
        follow.learn(&pair(4, "b:1", None));
        assert_eq!(follow.candidates(), ["b:1", "x:1"]);
        follow.learn(&pair(4, "b:1", Some("c:1")));
        assert_eq!(follow.candidates(), ["b:1", "c:1", "x:1"], "the place of the former one is taken");
    }

    #[test]
    fn within_an_epoch_the_last_word_counts() {
        let mut follow = follow();
        follow.learn(&pair(3, "a:1", None));
        assert_eq!(follow.learn(&pair(3, "a:1", Some("b:1"))), Learnt::Changed);
        assert_eq!(follow.learn(&pair(3, "a:1", Some("b:1"))), Learnt::Known);
    }

    #[test]
    fn a_smaller_epoch_and_a_foreign_pair_are_not_believed() {
        let mut follow = follow();
        follow.learn(&pair(3, "a:1", None));
        assert_eq!(follow.learn(&pair(2, "b:1", None)), Learnt::Disbelieved);
        let foreign = Pair { name: PairName::new("other").unwrap(), ..pair(9, "b:1", None) };
        assert_eq!(follow.learn(&foreign), Learnt::Disbelieved);
        assert_eq!((follow.epoch_seen(), follow.candidates()), (Epoch(3), vec!["a:1".into(), "x:1".into()]));
    }

    #[test]
    fn a_cached_pair_gives_addresses_but_no_epoch() {
        let mut follow = Follow::new(pair_name(), vec!["x:1".into()], Some(pair(57, "a:1", Some("b:1"))));
        assert_eq!((follow.epoch_seen(), follow.candidates().len()), (Epoch::ZERO, 3));
        assert_eq!(follow.learn(&pair(1, "x:1", None)), Learnt::NewEpoch);
    }
}
