//! Makes views: what an agent's desk shows, and an administrator's control page, from what is known at the moment.

use std::collections::BTreeMap;

use tandem_protocol::{
    AgentId, ParticipantId, ParticipantState, QueueName, SessionId, Timestamp, Visibility,
    desk::{
        AGENTS_MAX, AgentRole, AgentView, Chat, LIVE_MAX, LiveView, LoggedIn, Me, Offer, OtherAgent, Overview,
        QueueView, View, WAITING_MAX, WaitingView,
    },
};

use super::{
    Core,
    agents::{Agent, logged_in},
    known::Known,
    offering,
    requests::Wish,
};

/// What all agents see alike, made once for many views.
pub(super) struct Board {
    queues: Vec<QueueView>,
    agents: Vec<AgentView>,
    live: Vec<LiveView>,
}

impl Core {
    pub(super) fn board(&self) -> Board {
        Board { queues: self.queue_views(), agents: self.agent_views(), live: self.live_views() }
    }

    /// How all stand, for this administrator.
    pub(super) fn overview(&self, me: LoggedIn) -> Overview {
        let agents = self.people().into_iter().filter(|agent| agent.connected).take(AGENTS_MAX);
        let (waiting, served) = (self.waiting.len() as u64, self.live.len() as u64);
        Overview { me, queues: self.queue_views(), agents: agents.collect(), waiting, served }
    }

    /// A view of an agent with an account; a desk has one.
    pub(super) fn view(&self, id: AgentId, version: u64, board: &Board) -> View {
        let agent = &self.agents[&id];
        let account = agent.account.as_ref().expect("whoever has a desk has an account");
        let others = board.agents.iter().filter(|other| other.agent != id).take(AGENTS_MAX).cloned();
        View {
            version,
            at_ms: self.now.wall,
            me: Me {
                account: logged_in(account),
                chosen: agent.chosen.clone(),
                since_ms: agent.since,
                capacity: account.capacity,
                room: count(agent.room()),
                skills: account.skills.clone(),
            },
            offers: self.offers_to(id, agent),
            chats: self.chats_of(id, agent, account.role),
            queues: board.queues.clone(),
            waiting: self.waiting_for(id, agent),
            agents: others.collect(),
            live: if agent.supervises() { board.live.clone() } else { Vec::new() },
            dispositions: self.settings.dispositions.clone(),
            reasons: self.settings.reasons.clone(),
        }
    }

    fn offers_to(&self, id: AgentId, agent: &Agent) -> Vec<Offer> {
        let mut tied: Vec<_> = agent.ties.iter().map(|(session, tied)| (tied.number, *session)).collect();
        tied.sort_unstable();
        let known = tied.into_iter().filter_map(|(_, session)| Some((session, self.sessions.get(&session)?)));
        known
            .flat_map(|(session, known)| {
                self.offer_of(id, session, known).into_iter().chain(self.invitation_to(id, session, known))
            })
            .collect()
    }

    fn offer_of(&self, id: AgentId, session: SessionId, known: &Known) -> Option<Offer> {
        let offer = known.offer.filter(|offer| offer.agent == id)?;
        let waits = known.waiting()?;
        Some(Offer {
            session,
            seq: offer.seq,
            queue: Some(waits.queue.clone()),
            cause: Some(waits.cause),
            from: waits.by.and_then(|by| known.name_of(by)).map(str::to_owned),
            customer: known.customer_name().to_owned(),
            subject: known.state.subject.clone(),
            waiting_since_ms: waits.since_ms,
            expires_at_ms: offer.expires_at,
        })
    }

    fn invitation_to(&self, id: AgentId, session: SessionId, known: &Known) -> Option<Offer> {
        let invitation = known.state.invitations.iter().find(|invitation| invitation.agent == id && known.is_open())?;
        let is_answered = |wish: &Wish| match wish {
            Wish::Join(agent) | Wish::EndInvitation(agent, _) => *agent == id,
            _ => false,
        };
        // Nobody can follow it while the pair is away; it is shown again with its full time.
        if self.wishes_for(known).any(is_answered) || !self.pairs.is_settled_for(&session) {
            return None;
        }
        let until = *known.invited_at.get(&invitation.seq)? + self.settings.offer_timeout;
        let left = until.saturating_sub(self.now.elapsed);
        Some(Offer {
            session,
            seq: invitation.seq,
            queue: None,
            cause: None,
            from: known.name_of(invitation.by).map(str::to_owned),
            customer: known.customer_name().to_owned(),
            subject: known.state.subject.clone(),
            waiting_since_ms: invitation.since_ms,
            expires_at_ms: Timestamp(self.now.wall.0 + u64::try_from(left.as_millis()).unwrap_or(u64::MAX / 2)),
        })
    }

    fn chats_of(&self, id: AgentId, agent: &Agent, role: AgentRole) -> Vec<Chat> {
        let mut tied: Vec<_> = agent.ties.iter().map(|(session, tied)| (tied.number, *session)).collect();
        tied.sort_unstable();
        let sees = role.joins_as().sees();
        let known = tied.into_iter().filter_map(|(_, session)| Some((session, self.sessions.get(&session)?)));
        known.filter_map(|(session, known)| self.chat_of(id, session, known, sees)).collect()
    }

    fn chat_of(&self, id: AgentId, session: SessionId, known: &Known, sees: Visibility) -> Option<Chat> {
        let own = if known.is_open() {
            known.participant_of(id)?
        } else {
            known.to_file.get(&id).and_then(|_| known.last_participant_of(id))?
        };
        Some(Chat {
            session,
            participant: own.participant,
            token: self.tokens.of(session, id),
            kind: own.kind,
            visibility: own.visibility,
            customer: known.customer_name().to_owned(),
            subject: known.state.subject.clone(),
            properties: known.state.properties.clone(),
            queue: known.state.queue.as_ref().map(|queue| queue.queue.clone()),
            opened_at_ms: known.state.opened_at_ms,
            others: self.others_in(known, own.participant, sees),
            ended: known.ended,
        })
    }

    /// The rest of the staff in a chat, as far as one who sees so much may know of them.
    fn others_in(&self, known: &Known, own: ParticipantId, sees: Visibility) -> Vec<OtherAgent> {
        let is_other =
            |(_, other): &(AgentId, &ParticipantState)| other.participant != own && other.visibility.is_seen_by(sees);
        let joined = known.staff().filter(is_other).map(|(agent, other)| OtherAgent {
            agent,
            display: other.name.clone(),
            invited: false,
        });
        let invitations =
            known.state.invitations.iter().filter(|_| Visibility::Int.is_seen_by(sees) && known.is_open());
        let invited = invitations.map(|invitation| OtherAgent {
            agent: invitation.agent,
            display: self.display_of(invitation.agent).to_owned(),
            invited: true,
        });
        joined.chain(invited).collect()
    }

    fn waiting_for(&self, id: AgentId, agent: &Agent) -> Vec<WaitingView> {
        let waiting = self.waiting.iter().take(WAITING_MAX).filter_map(|rank| {
            let known = self.sessions.get(&rank.session)?;
            let waits = known.waiting()?;
            Some(WaitingView {
                session: rank.session,
                seq: waits.seq,
                queue: waits.queue.clone(),
                customer: known.customer_name().to_owned(),
                subject: known.state.subject.clone(),
                since_ms: waits.since_ms,
                offered_to: known.offer.map(|offer| self.display_of(offer.agent).to_owned()),
                may_take: self.pairs.is_settled_for(&rank.session) && self.may_take(agent, id, known),
            })
        });
        waiting.collect()
    }

    fn queue_views(&self) -> Vec<QueueView> {
        let mut lines: BTreeMap<&QueueName, (u32, Timestamp)> = BTreeMap::new();
        for known in self.waiting.iter().filter_map(|rank| self.sessions.get(&rank.session)) {
            let Some(waits) = known.waiting() else { continue };
            let (waiting, since) = lines.entry(&waits.queue).or_insert((0, waits.since_ms));
            *waiting += 1;
            *since = (*since).min(waits.since_ms);
        }
        let views = self.queues.iter().map(|queue| {
            let line = lines.get(&queue.settings.name);
            let could = self.agents.values().filter(|agent| agent.is_available() && offering::serves(agent, queue));
            QueueView {
                queue: queue.settings.name.clone(),
                open: queue.is_open,
                bot: queue.settings.bot,
                waiting: line.map_or(0, |(waiting, _)| *waiting),
                longest_since_ms: line.map(|(_, since)| *since),
                available: count(could.count()),
            }
        });
        views.collect()
    }

    /// Everyone to whom a chat can be passed on.
    fn agent_views(&self) -> Vec<AgentView> {
        let mut views = self.people();
        // One more, for each agent is left out of his own.
        views.truncate(AGENTS_MAX + 1);
        views
    }

    /// Everyone who takes chats, in the order of their names. Bots get theirs from their queues.
    fn people(&self) -> Vec<AgentView> {
        let people = self.agents.iter().filter(|(_, agent)| !agent.is_program());
        let mut views: Vec<AgentView> = people
            .filter_map(|(id, agent)| {
                let account = agent.enabled()?;
                Some(AgentView {
                    agent: *id,
                    display: account.display.clone(),
                    role: account.role,
                    connected: agent.is_connected(),
                    chosen: agent.chosen.clone(),
                    chats: count(agent.chats()),
                    room: count(agent.room()),
                })
            })
            .collect();
        views.sort_by(|one, other| (&one.display, one.agent).cmp(&(&other.display, other.agent)));
        views
    }

    fn live_views(&self) -> Vec<LiveView> {
        let live = self.live.iter().take(LIVE_MAX).filter_map(|(opened_at_ms, session)| {
            let known = self.sessions.get(session)?;
            Some(LiveView {
                session: *session,
                customer: known.customer_name().to_owned(),
                subject: known.state.subject.clone(),
                queue: known.state.queue.as_ref().map(|queue| queue.queue.clone()),
                agents: known.attending().map(|(_, attending)| attending.name.clone()).collect(),
                opened_at_ms: *opened_at_ms,
            })
        });
        live.collect()
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
