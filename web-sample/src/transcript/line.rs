//! What an event is to a reader: who said what to whom, or a sentence on what happened. Words only; how they are laid
//! out is the templates' business.

use std::collections::BTreeMap;

use tandem_protocol::{
    ClosedReason, Event, EventBody, InvitationEnd, LeaveReason, NoticeKind, ParticipantId, ParticipantKind, QueueCause,
    RawEvent, Seq, Visibility,
};

use super::Moment;

/// See the module.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) seq: Seq,
    pub(super) at: Moment,
    /// The day that begins with it, to stand above it.
    pub(super) day: Option<String>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Said {
        who: String,
        /// What he is, where it is known.
        kind: Option<&'static str>,
        /// Somebody who works here.
        is_ours: bool,
        /// For whom it is, where that is not everybody.
        whom: Option<&'static str>,
        text: String,
    },
    Happened {
        pieces: Vec<Piece>,
        whom: Option<&'static str>,
    },
    Erased,
}

/// Names are apart: each has its own writing direction.
#[derive(Debug)]
pub(super) enum Piece {
    Words(String),
    Name(String),
}

impl Piece {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Words(text) | Self::Name(text) => text,
        }
    }
}

impl Line {
    /// The event, with what is known of participants before it; a join adds to that. None for an event that cannot be
    /// read.
    pub(super) fn of(
        event: &RawEvent,
        names: &mut BTreeMap<ParticipantId, String>,
        kinds: &mut BTreeMap<ParticipantId, ParticipantKind>,
    ) -> Option<Self> {
        let Event { seq, at_ms, body } = serde_json::from_str(event.event.get()).ok()?;
        if let EventBody::Joined { participant, name, kind, .. } = &body {
            names.insert(*participant, name.clone());
            kinds.insert(*participant, *kind);
        }
        Some(Self { seq, at: Moment::of(at_ms), day: None, what: Words { names, kinds }.of(body) })
    }
}

/// For whom something is, where that is not everybody.
fn whom(visibility: Visibility) -> Option<&'static str> {
    match visibility {
        Visibility::All => None,
        Visibility::Int => Some("note for staff"),
        Visibility::Vip => Some("note for supervisors"),
    }
}

fn kind_words(kind: ParticipantKind) -> &'static str {
    match kind {
        ParticipantKind::Client => "customer",
        ParticipantKind::Agent => "agent",
        ParticipantKind::Supervisor => "supervisor",
        ParticipantKind::External => "bot",
        ParticipantKind::System => "service",
    }
}

struct Words<'a> {
    names: &'a BTreeMap<ParticipantId, String>,
    kinds: &'a BTreeMap<ParticipantId, ParticipantKind>,
}

impl Words<'_> {
    fn of(&self, body: EventBody) -> What {
        let visibility = body.visibility();
        let pieces = match body {
            EventBody::Erased { .. } => return What::Erased,
            EventBody::Message { participant, text, .. } => return self.said(participant, text, whom(visibility)),
            EventBody::Opened { properties, .. } => opened(properties),
            EventBody::Joined { name, kind, took, .. } => joined(name, kind, took.is_some(), visibility),
            EventBody::Left { participant, reason, .. } => vec![self.name(participant), words(left(reason))],
            EventBody::Queued { queue, cause, by, text, .. } => self.queued(queue.as_str(), cause, by, text),
            EventBody::Invited { agent, by, .. } => {
                vec![self.name(by), words(format!(" asked account {agent} to join"))]
            }
            EventBody::InvitationEnded { agent, reason, .. } => {
                vec![words(format!("account {agent} {}", not_coming(reason)))]
            }
            EventBody::Notice { notice, text } => vec![words(text.unwrap_or_else(|| noticed(notice).to_owned()))],
            EventBody::Closed { reason } => vec![words(closed(reason))],
        };
        let whom = match visibility {
            Visibility::All => None,
            Visibility::Int => Some("for staff"),
            Visibility::Vip => Some("for supervisors"),
        };
        What::Happened { pieces, whom }
    }

    fn said(&self, participant: ParticipantId, text: String, whom: Option<&'static str>) -> What {
        let kind = self.kinds.get(&participant).copied();
        let is_ours = kind.is_some_and(|kind| kind != ParticipantKind::Client);
        What::Said { who: self.called(participant), kind: kind.map(kind_words), is_ours, whom, text }
    }

    fn queued(&self, queue: &str, cause: QueueCause, by: Option<ParticipantId>, text: Option<String>) -> Vec<Piece> {
        let by = || by.map_or_else(|| words("somebody"), |by| self.name(by));
        let mut pieces = match cause {
            QueueCause::Opened => vec![words("the chat waits in the queue ")],
            QueueCause::Transferred => vec![by(), words(" passed the chat on to the queue ")],
            QueueCause::HandedOff => vec![by(), words(" handed the chat over to the queue ")],
            QueueCause::NoBot => vec![words("no bot took the chat; it waits in the queue ")],
            QueueCause::AgentGone => vec![words("the agent was gone; the chat waits in the queue ")],
            QueueCause::Unattended => vec![words("nobody was in the chat; it waits in the queue ")],
        };
        pieces.push(Piece::Name(queue.to_owned()));
        if let Some(text) = text {
            pieces.extend([words(". The customer was told: "), Piece::Name(text)]);
        }
        pieces
    }

    fn called(&self, participant: ParticipantId) -> String {
        self.names.get(&participant).cloned().unwrap_or_else(|| format!("Participant {participant}"))
    }

    fn name(&self, participant: ParticipantId) -> Piece {
        Piece::Name(self.called(participant))
    }
}

fn words(text: impl Into<String>) -> Piece {
    Piece::Words(text.into())
}

/// With the opener's own data, which everybody in the chat could see.
fn opened(properties: BTreeMap<String, String>) -> Vec<Piece> {
    let mut pieces = vec![words("the chat began")];
    for (at, (key, value)) in properties.into_iter().enumerate() {
        pieces.push(words(if at == 0 { "; " } else { ", " }));
        pieces.extend([Piece::Name(key), words(": "), Piece::Name(value)]);
    }
    pieces
}

fn joined(name: String, kind: ParticipantKind, took: bool, visibility: Visibility) -> Vec<Piece> {
    let did = match visibility {
        Visibility::All if took => "took the chat",
        Visibility::All => "joined",
        _ => "watches, unseen by the customer",
    };
    vec![Piece::Name(name), words(format!(" ({}) {did}", kind_words(kind)))]
}

fn left(reason: LeaveReason) -> &'static str {
    match reason {
        LeaveReason::Logout => " left",
        LeaveReason::Gone => " was away for too long and left",
        LeaveReason::Removed => " was removed",
        LeaveReason::Server => " was removed by the service",
        LeaveReason::Idle => " left because the chat was idle",
        LeaveReason::NotBack => " did not come back",
    }
}

fn not_coming(reason: InvitationEnd) -> &'static str {
    match reason {
        InvitationEnd::Declined => "declined the invitation",
        InvitationEnd::NoAnswer => "did not answer the invitation",
        InvitationEnd::Withdrawn => "is not asked any more",
    }
}

fn noticed(notice: NoticeKind) -> &'static str {
    match notice {
        NoticeKind::IdleControlAlert => "nobody has written for a while",
        NoticeKind::IdleControlClose => "nobody has written for too long",
        NoticeKind::Restored => "the session was restored by another engine",
    }
}

fn closed(reason: ClosedReason) -> &'static str {
    match reason {
        ClosedReason::CustomerLeft => "the chat ended: the customer left",
        ClosedReason::Ended => "the chat was ended",
        ClosedReason::NotSaved => "the chat ended: it could not be saved any more",
        ClosedReason::NotRestored => "the chat ended: its engine was gone, and chats are not restored",
        ClosedReason::Idle => "the chat ended: nobody had written for too long",
    }
}
