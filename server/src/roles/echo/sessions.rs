//! All sessions of the echo participant: which it is in, which wait, how much is asked at once; no link, no clock.

use std::collections::{HashMap, HashSet, VecDeque};

use tandem_link::Incoming;
use tandem_protocol::{
    ParticipantKind, Refusal, Seq, SessionId, Visibility,
    limits::{ATTACH_SESSIONS_MAX, PAGE_EVENTS_MAX},
    link::{Answer, Attach, Attached, Credential, Join, Outcome, Page, Request, Send},
};

use super::dialogue::{self, Dialogue, Step};

/// Requests under way at once; what exceeds it waits its turn. Small beside what customers send, which goes first.
pub(super) const REQUESTS_MAX: usize = 256;

/// Sessions known at once; more are not answered, and the log says so. Far beyond `limit-for-sessions`.
const SESSIONS_MAX: usize = 1_000_000;

/// Sessions remembered for not wanting the echo, or no longer, so that a reconnect does not ask for each of them again.
/// When full it begins anew, which costs one question a session.
const DECLINED_MAX: usize = 100_000;

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    /// To hear of sessions.
    Watch,
    /// To hear what happens in these.
    Attach(Vec<SessionId>),
    /// The step of this session's dialogue.
    Step(SessionId),
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Do {
    /// Submit this.
    Ask(Request, Tag),
    /// Hear no more of this session.
    Detach(SessionId),
}

#[derive(Debug)]
enum Place {
    /// Waits for, or is part of, an attach.
    Attaching,
    /// Attached. `due` while it stands in the queue.
    Talking { dialogue: Box<Dialogue>, due: bool },
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    watches: bool,
    places: HashMap<SessionId, Place>,
    declined: HashSet<SessionId>,
    /// Sessions to attach.
    to_attach: VecDeque<SessionId>,
    /// Sessions whose dialogue may have a next step.
    due: VecDeque<SessionId>,
    /// What is tried again when a while has passed.
    later: Vec<Tag>,
    under_way: usize,
    full: bool,
}

impl Sessions {
    /// Takes in what comes over the link; returns what is to be done.
    pub(super) fn on(&mut self, incoming: Incoming<Tag>) -> Vec<Do> {
        let mut done = Vec::new();
        match incoming {
            // Once: the link itself watches again at each new primary.
            Incoming::Connected { .. } if !std::mem::replace(&mut self.watches, true) => {
                done.push(self.ask(Request::Watch, Tag::Watch));
            }
            Incoming::Opened(sessions) => sessions.into_iter().for_each(|session| self.opened(session)),
            Incoming::Deliver(deliver) => {
                self.with(deliver.session, |dialogue| dialogue.on_events(deliver.after, &deliver.events));
            }
            Incoming::Reattached { attached, .. } => {
                attached.into_iter().for_each(|attached| done.extend(self.reattached(attached)));
            }
            Incoming::Answered { tag, outcome } => self.answered(tag, outcome),
            Incoming::Typing { .. } | Incoming::Lost { .. } | Incoming::Connected { .. } | Incoming::Pair(_) => {}
            // Queues and desks are no business of the echo's.
            Incoming::Changed(_)
            | Incoming::Place { .. }
            | Incoming::Notice { .. }
            | Incoming::Asked { .. }
            | Incoming::GatewayGone(_)
            | Incoming::Desk { .. }
            | Incoming::InteractionGone
            | Incoming::EnterAgain => {}
        }
        self.go_on(&mut done);
        done
    }

    /// A while has passed: what was refused for now is tried again.
    pub(super) fn on_time(&mut self) -> Vec<Do> {
        let mut done = Vec::new();
        for tag in std::mem::take(&mut self.later) {
            match tag {
                Tag::Watch => done.push(self.ask(Request::Watch, Tag::Watch)),
                Tag::Attach(sessions) => self.to_attach.extend(sessions),
                Tag::Step(session) => self.with(session, Dialogue::on_time),
            }
        }
        self.go_on(&mut done);
        done
    }

    fn opened(&mut self, session: SessionId) {
        if self.places.contains_key(&session) || self.declined.contains(&session) {
            return;
        }
        if self.places.len() >= SESSIONS_MAX {
            if !std::mem::replace(&mut self.full, true) {
                tracing::warn!(sessions = SESSIONS_MAX, "too many sessions at once; the rest is not answered");
            }
            return;
        }
        self.begin(session);
    }

    fn begin(&mut self, session: SessionId) {
        self.places.insert(session, Place::Attaching);
        self.to_attach.push_back(session);
    }

    fn answered(&mut self, tag: Tag, outcome: Outcome) {
        self.under_way = self.under_way.saturating_sub(1);
        match (tag, outcome) {
            (Tag::Watch, Outcome::Done(_)) => {}
            (Tag::Attach(_), Outcome::Done(Answer::Attached(attached))) => {
                attached.into_iter().for_each(|attached| self.attached(attached));
            }
            (Tag::Attach(sessions), Outcome::Done(_)) => self.give_up(&sessions),
            (Tag::Step(session), Outcome::Done(answer)) => {
                self.with(session, |dialogue| dialogue.on_answer(&answer));
            }
            (Tag::Step(session), Outcome::Refused(refusal)) => {
                self.with(session, |dialogue| dialogue.on_refused(&refusal));
            }
            (tag, Outcome::Refused(refusal)) => self.refused(tag, &refusal),
        }
    }

    fn refused(&mut self, tag: Tag, refusal: &Refusal) {
        match tag {
            tag if refusal.code.is_retryable() => self.later.push(tag),
            Tag::Attach(sessions) => self.give_up(&sessions),
            Tag::Watch | Tag::Step(_) => {
                tracing::error!(code = ?refusal.code, "the engine refuses what the echo participant needs");
            }
        }
    }

    fn give_up(&mut self, sessions: &[SessionId]) {
        for session in sessions {
            self.places.remove(session);
        }
    }

    fn attached(&mut self, attached: Attached) {
        match attached {
            Attached::Live { session, page } => self.talk(session, &page),
            Attached::Refused { session, refusal } => self.refused(Tag::Attach(vec![session]), &refusal),
        }
    }

    fn talk(&mut self, session: SessionId, page: &Page) {
        let dialogue = Box::new(Dialogue::new(page));
        self.places.insert(session, Place::Talking { dialogue, due: true });
        self.due.push_back(session);
    }

    /// The link has attached the session again after a loss.
    fn reattached(&mut self, attached: Attached) -> Option<Do> {
        match attached {
            Attached::Live { session, page } => {
                let mut continues = true;
                self.with(session, |dialogue| continues = dialogue.on_missed(&page));
                if continues {
                    return None;
                }
                self.begin(session);
                Some(Do::Detach(session))
            }
            Attached::Refused { session, refusal } => {
                if let Some(place) = self.places.get_mut(&session) {
                    *place = Place::Attaching;
                    self.refused(Tag::Attach(vec![session]), &refusal);
                }
                None
            }
        }
    }

    /// Tells the session's dialogue something, after which it may have a next step.
    fn with(&mut self, session: SessionId, tell: impl FnOnce(&mut Dialogue)) {
        if let Some(Place::Talking { dialogue, due }) = self.places.get_mut(&session) {
            tell(dialogue);
            if !std::mem::replace(due, true) {
                self.due.push_back(session);
            }
        }
    }

    /// Gives out as much as may be under way: answers to customers first, then new sessions.
    fn go_on(&mut self, done: &mut Vec<Do>) {
        while self.under_way < REQUESTS_MAX {
            if let Some(session) = self.due.pop_front() {
                done.extend(self.step(session));
            } else if self.to_attach.is_empty() {
                return;
            } else {
                let batch = self.to_attach.len().min(ATTACH_SESSIONS_MAX);
                let sessions: Vec<SessionId> = self.to_attach.drain(..batch).collect();
                done.push(self.ask(attach(&sessions), Tag::Attach(sessions)));
            }
        }
    }

    fn step(&mut self, session: SessionId) -> Option<Do> {
        let Some(Place::Talking { dialogue, due }) = self.places.get_mut(&session) else { return None };
        *due = false;
        let request = match dialogue.next() {
            Step::Wait => return None,
            Step::Later => {
                self.later.push(Tag::Step(session));
                return None;
            }
            Step::Leave => return Some(self.leave(session)),
            Step::Join => join(session),
            Step::Read(after) => read(session, after),
            Step::Say { participant, to, text } => Request::Send(Send {
                session,
                by: Credential::Participant(participant),
                client_id: dialogue::answer_id(to),
                text,
                visibility: Visibility::All,
            }),
        };
        Some(self.ask(request, Tag::Step(session)))
    }

    fn leave(&mut self, session: SessionId) -> Do {
        self.places.remove(&session);
        if self.declined.len() >= DECLINED_MAX {
            self.declined.clear();
        }
        self.declined.insert(session);
        Do::Detach(session)
    }

    fn ask(&mut self, request: Request, tag: Tag) -> Do {
        self.under_way += 1;
        Do::Ask(request, tag)
    }
}

fn attach(sessions: &[SessionId]) -> Request {
    let whole =
        |session: &SessionId| Attach { session: *session, by: Credential::Role, also: Vec::new(), after: Seq::ZERO };
    Request::Attach(sessions.iter().map(whole).collect())
}

fn join(session: SessionId) -> Request {
    Request::Join(Join {
        session,
        by: Credential::Role,
        client_id: tandem_protocol::ClientId::new(dialogue::JOIN_ID).expect("is a short visible text"),
        kind: ParticipantKind::External,
        name: dialogue::NAME.to_owned(),
        token_hash: None,
        visibility: Visibility::All,
        agent: None,
        taking: None,
        replacing: Vec::new(),
    })
}

fn read(session: SessionId, after: Seq) -> Request {
    let limit = u32::try_from(PAGE_EVENTS_MAX).expect("is a few hundred");
    Request::Read { session, by: Credential::Role, after, limit }
}

#[cfg(test)]
mod tests;
