//! What is to be looked at: now, since something about it has changed, or at a later moment.
//!
//! Looking at something that needs nothing does nothing, so a moment that has lost its meaning needs no cancelling.

use std::{collections::BTreeSet, time::Duration};

use tandem_protocol::{AgentId, SessionId};

/// What can be looked at. Agents come first: who is gone decides what becomes of his sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// An agent's presence.
    Agent(AgentId),
    /// A session as a whole.
    Session(SessionId),
    /// The questions of desks that have not entered.
    Doorstep,
}

/// See the module. Both sets hold a subject a few times at most, whatever happens: what is due later is bounded by
/// what has a deadline.
#[derive(Debug, Default)]
pub(super) struct Due {
    now: BTreeSet<Subject>,
    later: BTreeSet<(Duration, Subject)>,
}

impl Due {
    pub(super) fn now(&mut self, subject: Subject) {
        self.now.insert(subject);
    }

    pub(super) fn at(&mut self, at: Duration, subject: Subject) {
        // What never comes needs no place.
        if at < Duration::MAX {
            self.later.insert((at, subject));
        }
    }

    /// The next subject to look at, once.
    pub(super) fn next(&mut self, now: Duration) -> Option<Subject> {
        while let Some((at, subject)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, subject));
            self.now.insert(subject);
        }
        self.now.pop_first()
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        if self.now.is_empty() { self.later.first().map(|(at, _)| *at) } else { Some(Duration::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_looked_at_once_and_agents_first() {
        let (mut due, agent) = (Due::default(), |number| Subject::Agent(AgentId(number)));
        due.now(Subject::Doorstep);
        due.now(agent(2));
        due.at(Duration::from_secs(1), agent(2));
        due.at(Duration::from_secs(1), agent(1));
        due.at(Duration::from_secs(2), agent(3));
        due.at(Duration::MAX, agent(4));
        let seen: Vec<_> = std::iter::from_fn(|| due.next(Duration::from_secs(1))).collect();
        assert_eq!(seen, [agent(1), agent(2), Subject::Doorstep]);
        assert_eq!(due.next_deadline(), Some(Duration::from_secs(2)));
    }
}
