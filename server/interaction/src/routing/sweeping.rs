//! Looks at sessions although nothing has happened to them: what no input and no deadline has mended is mended here.

use std::{ops::Bound, time::Duration};

use tandem_protocol::SessionId;

use super::{Core, due::Subject, effect::Note, requests::UNSEEN_MAX};

/// Between two such looks.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// Sessions of one such look: all of a usual system, and a bounded effort in one that is not.
const SWEEP_SESSIONS_MAX: usize = 2_000;

/// When sessions are looked at next, and after which one.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    at: Duration,
    after: Option<SessionId>,
}

impl Sweep {
    pub(super) fn next_deadline(&self) -> Duration {
        self.at
    }
}

impl Core {
    pub(super) fn sweep_later(&mut self) {
        self.sweep.at = self.now.elapsed + SWEEP_PAUSE;
    }

    pub(super) fn sweep_when_due(&mut self) {
        if self.now.elapsed < self.sweep.at {
            return;
        }
        self.sweep_later();
        let after = self.sweep.after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (after, Bound::Unbounded);
        let sessions: Vec<SessionId> =
            self.sessions.range(range).take(SWEEP_SESSIONS_MAX).map(|(session, _)| *session).collect();
        self.sweep.after = sessions.last().copied().filter(|_| sessions.len() == SWEEP_SESSIONS_MAX);
        for session in sessions {
            // Those of a pair that is not known are looked at when it is.
            if self.pairs.is_settled_for(&session) {
                self.sweep_one(session);
            }
        }
        self.release_again();
        self.end_expired_logins();
    }

    fn sweep_one(&mut self, session: SessionId) {
        self.check_list(session);
        let pair = self.pairs.of(&session);
        if self.has_unseen(session, UNSEEN_MAX) && !self.pairs.get(pair).is_aside(&session) {
            self.note(Note::Unseen { session });
            self.pairs.get_mut(pair).follow(session);
        }
        self.due.now(Subject::Session(session));
    }
}
