//! Who is in a session: as what, seen by whom, and whether he has left.

use tandem_protocol::{AgentId, ParticipantId, ParticipantKind, ParticipantState, Seq, TokenHash, Visibility};

/// A participant of a session.
#[derive(Debug, Clone)]
pub(super) struct Participant {
    pub(super) kind: ParticipantKind,
    pub(super) name: String,
    /// None for one who acts only through a role's link.
    pub(super) token: Option<TokenHash>,
    /// The account of somebody who works here.
    pub(super) agent: Option<AgentId>,
    /// Each event by which he joined, and who has seen him since: the first, and one each time he was shown to more.
    pub(super) joined: Vec<(Seq, Visibility)>,
    pub(super) left: Option<Seq>,
}

impl Participant {
    pub(super) fn is_here(&self) -> bool {
        self.left.is_none()
    }

    /// Who sees him.
    pub(super) fn visibility(&self) -> Visibility {
        self.joined.last().expect("a participant has joined").1
    }

    /// As readers know him who know events up to `told`; none when he has not joined by then.
    pub(super) fn state_at(&self, told: Seq, participant: ParticipantId) -> Option<ParticipantState> {
        let (_, visibility) = self.joined.iter().rev().find(|(seq, _)| *seq <= told)?;
        Some(ParticipantState {
            participant,
            kind: self.kind,
            name: self.name.clone(),
            joined: self.left.is_none_or(|left| left > told),
            visibility: *visibility,
            agent: self.agent,
        })
    }
}
