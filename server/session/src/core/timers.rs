//! What happens when nothing happens: customers who are gone, sessions that nobody reattaches, ends to be tried again.

use std::time::Duration;

use tandem_protocol::{ClosedReason, LeaveReason, ParticipantId, SessionId, limits::ATTACH_SESSIONS_MAX};

use super::{Absence, Core, Effect, Live, Slot, idleness::IdleTimes, saving::UNSAVED_MAX};
use crate::Now;

/// How long a session without readers stays in memory after its end: a page that reloads then costs no disk.
const ENDED_KEPT: Duration = Duration::from_secs(60);

/// Between two batches of sessions that nobody asked for: 2,500 sessions a second leave the store to those who ask.
const WAKE_PAUSE: Duration = Duration::from_millis(50);

impl Core {
    /// When [`Core::tick`] is next to be called; none while nothing can expire.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let has_room = self.timers_have_room();
        let dormant = (!self.dormant.is_empty() && has_room).then_some(self.dormant_until);
        let sessions = self.deadlines.first().map(|(at, _)| *at).filter(|_| has_room);
        let at = sessions.into_iter().chain(dormant).chain(self.relay.next_deadline());
        at.chain(self.backlogs.next_deadline()).min()
    }

    /// When a gateway dies all its customers are gone at once; their leaving must not crowd out those who are there.
    fn timers_have_room(&self) -> bool {
        self.unsaved.len() < UNSAVED_MAX / 4
    }

    /// Does what has become due.
    pub fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while self.timers_have_room()
            && let Some((at, session)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now.elapsed)
        {
            self.deadlines.remove(&(at, session));
            self.expire(now, session, effects);
        }
        self.relay.tick(now, effects);
        self.backlogs.tick(now);
        if self.dormant_until <= now.elapsed && self.timers_have_room() {
            self.dormant_until = now.elapsed + WAKE_PAUSE;
            self.wake_dormant(effects);
        }
    }

    /// Has sessions read that nobody asked for since the takeover, so that their timers run: no zombie chats.
    fn wake_dormant(&mut self, effects: &mut Vec<Effect>) {
        let mut sessions = Vec::new();
        while sessions.len() < ATTACH_SESSIONS_MAX
            && let Some(session) = self.dormant.pop_front()
        {
            if matches!(self.sessions.get(&session), Some(Slot::Dormant)) {
                sessions.push(session);
            }
        }
        self.load(sessions, effects);
    }

    /// The session's moment has come: it is forgotten, closed, its absent customers leave, or its idleness is told.
    fn expire(&mut self, now: Now, session: SessionId, effects: &mut Vec<Effect>) {
        let timeout = self.settings.client_disconnect_timeout;
        let Some(live) = self.live_mut(session) else { return };
        live.deadline = None;
        if live.session.is_closed() && !live.session.is_condemned {
            if live.attachments.is_empty() && live.session.is_all_saved() {
                self.forget(session);
            }
            return;
        }
        let records = if live.session.is_condemned {
            live.session.end(now.wall, None, LeaveReason::Server, ClosedReason::NotSaved)
        } else {
            let gone = live.absences.extract_if(.., |absence| absence.since + timeout <= now.elapsed);
            gone.flat_map(|gone| live.session.leave(now.wall, gone.participant, gone.reason)).collect()
        };
        self.persist_all(now, records, None, effects);
        self.note_idleness(now, session, effects);
        self.rearm(now, session);
    }

    /// Notes each customer without an attachment as absent, those who are not noted already.
    pub(super) fn note_absences(&mut self, now: Now, session: SessionId, since: Duration, reason: LeaveReason) {
        let Some(live) = self.live_mut(session) else { return };
        for customer in live.session.customers() {
            if !live.is_attached(customer) && !live.absences.iter().any(|absence| absence.participant == customer) {
                live.absences.push(Absence { participant: customer, since, reason });
            }
        }
        self.rearm(now, session);
    }

    /// A participant asked for something: he is there, even without an attachment.
    pub(super) fn note_request(&mut self, now: Now, session: SessionId, participant: ParticipantId) {
        let Some(live) = self.live_mut(session) else { return };
        if let Some(absence) = live.absences.iter_mut().find(|absence| absence.participant == participant) {
            (absence.since, absence.reason) = (now.elapsed, LeaveReason::Gone);
            self.rearm(now, session);
        }
    }

    /// Sets the session's next moment from its state.
    pub(super) fn rearm(&mut self, now: Now, session: SessionId) {
        let timeout = self.settings.client_disconnect_timeout;
        let idle_times = self.settings.inactivity.as_ref().map(IdleTimes::of);
        let Some(live) = self.live_mut(session) else { return };
        live.measure_idleness(now, idle_times.is_some());
        let deadline = live.next_moment(now, timeout, idle_times);
        self.set_deadline(session, deadline);
    }

    pub(super) fn set_deadline(&mut self, session: SessionId, deadline: Option<Duration>) {
        let Some(live) = self.live_mut(session) else { return };
        let before = std::mem::replace(&mut live.deadline, deadline);
        if before != deadline {
            before.map(|at| self.deadlines.remove(&(at, session)));
            deadline.map(|at| self.deadlines.insert((at, session)));
        }
    }

    /// Drops a session from memory; what is saved of it can be read again.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.set_deadline(session, None);
        self.waiting.remove(&session);
        let Some(Slot::Live(live)) = self.sessions.remove(&session) else { return };
        self.condemned -= usize::from(live.session.is_condemned);
        for (link, participant) in &live.attachments {
            self.clients -= usize::from(participant.is_some());
            if let Some(sessions) = self.links.get_mut(link) {
                sessions.remove(&session);
            }
        }
    }
}

impl Live {
    fn next_moment(&self, now: Now, timeout: Duration, idle_times: Option<IdleTimes>) -> Option<Duration> {
        if self.session.is_condemned && !self.session.is_closed() {
            return self.deadline.or(Some(now.elapsed));
        }
        if self.session.is_closed() {
            return self.attachments.is_empty().then_some(now.elapsed + ENDED_KEPT);
        }
        let gone = self.absences.iter().map(|absence| absence.since + timeout);
        gone.chain(self.idle_at(idle_times)).min()
    }
}
