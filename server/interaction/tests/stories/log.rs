//! A log as an engine writes it, in the data directory of a story.

use std::collections::BTreeMap;

use tandem_protocol::{
    AgentId, ClientId, ClosedReason, Epoch, Event, EventBody, PairName, ParticipantId, ParticipantKind, RawEvent, Seq,
    SessionId, Timestamp, Visibility,
};
use tandem_store::{Entry, Holder, SqliteStore, Store, Taken};
use tempfile::TempDir;

use crate::session;

/// When the first event of the first session was numbered.
const START: Timestamp = Timestamp(1_764_000_000_000);

/// See the module.
pub(crate) struct Log {
    store: SqliteStore,
    epoch: Epoch,
    /// The last event of each session.
    heads: BTreeMap<SessionId, Seq>,
}

impl Log {
    /// Begins to write.
    pub(crate) async fn begin(folder: &TempDir) -> Self {
        let store = SqliteStore::open(folder.path(), &PairName::new("main").expect("is valid")).expect("opens");
        let holder = Holder {
            name: "a".parse().expect("is valid"),
            address: "127.0.0.1:7301".into(),
            host: "here".into(),
            pid: 1,
            pid_started: 1,
        };
        match store.take_lease(Epoch::ZERO, holder, START).await.expect("writes") {
            Taken::Held(epoch) => Self { store, epoch, heads: BTreeMap::new() },
            Taken::Lost(lease) => panic!("nobody else writes, but {lease:?}"),
        }
    }

    async fn writes(&mut self, number: u64, body: EventBody) {
        let session = session(number);
        let head = self.heads.entry(session).or_insert(Seq::ZERO);
        *head = head.next();
        let at = Timestamp(START.0 + 1_000 * number + head.0);
        let closes = matches!(body, EventBody::Closed { .. });
        let event = RawEvent::of(&Event { seq: *head, at_ms: at, body });
        let entry = Entry { session, at, event, secret: None, closes };
        self.store.append(self.epoch, vec![entry]).await.expect("writes");
    }

    /// A customer opens the nth session.
    pub(crate) async fn opens(&mut self, number: u64, properties: &[(&str, &str)]) {
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.writes(number, EventBody::Opened { subject: Some(format!("subject {number}")), properties }).await;
        self.joins(number, 1, ParticipantKind::Client, None).await;
    }

    /// An agent takes it.
    pub(crate) async fn takes(&mut self, number: u64, agent: AgentId) {
        self.joins(number, 2, ParticipantKind::Agent, Some(agent)).await;
    }

    async fn joins(&mut self, number: u64, participant: u32, kind: ParticipantKind, agent: Option<AgentId>) {
        let client_id = ClientId::new("j").expect("is valid");
        let (participant, name, visibility) = (ParticipantId(participant), "Ana".to_owned(), Visibility::All);
        self.writes(number, EventBody::Joined { participant, kind, name, client_id, visibility, agent, took: None })
            .await;
    }

    /// Its customer, or whoever works there, says something.
    pub(crate) async fn says(&mut self, number: u64, text: &str, visibility: Visibility) {
        let participant = ParticipantId(if visibility.is_all() { 1 } else { 2 });
        let client_id = ClientId::new("m").expect("is valid");
        self.writes(number, EventBody::Message { participant, client_id, text: text.into(), visibility }).await;
    }

    /// It ends.
    pub(crate) async fn closes(&mut self, number: u64) {
        self.writes(number, EventBody::Closed { reason: ClosedReason::Ended }).await;
    }
}
