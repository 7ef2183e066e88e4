//! Routing: queues, invitations, and who follows how sessions stand.

use tandem_protocol::{
    ErrorCode, Refusal, Seq, SessionId, SessionState,
    limits::{ATTACH_SESSIONS_MAX, NOTE_BYTES_MAX, QUEUE_TEXT_BYTES_MAX},
    link::{Answer, Outcome},
    routing::{Changed, EndInvitation, Invite, Leaving, Placed, Route},
};

use super::{Core, Effect, Live, done, requests::Asked, unknown_session};
use crate::{Now, session::Place};

/// Sessions in one frame to a follower; each may carry all the properties and participants that it may have.
const CHANGED_SESSIONS_MAX: usize = ATTACH_SESSIONS_MAX;

impl Core {
    /// Answers how these sessions stand; the link is told of every change from now on.
    pub(super) fn follow(&mut self, asked: Asked, sessions: &[SessionId], effects: &mut Vec<Effect>) {
        let outcome = if sessions.len() > ATTACH_SESSIONS_MAX {
            let sentence = format!("at most {ATTACH_SESSIONS_MAX} sessions can be followed at once");
            Outcome::Refused(Refusal::new(ErrorCode::BadRequest, sentence))
        } else {
            if self.links.contains_key(&asked.link) {
                self.followers.insert(asked.link);
            }
            done(Answer::Followed(sessions.iter().filter_map(|session| self.stands(*session)).collect()))
        };
        effects.push(Effect::Answer { link: asked.link, id: asked.id, outcome });
    }

    pub(super) fn route(
        &mut self,
        now: Now,
        asked: Asked,
        route: Route,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        check_bytes("note", route.note.as_deref(), NOTE_BYTES_MAX)?;
        check_bytes("text", route.text.as_deref(), QUEUE_TEXT_BYTES_MAX)?;
        self.check_room_to_save()?;
        let session = route.session;
        let routed = self.live_mut(session).ok_or_else(unknown_session)?.session.route(now.wall, route)?;
        self.number(now, session, routed, |place| asked.with(saved_at(place)), effects);
        Ok(())
    }

    pub(super) fn invite(
        &mut self,
        now: Now,
        asked: Asked,
        invite: Invite,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        self.check_room_to_save()?;
        let session = invite.session;
        let invited = self.live_mut(session).ok_or_else(unknown_session)?.session.invite(now.wall, invite)?;
        self.number(now, session, invited, |place| asked.with(saved_at(place)), effects);
        Ok(())
    }

    pub(super) fn end_invitation(
        &mut self,
        now: Now,
        asked: Asked,
        end: EndInvitation,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        self.check_room_to_save()?;
        let live = self.live_to_change(end.session)?;
        let records = live.session.end_invitation(now.wall, end.agent, end.reason);
        self.ended(now, asked, end.session, records, effects);
        Ok(())
    }

    pub(super) fn remove(
        &mut self,
        now: Now,
        asked: Asked,
        session: SessionId,
        leaving: &[Leaving],
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        self.check_room_to_save()?;
        let records = self.live_to_change(session)?.session.remove(now.wall, leaving);
        self.ended(now, asked, session, records, effects);
        Ok(())
    }

    /// The interaction server says where waiting sessions stand. Nothing of it is saved; what is no longer true by now
    /// is passed over.
    pub fn placed(&mut self, placed: &[Placed], effects: &mut Vec<Effect>) {
        for Placed { session, seq, place } in placed {
            let Some(live) = self.live_mut(*session) else { continue };
            if !live.session.waits_since(*seq) || live.place == Some((*seq, *place)) {
                continue;
            }
            live.place = Some((*seq, *place));
            let links = live.links();
            if !links.is_empty() {
                effects.push(Effect::Place { links, session: *session, place: *place });
            }
        }
    }

    /// How a session stands; none when it is not known or nothing of it is saved.
    fn stands(&self, session: SessionId) -> Option<Changed> {
        let live = self.live(session)?;
        let head = live.session.told_head();
        (head > Seq::ZERO).then(|| Changed { session, head, state: live.state() })
    }

    pub(super) fn tell_followers(&self, mut sessions: Vec<SessionId>, effects: &mut Vec<Effect>) {
        if self.followers.is_empty() {
            return;
        }
        sessions.sort_unstable();
        sessions.dedup();
        for sessions in sessions.chunks(CHANGED_SESSIONS_MAX) {
            let changed = sessions.iter().filter_map(|session| self.stands(*session)).collect();
            effects.push(Effect::Changed { links: self.followers.iter().copied().collect(), changed });
        }
    }
}

impl Live {
    /// The state to show, with what is known of the moment.
    pub(super) fn state(&self) -> SessionState {
        let mut state = self.session.state();
        if let Some(queue) = state.queue.as_mut().filter(|queue| queue.waiting) {
            queue.place = self.place.filter(|(seq, _)| *seq == queue.seq).map(|(_, place)| place);
        }
        state
    }
}

/// The answer to what has this place; whether it is on the disk is seen when it is told.
pub(super) fn saved_at(place: Place) -> Answer {
    Answer::Saved { seq: place.seq, at_ms: place.at, participant: place.participant, durable: true }
}

fn check_bytes(what: &str, text: Option<&str>, bytes_max: usize) -> Result<(), Refusal> {
    match text {
        Some(text) if text.is_empty() || text.len() > bytes_max => {
            Err(Refusal::new(ErrorCode::BadRequest, format!("a {what} has 1 to {bytes_max} bytes")))
        }
        _ => Ok(()),
    }
}
