//! The queues there are: which one a session goes to, whether somebody is there, how fast it moves.

use std::{collections::BTreeMap, time::Duration};

use tandem_protocol::{QueueName, Timestamp};

use super::{known::Known, now::Now, pace::Pace};
use crate::{InteractionSettings, QueueSettings};

/// Hours begin and end with a minute, so between two minutes nothing needs to be reckoned.
const MINUTE_MS: u64 = 60_000;

/// All queues, in the order of the settings.
#[derive(Debug)]
pub(super) struct Queues {
    queues: Vec<Queue>,
    by_name: BTreeMap<QueueName, usize>,
    /// The minute for which `is_open` was reckoned.
    minute: Option<u64>,
}

/// One queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: QueueSettings,
    /// Whether it is within its hours.
    pub(super) is_open: bool,
    pub(super) pace: Pace,
}

impl Queue {
    /// What the customer is told who comes to it now.
    pub(super) fn text(&self) -> Option<String> {
        (!self.is_open).then(|| self.settings.text_outside.clone())
    }
}

impl Queues {
    /// The settings are checked: there is a queue for people, and no name twice.
    pub(super) fn new(settings: &InteractionSettings, now: Now) -> Self {
        let queue =
            |settings: &QueueSettings| Queue { settings: settings.clone(), is_open: true, pace: Pace::default() };
        let queues: Vec<Queue> = settings.queues.iter().map(queue).collect();
        let by_name = queues.iter().zip(0..).map(|(queue, at)| (queue.settings.name.clone(), at)).collect();
        let mut queues = Self { queues, by_name, minute: None };
        queues.look_at_the_clock(now.wall);
        queues
    }

    /// Reckons which queues are within their hours. Returns whether that has changed.
    pub(super) fn look_at_the_clock(&mut self, now: Timestamp) -> bool {
        let minute = now.0 / MINUTE_MS;
        if self.minute.replace(minute) == Some(minute) {
            return false;
        }
        let mut has_changed = false;
        for queue in &mut self.queues {
            let is_open = queue.settings.hours.as_ref().is_none_or(|hours| hours.is_open(now));
            has_changed |= std::mem::replace(&mut queue.is_open, is_open) != is_open;
        }
        has_changed
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.queues.iter()
    }

    /// The place of a queue among all.
    pub(super) fn at(&self, name: &QueueName) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn get(&self, name: &QueueName) -> Option<&Queue> {
        self.queues.get(self.at(name)?)
    }

    pub(super) fn pace_of(&mut self, name: &QueueName) -> Option<&mut Pace> {
        let at = self.at(name)?;
        self.queues.get_mut(at).map(|queue| &mut queue.pace)
    }

    /// A session that waited in this queue was taken.
    pub(super) fn taken_from(&mut self, name: &QueueName, now: Duration) {
        if let Some(pace) = self.pace_of(name) {
            pace.taken(now);
        }
    }

    /// Where a new session waits: in the queue it asks for, else in the first.
    pub(super) fn first_for(&self, known: &Known) -> &Queue {
        let asked = known.wants_queue().and_then(|name| self.get(&QueueName::new(name).ok()?));
        asked.unwrap_or_else(|| self.queues.first().expect("the settings are checked"))
    }

    /// Where a session waits that somebody has had: for people, in the queue that it was in last.
    pub(super) fn home_of(&self, known: &Known) -> &Queue {
        let last = known.state.queue.as_ref().and_then(|queue| self.get(&queue.queue));
        self.people_after(last.unwrap_or_else(|| self.first_for(known)))
    }

    /// The queue itself if it is for people, else the one that its bots pass on to.
    pub(super) fn people_after<'a>(&'a self, queue: &'a Queue) -> &'a Queue {
        if !queue.settings.bot {
            return queue;
        }
        let then = queue.settings.then.as_ref().and_then(|then| self.get(then));
        let people = || self.queues.iter().find(|queue| !queue.settings.bot).expect("the settings are checked");
        then.unwrap_or_else(people)
    }
}
