//! What a link tells its owner.

use std::time::{Duration, Instant};

use tandem_protocol::{
    AskId, DeskId, Epoch, GatewayLink, Pair, ParticipantId, Place, SessionId,
    desk::{DeskAsk, DeskNews},
    link::{Attached, Deliver, Outcome, SessionNotice},
    routing::Changed,
};

/// Whoever owns a link. Called from the link's own task, in order; must not block. It may submit from within.
pub trait Owner: Send + Sync + 'static {
    /// What the owner gives with a request and gets back with its answer.
    type Tag: Send + 'static;

    /// Something came, or changed.
    fn on(&self, incoming: Incoming<Self::Tag>);
}

/// What came, or changed.
#[derive(Debug)]
pub enum Incoming<T> {
    /// The answer to a request: exactly once for each that was accepted, however many failovers lie between, unless
    /// the link is stopped.
    Answered {
        /// What was given with the request.
        tag: T,
        /// What became of it.
        outcome: Outcome,
    },
    /// New events of an attached session.
    Deliver(Deliver),
    /// Somebody types. May be lost.
    Typing {
        /// The session.
        session: SessionId,
        /// Who.
        participant: ParticipantId,
        /// Whether he types.
        on: bool,
    },
    /// Something about an attached session that is none of its events, in order with them.
    Notice {
        /// The session.
        session: SessionId,
        /// What.
        notice: SessionNotice,
    },
    /// Sessions that are open, once the owner watches; the link itself watches again at each new primary.
    Opened(Vec<SessionId>),
    /// The connection to the primary ended or fell silent; once for each `Connected`.
    Lost {
        /// When the link noticed.
        at: Instant,
        /// The primary has handed over, as planned, and this is the epoch of its successor: unless another epoch is
        /// met, nothing was missed and nobody need be told.
        moved_to: Option<Epoch>,
    },
    /// Welcomed by a primary, for the first time or again.
    Connected {
        /// The pair as the primary knows it.
        pair: Pair,
    },
    /// After a loss: one batch of sessions attached again, before any later event of them. A refused session is
    /// no longer attached. A session with several attached participants is named once for each of them, with the same
    /// events. A page that is empty although its head is beyond what the owner has, or whose events begin beyond it,
    /// means that the rest is there to be read.
    Reattached {
        /// The sessions.
        attached: Vec<Attached>,
        /// From `Lost` to this answer.
        lost_for: Duration,
    },
    /// The pair changed: a backup came or went.
    Pair(Pair),
    /// Sessions that changed, once the owner follows; it follows anew at each new primary.
    Changed(Vec<Changed>),
    /// Where a waiting session stands. May be lost.
    Place {
        /// The session.
        session: SessionId,
        /// Its place.
        place: Place,
    },
    /// To the interaction server: a gateway asks, perhaps once more; [`crate::Link::reply`] answers.
    Asked {
        /// What the answer names.
        ask: AskId,
        /// The gateway's link, for [`crate::Link::push`]; means nothing after `Lost`.
        gateway: GatewayLink,
        /// What is asked.
        body: DeskAsk,
    },
    /// To the interaction server: a gateway's link is gone, and its desks with it.
    GatewayGone(GatewayLink),
    /// To a gateway: news for one of its desks.
    Desk {
        /// The desk.
        desk: DeskId,
        /// What is new.
        news: DeskNews,
    },
    /// To a gateway: the interaction server is gone; what desks do waits.
    InteractionGone,
    /// To a gateway: another interaction server is there and knows no desk.
    EnterAgain,
}
