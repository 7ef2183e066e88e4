//! The sessions that are written to, and their events: the same bytes for the store and for the bare database.

use tandem_protocol::{
    ClientId, EngineName, Event, EventBody, PairName, ParticipantId, RawEvent, Seq, SessionId, Timestamp, Visibility,
};
use tandem_store::{Entry, Holder};
use uuid::Uuid;

/// The moment of every event; none depends on it.
const NOW: Timestamp = Timestamp(1_764_000_000_000);

/// Bytes of an event's JSON beside its text, about: what a message of this program has.
const FRAME_BYTES: usize = 120;

/// One session and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    pub(crate) session: SessionId,
    pub(crate) seq: Seq,
    text_bytes: usize,
}

impl Chat {
    /// A session without events, each of which has about so many bytes.
    pub(crate) fn new(event_bytes: usize) -> Self {
        let session = SessionId::of_pair(Uuid::now_v7(), &pair());
        Self { session, seq: Seq::ZERO, text_bytes: event_bytes.saturating_sub(FRAME_BYTES) }
    }

    /// So many of them.
    pub(crate) fn several(count: usize, event_bytes: usize) -> Vec<Self> {
        (0..count).map(|_| Self::new(event_bytes)).collect()
    }

    /// The next event.
    pub(crate) fn says(&mut self) -> Entry {
        self.seq = self.seq.next();
        Entry { session: self.session, at: NOW, event: self.event(self.seq), secret: None, closes: false }
    }

    /// An event as it was said.
    pub(crate) fn event(&self, seq: Seq) -> RawEvent {
        let client_id = ClientId::new(&format!("m-{seq}")).expect("is visible ASCII");
        let text = "x".repeat(self.text_bytes);
        let participant = ParticipantId(1);
        let body = EventBody::Message { participant, client_id, text, visibility: Visibility::All };
        RawEvent::of(&Event { seq, at_ms: NOW, body })
    }
}

/// Each session's next event, in the order of the sessions.
pub(crate) fn round(chats: &mut [Chat]) -> Vec<Entry> {
    chats.iter_mut().map(Chat::says).collect()
}

/// The pair whose engines are played.
pub(crate) fn pair() -> PairName {
    PairName::new("main").expect("is a name")
}

/// One of its engines.
pub(crate) fn engine(name: &str) -> Holder {
    Holder {
        name: EngineName::new(name).expect("is a name"),
        address: "127.0.0.1:7301".into(),
        host: "benchmark".into(),
        pid: std::process::id(),
        pid_started: 0,
    }
}

/// When a lease is taken.
pub(crate) fn now() -> Timestamp {
    NOW
}
