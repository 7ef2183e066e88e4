//! What operators are shown of all sessions at once: how many there are, and which.
//!
//! It may be asked for every second at a full engine, between two messages: what would need a look into each session
//! is counted as it changes. Nothing is decided here.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use tandem_protocol::{ParticipantId, Seq, SessionId, control::SessionSummary, properties::is_drill};

use super::{Core, CoreCounts, Live, Slot};
use crate::RecentFigures;

impl Core {
    /// How much there is.
    #[must_use]
    pub fn counts(&self) -> CoreCounts {
        let (mut live, mut dormant) = (0, 0);
        for slot in self.sessions.values() {
            live += usize::from(matches!(slot, Slot::Live(_)));
            dormant += usize::from(matches!(slot, Slot::Dormant | Slot::Loading { was_open: true }));
        }
        CoreCounts { open: self.open, live, dormant, waiting: self.waiting.len(), attachments: self.clients }
    }

    /// Messages that were acknowledged since this engine serves.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// How often messages were acknowledged in the last seconds, and how long that took since they arrived.
    #[must_use]
    pub fn answers(&self, now: Duration) -> RecentFigures {
        self.answered.figures(now)
    }

    /// What is taken in from now on had arrived at this moment.
    pub fn arrived(&mut self, at: Duration) {
        self.arrived = at;
    }

    /// The open sessions after this one, in the order of their ids, at most so many.
    #[must_use]
    pub fn summaries(&self, after: Option<SessionId>, limit: usize) -> Vec<SessionSummary> {
        let is_after = |id: &&SessionId| after.is_none_or(|after| **id > after);
        // A full engine has a hundred times as many as are asked for at once: only those are put in order.
        let mut ids: BinaryHeap<_> = self.sessions.keys().filter(is_after).copied().map(Reverse).collect();
        let mut summaries = Vec::with_capacity(limit.min(ids.len()));
        while summaries.len() < limit
            && let Some(Reverse(id)) = ids.pop()
        {
            summaries.extend(self.summary(id));
        }
        summaries
    }

    /// None for one that is not open, or of which nobody has been told yet.
    fn summary(&self, session: SessionId) -> Option<SessionSummary> {
        match self.sessions.get(&session)? {
            Slot::Dormant | Slot::Loading { was_open: true } => Some(SessionSummary {
                session,
                live: false,
                opened_at_ms: None,
                head: None,
                participants: 0,
                connected: 0,
                waits_in: None,
                drill: false,
            }),
            Slot::Live(live) if !live.session.is_closed() && live.session.told_head() > Seq::ZERO => {
                Some(live.summary(session))
            }
            Slot::Live(_) | Slot::Loading { was_open: false } | Slot::Unknown | Slot::Erasing(_) => None,
        }
    }

    /// Something may have changed about whether it waits in a queue.
    pub(super) fn note_whether_it_waits(&mut self, session: SessionId) {
        if self.live(session).is_some_and(|live| live.session.is_waiting()) {
            self.waiting.insert(session);
        } else {
            self.waiting.remove(&session);
        }
    }

    /// A message that had arrived at this moment is acknowledged.
    pub(super) fn note_message(&mut self, now: Duration, arrived: Duration) {
        self.messages += 1;
        self.answered.note(now, now.saturating_sub(arrived));
    }
}

impl Live {
    fn summary(&self, session: SessionId) -> SessionSummary {
        let state = self.session.state();
        let here: Vec<ParticipantId> =
            state.participants.iter().filter(|known| known.joined).map(|known| known.participant).collect();
        let connected = here.iter().filter(|participant| self.is_attached(**participant)).count();
        let count = |count: usize| u32::try_from(count).expect("a session has a bounded number of participants");
        SessionSummary {
            session,
            live: true,
            opened_at_ms: Some(state.opened_at_ms),
            head: Some(self.session.told_head()),
            participants: count(here.len()),
            connected: count(connected),
            waits_in: state.queue.filter(|queue| queue.waiting).map(|queue| queue.queue),
            drill: is_drill(&state.properties),
        }
    }
}
