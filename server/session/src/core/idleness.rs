//! `[engine.inactivity-control]`: a session in which nobody does anything is warned, then ended.
//!
//! Measured from the last join, leave or message, or a counted notice, by this engine's own clock: after a takeover it
//! begins anew, since another machine's clock says nothing here. A session that waits for an agent is not idle: those
//! who wait cannot do anything about it.

use std::time::Duration;

use tandem_protocol::{ClosedReason, LeaveReason, NoticeKind, Seq, SessionId, link::SessionNotice};

use super::{Core, Effect, Live};
use crate::{Inactivity, KeptNotices, Now};

/// How long nobody has done anything, and what has been said of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idleness {
    /// The last activity, as an event.
    active: Seq,
    /// Since the last activity, or the last alert.
    since: Duration,
    next: Step,
}

/// What is next to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Alert,
    AlertAgain,
    Close,
}

/// The times of [`Inactivity`].
#[derive(Debug, Clone, Copy)]
pub(super) struct IdleTimes {
    alert: Duration,
    alert_again: Option<Duration>,
    close: Duration,
}

impl IdleTimes {
    pub(super) fn of(inactivity: &Inactivity) -> Self {
        let Inactivity { timeout_alert: alert, timeout_alert2: alert_again, timeout_close: close, .. } = *inactivity;
        Self { alert, alert_again, close }
    }

    fn until(self, step: Step) -> Duration {
        match step {
            Step::Alert => self.alert,
            Step::AlertAgain => self.alert_again.unwrap_or_default(),
            Step::Close => self.close,
        }
    }

    fn after(self, step: Step) -> Step {
        match step {
            Step::Alert if self.alert_again.is_some() => Step::AlertAgain,
            Step::Alert | Step::AlertAgain | Step::Close => Step::Close,
        }
    }
}

impl Core {
    /// Somebody types; whether that is activity is the operator's choice.
    pub(super) fn note_typing(&mut self, now: Now, session: SessionId, on: bool) {
        let counts = self.settings.inactivity.as_ref().is_some_and(|inactivity| inactivity.counted.counts_typing(on));
        if let Some(live) = self.live_mut(session).filter(|_| counts) {
            live.idleness = None;
            self.rearm(now, session);
        }
    }

    /// Tells a session that has been idle so long, and ends it in the end.
    pub(super) fn note_idleness(&mut self, now: Now, session: SessionId, effects: &mut Vec<Effect>) {
        let Some(inactivity) = &self.settings.inactivity else { return };
        let times = IdleTimes::of(inactivity);
        let is_due = |live: &&Live| live.idle_at(Some(times)).is_some_and(|at| at <= now.elapsed);
        let Some(step) = self.live(session).filter(is_due).and_then(|live| live.idleness).map(|idle| idle.next) else {
            return;
        };
        let (notice, text) = match step {
            Step::Alert => (NoticeKind::IdleControlAlert, &inactivity.message_alert),
            Step::AlertAgain => (NoticeKind::IdleControlAlert, &inactivity.message_alert2),
            Step::Close => (NoticeKind::IdleControlClose, &inactivity.message_close),
        };
        let text = text.clone();
        self.say(now, session, notice, text, effects);
        let Some(live) = self.live_mut(session) else { return };
        if let Some(idle) = &mut live.idleness {
            (idle.since, idle.next) = (now.elapsed, times.after(step));
        }
        if step == Step::Close {
            let records = live.session.end(now.wall, None, LeaveReason::Idle, ClosedReason::Idle);
            self.persist_all(now, records, None, effects);
        }
    }

    /// Says something to everybody: as an event where the transcript keeps it, else to those who are there.
    fn say(&mut self, now: Now, session: SessionId, notice: NoticeKind, text: String, effects: &mut Vec<Effect>) {
        let is_kept = self.settings.kept_notices >= KeptNotices::Major;
        let Some(live) = self.live_mut(session).filter(|_| !text.is_empty()) else { return };
        if is_kept {
            let record = live.session.notice(now.wall, notice, Some(text));
            self.persist_all(now, vec![record], None, effects);
        } else {
            let links = live.links();
            if !links.is_empty() {
                effects.push(Effect::Notice { links, session, notice: SessionNotice::Said { notice, text } });
            }
        }
    }
}

impl Live {
    /// Begins to measure, or begins anew after an activity.
    pub(super) fn measure_idleness(&mut self, now: Now, is_enabled: bool) {
        if !is_enabled || self.session.is_closed() || self.session.waits() {
            self.idleness = None;
            return;
        }
        let active = self.session.active();
        if self.idleness.is_none_or(|idle| idle.active != active) {
            self.idleness = Some(Idleness { active, since: now.elapsed, next: Step::Alert });
        }
    }

    /// When something is next to be said of it.
    pub(super) fn idle_at(&self, times: Option<IdleTimes>) -> Option<Duration> {
        let idle = self.idleness.filter(|_| !self.session.is_closed())?;
        Some(idle.since + times?.until(idle.next))
    }
}
