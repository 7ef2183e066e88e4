//! How many there are of what an operator watches.

use tandem_protocol::{QueueName, desk::ChosenState};

use super::Core;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Census {
    /// How many sessions wait in each queue of the settings.
    pub(crate) waiting: Vec<(QueueName, usize)>,
    /// Agents and bots who are connected and ready.
    pub(crate) ready: usize,
    /// Those who are connected and not ready.
    pub(crate) not_ready: usize,
    /// Sessions that somebody attends to.
    pub(crate) attended: usize,
}

impl Core {
    /// How many there are now.
    pub(crate) fn census(&self) -> Census {
        let waiting = self.queues.iter().map(|queue| (queue.settings.name.clone(), queue.pace.waiting())).collect();
        let connected = || self.agents.values().filter(|agent| agent.enabled().is_some() && agent.is_connected());
        let ready = connected().filter(|agent| agent.chosen == ChosenState::Ready).count();
        Census { waiting, ready, not_ready: connected().count() - ready, attended: self.live.len() }
    }
}
