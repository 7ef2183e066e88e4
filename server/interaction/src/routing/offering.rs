//! Who is asked to take which waiting session: the ready agent with room who can, and of these who waited longest.

use std::{
    collections::{BTreeSet, HashSet},
    ops::Bound,
    time::Duration,
};

use tandem_protocol::{AgentId, QueueCause, SessionId, Timestamp};

use super::{
    Core,
    agents::Agent,
    due::Subject,
    effect::Note,
    known::{Known, Offer},
    queues::Queue,
};

/// An agent who can be asked. Whoever is asked already comes after those who are not, so that sessions that come
/// together ring at as many agents as there are.
type Candidate = (usize, Duration, AgentId);

/// What an agent must be able to for a session: the place of its queue, and what its opener asked for.
type Needs = (Option<usize>, Option<String>);

impl Core {
    /// Asks agents to take the sessions that wait, the next one first.
    pub(super) fn offer_waiting(&mut self) {
        let mut candidates: BTreeSet<Candidate> = self
            .agents
            .iter()
            .filter(|(_, known)| known.is_available())
            .map(|(id, known)| self.candidate(*id, known))
            .collect();
        let mut hopeless = HashSet::new();
        let mut next = self.waiting.first().copied();
        while let Some(rank) = next.filter(|_| !candidates.is_empty()) {
            if let Some(candidate) = self.find(rank.session, &candidates, &mut hopeless) {
                candidates.remove(&candidate);
                self.offer(rank.session, candidate.2);
                let known = &self.agents[&candidate.2];
                candidates.extend(known.is_available().then(|| self.candidate(candidate.2, known)));
            }
            next = self.waiting.range((Bound::Excluded(rank), Bound::Unbounded)).next().copied();
        }
    }

    fn candidate(&self, agent: AgentId, known: &Agent) -> Candidate {
        let offers = known.ties.keys().filter(|session| self.is_offered(session, agent)).count();
        (offers, known.idle_since, agent)
    }

    pub(super) fn is_offered(&self, session: &SessionId, agent: AgentId) -> bool {
        self.sessions.get(session).is_some_and(|known| known.offer.is_some_and(|offer| offer.agent == agent))
    }

    /// The first of those who can be asked for this session. `hopeless` are the needs that none of them meets.
    fn find(
        &self,
        session: SessionId,
        candidates: &BTreeSet<Candidate>,
        hopeless: &mut HashSet<Needs>,
    ) -> Option<Candidate> {
        let now = self.now.elapsed;
        let known = self.sessions.get(&session)?;
        let waits = known.waiting()?;
        let queue = self.queues.get(&waits.queue)?;
        let is_held = known.held_until.is_some_and(|until| now < until);
        let is_away = !self.pairs.is_settled_for(&session);
        if known.offer.is_some() || !known.pending.is_empty() || is_held || is_away {
            return None;
        }
        if let Some(agent) = waits.agent {
            let may = |(_, _, id): &&Candidate| *id == agent && !known.is_declined_by(agent, now);
            return candidates.iter().find(may).copied();
        }
        // Outside its hours nobody is rung.
        if !queue.is_open {
            return None;
        }
        let needs = (self.queues.at(&waits.queue), known.wants_skills().map(str::to_owned));
        if hopeless.contains(&needs) {
            return None;
        }
        let mut is_hopeless = true;
        let found = candidates.iter().find(|(_, _, id)| {
            let fits = self.agents.get(id).is_some_and(|agent| fits(agent, queue, known));
            is_hopeless &= !fits;
            fits && !known.is_declined_by(*id, now)
        });
        if is_hopeless {
            hopeless.insert(needs);
        }
        found.copied()
    }

    /// Asks an agent, from now on for as long as an offer lasts.
    pub(super) fn offer(&mut self, session: SessionId, agent: AgentId) {
        let Some(known) = self.sessions.get(&session) else { return };
        let Some(waits) = known.waiting() else { return };
        let mut time = self.settings.offer_timeout;
        if self.queues.get(&waits.queue).is_some_and(|queue| queue.settings.bot) {
            // No longer than the session waits for bots at all.
            time = time.min((known.queued_at + self.settings.bot_wait).saturating_sub(self.now.elapsed));
        }
        let until = self.now.elapsed + time;
        let expires_at = Timestamp(self.now.wall.0 + u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2));
        let offer = Offer { agent, seq: waits.seq, until, expires_at };
        self.set_offer(session, Some(offer));
        self.due.at(until, Subject::Session(session));
        self.note(Note::Offered { session, agent });
        self.retie(session);
    }

    /// Makes or withdraws an offer; the lists follow with [`Core::retie`].
    pub(super) fn set_offer(&mut self, session: SessionId, offer: Option<Offer>) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        let before = std::mem::replace(&mut known.offer, offer);
        for offer in before.into_iter().chain(offer) {
            self.views.changed(offer.agent);
        }
        self.views.all_changed(self.now.elapsed);
    }

    /// Withdraws an offer that means nothing any more, or that was not answered in time.
    pub(super) fn check_offer(&mut self, session: SessionId) {
        let Some(known) = self.sessions.get(&session) else { return };
        let Some(offer) = known.offer else { return };
        let stands = known.waiting().is_some_and(|waits| waits.seq == offer.seq) && known.pending.is_empty();
        // His room may have gone meanwhile: a join from before a restart has come through, or he may have fewer.
        let keeps = |agent: &Agent| agent.keeps_offers() && agent.has_room_for(&session);
        let is_kept = self.agents.get(&offer.agent).is_some_and(keeps);
        if stands && is_kept && self.now.elapsed < offer.until {
            return;
        }
        self.set_offer(session, None);
        if stands && is_kept {
            if self.agents.get(&offer.agent).is_some_and(Agent::is_bot) {
                self.decline(session, offer.agent);
            }
            self.did_not_answer(offer.agent, session);
        }
        self.retie(session);
    }

    /// An agent is not asked for this session again for a while.
    pub(super) fn decline(&mut self, session: SessionId, agent: AgentId) {
        let until = self.now.elapsed + self.settings.decline_pause;
        if let Some(known) = self.sessions.get_mut(&session) {
            known.declined.insert(agent, until);
            self.due.at(until, Subject::Session(session));
        }
    }

    /// Whether an agent may take a waiting session of his own accord.
    pub(super) fn may_take(&self, agent: &Agent, id: AgentId, known: &Known) -> bool {
        let Some(waits) = known.waiting() else { return false };
        let Some(queue) = self.queues.get(&waits.queue) else { return false };
        match waits.agent {
            Some(only) => only == id,
            None => fits(agent, queue, known) || (agent.supervises() && !queue.settings.bot),
        }
    }

    /// Where a session goes that waits for a certain agent, or a bot, for whom it has waited long enough.
    pub(super) fn waits_in_vain(&self, known: &Known) -> Option<(&Queue, QueueCause)> {
        let waits = known.waiting()?;
        let now = self.now.elapsed;
        let Some(queue) = self.queues.get(&waits.queue) else {
            // The settings have lost its queue.
            return Some((self.queues.home_of(known), waits.cause));
        };
        if let Some(agent) = waits.agent {
            let can_answer =
                self.agents.get(&agent).is_some_and(|agent| agent.enabled().is_some() && agent.is_connected());
            let is_over = known.queued_at + self.settings.offer_timeout <= now && known.offer.is_none();
            let gives_up = !can_answer || is_over || known.is_declined_by(agent, now);
            return gives_up.then(|| (self.queues.people_after(queue), waits.cause));
        }
        let is_over = queue.settings.bot && known.queued_at + self.settings.bot_wait <= now;
        is_over.then(|| (self.queues.people_after(queue), QueueCause::NoBot))
    }
}

/// Whether sessions of this queue are for such an agent.
pub(super) fn serves(agent: &Agent, queue: &Queue) -> bool {
    agent.is_bot() == queue.settings.bot && agent.can(queue.settings.skills.iter().map(String::as_str))
}

/// Whether this session of the queue is for such an agent.
fn fits(agent: &Agent, queue: &Queue, known: &Known) -> bool {
    serves(agent, queue) && agent.can(known.skills())
}
