//! Erasing what was said in a session that has ended.
//!
//! The store does it; the core sees to it that the session has ended, and that no copy of it is in memory meanwhile or
//! afterwards: who asks for the session while it is being erased waits, and gets what is left.

use tandem_protocol::{
    ErrorCode, Refusal, SessionId,
    link::{Answer, Outcome, Request},
};

use super::{Core, Effect, Erased, Slot, done, requests::Asked};

/// Sessions that may be erased at one time (B-1); the store does one after the other.
const ERASING_MAX: usize = 256;

impl Core {
    /// Has a session erased, which is in memory or known to be unknown; one whose history is unreadable is unknown too,
    /// and erased all the same.
    pub(super) fn erase(&mut self, asked: Asked, session: SessionId, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        // An end that is not saved yet is none for the store.
        if self.live(session).is_some_and(|live| !live.session.is_closed() || !live.session.is_all_saved()) {
            return Err(still_open());
        }
        if self.erasing >= ERASING_MAX {
            return Err(Refusal::new(ErrorCode::Busy, "too many sessions are being erased"));
        }
        self.forget(session);
        self.erasing += 1;
        self.sessions.insert(session, Slot::Erasing(asked));
        effects.push(Effect::Erase { session });
        Ok(())
    }

    /// The store has erased a session, or could not.
    pub fn erased(&mut self, session: SessionId, became: Erased, effects: &mut Vec<Effect>) {
        let Some(Slot::Erasing(Asked { link, id })) = self.sessions.get(&session) else { return };
        let outcome = match became {
            Erased::Done => done(Answer::Done),
            Erased::StillOpen => Outcome::Refused(still_open()),
            Erased::Failed => {
                let sentence = "the session could not be erased, or not all of it";
                Outcome::Refused(Refusal::new(ErrorCode::Unavailable, sentence))
            }
        };
        effects.push(Effect::Answer { link: *link, id: *id, outcome });
        self.erasing -= 1;
        self.sessions.remove(&session);
        if self.restoring.waits_for(session) {
            self.load(vec![session], effects);
        }
    }

    /// Whether a request cannot be done now because its session is being erased. A batch goes on without it: each
    /// session of it is answered for itself.
    pub(super) fn waits_for_erasure(&self, body: &Request) -> bool {
        let is_batch = matches!(body, Request::Attach(_) | Request::Follow(_));
        let is_erasing = |session: &SessionId| matches!(self.sessions.get(session), Some(Slot::Erasing(_)));
        !is_batch && self.missing_sessions(body).iter().any(is_erasing)
    }
}

fn still_open() -> Refusal {
    Refusal::new(ErrorCode::Busy, "the session has not ended")
}

/// To who asks for a session that is being erased.
pub(super) fn being_erased() -> Refusal {
    Refusal::new(ErrorCode::Busy, "the session is being erased")
}
