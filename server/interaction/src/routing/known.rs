//! What the core knows of one session: its state as last told, and what is being done about it.
//!
//! The state is the engine's and replaced whole; the rest is gone with this process and found again by the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tandem_protocol::{
    AgentId, ClosedReason, ParticipantId, ParticipantKind, ParticipantState, Place, QueueName, QueueState, Seq,
    SessionState, SessionStatus, Timestamp, Visibility, archive::Identity, properties, routing::Changed,
};

use super::{requests::PendingId, waiting::Rank};
use crate::customer;

/// The property by which a session asks for the echo participant.
const ECHO: &str = "echo";
/// The property by which a session asks for a queue.
const QUEUE: &str = "queue";
/// The property that names skills beyond those of the queue.
const SKILLS: &str = "skills";

/// See the module.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) head: Seq,
    pub(super) state: SessionState,
    /// Who is asked to take it.
    pub(super) offer: Option<Offer>,
    /// Who is not asked until when.
    pub(super) declined: BTreeMap<AgentId, Duration>,
    /// What is asked of the engine and not seen done. Until then nothing else is decided.
    pub(super) pending: BTreeSet<PendingId>,
    /// Who must file it away, and whether the directory is known to have it so.
    pub(super) to_file: BTreeMap<AgentId, bool>,
    /// Who has filed it away, though it may not be told yet that it has ended.
    pub(super) filed: BTreeSet<AgentId>,
    /// When this process first saw the `queued` event since which it waits.
    pub(super) queued_at: Duration,
    /// When this process first saw each `invited` event that is not answered.
    pub(super) invited_at: BTreeMap<Seq, Duration>,
    /// Why it ended, once that is read.
    pub(super) ended: Option<ClosedReason>,
    /// Nothing is asked of the engine until then, since it refused.
    pub(super) held_until: Option<Duration>,
    /// Whom it concerns; mirrored in each agent.
    pub(super) ties: BTreeMap<AgentId, Tie>,
    /// Its entry in the list of waiting sessions.
    pub(super) rank: Option<Rank>,
    /// The queue in whose pace it counts.
    pub(super) paced: Option<QueueName>,
    /// Its entry in the list of sessions that somebody attends.
    pub(super) live: Option<Timestamp>,
    /// The place that its customer was told last.
    pub(super) told: Option<(Seq, Place)>,
}

/// A session is offered to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) agent: AgentId,
    /// The `queued` event.
    pub(super) seq: Seq,
    pub(super) until: Duration,
    /// The same moment, for people.
    pub(super) expires_at: Timestamp,
}

/// How a session concerns an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tie {
    /// It takes up some of his room.
    pub(super) counts: bool,
    /// He attends it, or it is to be filed away by him.
    pub(super) is_chat: bool,
}

impl Known {
    pub(super) fn new(changed: Changed, now: Duration) -> Self {
        let invited_at = changed.state.invitations.iter().map(|invitation| (invitation.seq, now)).collect();
        Self {
            head: changed.head,
            state: changed.state,
            offer: None,
            declined: BTreeMap::new(),
            pending: BTreeSet::new(),
            to_file: BTreeMap::new(),
            filed: BTreeSet::new(),
            queued_at: now,
            invited_at,
            ended: None,
            held_until: None,
            ties: BTreeMap::new(),
            rank: None,
            paced: None,
            live: None,
            told: None,
        }
    }

    /// Takes in a newer state.
    pub(super) fn renew(&mut self, changed: Changed, now: Duration) {
        if changed.state.queue.as_ref().map(|queue| queue.seq) != self.state.queue.as_ref().map(|queue| queue.seq) {
            self.queued_at = now;
            self.declined.clear();
        }
        self.invited_at.retain(|seq, _| changed.state.invitations.iter().any(|invitation| invitation.seq == *seq));
        for invitation in &changed.state.invitations {
            self.invited_at.entry(invitation.seq).or_insert(now);
        }
        self.held_until = None;
        self.head = changed.head;
        self.state = changed.state;
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.status == SessionStatus::Open
    }

    /// Where it waits, if it does.
    pub(super) fn waiting(&self) -> Option<&QueueState> {
        self.state.queue.as_deref().filter(|queue| queue.waiting && self.is_open())
    }

    /// Its last `queued` event.
    pub(super) fn last_queued(&self) -> Seq {
        self.state.queue.as_ref().map_or(Seq::ZERO, |queue| queue.seq)
    }

    /// The staff who are in it, seen or not.
    pub(super) fn staff(&self) -> impl Iterator<Item = (AgentId, &ParticipantState)> {
        let joined = self.state.participants.iter().filter(|participant| participant.joined && self.is_open());
        joined.filter_map(|participant| Some((participant.agent?, participant)))
    }

    /// The staff whom the customer sees: those who attend to him.
    pub(super) fn attending(&self) -> impl Iterator<Item = (AgentId, &ParticipantState)> {
        self.staff().filter(|(_, participant)| participant.visibility.is_all())
    }

    /// An agent who is in it; as one who attends, if he both attends and watches.
    pub(super) fn participant_of(&self, agent: AgentId) -> Option<&ParticipantState> {
        self.attending().chain(self.staff()).find(|(who, _)| *who == agent).map(|(_, participant)| participant)
    }

    /// An agent as one whom the customer does not see. If he comes to attend, it is in the place of these.
    pub(super) fn unseen_of(&self, agent: AgentId) -> Vec<ParticipantId> {
        let own = self.staff().filter(|(who, participant)| *who == agent && !participant.visibility.is_all());
        own.map(|(_, participant)| participant.participant).collect()
    }

    /// Whether an agent is at work in it: attends or whispers, and does not only watch.
    pub(super) fn has_at_work(&self, agent: AgentId) -> bool {
        self.staff().any(|(who, participant)| who == agent && takes_up_room(participant.visibility))
    }

    /// The last that an agent was in it, whether or not he still is.
    pub(super) fn last_participant_of(&self, agent: AgentId) -> Option<&ParticipantState> {
        self.state.participants.iter().rfind(|participant| participant.agent == Some(agent))
    }

    /// For the order of an agent's chats after a restart: about when somebody took it.
    pub(super) fn joined_about(&self) -> Timestamp {
        self.state.queue.as_ref().map_or(self.state.opened_at_ms, |queue| queue.since_ms)
    }

    pub(super) fn is_joined(&self, participant: ParticipantId) -> bool {
        self.is_open() && self.state.participants.iter().any(|known| known.participant == participant && known.joined)
    }

    pub(super) fn name_of(&self, participant: ParticipantId) -> Option<&str> {
        let known = self.state.participants.iter().find(|known| known.participant == participant);
        known.map(|known| known.name.as_str())
    }

    /// The name of its customer.
    pub(super) fn customer_name(&self) -> &str {
        let customer = self.state.participants.iter().find(|known| known.kind == ParticipantKind::Client);
        customer.map_or("", |customer| &customer.name)
    }

    /// By what its customer is known again, the strongest first.
    pub(super) fn identities(&self) -> Vec<Identity> {
        customer::identities(&self.state.properties)
    }

    /// The name of the queue that its opener asked for.
    pub(super) fn wants_queue(&self) -> Option<&str> {
        self.state.properties.get(QUEUE).map(|name| name.trim())
    }

    /// What its opener asked for in an agent, as he wrote it.
    pub(super) fn wants_skills(&self) -> Option<&str> {
        self.state.properties.get(SKILLS).map(String::as_str)
    }

    /// What an agent must be able to, beyond what the queue asks for.
    pub(super) fn skills(&self) -> impl Iterator<Item = &str> {
        self.wants_skills().unwrap_or_default().split(',').map(str::trim).filter(|skill| !skill.is_empty())
    }

    /// Whether an agent declined it not long ago.
    pub(super) fn is_declined_by(&self, agent: AgentId, now: Duration) -> bool {
        self.declined.get(&agent).is_some_and(|until| now < *until)
    }
}

/// Whether a session is none of the staff's: it belongs to the echo participant or to a drill.
pub(super) fn is_not_for_staff(state: &SessionState) -> bool {
    let is_echo = state.properties.get(ECHO).is_some_and(|on| on == "on") && !state.properties.contains_key(QUEUE);
    is_echo || properties::is_drill(&state.properties)
}

/// Whether somebody with this visibility is at work: one who only watches is not.
pub(super) fn takes_up_room(visibility: Visibility) -> bool {
    visibility != Visibility::Vip
}
