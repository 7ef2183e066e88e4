//! What happened to one session as its clients saw it: the material that [`crate::checker`] judges.

use std::fmt;

use tandem_protocol::{ClientId, ParticipantId, RawEvent, Seq};

/// One session's history.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What was sent.
    pub sends: Vec<Sent>,
    /// What was acknowledged.
    pub acks: Vec<Acked>,
    /// Everyone who read, each with the events in the order in which he got them.
    pub readers: Vec<Reader>,
}

/// A message that a client sent, once or again and again until it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The sender.
    pub by: ParticipantId,
    /// The sender's id for it.
    pub client_id: ClientId,
    /// What was said.
    pub text: String,
    /// Who sent it among the pages and programs of this participant: what one lane sends stays in order, as one
    /// WebSocket keeps it. None for a send that ran beside others, such as a REST call.
    pub lane: Option<String>,
}

/// An acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acked {
    /// The sender.
    pub by: ParticipantId,
    /// The sender's id.
    pub client_id: ClientId,
    /// The number that the message got.
    pub seq: Seq,
}

/// What one reader got.
#[derive(Clone)]
pub struct Reader {
    /// For messages, such as `Ann's second tab`.
    pub name: String,
    /// The events in the order in which the reader took them.
    pub events: Vec<RawEvent>,
    /// Events that came again otherwise than they were: never empty without a fault.
    pub contradictions: Vec<RawEvent>,
    /// Whether the reader has waited for everything: then nothing acknowledged may be missing in what it got.
    pub is_complete: bool,
}

impl fmt::Debug for Reader {
    /// Without the events, of which there may be thousands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} events)", self.name, self.events.len())
    }
}

impl History {
    /// Puts together what several clients of one session recorded.
    #[must_use]
    pub fn of(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut whole, part| {
            whole.sends.extend(part.sends);
            whole.acks.extend(part.acks);
            whole.readers.extend(part.readers);
            whole
        })
    }

    /// How many messages were acknowledged.
    #[must_use]
    pub fn acked(&self) -> usize {
        self.acks.len()
    }
}
