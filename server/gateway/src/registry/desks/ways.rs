//! Through which pair the interaction server is asked. Pure.
//!
//! One interaction server serves all pairs of a gateway and is linked to each, so any of them will do. A pair is open
//! when its primary is there and the interaction server at it, as far as the gateway was told.

use crate::registry::PairIndex;

/// See the module.
#[derive(Debug)]
pub(super) struct Ways(Vec<Way>);

/// How a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// No primary is there.
    Away,
    /// The primary is there, and no interaction server at it.
    Deserted,
    /// The interaction server hears what is asked.
    Open,
}

impl Ways {
    /// None of so many is there yet.
    pub(super) fn new(pairs: usize) -> Self {
        Self(vec![Way::Away; pairs])
    }

    /// How this pair stands.
    pub(super) fn at(&self, pair: PairIndex) -> Way {
        self.0[pair.0]
    }

    /// From now on this pair stands so.
    pub(super) fn set(&mut self, pair: PairIndex, way: Way) {
        self.0[pair.0] = way;
    }

    /// The pair to ask through: where one is already, else any that is open. Different seeds spread over them.
    pub(super) fn choose(&self, current: Option<PairIndex>, seed: u128) -> Option<PairIndex> {
        if let Some(current) = current.filter(|current| self.at(*current) == Way::Open) {
            return Some(current);
        }
        let open: Vec<usize> =
            self.0.iter().enumerate().filter(|(_, way)| **way == Way::Open).map(|(at, _)| at).collect();
        let chosen = seed.checked_rem(open.len() as u128)? as usize;
        Some(PairIndex(open[chosen]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_somewhere_stays_there_as_long_as_it_is_open() {
        let mut ways = Ways::new(3);
        assert_eq!(ways.choose(None, 7), None);
        ways.set(PairIndex(0), Way::Deserted);
        assert_eq!(ways.choose(Some(PairIndex(0)), 7), None);
        [1, 2].iter().for_each(|pair| ways.set(PairIndex(*pair), Way::Open));
        assert_eq!(ways.choose(Some(PairIndex(2)), 0), Some(PairIndex(2)));
        assert_eq!(ways.choose(Some(PairIndex(0)), 0), Some(PairIndex(1)));
        assert_eq!(ways.choose(None, 1), Some(PairIndex(2)));
    }
}
