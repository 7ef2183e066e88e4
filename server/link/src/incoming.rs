//! What a link tells its owner.

use std::time::{Duration, Instant};

use tandem_protocol::{
    Pair, ParticipantId, SessionId,
    link::{Attached, Deliver, Outcome},
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
    /// Sessions that are open, once the owner watches; the link itself watches again at each new primary.
    Opened(Vec<SessionId>),
    /// The connection to the primary ended or fell silent; once for each `Connected`.
    Lost {
        /// When the link noticed.
        at: Instant,
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
}
