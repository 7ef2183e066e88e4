//! What the engine counts for whoever watches it (`server/METRICS.md`). It decides nothing and is read by nobody here.

use std::time::Duration;

use tandem_protocol::{
    Epoch, ErrorCode, Refusal,
    control::{Takeover, TakeoverCause},
    link::{Answer, Attached, Outcome},
};
use tandem_telemetry::ENGINE;
use tokio::time::Instant;

use super::Service;
use crate::saver::SaveOutcome;

/// What links are, by the words of the table.
const LINK_ROLES: [&str; 5] = ["gateway", "interaction", "external", "standby", "control"];

impl Service {
    /// Sets what goes up and down: with the lease, which is renewed more often than anybody reads this, and at each
    /// change of the role.
    pub(super) fn measure(&self) {
        let core = self.core.as_ref().map(|(_, core)| core);
        let stands_by = core.is_none() && self.lease.is_some() && self.follower.is_some();
        let epoch = self.core.as_ref().map(|(epoch, _)| *epoch);
        let seen = epoch.or(self.lease.as_ref().map(|lease| lease.epoch)).unwrap_or(Epoch::ZERO);
        ENGINE.primary.set_whether(core.is_some());
        ENGINE.standby.set_whether(stands_by);
        ENGINE.has_backup.set_whether(core.is_some() && self.backup.is_some());
        ENGINE.epoch.set(usize::try_from(seen.0).unwrap_or(usize::MAX));
        ENGINE.store_in_reach.set_whether(!self.is_lease_lost);
        ENGINE.sessions.set(core.map_or(0, |core| core.open_sessions()));
        ENGINE.sessions_max.set(self.settings.sessions.sessions_max);
        ENGINE.clients.set(core.map_or(0, |core| core.attached_clients()));
        ENGINE.clients_max.set(self.settings.sessions.clients_max);
        ENGINE.unsaved.set(core.map_or(0, |core| core.unsaved()));
        ENGINE.behind.set(core.map_or(0, |core| core.sessions_behind()));
        for role in LINK_ROLES {
            let links = self.links.values().filter(|linked| linked.is_welcome && linked.hello.role.word() == role);
            ENGINE.links.of([role]).set(links.count());
        }
    }
}

/// This engine serves. It is a failover, or a planned one, where the one before it was the other engine.
pub(super) fn count_takeover(takeover: &Takeover) {
    let cause = match takeover.cause {
        TakeoverCause::Died => "died",
        TakeoverCause::Silent => "silent",
        TakeoverCause::Released => "released",
        TakeoverCause::Planned => "planned",
        TakeoverCause::First | TakeoverCause::Returned => return,
    };
    if takeover.from.as_ref().is_some_and(|from| *from != takeover.to) {
        ENGINE.failovers.of([cause]).inc();
        ENGINE.takeover.observe(Duration::from_micros(takeover.took_us));
    }
}

/// As figures and traces call it.
pub(super) fn word_of(outcome: &SaveOutcome) -> &'static str {
    match outcome {
        SaveOutcome::Saved => "saved",
        SaveOutcome::Failed => "failed",
        SaveOutcome::Fenced => "fenced",
    }
}

/// What became of a batch with so many messages, which went to the store at `since`.
pub(super) fn count_saved(outcome: &SaveOutcome, since: Option<Instant>, messages: usize) {
    ENGINE.saves.of([word_of(outcome)]).inc();
    if let SaveOutcome::Saved = outcome {
        ENGINE.messages.add(messages);
    }
    if let Some(since) = since {
        ENGINE.save.observe(since.elapsed());
    }
}

/// What an answer refuses because of a limit.
pub(super) fn count_refusals(outcome: &Outcome) {
    match outcome {
        Outcome::Refused(refusal) => count_refusal(refusal),
        Outcome::Done(Answer::Attached(attached)) => {
            for attached in attached {
                if let Attached::Refused { refusal, .. } = attached {
                    count_refusal(refusal);
                }
            }
        }
        Outcome::Done(_) => {}
    }
}

fn count_refusal(refusal: &Refusal) {
    let limit = match refusal.code {
        ErrorCode::LimitSessions => "sessions",
        ErrorCode::LimitClients => "clients",
        ErrorCode::TooManyParticipants => "participants",
        ErrorCode::SessionFull => "events",
        ErrorCode::MessageTooLong => "message_bytes",
        ErrorCode::Busy => "waiting",
        _ => return,
    };
    ENGINE.refused.of([limit]).inc();
}
