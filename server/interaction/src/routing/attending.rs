//! Looks at one session as a whole and does what it needs, whatever has happened to it.
//!
//! An open session either waits, in exactly one queue, or somebody attends to its customer. Everything else is
//! mended here, one request at a time.

use tandem_protocol::{
    AgentId, InvitationEnd, LeaveReason, ParticipantId, QueueCause, QueueName, Seq, SessionId,
    link::{Credential, Request},
    routing::{EndInvitation, Leaving, Route},
};

use super::{
    Core, agents::Agent, due::Subject, effect::Note, known::Known, names, pairs::PairIndex, queues::Queue,
    requests::Wish,
};

/// What a session needs.
#[derive(Debug)]
enum Need {
    Route {
        queue: QueueName,
        text: Option<String>,
        cause: QueueCause,
        leaving: Vec<Leaving>,
    },
    EndInvitation {
        agent: AgentId,
        seq: Seq,
        reason: InvitationEnd,
    },
    /// That somebody who is given up leaves, though the customer has others.
    Remove(ParticipantId),
    /// To be known why it ended.
    ReadEnd,
}

impl Core {
    /// See the module.
    pub(super) fn attend(&mut self, session: SessionId) {
        self.see_done(session);
        self.keep_files(session);
        self.check_offer(session);
        let Some(known) = self.sessions.get_mut(&session) else { return };
        let now = self.now.elapsed;
        known.declined.retain(|_, until| *until > now);
        let is_held = known.held_until.is_some_and(|until| now < until);
        if known.pending.is_empty() && !is_held {
            self.wake_when_needed(session);
            if let Some(need) = self.needs(&self.sessions[&session]) {
                self.meet(session, need);
            }
        }
        let known = &self.sessions[&session];
        if !known.is_open() && known.to_file.is_empty() && known.pending.is_empty() {
            self.forget(session);
        } else {
            self.retie(session);
        }
    }

    fn needs(&self, known: &Known) -> Option<Need> {
        if !known.is_open() {
            let is_unknown = known.ended.is_none() && !known.to_file.is_empty();
            return is_unknown.then_some(Need::ReadEnd);
        }
        let needs_removal = || self.needs_removal(known);
        self.needs_queue(known).or_else(needs_removal).or_else(|| self.needs_no_invitation(known))
    }

    fn needs_queue(&self, known: &Known) -> Option<Need> {
        let route = |queue: &Queue, cause, leaving| Need::Route {
            queue: queue.settings.name.clone(),
            text: queue.text(),
            cause,
            leaving,
        };
        if known.waiting().is_some() {
            let (queue, cause) = self.waits_in_vain(known)?;
            return Some(route(queue, cause, Vec::new()));
        }
        let mut attending = known.attending().peekable();
        if attending.peek().is_none() {
            let is_new =
                known.state.queue.is_none() && known.state.participants.iter().all(|other| other.agent.is_none());
            return Some(if is_new {
                route(self.queues.first_for(known), QueueCause::Opened, Vec::new())
            } else {
                route(self.queues.home_of(known), QueueCause::Unattended, Vec::new())
            });
        }
        let gone = attending.map(|(agent, participant)| {
            let leaving = Leaving { participant: participant.participant, reason: LeaveReason::Gone };
            self.is_given_up(agent).then_some(leaving)
        });
        // Where somebody else is in it too, the customer is not alone.
        let leaving = gone.collect::<Option<Vec<_>>>()?;
        Some(route(self.queues.home_of(known), QueueCause::AgentGone, leaving))
    }

    /// Whoever is given up leaves: beside colleagues who stay, and where he only watches or whispers. One after the
    /// other, as everything that a session needs.
    fn needs_removal(&self, known: &Known) -> Option<Need> {
        let (_, gone) = known.staff().find(|(agent, _)| self.is_given_up(*agent))?;
        Some(Need::Remove(gone.participant))
    }

    fn needs_no_invitation(&self, known: &Known) -> Option<Need> {
        known.state.invitations.iter().find_map(|invitation| {
            let (agent, seq) = (invitation.agent, invitation.seq);
            let is_connected = self.agents.get(&agent).is_some_and(Agent::is_connected);
            let until = *known.invited_at.get(&seq)? + self.settings.offer_timeout;
            let reason = if !known.is_joined(invitation.by) {
                InvitationEnd::Withdrawn
            } else if !is_connected || until <= self.now.elapsed {
                InvitationEnd::NoAnswer
            } else {
                return None;
            };
            Some(Need::EndInvitation { agent, seq, reason })
        })
    }

    fn meet(&mut self, session: SessionId, need: Need) {
        match need {
            Need::Route { queue, text, cause, leaving } => {
                if cause == QueueCause::Unattended {
                    self.note(Note::Unattended { session });
                }
                let after = self.sessions[&session].last_queued();
                let client_id = names::queue_after(after);
                let (agent, by, note) = (None, None, None);
                let route = Route { session, client_id, queue, agent, cause, by, after, text, note, leaving };
                self.ask(session, Wish::Route, None, Request::Route(route));
            }
            Need::EndInvitation { agent, seq, reason } => {
                let end = EndInvitation { session, agent, reason };
                self.ask(session, Wish::EndInvitation(agent, seq), None, Request::EndInvitation(end));
                if reason == InvitationEnd::NoAnswer {
                    self.did_not_answer(agent, session);
                }
            }
            Need::Remove(participant) => {
                let leaving = vec![Leaving { participant, reason: LeaveReason::Gone }];
                self.ask(session, Wish::Leave(participant), None, Request::Remove { session, leaving });
            }
            Need::ReadEnd => {
                let head = self.sessions[&session].head;
                let after = Seq(head.0.saturating_sub(1));
                let request = Request::Read { session, by: Credential::Role, after, limit: 1 };
                self.ask(session, Wish::ReadEnd, None, request);
            }
        }
    }

    /// Nobody could answer while a pair was away: whoever is asked, or waited for, has his full time from now.
    pub(super) fn begin_waits_anew(&mut self, pair: PairIndex) {
        let now = self.now.elapsed;
        for (_, known) in self.sessions.iter_mut().filter(|(session, _)| self.pairs.of(session) == pair) {
            known.queued_at = now;
            known.invited_at.values_mut().for_each(|since| *since = now);
        }
    }

    /// Has the session looked at when one of its waits is over.
    fn wake_when_needed(&mut self, session: SessionId) {
        let known = &self.sessions[&session];
        let timeout = self.settings.offer_timeout;
        for since in known.invited_at.values() {
            self.due.at(*since + timeout, Subject::Session(session));
        }
        let Some(waits) = known.waiting() else { return };
        if waits.agent.is_some() {
            self.due.at(known.queued_at + timeout, Subject::Session(session));
        }
        if self.queues.get(&waits.queue).is_some_and(|queue| queue.settings.bot) {
            self.due.at(known.queued_at + self.settings.bot_wait, Subject::Session(session));
        }
    }
}
