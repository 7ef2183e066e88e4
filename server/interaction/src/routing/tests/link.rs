//! The link to one pair as the core has it: what is asked of the primary, and what the primary says. What is on its way
//! is late for as long as a story likes, and lost with the link.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tandem_protocol::{
    AskId, PairName, SessionId,
    link::{Outcome, Request},
    routing::Changed,
};

use super::engine::Engine;
use crate::routing::{Heard, Tag};

/// What a primary says over the link.
#[derive(Debug)]
enum Word {
    Answer(u64, Outcome),
    Opened(Vec<SessionId>),
    Changed(Vec<Changed>),
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) pair: PairName,
    pub(super) is_up: bool,
    is_followed: bool,
    is_watched: bool,
    last_request: u64,
    unacked: BTreeMap<u64, (Request, Tag)>,
    to_engine: VecDeque<u64>,
    from_engine: VecDeque<Word>,
    /// Each pair counts questions for itself.
    last_ask: u64,
    /// Questions that the primary of this connection has passed on; only they may be answered.
    asked_here: BTreeSet<AskId>,
}

impl Link {
    pub(super) fn of(pair: PairName) -> Self {
        Self {
            pair,
            is_up: false,
            is_followed: false,
            is_watched: false,
            last_request: 0,
            unacked: BTreeMap::new(),
            to_engine: VecDeque::new(),
            from_engine: VecDeque::new(),
            last_ask: 0,
            asked_here: BTreeSet::new(),
        }
    }

    /// A primary, whichever, welcomes it.
    pub(super) fn comes_up(&mut self, engine: &mut Engine, is_its: impl Fn(&SessionId) -> bool) {
        assert!(!std::mem::replace(&mut self.is_up, true));
        engine.take_changed(&is_its);
        self.is_followed = false;
        if self.is_watched {
            self.from_engine.push_back(Word::Opened(engine.open_sessions(&is_its)));
        }
        self.to_engine.extend(self.unacked.keys());
    }

    pub(super) fn goes_down(&mut self) {
        self.is_up = false;
        self.asked_here.clear();
        self.to_engine.clear();
        self.from_engine.clear();
    }

    /// The process that held it is killed.
    pub(super) fn forgets_all(&mut self) {
        self.goes_down();
        self.is_watched = false;
        self.unacked.clear();
    }

    pub(super) fn submits(&mut self, request: Request, tag: Tag) {
        self.last_request += 1;
        self.unacked.insert(self.last_request, (request, tag));
        if self.is_up {
            self.to_engine.push_back(self.last_request);
        }
    }

    /// A gateway asks. Whether it is passed on at once depends on the link.
    pub(super) fn asked(&mut self) -> AskId {
        self.last_ask += 1;
        let ask = AskId(self.last_ask);
        if self.is_up {
            self.asked_here.insert(ask);
        }
        ask
    }

    pub(super) fn has_passed_on(&self, ask: AskId) -> bool {
        self.asked_here.contains(&ask)
    }

    /// The engine does the next thing that it is asked. False when there is none.
    pub(super) fn engine_works(&mut self, engine: &mut Engine, is_its: impl Fn(&SessionId) -> bool) -> bool {
        let Some(id) = self.to_engine.pop_front() else { return false };
        let Some((request, _)) = self.unacked.get(&id) else { return true };
        let request = request.clone();
        assert!(named_in(&request).iter().all(&is_its), "the pair {} is asked for another's: {request:?}", self.pair);
        if matches!(request, Request::Watch) {
            self.is_watched = true;
            self.from_engine.push_back(Word::Opened(engine.open_sessions(&is_its)));
        }
        let is_follow = matches!(request, Request::Follow(_));
        let outcome = engine.asked(request);
        if is_follow && matches!(outcome, Outcome::Done(_)) {
            // What changed until now is in the answer.
            engine.take_changed(&is_its);
            self.is_followed = true;
        }
        self.from_engine.push_back(Word::Answer(id, outcome));
        self.engine_tells(engine, is_its);
        true
    }

    /// Followers are told what has changed.
    pub(super) fn engine_tells(&mut self, engine: &mut Engine, is_its: impl Fn(&SessionId) -> bool) {
        let changed = engine.take_changed(is_its);
        if self.is_up && self.is_followed && !changed.is_empty() {
            self.from_engine.push_back(Word::Changed(changed));
        }
    }

    /// Watchers are told of a new session.
    pub(super) fn engine_opens(&mut self, session: SessionId) {
        if self.is_up && self.is_watched {
            self.from_engine.push_back(Word::Opened(vec![session]));
        }
    }

    /// The next word of the primary arrives, if there is one; it may mean nothing any more.
    pub(super) fn word_arrives(&mut self) -> Option<Option<Heard>> {
        Some(match self.from_engine.pop_front()? {
            Word::Opened(sessions) => Some(Heard::Opened(sessions)),
            Word::Changed(changed) => Some(Heard::Changed(changed)),
            Word::Answer(id, outcome) => self.unacked.remove(&id).map(|(_, tag)| Heard::Answered(tag, outcome)),
        })
    }
}

/// The sessions that a request is about.
fn named_in(request: &Request) -> Vec<SessionId> {
    match request {
        Request::Follow(sessions) => sessions.clone(),
        Request::Join(join) => vec![join.session],
        Request::Route(route) => vec![route.session],
        Request::Invite(invite) => vec![invite.session],
        Request::EndInvitation(end) => vec![end.session],
        Request::Leave { session, .. }
        | Request::Remove { session, .. }
        | Request::Close { session, .. }
        | Request::Read { session, .. } => vec![*session],
        _ => Vec::new(),
    }
}
