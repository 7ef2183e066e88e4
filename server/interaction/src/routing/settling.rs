//! After each connection to a pair: hear of every session of it before anything is decided about them.
//!
//! The primary may be another one, and much may have happened. So all its sessions that are open (`watch`), were known,
//! or are to be filed away are asked for anew (`follow`), a few requests at a time. From the first of these on every
//! change is told. Only when all is answered the core decides about them again.
//!
//! The engine refuses a whole request when it cannot read one of its sessions. Then each is asked for alone, and the one
//! that is at fault is set aside, so that one damaged session stops nobody: nothing is decided about it, and it is asked
//! for again from time to time until it can be read.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tandem_protocol::{
    AgentId, ErrorCode, Seq, SessionId,
    limits::ATTACH_SESSIONS_MAX,
    link::{Answer, Outcome, Request},
    routing::Changed,
};

use super::{
    Core,
    due::Subject,
    effect::{Effect, Note, Tag},
    known::{Known, is_not_for_staff},
    pairs::PairIndex,
};

/// Follow requests under way at once: enough that the way there and back costs little, few enough that their answers,
/// large as they may be, are no burden.
const FOLLOWS_MAX: usize = 8;

/// How long a refused request rests before it is made again.
const REST: Duration = Duration::from_secs(1);

/// How long a session that cannot be read is left out before it is asked for again: a person must mend it, which takes
/// minutes, and its customer should not wait much longer than that.
const ASIDE_PAUSE: Duration = Duration::from_secs(30);

/// How far the core has come with one pair.
#[derive(Debug, Default)]
pub(super) struct Settling {
    is_connected: bool,
    is_settled: bool,
    /// Connections so far.
    connection: u64,
    is_watch_under_way: bool,
    /// The primary has answered a follow on this connection, so it tells every change.
    has_followed: bool,
    to_follow: BTreeSet<SessionId>,
    /// Sessions that are asked for one at a time, so that the one for which a request is refused is found.
    to_follow_alone: BTreeSet<SessionId>,
    /// Sessions that were refused alone, and when each is asked for again; never, while it is. They do not hold up
    /// settling. Bounded by the sessions that are open or known.
    aside: BTreeMap<SessionId, Duration>,
    /// The sessions of each follow that is under way. The link repeats it to the next primary by itself.
    following: Vec<Vec<SessionId>>,
    /// When what was refused is asked again.
    retry_at: Option<Duration>,
    is_watch_refused: bool,
    /// The log has been told of a session that is another pair's; once a connection.
    is_stray_noted: bool,
}

impl Settling {
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled
    }

    pub(super) fn settle(&mut self) {
        self.is_settled = true;
    }

    /// The link is lost.
    pub(super) fn unsettle(&mut self) {
        (self.is_connected, self.is_settled) = (false, false);
    }

    pub(super) fn connection(&self) -> u64 {
        self.connection
    }

    /// Whether a question of this connection can still be answered.
    pub(super) fn is_current(&self, connection: u64) -> bool {
        self.is_connected && connection == self.connection
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        // What is due without a link is done with the next one.
        if !self.is_connected {
            return None;
        }
        self.retry_at.into_iter().chain(self.aside_at()).min()
    }

    /// When a session that was set aside is asked for again.
    fn aside_at(&self) -> Option<Duration> {
        let first = self.aside.values().min().copied().filter(|at| self.is_settled && *at < Duration::MAX)?;
        // While what was refused rests nothing is asked.
        Some(self.retry_at.map_or(first, |retry_at| first.max(retry_at)))
    }

    /// Whether a session was set aside.
    pub(super) fn is_aside(&self, session: &SessionId) -> bool {
        self.aside.contains_key(session)
    }

    fn is_asked_out(&self) -> bool {
        self.to_follow.is_empty() && self.to_follow_alone.is_empty()
    }

    fn is_under_way(&self, session: &SessionId) -> bool {
        self.following.iter().any(|batch| batch.contains(session))
    }

    pub(super) fn follow(&mut self, session: SessionId) {
        // One that was set aside is asked for in its own time, one that is asked for alone is asked for in any case.
        let is_apart = self.aside.contains_key(&session) || self.to_follow_alone.contains(&session);
        if !is_apart && !self.is_under_way(&session) {
            self.to_follow.insert(session);
        }
    }

    fn may_follow(&self) -> bool {
        self.following.len() < FOLLOWS_MAX && !self.is_asked_out()
    }

    fn follow_alone(&mut self, session: SessionId) {
        if !self.is_under_way(&session) {
            self.to_follow_alone.insert(session);
        }
    }

    /// Asks for sessions that were set aside until `until`. They stay aside until they are told of.
    fn follow_aside(&mut self, until: Duration) {
        let due = self.aside.iter_mut().filter(|(_, at)| **at <= until);
        let due: Vec<SessionId> = due.map(|(session, at)| (*session, *at = Duration::MAX).0).collect();
        due.into_iter().for_each(|session| self.follow_alone(session));
    }

    /// Takes what the next request asks for.
    fn next_batch(&mut self) -> Vec<SessionId> {
        if self.to_follow.is_empty() {
            return self.to_follow_alone.pop_first().into_iter().collect();
        }
        let mut batch = Vec::with_capacity(ATTACH_SESSIONS_MAX);
        while batch.len() < ATTACH_SESSIONS_MAX
            && let Some(session) = self.to_follow.pop_first()
        {
            batch.push(session);
        }
        batch
    }
}

impl Core {
    pub(super) fn on_connected(&mut self, pair: PairIndex) {
        self.pairs.unsettle(pair);
        let all = self.sessions.keys().chain(self.unfiled.keys());
        let own: Vec<SessionId> = all.filter(|session| self.pairs.of(session) == pair).copied().collect();
        let link = self.pairs.get_mut(pair);
        (link.is_connected, link.has_followed, link.is_stray_noted) = (true, false, false);
        link.connection += 1;
        own.into_iter().for_each(|session| link.follow(session));
        // This primary may be able to read what another one could not.
        link.follow_aside(Duration::MAX);
        self.watch(pair);
    }

    /// Desks that are reached through this pair are not told anything any more, and are gone until they enter again.
    /// Its waiting sessions, which nobody can join now, are offered to nobody.
    pub(super) fn on_lost(&mut self, pair: PairIndex) {
        self.pairs.unsettle(pair);
        self.leave_desks_at(pair);
        self.actions.forget_questions(pair);
        let own = self.sessions.iter().filter(|(session, _)| self.pairs.of(session) == pair);
        let offered: Vec<_> = own.filter_map(|(session, known)| Some((*session, known.offer?.agent))).collect();
        for (session, agent) in offered {
            self.set_offer(session, None);
            self.retie(session);
            // There may be room for a session of another pair now.
            self.due.now(Subject::Agent(agent));
        }
        // What may be taken of what waits.
        self.views.all_changed(self.now.elapsed);
    }

    fn watch(&mut self, pair: PairIndex) {
        if !std::mem::replace(&mut self.pairs.get_mut(pair).is_watch_under_way, true) {
            self.effects.push(Effect::Submit { pair, request: Box::new(Request::Watch), tag: Tag::Watch });
        }
    }

    pub(super) fn on_watched(&mut self, pair: PairIndex, outcome: Outcome) {
        let retry_at = self.now.elapsed + REST;
        let link = self.pairs.get_mut(pair);
        link.is_watch_under_way = false;
        if let Outcome::Refused(_) = outcome {
            link.is_watch_refused = true;
            link.retry_at = Some(retry_at);
        }
    }

    /// Once all is known, changes tell of new sessions too.
    pub(super) fn on_opened(&mut self, pair: PairIndex, sessions: Vec<SessionId>) {
        if self.pairs.get(pair).is_settled {
            return;
        }
        for session in sessions {
            if !self.is_stray(pair, session) && !self.sessions.contains_key(&session) {
                self.pairs.get_mut(pair).follow(session);
            }
        }
    }

    /// Whether a session that a pair tells of is another's by its id. Gateways ask that one for it, so nothing can be
    /// done about it but to say so.
    fn is_stray(&mut self, pair: PairIndex, session: SessionId) -> bool {
        let is_stray = self.pairs.of(&session) != pair;
        if is_stray && !std::mem::replace(&mut self.pairs.get_mut(pair).is_stray_noted, true) {
            self.note(Note::Stray { pair: self.pairs.name(pair).clone(), session });
        }
        is_stray
    }

    pub(super) fn on_followed(&mut self, pair: PairIndex, asked: Vec<SessionId>, outcome: Outcome) {
        self.pairs.get_mut(pair).following.retain(|batch| *batch != asked);
        let stand = match outcome {
            Outcome::Done(Answer::Followed(stand)) => stand,
            Outcome::Refused(refusal) => return self.on_follow_refused(pair, asked, refusal.code),
            Outcome::Done(_) => return self.follow_later(pair, asked),
        };
        let link = self.pairs.get_mut(pair);
        link.has_followed = true;
        link.aside.retain(|session, _| !asked.contains(session));
        let told: BTreeSet<SessionId> = stand.iter().map(|changed| changed.session).collect();
        for changed in stand {
            let session = changed.session;
            self.on_changed(pair, changed);
            self.see_all_done(session);
        }
        asked.iter().filter(|session| !told.contains(session)).for_each(|session| self.on_unknown(*session));
    }

    fn on_follow_refused(&mut self, pair: PairIndex, asked: Vec<SessionId>, code: ErrorCode) {
        // The engine is busy as a whole; no session is at fault.
        let is_busy = matches!(code, ErrorCode::Busy | ErrorCode::SlowDown);
        match asked[..] {
            _ if is_busy => self.follow_later(pair, asked),
            [] => self.follow_later(pair, asked),
            [session] => self.set_aside(pair, session),
            _ => asked.into_iter().for_each(|session| self.pairs.get_mut(pair).follow_alone(session)),
        }
    }

    fn follow_later(&mut self, pair: PairIndex, asked: Vec<SessionId>) {
        let retry_at = self.now.elapsed + REST;
        let link = self.pairs.get_mut(pair);
        link.retry_at = Some(retry_at);
        match asked[..] {
            [session] => link.follow_alone(session),
            _ => asked.into_iter().for_each(|session| link.follow(session)),
        }
    }

    /// A session cannot be read: the others do not wait for it. Of one that was known before nothing newer is known, so
    /// nothing is decided about it.
    fn set_aside(&mut self, pair: PairIndex, session: SessionId) {
        let again_at = self.now.elapsed + ASIDE_PAUSE;
        if self.pairs.get_mut(pair).aside.insert(session, again_at).is_none() {
            self.note(Note::SetAside { session });
        }
        // Longer than until it is asked for: the answer is to come first.
        self.hold(session, ASIDE_PAUSE * 2);
        self.set_offer(session, None);
        self.retie(session);
    }

    /// Nobody knows this session any more.
    fn on_unknown(&mut self, session: SessionId) {
        for agent in self.unfiled.remove(&session).unwrap_or_default() {
            self.release(session, agent);
        }
        if let Some(known) = self.sessions.get_mut(&session) {
            let to_file = std::mem::take(&mut known.to_file);
            to_file.into_keys().for_each(|agent| self.release(session, agent));
            self.forget(session);
        }
    }

    /// A session changed, or is told of for the first time.
    pub(super) fn on_changed(&mut self, pair: PairIndex, changed: Changed) {
        let session = changed.session;
        if is_not_for_staff(&changed.state) || self.is_stray(pair, session) {
            return;
        }
        let now = self.now.elapsed;
        match self.sessions.get_mut(&session) {
            // Of two states the one with the greater head is newer.
            Some(known) if changed.head < known.head => {}
            Some(known) => {
                let before = Before::of(known);
                known.renew(changed, now);
                self.on_renewed(session, &before);
            }
            None => {
                let mut known = Known::new(changed, now);
                let to_file = self.unfiled.remove(&session).unwrap_or_default();
                known.to_file = to_file.into_iter().map(|agent| (agent, true)).collect();
                if !known.is_open() && known.to_file.is_empty() {
                    return;
                }
                self.sessions.insert(session, known);
                self.on_renewed(session, &Before::default());
            }
        }
    }

    /// Notes what a change of a session means for queues, agents and the log, then has it looked at.
    fn on_renewed(&mut self, session: SessionId, before: &Before) {
        let is_settled = self.pairs.is_settled_for(&session);
        let known = &self.sessions[&session];
        let attending: BTreeMap<_, _> = known.attending().map(|(agent, joined)| (agent, joined.participant)).collect();
        let queue = known.state.queue.as_deref().map(|queue| (queue.seq, queue.queue.clone(), queue.cause));
        let is_taken = known.is_open() && known.waiting().is_none();
        if let Some((seq, queue, cause)) = queue {
            let was_waiting = before.waiting == Some(seq);
            if is_taken && was_waiting {
                self.queues.taken_from(&queue, self.now.elapsed);
            }
            if is_settled && before.queued != Some(seq) {
                self.note(Note::Queued { session, queue, cause });
            }
        }
        for agent in attending.keys().filter(|agent| !before.attending.contains(agent)).copied() {
            self.agent_mut(agent).idle_since = self.now.elapsed;
            if is_settled {
                self.note(Note::Joined { session, agent });
            }
        }
        for agent in before.attending.iter().filter(|agent| !attending.contains_key(agent)) {
            self.agent_mut(*agent).idle_since = self.now.elapsed;
        }
        self.views.all_changed(self.now.elapsed);
        self.sessions[&session].ties.keys().for_each(|agent| self.views.changed(*agent));
        self.due.now(Subject::Session(session));
    }

    /// Asks for what is still to be asked of each pair, and settles those of which nothing is.
    pub(super) fn go_on_settling(&mut self) {
        for pair in self.pairs.all() {
            self.go_on_settling_with(pair);
        }
        self.begin_when_possible();
    }

    fn go_on_settling_with(&mut self, pair: PairIndex) {
        let now = self.now.elapsed;
        let link = self.pairs.get_mut(pair);
        if !link.is_connected || link.retry_at.is_some_and(|at| at > now) {
            return;
        }
        link.retry_at = None;
        if std::mem::take(&mut link.is_watch_refused) {
            self.watch(pair);
        }
        let link = self.pairs.get_mut(pair);
        if link.is_settled {
            link.follow_aside(now);
        }
        while self.pairs.get(pair).may_follow() {
            self.follow_next(pair);
        }
        let link = self.pairs.get(pair);
        let is_idle = !link.is_watch_under_way && link.following.is_empty();
        if is_idle && !link.has_followed {
            // Of nothing: so that changes are told.
            self.follow_next(pair);
        } else if is_idle && !link.is_settled {
            self.settle(pair);
        }
    }

    fn follow_next(&mut self, pair: PairIndex) {
        let link = self.pairs.get_mut(pair);
        let batch = link.next_batch();
        link.following.push(batch.clone());
        let request = Box::new(Request::Follow(batch.clone()));
        self.effects.push(Effect::Submit { pair, request, tag: Tag::Follow(batch) });
    }

    /// All is known of a pair: deadlines of its sessions begin, each is looked at, and what waited for them is done.
    fn settle(&mut self, pair: PairIndex) {
        if self.pairs.settle(pair, self.now.elapsed) {
            self.forget_untold(pair);
        }
        self.begin_waits_anew(pair);
        // In the order in which they were queued last, which the chats in a view then have too.
        let own = self.sessions.iter_mut().filter(|(session, _)| self.pairs.of(session) == pair);
        let mut sessions: Vec<_> = own
            .map(|(session, known)| {
                // The primary knows no place: they are never saved.
                known.told = None;
                (known.joined_about(), *session)
            })
            .collect();
        sessions.sort_unstable();
        for (_, session) in &sessions {
            self.see_done(*session);
            self.retie(*session);
            self.due.now(Subject::Session(*session));
        }
        self.places.changed(self.now.elapsed);
        self.views.all_changed(self.now.elapsed);
        let waiting = self.waiting.iter().filter(|rank| self.pairs.of(&rank.session) == pair).count();
        let pair_name = self.pairs.name(pair).clone();
        self.note(Note::Settled { pair: pair_name, sessions: sessions.len(), waiting });
        self.do_away();
    }
}

/// What is compared with a session's new state.
#[derive(Debug, Default)]
struct Before {
    queued: Option<Seq>,
    waiting: Option<Seq>,
    attending: BTreeSet<AgentId>,
}

impl Before {
    fn of(known: &Known) -> Self {
        Self {
            queued: known.state.queue.as_ref().map(|queue| queue.seq),
            waiting: known.waiting().map(|queue| queue.seq),
            attending: known.attending().map(|(agent, _)| agent).collect(),
        }
    }
}
