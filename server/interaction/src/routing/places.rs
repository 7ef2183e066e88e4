//! Where waiting customers stand, told when it changes.

use std::{collections::BTreeMap, time::Duration};

use tandem_protocol::{Place, QueueName, routing::Placed};

use super::{Core, effect::Effect, pairs::PairIndex};

/// Between two tellings. One take moves everybody behind it, so many that come together are told once.
const PAUSE: Duration = Duration::from_millis(500);

/// Places in one frame: some tens of kilobytes.
const FRAME_PLACES_MAX: usize = 512;

/// When places are told next.
#[derive(Debug, Default)]
pub(super) struct Places {
    is_changed: bool,
    not_before: Duration,
    /// Which queues were within their hours when that was last heeded, in their order.
    open: Vec<bool>,
}

impl Places {
    /// A list has changed.
    pub(super) fn changed(&mut self, now: Duration) {
        if !std::mem::replace(&mut self.is_changed, true) {
            self.not_before = self.not_before.max(now);
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.is_changed.then_some(self.not_before)
    }
}

impl Core {
    pub(super) fn tell_places(&mut self) {
        self.heed_hours();
        if !self.places.is_changed || self.now.elapsed < self.places.not_before {
            return;
        }
        self.places.is_changed = false;
        self.places.not_before = self.now.elapsed + PAUSE;
        let mut ahead: BTreeMap<QueueName, u32> = BTreeMap::new();
        let mut placed: BTreeMap<PairIndex, Vec<Placed>> = BTreeMap::new();
        for rank in &self.waiting {
            let Some(known) = self.sessions.get_mut(&rank.session) else { continue };
            let Some(queue) = known.waiting() else { continue };
            // One who waits for a certain agent stands behind nobody.
            let place = match queue.agent {
                Some(_) => Place { place: 1, wait_ms: None },
                None => {
                    let ahead = ahead.entry(queue.queue.clone()).or_default();
                    *ahead += 1;
                    let wait_ms = self.queues.get(&queue.queue).and_then(|queue| queue.pace.wait_ms(*ahead));
                    Place { place: *ahead, wait_ms }
                }
            };
            // Those of a pair that is away keep their places, and are told when it is there.
            if !self.pairs.is_settled_for(&rank.session) {
                continue;
            }
            let (pair, seq) = (self.pairs.of(&rank.session), queue.seq);
            if known.told.replace((seq, place)) != Some((seq, place)) {
                placed.entry(pair).or_default().push(Placed { session: rank.session, seq, place });
            }
        }
        for (pair, placed) in placed {
            let frames = placed.chunks(FRAME_PLACES_MAX);
            self.effects.extend(frames.map(|placed| Effect::Places(pair, placed.to_vec())));
        }
    }

    /// When hours begin or end, the paces heed it and what customers were told of their wait no longer holds.
    fn heed_hours(&mut self) {
        let open: Vec<bool> = self.queues.iter().map(|queue| queue.is_open).collect();
        if self.places.open == open {
            return;
        }
        let now = self.now.elapsed;
        let names: Vec<QueueName> = self.queues.iter().map(|queue| queue.settings.name.clone()).collect();
        for (name, is_open) in names.iter().zip(&open) {
            if let Some(pace) = self.queues.pace_of(name) {
                pace.heed_hours(*is_open, now);
            }
        }
        self.places.open = open;
        self.places.changed(now);
    }
}
