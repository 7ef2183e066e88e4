//! Attachments: which link gets the events of which session, and which customers are there.

use tandem_protocol::{
    ErrorCode, LeaveReason, ParticipantId, Refusal, SessionId,
    limits::{ATTACH_SESSIONS_MAX, PAGE_EVENTS_MAX},
    link::{Answer, Attach, Attached, Credential, Outcome},
};

use super::{Core, LinkId, Slot, done, erasing::being_erased, restoring::unreadable, unauthorized, unknown_session};
use crate::Now;

/// Bytes of missed events in one answer to an attach of many sessions; what does not fit is read page by page. Far
/// below a link's frame, so that escaping and the states of the sessions fit beside it.
const ATTACH_BYTES_MAX: usize = 1024 * 1024;

impl Core {
    /// Attaches sessions that are all in memory; see [`tandem_protocol::link::Request::Attach`].
    pub(super) fn attach(&mut self, now: Now, link: LinkId, attaches: Vec<Attach>) -> Outcome {
        if attaches.len() > ATTACH_SESSIONS_MAX {
            let sentence = format!("at most {ATTACH_SESSIONS_MAX} sessions can be attached at once");
            return Outcome::Refused(Refusal::new(ErrorCode::BadRequest, sentence));
        }
        if !self.links.contains_key(&link) {
            // It went while its sessions were read; nobody would ever detach what is attached now.
            return Outcome::Refused(Refusal::new(ErrorCode::Unavailable, "the link is gone"));
        }
        let mut bytes_left = ATTACH_BYTES_MAX;
        let attached = attaches.into_iter().map(|attach| {
            let session = attach.session;
            self.attach_one(now, link, attach, &mut bytes_left)
                .unwrap_or_else(|refusal| Attached::Refused { session, refusal })
        });
        done(Answer::Attached(attached.collect()))
    }

    fn attach_one(
        &mut self,
        now: Now,
        link: LinkId,
        attach: Attach,
        bytes_left: &mut usize,
    ) -> Result<Attached, Refusal> {
        let session = attach.session;
        let participant = self.authenticate(session, attach.by)?;
        // One who was attached before the failover, or is by another of his pages, is not a new client: the limit is
        // for those who come (O-1).
        let is_attached = self.live(session).is_some_and(|live| live.attachments.contains(&(link, participant)));
        let is_new = matches!(attach.by, Credential::Token(_)) && !is_attached;
        if is_new && self.clients >= self.settings.clients_max {
            return Err(Refusal::new(ErrorCode::LimitClients, "the limit of connected clients is reached"));
        }
        self.add_attachment(link, session, participant);
        for other in attach.also {
            self.add_attachment(link, session, Some(other));
        }
        self.rearm(now, session);
        let live = self.live(session).ok_or_else(unknown_session)?;
        let events = live.session.recent(attach.after, PAGE_EVENTS_MAX, *bytes_left);
        *bytes_left = bytes_left.saturating_sub(events.iter().map(tandem_protocol::RawEvent::len_bytes).sum());
        let events = if *bytes_left == 0 { Vec::new() } else { events };
        Ok(Attached::Live { session, page: live.page(participant, events) })
    }

    fn add_attachment(&mut self, link: LinkId, session: SessionId, participant: Option<ParticipantId>) {
        let Some(live) = self.live_mut(session) else { return };
        let is_known = participant.is_none_or(|participant| live.session.has(participant));
        if is_known && !live.attachments.contains(&(link, participant)) {
            live.attachments.push((link, participant));
            live.absences.retain(|absence| Some(absence.participant) != participant);
            self.clients += usize::from(participant.is_some());
            self.links.get_mut(&link).map(|sessions| sessions.insert(session));
        }
    }

    /// The last reader of this participant behind this link is gone.
    pub fn detach(&mut self, now: Now, link: LinkId, session: SessionId, participant: Option<ParticipantId>) {
        self.restoring.note_detach(link, session, participant);
        let Some(live) = self.live_mut(session) else { return };
        let before = live.attachments.len();
        live.attachments.retain(|attachment| *attachment != (link, participant));
        let removed = before - live.attachments.len();
        let is_last_of_link = !live.attachments.iter().any(|(other, _)| *other == link);
        self.clients -= if participant.is_some() { removed } else { 0 };
        if is_last_of_link && let Some(sessions) = self.links.get_mut(&link) {
            sessions.remove(&session);
        }
        self.note_absences(now, session, now.elapsed, LeaveReason::Gone);
    }

    /// The link is gone: all its attachments of this session end.
    pub(super) fn detach_all(&mut self, now: Now, link: LinkId, session: SessionId) {
        let Some(live) = self.live_mut(session) else { return };
        let gone = live.attachments.extract_if(.., |(other, _)| *other == link);
        let gone = gone.filter(|(_, participant)| participant.is_some()).count();
        self.clients -= gone;
        self.note_absences(now, session, now.elapsed, LeaveReason::Gone);
    }

    /// Who asks: the participant, or none for a role.
    pub(super) fn authenticate(&self, session: SessionId, by: Credential) -> Result<Option<ParticipantId>, Refusal> {
        let live = match self.sessions.get(&session) {
            Some(Slot::Live(live)) => live,
            // A batch has gone on without it.
            Some(Slot::Dormant | Slot::Loading { .. }) => return Err(unreadable()),
            Some(Slot::Erasing(_)) => return Err(being_erased()),
            Some(Slot::Unknown) | None => return Err(unknown_session()),
        };
        match by {
            Credential::Role => Ok(None),
            Credential::Participant(participant) if live.session.has(participant) => Ok(Some(participant)),
            Credential::Participant(_) => Err(unauthorized()),
            Credential::Token(token) => {
                let holder = live.session.holder_of(&token).ok_or_else(unauthorized)?;
                if live.session.has_gone(holder) {
                    return Err(Refusal::new(ErrorCode::SessionClosed, "the participant has left this session"));
                }
                Ok(Some(holder))
            }
        }
    }
}
