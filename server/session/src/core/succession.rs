//! How a new primary begins: with what it inherits, and as one to whom the one before has handed over, or not.

use tandem_protocol::{LeaveReason, SessionId};

use super::{Core, Effect, Live, OpenSession, Slot};
use crate::{KeptNotices, Now, Session, SessionSettings};

impl Core {
    /// As [`Core::new`]. `prepared` are those of the open sessions that the backup had restored before, each up to its
    /// last saved event. `is_planned` says that the primary before this one has handed over in order, with everything it
    /// told on the disk: whatever the settings say of an engine's death, no session ends and no notice is kept.
    #[must_use]
    pub fn succeed(
        now: Now,
        settings: SessionSettings,
        open: &[OpenSession],
        prepared: Vec<Session>,
        is_planned: bool,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let timeout = settings.client_disconnect_timeout;
        let mut core = Self::new(now, settings, open);
        core.is_planned = is_planned;
        if is_planned {
            core.dormant_until = now.elapsed + timeout;
        }
        for session in prepared {
            let id = session.id();
            if let Some(slot @ Slot::Dormant) = core.sessions.get_mut(&id) {
                *slot = Slot::Live(Box::new(Live::new(session)));
                core.inherit(now, id, true, effects);
            }
        }
        core
    }

    /// A session was restored. One that was open when this engine became primary ends where it died with the engine
    /// before; in any other its customers are waited for.
    pub(super) fn inherit(&mut self, now: Now, session: SessionId, was_open: bool, effects: &mut Vec<Effect>) {
        self.note_whether_it_waits(session);
        if was_open && !self.is_planned && !self.settings.restores() {
            return self.end_inherited(now, session, effects);
        }
        if was_open && !self.is_planned && self.settings.kept_notices == KeptNotices::All {
            self.note_restored(now, session, effects);
        }
        let reason = if self.is_planned { LeaveReason::Gone } else { LeaveReason::NotBack };
        self.note_absences(now, session, self.taken_over_at, reason);
    }
}
