//! What the unit tests of this crate build their cases from.

use std::ops::RangeInclusive;

use tandem_protocol::{
    EngineName, Epoch, Event, EventBody, Pair, PairName, ParticipantId, Peer, RawEvent, Seq, SessionId, SessionState,
    Timestamp,
    link::{Attached, Deliver, Heads, Page},
};

pub(crate) fn pair_name() -> PairName {
    PairName::new("main").unwrap()
}

/// A pair whose engines are named after the first letter of their addresses.
pub(crate) fn pair(epoch: u64, primary: &str, backup: Option<&str>) -> Pair {
    let peer = |address: &str| Peer {
        name: EngineName::new(if address.starts_with('b') { "b" } else { "a" }).unwrap(),
        address: address.into(),
        pid: 1,
    };
    Pair { name: pair_name(), epoch: Epoch(epoch), primary: peer(primary), backup: backup.map(peer) }
}

pub(crate) fn session(at: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(at))
}

/// The answer to an attach, with a head and no events.
pub(crate) fn live(at: u128, participant: Option<u32>, head: u64) -> Attached {
    let state = SessionState::default();
    let heads = Heads { all: Seq(head), int: Seq(head), vip: Seq(head) };
    let page = Page { participant: participant.map(ParticipantId), head: Seq(head), heads, events: Vec::new(), state };
    Attached::Live { session: session(at), page }
}

/// A delivery of these events.
pub(crate) fn deliver(at: u128, events: RangeInclusive<u64>) -> Deliver {
    let after = Seq(events.start() - 1);
    let event = |seq| {
        RawEvent::of(&Event {
            seq: Seq(seq),
            at_ms: Timestamp(1),
            body: EventBody::Opened { subject: None, properties: std::collections::BTreeMap::new() },
        })
    };
    Deliver { session: session(at), after, events: events.map(event).collect() }
}

pub(crate) mod authority;
pub(crate) mod engine;
