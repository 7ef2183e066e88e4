//! What is asked of the engine: kept until its effect is seen, so that nothing is decided twice.
//!
//! An answer says that something is done; the state that shows it comes on its own, before or after. Only what is
//! answered and seen is over.

use std::time::Duration;

use tandem_protocol::{
    AgentId, ClosedReason, ErrorCode, Event, EventBody, ParticipantId, Refusal, Seq, SessionId,
    desk::Accepted,
    link::{Answer, Outcome, Page, Request},
};
use tandem_store::{Filing, TakenChat};

use super::{
    Core,
    desks::told,
    due::Subject,
    effect::{Act, Effect, Errand, Failed, Found, Note, Purpose, Tag},
    known::Known,
};

/// How long a session rests after the engine has refused something that may be possible in a moment.
const REST: Duration = Duration::from_secs(1);

/// How long it rests after a refusal, or an answer without effect, that a person must look at.
const LONG_REST: Duration = Duration::from_secs(30);

/// How long an answered request may stay unseen before the session is asked for.
pub(super) const UNSEEN_MAX: Duration = Duration::from_secs(5);

/// One request, counted in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct PendingId(u64);

/// One request that is not over.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) session: SessionId,
    pub(super) wish: Wish,
    /// Whose action it is; none for the service's own.
    pub(super) act: Option<Act>,
    /// The session's last `queued` event when it was asked: by this a route is known that changed nothing.
    queued: Seq,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// First the directory keeps that the chat is taken: if this process dies after the join, the next one knows who
    /// must file the chat away, even if it has ended by then.
    Recording(Box<Request>),
    Asked,
    Done {
        since: Duration,
        seen: Seen,
    },
}

/// When the effect of a request that is done can be seen.
#[derive(Debug, Clone, Copy)]
enum Seen {
    /// In every state that has this event.
    At(Seq),
    /// In a state that is as was wished.
    AsWished,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wish {
    /// It waits in a queue.
    Route,
    /// The agent is in it: he takes it, follows an invitation, or takes over.
    Join(AgentId),
    /// The agent is in it and not seen.
    Watch(AgentId),
    /// The agent is asked to come.
    Invite(AgentId),
    /// The agent is no longer asked to come.
    EndInvitation(AgentId, Seq),
    /// The participant has left.
    Leave(ParticipantId),
    /// It has ended, and is then filed away.
    Close(Box<Filing>),
    /// Why it ended is known.
    ReadEnd,
    /// The agent reads what was said in a session that is his, if so. Changes nothing, so nothing waits for it.
    Read(AgentId, bool),
}

impl Wish {
    /// Whether nothing else is decided about the session meanwhile.
    fn is_change(&self) -> bool {
        !matches!(self, Self::Read(..))
    }

    /// The agent who will be in the session, or asked to come, and what of his room it takes up.
    pub(super) fn engages(&self) -> Option<(AgentId, bool)> {
        match self {
            Self::Join(agent) | Self::Invite(agent) => Some((*agent, true)),
            Self::Watch(agent) => Some((*agent, false)),
            _ => None,
        }
    }

    fn is_seen_in(&self, known: &Known) -> bool {
        match self {
            Self::Leave(participant) => !known.is_joined(*participant),
            Self::EndInvitation(_, seq) => !known.state.invitations.iter().any(|invitation| invitation.seq == *seq),
            Self::Close(_) => !known.is_open(),
            _ => true,
        }
    }
}

impl Core {
    /// Asks something of the engine.
    pub(super) fn ask(&mut self, session: SessionId, wish: Wish, act: Option<Act>, request: Request) {
        let id = self.keep(session, wish, act, Stage::Asked);
        self.submit(session, Box::new(request), id);
    }

    /// Asks the engine to let an agent take part, once the directory has it that the chat is his.
    pub(super) fn ask_to_join(&mut self, chat: TakenChat, act: Act, request: Request) {
        let (session, agent) = (chat.session, chat.agent);
        if let Some(known) = self.sessions.get_mut(&session) {
            known.to_file.insert(agent, true);
        }
        let id = self.keep(session, Wish::Join(agent), Some(act), Stage::Recording(Box::new(request)));
        self.run(Errand::Take(chat), Purpose::Taken(session, agent, Some(id)));
    }

    fn keep(&mut self, session: SessionId, wish: Wish, act: Option<Act>, stage: Stage) -> PendingId {
        self.last_pending.0 += 1;
        let id = self.last_pending;
        let queued = self.sessions.get(&session).map_or(Seq::ZERO, Known::last_queued);
        if wish.is_change()
            && let Some(known) = self.sessions.get_mut(&session)
        {
            known.pending.insert(id);
            self.due.now(Subject::Session(session));
        }
        self.pending.insert(id, Pending { session, wish, act, queued, stage });
        id
    }

    /// The directory has kept, or could not keep, that a chat is taken. Customers do not wait for the directory: what
    /// could not be kept is tried again.
    pub(super) fn on_taken(
        &mut self,
        session: SessionId,
        agent: AgentId,
        pending: Option<PendingId>,
        ran: Result<Found, Failed>,
    ) {
        let to_file = self.sessions.get_mut(&session).and_then(|known| known.to_file.get_mut(&agent));
        if let Some(is_kept) = to_file {
            *is_kept &= ran.is_ok();
        }
        let Some(id) = pending else { return };
        let Some(kept) = self.pending.get_mut(&id) else { return };
        if let Stage::Recording(request) = std::mem::replace(&mut kept.stage, Stage::Asked) {
            self.submit(session, request, id);
        }
    }

    /// To the pair of the session. Whatever is asked while it is away is kept by the link.
    fn submit(&mut self, session: SessionId, request: Box<Request>, id: PendingId) {
        let pair = self.pairs.of(&session);
        self.effects.push(Effect::Submit { pair, request, tag: Tag::Pending(id) });
    }

    pub(super) fn on_answer(&mut self, id: PendingId, outcome: Outcome) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let session = pending.session;
        match outcome {
            Outcome::Done(answer) => {
                let seen = match &answer {
                    Answer::Joined { seq, .. } | Answer::Saved { seq, .. } => Seen::At(*seq),
                    _ => Seen::AsWished,
                };
                pending.stage = Stage::Done { since: self.now.elapsed, seen };
                let (wish, act) = (pending.wish.clone(), pending.act.clone());
                self.on_done(session, wish, act, answer);
                self.see_done(session);
                // Without a session nothing more will be seen, and reads change nothing to be seen.
                if !self.sessions.get(&session).is_some_and(|known| known.pending.contains(&id)) {
                    self.pending.remove(&id);
                }
            }
            Outcome::Refused(refusal) => {
                let pending = self.pending.remove(&id).expect("it was found above");
                if let Some(known) = self.sessions.get_mut(&session) {
                    known.pending.remove(&id);
                }
                self.on_refused(session, pending, refusal);
            }
        }
        self.due.now(Subject::Session(session));
    }

    fn on_done(&mut self, session: SessionId, wish: Wish, act: Option<Act>, answer: Answer) {
        let Some(act) = act else {
            if let (Wish::ReadEnd, Answer::Page(page)) = (wish, &answer) {
                self.on_end_read(session, reason_in(page));
            }
            return;
        };
        match (wish, answer) {
            (_, Answer::Joined { participant, .. }) => self.done(&act, told(&Accepted { session, participant })),
            (Wish::Close(filing), _) => self.run(Errand::File(*filing), Purpose::Filed(session, act)),
            (Wish::Read(agent, is_his), Answer::Page(page)) => {
                let outcome = self.transcript(agent, is_his, session, page);
                self.done(&act, outcome);
            }
            _ => self.done(&act, told(&())),
        }
    }

    fn on_refused(&mut self, session: SessionId, pending: Pending, refusal: Refusal) {
        let Some(act) = pending.act else { return self.rest(session, pending.wish, &refusal) };
        if self.is_join_in_vain(session, &pending.wish, refusal.code) {
            self.rest(session, pending.wish.clone(), &refusal);
        }
        match (pending.wish, refusal.code) {
            // Somebody else has ended it a moment ago.
            (Wish::Close(filing), ErrorCode::SessionClosed) => {
                self.run(Errand::File(*filing), Purpose::Filed(session, act));
            }
            (Wish::Join(_), ErrorCode::Taken) => {
                let sentence = self.who_has(session);
                self.done(&act, Outcome::Refused(Refusal::new(ErrorCode::Taken, sentence)));
            }
            _ => self.done(&act, Outcome::Refused(refusal)),
        }
    }

    /// Whether nobody can take a waiting session at the moment. Offered again at once it would ring without end.
    fn is_join_in_vain(&self, session: SessionId, wish: &Wish, code: ErrorCode) -> bool {
        // These say that this agent, or the moment, was wrong.
        let is_answer = matches!(code, ErrorCode::Taken | ErrorCode::NoRoom | ErrorCode::SessionClosed);
        let waits = self.sessions.get(&session).is_some_and(|known| known.waiting().is_some());
        matches!(wish, Wish::Join(_)) && waits && !is_answer
    }

    /// The engine refused what the service needs. As a rule somebody was faster, and the state that shows it is on its
    /// way; it ends the rest.
    fn rest(&mut self, session: SessionId, wish: Wish, refusal: &Refusal) {
        if wish == Wish::ReadEnd && !refusal.code.is_retryable() {
            return self.on_end_read(session, ClosedReason::Ended);
        }
        let is_overtaken =
            matches!(refusal.code, ErrorCode::Taken | ErrorCode::SessionClosed | ErrorCode::UnknownSession);
        let rest = if is_overtaken || refusal.code.is_retryable() { REST } else { LONG_REST };
        if rest == LONG_REST {
            self.note(Note::Refused { session, code: refusal.code });
        }
        self.hold(session, rest);
    }

    /// Nothing is asked about a session for a while, unless its state changes.
    pub(super) fn hold(&mut self, session: SessionId, rest: Duration) {
        let until = self.now.elapsed + rest;
        if let Some(known) = self.sessions.get_mut(&session) {
            known.held_until = Some(until);
            self.due.at(until, Subject::Session(session));
        }
    }

    fn on_end_read(&mut self, session: SessionId, reason: ClosedReason) {
        if let Some(known) = self.sessions.get_mut(&session) {
            known.ended = Some(reason);
            known.ties.keys().for_each(|agent| self.views.changed(*agent));
        }
    }

    /// Drops what is done and seen.
    pub(super) fn see_done(&mut self, session: SessionId) {
        self.see(session, |seen, wish, known| match seen {
            Seen::At(seq) => known.head >= seq,
            Seen::AsWished => wish.is_seen_in(known),
        });
    }

    /// Drops what is done: the state is newer than its answer.
    pub(super) fn see_all_done(&mut self, session: SessionId) {
        self.see(session, |_, _, _| true);
    }

    fn see(&mut self, session: SessionId, is_seen: impl Fn(Seen, &Wish, &Known) -> bool) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        let is_over = |id: &PendingId| match self.pending.get(id) {
            Some(Pending { stage: Stage::Done { seen, .. }, wish, .. }) => is_seen(*seen, wish, known),
            Some(_) => false,
            None => true,
        };
        let over: Vec<PendingId> = known.pending.iter().copied().filter(is_over).collect();
        let mut is_in_vain = false;
        for id in over {
            known.pending.remove(&id);
            is_in_vain |= self.pending.remove(&id).is_some_and(|pending| is_route_in_vain(&pending, known));
        }
        // It is needed as before, under the same name, and would be asked and answered without end.
        if is_in_vain {
            self.note(Note::WithoutEffect { session });
            self.hold(session, LONG_REST);
        }
    }

    /// Whether something about a session was done for so long and is not seen.
    pub(super) fn has_unseen(&self, session: SessionId, unseen_max: Duration) -> bool {
        let is_old = |id: &PendingId| match self.pending.get(id).map(|pending| &pending.stage) {
            Some(Stage::Done { since, .. }) => *since + unseen_max <= self.now.elapsed,
            _ => false,
        };
        self.sessions.get(&session).is_some_and(|known| known.pending.iter().any(is_old))
    }

    /// A session is gone: what is done about it needs not be seen; what is not answered will be.
    pub(super) fn forget_done(&mut self, known: &Known) {
        for id in &known.pending {
            if let Some(Stage::Done { .. }) = self.pending.get(id).map(|pending| &pending.stage) {
                self.pending.remove(id);
            }
        }
    }

    /// What is asked about a session and not over.
    pub(super) fn wishes_for(&self, known: &Known) -> impl Iterator<Item = &Wish> {
        known.pending.iter().filter_map(|id| self.pending.get(id)).map(|pending| &pending.wish)
    }

    /// Who is about to be in a session, if somebody is.
    pub(super) fn is_joining(&self, known: &Known, agent: AgentId) -> bool {
        self.wishes_for(known).any(|wish| *wish == Wish::Join(agent))
    }
}

/// Whether the service's own wish that a session waits is seen, and it does not. An agent's wish is not asked again by
/// itself, and a repeat of it is done without a change (D-3).
fn is_route_in_vain(pending: &Pending, known: &Known) -> bool {
    let is_own = pending.wish == Wish::Route && pending.act.is_none();
    is_own && known.is_open() && known.last_queued() == pending.queued
}

/// The reason in a session's last event.
fn reason_in(page: &Page) -> ClosedReason {
    let last = page.events.last().and_then(|event| event.parse().ok());
    match last {
        Some(Event { body: EventBody::Closed { reason }, .. }) => reason,
        // Stored bytes were altered; the engine says so. It has ended in any case.
        _ => ClosedReason::Ended,
    }
}
