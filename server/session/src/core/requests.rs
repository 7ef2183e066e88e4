//! What each request does once its sessions are in memory.

use std::collections::BTreeMap;

use tandem_protocol::{
    ClientId, ClosedReason, ErrorCode, LeaveReason, Refusal, RequestId, SessionId,
    limits::{NAME_CHARS_MAX, PROPERTIES_MAX, PROPERTY_KEY_BYTES_MAX, PROPERTY_VALUE_BYTES_MAX},
    link::{Answer, Credential, Join, Open, Outcome, Request, Send},
};

use super::{Core, Effect, LinkId, Live, Slot, done, routing::saved_at, unauthorized};
use crate::{
    Now, Session,
    session::{Joining, Numbered, Place},
};

/// Sessions named in one frame to a watching link.
const OPENED_SESSIONS_MAX: usize = 1_000;

/// A request and where its answer goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) link: LinkId,
    pub(super) id: RequestId,
}

impl Asked {
    pub(super) fn with(self, answer: Answer) -> (LinkId, RequestId, Answer) {
        (self.link, self.id, answer)
    }
}

impl Core {
    /// Does a request whose sessions are all in memory, or known to be unknown.
    pub(super) fn execute(&mut self, now: Now, link: LinkId, id: RequestId, body: Request, effects: &mut Vec<Effect>) {
        let asked = Asked { link, id };
        if let Err(refusal) = self.check_operator(link, &body) {
            return effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal) });
        }
        let done = match body {
            Request::Open(open) => self.open(now, asked, open, effects),
            Request::Join(join) => self.join(now, asked, join, effects),
            Request::Send(send) => self.send(now, asked, send, effects),
            Request::Leave { session, by } => self.leave(now, asked, session, by, effects),
            Request::Close { session, by } => self.close(now, asked, session, by, effects),
            Request::Read { session, by, after, limit } => self.authenticate(session, by).map(|participant| {
                if let Some(participant) = participant {
                    self.note_request(now, session, participant);
                }
                self.read(link, id, (session, participant), after, limit, effects);
            }),
            Request::Attach(attaches) => {
                let outcome = self.attach(now, link, attaches);
                effects.push(Effect::Answer { link, id, outcome });
                Ok(())
            }
            Request::Watch => {
                self.watch(asked, effects);
                Ok(())
            }
            Request::Follow(sessions) => {
                self.follow(asked, &sessions, effects);
                Ok(())
            }
            Request::Route(route) => self.route(now, asked, route, effects),
            Request::Invite(invite) => self.invite(now, asked, invite, effects),
            Request::EndInvitation(end) => self.end_invitation(now, asked, end, effects),
            Request::Remove { session, leaving } => self.remove(now, asked, session, &leaving, effects),
            Request::Erase { session } => self.erase(asked, session, effects),
            Request::Ask(ask) => {
                self.relay.ask(now, asked, ask, effects);
                Ok(())
            }
            Request::Switchover(_) => {
                let sentence = "a switchover is asked of the engine, by a gateway or an operator";
                Err(Refusal::new(ErrorCode::Forbidden, sentence))
            }
            Request::Control(_) => {
                let sentence = "this is asked of the engine, by a gateway or an operator";
                Err(Refusal::new(ErrorCode::Forbidden, sentence))
            }
        };
        if let Err(refusal) = done {
            effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal) });
        }
    }

    fn open(&mut self, now: Now, asked: Asked, open: Open, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        check_open(&open)?;
        self.check_room_to_save()?;
        let client_id = ClientId::new("open").expect("a constant within the rule");
        if let Some(Slot::Live(live)) = self.sessions.get_mut(&open.session) {
            // A repeat: only who holds the token may learn that it is one.
            live.session.holder_of(&open.token_hash).ok_or_else(unauthorized)?;
            let joined = live.session.join(now.wall, Joining::customer(client_id, open.name, open.token_hash))?;
            return self.joined(now, asked, open.session, joined, effects);
        }
        if self.open >= self.settings.sessions_max {
            return Err(Refusal::new(ErrorCode::LimitSessions, "the limit of open sessions is reached"));
        }
        let mut session = Session::new(open.session);
        let opened = session.open(now.wall, open.subject, open.properties);
        let joined = session.join(now.wall, Joining::customer(client_id, open.name, open.token_hash))?;
        self.sessions.insert(open.session, Slot::Live(Box::new(Live::new(session))));
        self.open += 1;
        self.persist_all(now, vec![opened], None, effects);
        self.joined(now, asked, open.session, joined, effects)
    }

    fn join(&mut self, now: Now, asked: Asked, join: Join, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        check_chars("name", &join.name)?;
        self.authenticate(join.session, join.by)?;
        let is_plain = join.visibility.is_all() && join.agent.is_none() && join.replacing.is_empty();
        if !is_plain && join.by != Credential::Role {
            let sentence = "only a role lets somebody join unseen, as an account, or in another's place";
            return Err(Refusal::new(ErrorCode::Forbidden, sentence));
        }
        self.check_room_to_save()?;
        let live = self.live_mut(join.session).ok_or_else(super::unknown_session)?;
        let Join { session, client_id, kind, name, token_hash: token, visibility, agent, taking, replacing, .. } = join;
        let joining = Joining { client_id, kind, name, visibility, token, agent, taking, replacing };
        let joined = live.session.join(now.wall, joining)?;
        self.joined(now, asked, session, joined, effects)
    }

    fn joined(
        &mut self,
        now: Now,
        asked: Asked,
        session: SessionId,
        joined: Numbered,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let answer = |place: Place| asked.with(Answer::Joined { participant: place.participant, seq: place.seq });
        self.number(now, session, joined, answer, effects);
        self.note_absences(now, session, now.elapsed, LeaveReason::Gone);
        Ok(())
    }

    fn send(&mut self, now: Now, asked: Asked, send: Send, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        let participant = self.authenticate(send.session, send.by)?.ok_or_else(unauthorized)?;
        let bytes_max = self.settings.message_bytes_max;
        if send.text.len() > bytes_max {
            let sentence = format!("a message has at most {bytes_max} bytes; this one has {}", send.text.len());
            return Err(Refusal::new(ErrorCode::MessageTooLong, sentence));
        }
        if send.text.is_empty() {
            return Err(Refusal::new(ErrorCode::BadRequest, "a message has at least one character"));
        }
        self.check_room_to_save()?;
        let live = self.live_mut(send.session).ok_or_else(super::unknown_session)?;
        let said = live.session.say(now.wall, participant, send.client_id, send.text, send.visibility)?;
        let answer = |place: Place| asked.with(saved_at(place));
        self.number(now, send.session, said, answer, effects);
        self.note_request(now, send.session, participant);
        Ok(())
    }

    /// Persists what is new, and has the request answered once it, or what it repeats, is saved.
    pub(super) fn number(
        &mut self,
        now: Now,
        session: SessionId,
        numbered: Numbered,
        answer: impl Fn(Place) -> (LinkId, RequestId, Answer),
        effects: &mut Vec<Effect>,
    ) {
        match numbered {
            Numbered::New(records, place) => {
                self.persist_all(now, records, Some(answer(place)), effects);
                self.rearm(now, session);
            }
            Numbered::Repeat(place) => self.answer_when_saved(session, place.seq, answer(place), effects),
        }
    }

    fn leave(
        &mut self,
        now: Now,
        asked: Asked,
        session: SessionId,
        by: Credential,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let participant = self.authenticate(session, by)?.ok_or_else(unauthorized)?;
        self.check_room_to_save()?;
        let live = self.live_to_change(session)?;
        let records = live.session.leave(now.wall, participant, LeaveReason::Logout);
        live.absences.retain(|absence| absence.participant != participant);
        self.ended(now, asked, session, records, effects);
        Ok(())
    }

    fn close(
        &mut self,
        now: Now,
        asked: Asked,
        session: SessionId,
        by: Credential,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let by = self.authenticate(session, by)?;
        self.check_room_to_save()?;
        let live = self.live_to_change(session)?;
        let records = live.session.end(now.wall, by, LeaveReason::Removed, ClosedReason::Ended);
        self.ended(now, asked, session, records, effects);
        Ok(())
    }

    /// Answers what can be repeated without an id: with its last record, or, for a repeat, with whatever is numbered
    /// last.
    pub(super) fn ended(
        &mut self,
        now: Now,
        asked: Asked,
        session: SessionId,
        records: Vec<crate::Record>,
        effects: &mut Vec<Effect>,
    ) {
        let answer = asked.with(Answer::Done);
        if records.is_empty() {
            let head = self.live(session).expect("the caller has found it").session.head();
            self.answer_when_saved(session, head, answer, effects);
        } else {
            self.persist_all(now, records, Some(answer), effects);
        }
        self.rearm(now, session);
    }

    fn watch(&mut self, asked: Asked, effects: &mut Vec<Effect>) {
        self.watchers.insert(asked.link);
        let is_open = |slot: &Slot| match slot {
            Slot::Dormant => true,
            Slot::Loading { was_open } => *was_open,
            Slot::Unknown | Slot::Erasing(_) => false,
            // One that is not saved yet is announced when it is.
            Slot::Live(live) => !live.session.is_closed() && live.session.told_head() > tandem_protocol::Seq::ZERO,
        };
        let open: Vec<SessionId> = self.sessions.iter().filter(|(_, slot)| is_open(slot)).map(|(id, _)| *id).collect();
        for sessions in open.chunks(OPENED_SESSIONS_MAX) {
            effects.push(Effect::Opened { link: asked.link, sessions: sessions.to_vec() });
        }
        // After the lists: whoever waits for it then knows of all there are.
        effects.push(Effect::Answer { link: asked.link, id: asked.id, outcome: done(Answer::Done) });
    }

    /// A session that may be changed: in memory, and not one that could not be saved.
    pub(super) fn live_to_change(&mut self, session: SessionId) -> Result<&mut Live, Refusal> {
        let live = self.live_mut(session).ok_or_else(super::unknown_session)?;
        if live.session.is_condemned {
            return Err(Refusal::new(ErrorCode::SessionClosed, "the session could not be saved and ends"));
        }
        Ok(live)
    }
}

fn check_open(open: &Open) -> Result<(), Refusal> {
    check_chars("name", &open.name)?;
    if let Some(subject) = &open.subject {
        check_chars("subject", subject)?;
    }
    check_properties(&open.properties)
}

fn check_chars(what: &str, text: &str) -> Result<(), Refusal> {
    let chars = text.chars().count();
    if chars == 0 || chars > NAME_CHARS_MAX || text.chars().any(char::is_control) {
        let sentence =
            format!("the {what} must have 1 to {NAME_CHARS_MAX} characters, none of them a control character");
        return Err(Refusal::new(ErrorCode::BadRequest, sentence));
    }
    Ok(())
}

fn check_properties(properties: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let fits = |(key, value): (&String, &String)| {
        (1..=PROPERTY_KEY_BYTES_MAX).contains(&key.len()) && value.len() <= PROPERTY_VALUE_BYTES_MAX
    };
    if properties.len() > PROPERTIES_MAX || !properties.iter().all(fits) {
        let sentence = format!(
            "at most {PROPERTIES_MAX} properties, each with a key of 1 to {PROPERTY_KEY_BYTES_MAX} bytes and a value of \
             at most {PROPERTY_VALUE_BYTES_MAX} bytes"
        );
        return Err(Refusal::new(ErrorCode::BadRequest, sentence));
    }
    Ok(())
}
