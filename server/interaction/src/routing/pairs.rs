//! The pairs of engines whose sessions are routed, and of which all is known.
//!
//! The id of a session names its pair, so whatever concerns a session concerns one pair. Pairs are lost and come back
//! one by one: nothing is decided about the sessions of a pair that is not known at the moment, and nothing about the
//! others waits for it. Only at the start the pairs that are there wait a little for the rest, since an agent has room
//! or has none by all his chats, wherever they are.

use std::{collections::BTreeMap, time::Duration};

use tandem_protocol::{PairName, PairTag, SessionId};

use super::{Core, effect::Note, settling::Settling};

/// How long after the first pair the others have to be known before anything is decided without them: three times the
/// usual lease, so that also a pair that is about to take over from a silent primary is there. After it, customers of
/// the pairs that are there wait for nobody; of an agent's chats at the others only what the directory says is known.
pub(super) const START_WAIT_MAX: Duration = Duration::from_secs(10);

/// One of the pairs, by its place among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PairIndex(usize);

impl PairIndex {
    /// The places of so many pairs.
    pub(crate) fn all(count: usize) -> impl Iterator<Item = Self> {
        (0..count).map(Self)
    }

    /// Where its link stands among all.
    pub(crate) fn place(self) -> usize {
        self.0
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Pairs {
    pairs: Vec<Pair>,
    by_tag: BTreeMap<PairTag, PairIndex>,
    /// When the first decision is made although a pair is missing; none before one is known.
    begins_at: Option<Duration>,
    has_begun: bool,
    is_at_work: bool,
}

#[derive(Debug)]
struct Pair {
    name: PairName,
    settling: Settling,
    /// All was known at some time of this life.
    was_settled: bool,
}

impl Pairs {
    /// The first of which has the sessions whose ids name none of them.
    pub(super) fn new(names: Vec<PairName>) -> Self {
        assert!(!names.is_empty(), "the settings are checked");
        let by_tag = PairIndex::all(names.len()).zip(&names).map(|(pair, name)| (name.tag(), pair)).collect();
        let pair = |name| Pair { name, settling: Settling::default(), was_settled: false };
        let pairs = names.into_iter().map(pair).collect();
        Self { pairs, by_tag, begins_at: None, has_begun: false, is_at_work: false }
    }

    /// The pair of a session. Ids from before pairs were named in them are the first pair's.
    pub(super) fn of(&self, session: &SessionId) -> PairIndex {
        self.by_tag.get(&session.pair_tag()).copied().unwrap_or(PairIndex(0))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = PairIndex> + use<> {
        PairIndex::all(self.pairs.len())
    }

    pub(super) fn name(&self, pair: PairIndex) -> &PairName {
        &self.pairs[pair.0].name
    }

    pub(super) fn get(&self, pair: PairIndex) -> &Settling {
        &self.pairs[pair.0].settling
    }

    pub(super) fn get_mut(&mut self, pair: PairIndex) -> &mut Settling {
        &mut self.pairs[pair.0].settling
    }

    /// Whether anything is decided and desks are told: some pair is known, and the start has not to wait for another.
    pub(super) fn is_at_work(&self) -> bool {
        self.is_at_work
    }

    /// Whether all sessions of a session's pair are known, so that something may be decided about it.
    pub(super) fn is_settled_for(&self, session: &SessionId) -> bool {
        self.get(self.of(session)).is_settled()
    }

    /// Nothing is known of a pair any more.
    pub(super) fn unsettle(&mut self, pair: PairIndex) {
        self.get_mut(pair).unsettle();
        self.is_at_work &= self.is_any_settled();
    }

    /// All is known of a pair. Returns whether for the first time in this life.
    pub(super) fn settle(&mut self, pair: PairIndex, now: Duration) -> bool {
        self.get_mut(pair).settle();
        self.begins_at.get_or_insert(now + START_WAIT_MAX);
        !std::mem::replace(&mut self.pairs[pair.0].was_settled, true)
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let settling = self.pairs.iter().filter_map(|pair| pair.settling.next_deadline()).min();
        let begins_at = self.begins_at.filter(|_| !self.has_begun && self.is_any_settled());
        settling.into_iter().chain(begins_at).min()
    }

    fn is_any_settled(&self) -> bool {
        self.pairs.iter().any(|pair| pair.settling.is_settled())
    }

    /// Goes to work where that is possible. Returns whether it does so just now.
    fn begins(&mut self, now: Duration) -> bool {
        if self.is_at_work || !self.is_any_settled() {
            return false;
        }
        self.has_begun |= self.pairs.iter().all(|pair| pair.was_settled) || self.begins_at.is_some_and(|at| at <= now);
        self.is_at_work = self.has_begun;
        self.is_at_work
    }
}

impl Core {
    /// Begins to decide as soon as that is possible: desks that wait enter, deadlines begin.
    pub(super) fn begin_when_possible(&mut self) {
        let was_begun = self.pairs.has_begun;
        if !self.pairs.begins(self.now.elapsed) {
            return;
        }
        if !was_begun {
            let missing: Vec<PairName> =
                self.pairs.pairs.iter().filter(|pair| !pair.was_settled).map(|pair| pair.name.clone()).collect();
            missing.into_iter().for_each(|pair| self.note(Note::BeganWithout { pair }));
        }
        self.give_time_to_come_back();
        self.sweep_later();
        self.let_in();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(names: &[&str]) -> Pairs {
        Pairs::new(names.iter().map(|name| PairName::new(name).unwrap()).collect())
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_session_is_its_pairs_and_one_of_no_pair_is_the_firsts() {
        let pairs = pairs(&["main", "other"]);
        let of = |name: &str| {
            let any: SessionId = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().unwrap();
            let session = SessionId::of_pair(any.0, &PairName::new(name).unwrap());
            pairs.name(pairs.of(&session)).to_string()
        };
        assert_eq!((of("main"), of("other"), of("gone")), ("main".into(), "other".into(), "main".into()));
    }

    #[test]
    fn one_pair_begins_as_soon_as_it_is_known() {
        let mut pairs = pairs(&["main"]);
        assert!(!pairs.begins(seconds(100)));
        assert!(pairs.settle(PairIndex(0), seconds(100)), "for the first time");
        assert!(pairs.begins(seconds(100)) && pairs.is_at_work());
        pairs.unsettle(PairIndex(0));
        assert!(!pairs.is_at_work());
        assert!(!pairs.settle(PairIndex(0), seconds(200)), "for the second time");
        assert!(pairs.begins(seconds(200)));
    }

    #[test]
    fn the_start_waits_for_every_pair_but_not_for_ever() {
        let mut pairs = pairs(&["main", "other"]);
        pairs.settle(PairIndex(1), seconds(3));
        assert!(!pairs.begins(seconds(3)));
        assert_eq!(pairs.next_deadline(), Some(seconds(3) + START_WAIT_MAX));
        assert!(pairs.begins(seconds(3) + START_WAIT_MAX), "without the other");
        assert!(!pairs.begins(seconds(99)), "only once");
        pairs.settle(PairIndex(0), seconds(99));
        pairs.unsettle(PairIndex(1));
        assert!(pairs.is_at_work(), "there is another");
    }

    #[test]
    fn pairs_that_were_known_one_after_the_other_are_both_known() {
        let mut pairs = pairs(&["main", "other"]);
        pairs.settle(PairIndex(0), seconds(1));
        pairs.unsettle(PairIndex(0));
        assert_eq!(pairs.next_deadline(), None, "nobody is there to begin with");
        pairs.settle(PairIndex(1), seconds(2));
        assert!(pairs.begins(seconds(2)));
    }
}
