//! The lists of sessions: which wait, in which order; which somebody attends; which concern an agent.
//!
//! [`Core::retie`] writes all of them, from what is known of a session at the moment and from nothing else.

use std::{cmp::Reverse, collections::BTreeMap};

use tandem_protocol::{AgentId, SessionId, Timestamp};

use super::{
    Core,
    agents::Tied,
    effect::Note,
    known::{Known, Tie, takes_up_room},
};

/// A waiting session's entry in the list of all: those of a greater priority come first, then those whose customer came
/// earlier, so that one who is passed on does not stand behind newcomers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    priority: Reverse<i32>,
    opened_at: Timestamp,
    pub(super) session: SessionId,
}

impl Core {
    /// Writes a session's entries in all lists anew.
    pub(super) fn retie(&mut self, session: SessionId) {
        let Some(known) = self.sessions.get(&session) else { return };
        let (rank, ties) = (self.rank_of(session, known), self.ties_of(known));
        let live = known.attending().next().map(|_| known.state.opened_at_ms);
        self.relist(session, rank, live);
        self.set_ties(session, ties);
    }

    /// Nothing more is known of a session.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.relist(session, None, None);
        self.set_ties(session, BTreeMap::new());
        if let Some(known) = self.sessions.remove(&session) {
            self.forget_done(&known);
        }
    }

    fn rank_of(&self, session: SessionId, known: &Known) -> Option<Rank> {
        let queue = self.queues.get(&known.waiting()?.queue)?;
        let opened_at = known.state.opened_at_ms;
        Some(Rank { priority: Reverse(queue.settings.priority), opened_at, session })
    }

    fn ties_of(&self, known: &Known) -> BTreeMap<AgentId, Tie> {
        let mut ties: BTreeMap<AgentId, Tie> = BTreeMap::new();
        let mut tie = |agent: AgentId, counts: bool, is_chat: bool| {
            let tie = ties.entry(agent).or_insert(Tie { counts: false, is_chat: false });
            tie.counts |= counts;
            tie.is_chat |= is_chat;
        };
        for (agent, participant) in known.staff() {
            let is_at_work = takes_up_room(participant.visibility);
            tie(agent, is_at_work, is_at_work);
        }
        if let Some(offer) = known.offer {
            tie(offer.agent, true, false);
        }
        if known.is_open() {
            known.state.invitations.iter().for_each(|invitation| tie(invitation.agent, true, false));
        } else {
            known.to_file.keys().for_each(|agent| tie(*agent, true, false));
        }
        for (agent, counts) in self.wishes_for(known).filter_map(super::requests::Wish::engages) {
            tie(agent, counts, false);
        }
        ties
    }

    fn relist(&mut self, session: SessionId, rank: Option<Rank>, live: Option<Timestamp>) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        let before = (std::mem::replace(&mut known.rank, rank), std::mem::replace(&mut known.live, live));
        if before == (rank, live) {
            return;
        }
        if let Some(rank) = before.0 {
            self.waiting.remove(&rank);
        }
        self.waiting.extend(rank);
        if let Some(at) = before.1 {
            self.live.remove(&(at, session));
        }
        self.live.extend(live.map(|at| (at, session)));
        if before.0.is_some() != rank.is_some() {
            self.note_pace(session, rank.is_some());
        }
        self.places.changed(self.now.elapsed);
        self.views.all_changed(self.now.elapsed);
    }

    /// The pace of a queue is that of the sessions in its list.
    fn note_pace(&mut self, session: SessionId, comes: bool) {
        let now = self.now.elapsed;
        let Some(known) = self.sessions.get_mut(&session) else { return };
        if comes {
            known.paced = known.state.queue.as_ref().map(|queue| queue.queue.clone());
        }
        let Some(queue) = (if comes { known.paced.clone() } else { known.paced.take() }) else { return };
        match self.queues.pace_of(&queue) {
            Some(pace) if comes => pace.comes(now),
            Some(pace) => pace.goes(),
            None => {}
        }
    }

    fn set_ties(&mut self, session: SessionId, ties: BTreeMap<AgentId, Tie>) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        if known.ties == ties {
            return;
        }
        let before = std::mem::replace(&mut known.ties, ties.clone());
        for agent in before.keys().filter(|agent| !ties.contains_key(agent)) {
            self.agent_mut(*agent).ties.remove(&session);
            self.views.changed(*agent);
        }
        for (agent, tie) in ties {
            if before.get(&agent) != Some(&tie) {
                self.tie(session, agent, tie);
            }
        }
        self.views.all_changed(self.now.elapsed);
    }

    fn tie(&mut self, session: SessionId, agent: AgentId, tie: Tie) {
        let fresh = self.views.next_number();
        let known = self.agent_mut(agent);
        let number = match known.ties.get(&session) {
            // A chat has the place of when it became one, not of when it was offered.
            Some(before) if before.tie.is_chat || !tie.is_chat => before.number,
            _ => fresh,
        };
        known.ties.insert(session, Tied { tie, number });
        self.views.changed(agent);
    }

    /// A waiting session must stand in the list, and no other.
    pub(super) fn check_list(&mut self, session: SessionId) {
        let Some(known) = self.sessions.get(&session) else { return };
        let rank = self.rank_of(session, known);
        if rank != known.rank || rank.is_some_and(|rank| !self.waiting.contains(&rank)) {
            self.note(Note::Mended { session });
            self.waiting.extend(rank);
            self.retie(session);
        }
    }
}
