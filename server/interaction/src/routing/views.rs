//! Who must get a new view, and when: what concerns an agent himself soon, what concerns everybody a little later.
//!
//! Many changes that come together make one view. A view is whole, so none is ever sent again.

use std::{collections::BTreeSet, time::Duration};

use serde_json::value::RawValue;
use tandem_protocol::{AgentId, DeskId, desk::DeskNews};

use super::{Core, effect::Effect, view::Board};

/// Between two views of an agent about whom something has changed: offers and chats are seen as they come.
const OWN_PAUSE: Duration = Duration::from_millis(50);

/// Between two views of everybody since somewhere something has changed. With two hundred agents each view is twenty
/// kilobytes; four a second for each of them is what a busy minute costs.
const ALL_PAUSE: Duration = Duration::from_millis(250);

/// Views of one life of the interaction server: at two hundred agents, each shown twenty a second, nine months of them.
/// Lives and views together stay below 2^53 for ninety thousand lives, so that a browser's numbers hold them.
const VIEWS_PER_LIFE: u64 = 100_000_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Views {
    /// The version of the last view.
    version: u64,
    /// The number of the last chat of anybody.
    number: u64,
    own: BTreeSet<AgentId>,
    own_not_before: Duration,
    is_all: bool,
    all_not_before: Duration,
}

impl Views {
    /// Of the life of this number: all its views are newer than those of the lives before.
    pub(super) fn of_life(life: u64) -> Self {
        Self {
            version: life.saturating_mul(VIEWS_PER_LIFE),
            number: 0,
            own: BTreeSet::new(),
            own_not_before: Duration::ZERO,
            is_all: false,
            all_not_before: Duration::ZERO,
        }
    }

    /// Something has changed that concerns an agent himself.
    pub(super) fn changed(&mut self, agent: AgentId) {
        self.own.insert(agent);
    }

    /// Something has changed that everybody sees.
    pub(super) fn all_changed(&mut self, now: Duration) {
        if !std::mem::replace(&mut self.is_all, true) {
            // A moment's wait lets what belongs together come together.
            self.all_not_before = self.all_not_before.max(now + OWN_PAUSE);
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    pub(super) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let own = (!self.own.is_empty()).then_some(self.own_not_before);
        own.into_iter().chain(self.is_all.then_some(self.all_not_before)).min()
    }

    /// Whose views are to be made now.
    fn take_due(&mut self, now: Duration, everybody: impl Iterator<Item = AgentId>) -> BTreeSet<AgentId> {
        if self.is_all && self.all_not_before <= now {
            self.is_all = false;
            self.all_not_before = now + ALL_PAUSE;
            self.own.extend(everybody);
            self.own_not_before = now;
        }
        if self.own.is_empty() || now < self.own_not_before {
            return BTreeSet::new();
        }
        self.own_not_before = now + OWN_PAUSE;
        std::mem::take(&mut self.own)
    }
}

impl Core {
    /// Tells the desks of everybody whose view has changed.
    pub(super) fn push_views(&mut self) {
        let everybody = self.desks.values().map(|desk| desk.agent);
        let due = self.views.take_due(self.now.elapsed, everybody);
        let mut board = None;
        for agent in due {
            let Some(known) = self.agents.get(&agent) else { continue };
            let gateway = |id: &DeskId| Some((*id, self.desks.get(id)?.gateway));
            let desks: Vec<_> = known.desks.iter().filter_map(gateway).collect();
            if desks.is_empty() {
                continue;
            }
            let board = board.get_or_insert_with(|| self.board());
            let view = self.views_json(agent, board);
            for (desk, gateway) in desks {
                self.effects.push(Effect::Push { gateway, desk, news: DeskNews::View(view.clone()) });
            }
        }
    }

    /// An agent's view, now.
    pub(super) fn view_of(&mut self, agent: AgentId) -> Box<RawValue> {
        let board = self.board();
        self.views_json(agent, &board)
    }

    fn views_json(&mut self, agent: AgentId, board: &Board) -> Box<RawValue> {
        let version = self.views.next_version();
        let view = self.view(agent, version, board);
        serde_json::value::to_raw_value(&view).expect("a view has only string keys and finite numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn changes_that_come_together_make_one_view() {
        let mut views = Views::of_life(1);
        views.changed(AgentId(1));
        let none = std::iter::empty;
        assert_eq!(views.take_due(ms(0), none()).len(), 1, "the first is not held up");
        views.changed(AgentId(1));
        views.changed(AgentId(1));
        assert_eq!(views.next_deadline(), Some(OWN_PAUSE));
        assert!(views.take_due(ms(49), none()).is_empty());
        assert_eq!(views.take_due(ms(50), none()).len(), 1);
        assert_eq!(views.next_deadline(), None);
    }

    #[test]
    fn what_everybody_sees_comes_less_often() {
        let mut views = Views::of_life(1);
        let all = || [AgentId(1), AgentId(2)].into_iter();
        views.all_changed(ms(0));
        assert!(views.take_due(ms(0), all()).is_empty());
        assert_eq!(views.take_due(ms(50), all()).len(), 2);
        views.all_changed(ms(60));
        views.changed(AgentId(1));
        assert_eq!(views.take_due(ms(100), all()).len(), 1, "his own does not wait");
        assert_eq!(views.next_deadline(), Some(ms(300)));
        assert_eq!(views.take_due(ms(300), all()).len(), 2);
    }

    #[test]
    fn a_later_life_makes_greater_versions() {
        let (mut earlier, mut later) = (Views::of_life(7), Views::of_life(8));
        let last = (0..999).map(|_| earlier.next_version()).max();
        assert!(Some(later.next_version()) > last);
    }
}
