//! A gateway with its customers, reduced to what the guarantees speak of: requests kept until they are answered,
//! sessions attached again after a loss, and a record of all that was seen.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tandem_protocol::{
    ClientId, Epoch, ErrorCode, EventBody, ParticipantId, ParticipantKind, QueueCause, QueueName, RawEvent, RequestId,
    Seq, SessionId, TokenHash, Visibility,
    link::{
        Answer, Attach, Attached, Credential, FromEngine, Join, Open, Outcome, Request, Send, SessionNotice, ToEngine,
    },
    routing::Route,
};
use tandem_session::{AutoSave, LinkId, SessionSettings};

use crate::{
    disk::Disk,
    node::{acknowledged, tells_first},
};

/// A session as this client sees it.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) events: Vec<RawEvent>,
    is_attached: bool,
    /// Events after this one were told without being on the disk.
    unsaved_after: Option<Seq>,
    is_opened: bool,
    other: Option<ParticipantId>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Client {
    me: u64,
    settings: SessionSettings,
    /// The engine and the link it is connected by.
    pub(crate) connection: Option<(usize, LinkId)>,
    /// To the engine, in order; lost with the connection.
    pub(crate) outgoing: VecDeque<ToEngine>,
    pub(crate) epoch_seen: Epoch,
    unacked: BTreeMap<RequestId, Request>,
    next_request: u64,
    pub(crate) sessions: BTreeMap<SessionId, View>,
    /// What was acknowledged, to be found in the transcript for ever (D-2).
    acknowledged: HashMap<RequestId, (SessionId, Seq)>,
    next_message: u64,
}

fn token(session: SessionId) -> TokenHash {
    let id = session.0.as_bytes();
    TokenHash(std::array::from_fn(|at| id[at % id.len()] ^ at as u8))
}

fn client_id(text: &str) -> ClientId {
    ClientId::new(text).expect("valid")
}

impl Client {
    pub(crate) fn new(me: u64, settings: SessionSettings) -> Self {
        Self {
            me,
            settings,
            connection: None,
            outgoing: VecDeque::new(),
            epoch_seen: Epoch::ZERO,
            unacked: BTreeMap::new(),
            next_request: 0,
            sessions: BTreeMap::new(),
            acknowledged: HashMap::new(),
            next_message: 0,
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.unacked.is_empty()
    }

    /// Connected to a primary: first the sessions, all of them at once, then what was not answered, in order.
    pub(crate) fn connected(&mut self, node: usize, link: LinkId, epoch: Epoch) {
        assert!(epoch >= self.epoch_seen, "F-2: a deposed primary is never believed");
        (self.connection, self.epoch_seen) = (Some((node, link)), epoch);
        self.outgoing.clear();
        let unacked: Vec<_> = self.unacked.iter().map(|(id, body)| (*id, body.clone())).collect();
        for (session, view) in self.sessions.iter_mut().filter(|(_, view)| view.is_attached) {
            // what is not sure to be known is forgotten, and asked for again.
            view.events.truncate(view.sure_len());
            let by = Credential::Participant(ParticipantId(1));
            let attach = Attach { session: *session, by, also: Vec::new(), after: Seq(view.events.len() as u64) };
            let id = RequestId(u64::MAX - self.next_request);
            self.next_request += 1;
            self.outgoing.push_back(ToEngine::Request { id, body: Request::Attach(vec![attach]), trace: None });
        }
        self.outgoing.extend(unacked.into_iter().map(|(id, body)| ToEngine::Request { id, body, trace: None }));
    }

    pub(crate) fn disconnected(&mut self) {
        self.connection = None;
        self.outgoing.clear();
    }

    /// Does something a customer might do.
    pub(crate) fn act(&mut self, random: &mut fastrand::Rng) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        if sessions.is_empty() || (sessions.len() < 4 && random.u8(..) < 8) {
            return self.open(random);
        }
        let session = sessions[random.usize(..sessions.len())];
        let view = &self.sessions[&session];
        if !view.is_opened {
            return;
        }
        let by = Credential::Token(token(session));
        match random.u8(..100) {
            0 => self.ask(Request::Leave { session, by }),
            1 => self.ask(Request::Close { session, by }),
            2..6 => self.ask(Request::Read { session, by, after: Seq(random.u64(..8)), limit: 4 }),
            6..12 if view.other.is_none() => self.join(session, by, None),
            20..24 => self.route(session, random),
            24..28 => {
                let queued = self.some_queued(session, random);
                self.join(session, Credential::Role, Some(queued));
            }
            28..30 => self.ask(Request::Follow(vec![session])),
            12..20 if !view.is_attached => {
                let after = Seq(view.events.len() as u64);
                self.ask(Request::Attach(vec![Attach { session, by, also: Vec::new(), after }]));
            }
            30..60 if view.other.is_some() => {
                let other = view.other.map_or(Credential::Role, Credential::Participant);
                self.say(session, other, random);
            }
            _ => self.say(session, by, random),
        }
    }

    fn open(&mut self, random: &mut fastrand::Rng) {
        let session = SessionId(uuid::Uuid::from_u128(random.u128(..)));
        self.sessions.insert(session, View::default());
        let (name, token_hash) = ("Ana".into(), token(session));
        self.ask(Request::Open(Open { session, subject: None, properties: BTreeMap::new(), name, token_hash }));
    }

    /// Somebody else joins; with `taking`, if the session waits.
    fn join(&mut self, session: SessionId, by: Credential, taking: Option<Seq>) {
        let (kind, name, visibility) = (ParticipantKind::External, "Bot".into(), Visibility::All);
        let client_id = client_id(&taking.map_or("bot".to_owned(), |queued| format!("take-{queued}-{}", self.me)));
        let (token_hash, agent, replacing) = (None, None, Vec::new());
        let join = Join { session, by, client_id, kind, name, token_hash, visibility, agent, taking, replacing };
        self.ask(Request::Join(join));
    }

    /// Puts the session into a queue, as one does who knows how it stands, or knew.
    fn route(&mut self, session: SessionId, random: &mut fastrand::Rng) {
        let after = self.some_queued(session, random);
        self.ask(Request::Route(Route {
            session,
            client_id: client_id(&format!("queue-after-{after}")),
            queue: QueueName::new("default").expect("valid"),
            agent: None,
            cause: QueueCause::Opened,
            by: None,
            after,
            text: None,
            note: None,
            leaving: Vec::new(),
        }));
    }

    /// The last `queued` event that was seen, or an earlier one; none as the first.
    fn some_queued(&self, session: SessionId, random: &mut fastrand::Rng) -> Seq {
        let is_queued = |event: &&RawEvent| matches!(event.parse().expect("an event").body, EventBody::Queued { .. });
        let seen: Vec<Seq> = self.sessions[&session].events.iter().filter(is_queued).map(|event| event.seq).collect();
        match random.u8(..4) {
            0 if !seen.is_empty() => seen[random.usize(..seen.len())],
            _ => seen.last().copied().unwrap_or_default(),
        }
    }

    /// Says something new or, as a page that reloads would, repeats something.
    fn say(&mut self, session: SessionId, by: Credential, random: &mut fastrand::Rng) {
        let repeats = self.next_message > 0 && random.u8(..10) == 0;
        let number = if repeats { random.u64(..self.next_message) } else { self.next_message };
        self.next_message += u64::from(!repeats);
        let client_id = client_id(&format!("{}-{number}", self.me));
        self.ask(Request::Send(Send { session, by, client_id, text: "hi".into(), visibility: Visibility::All }));
    }

    fn ask(&mut self, body: Request) {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.unacked.insert(id, body.clone());
        if self.connection.is_some() {
            self.outgoing.push_back(ToEngine::Request { id, body, trace: None });
        }
    }

    pub(crate) fn receive(&mut self, frame: FromEngine, disk: &Disk) {
        match frame {
            FromEngine::Answer { id, outcome } => self.on_answer(id, outcome, disk),
            FromEngine::Deliver(deliver) => {
                let view = self.sessions.get_mut(&deliver.session).expect("only attached sessions are delivered");
                assert!(deliver.after.0 <= view.events.len() as u64, "D-4: a reader has missed something");
                view.extend(deliver.events);
                view.check_saved(deliver.session, disk);
            }
            FromEngine::Notice { session, notice } => {
                let view = self.sessions.get_mut(&session).expect("only attached sessions are told of");
                view.unsaved_after = match notice {
                    SessionNotice::Saved { is_all: true, .. } => None,
                    SessionNotice::Saved { seq, .. } | SessionNotice::NotSaved { seq, .. } => Some(seq),
                    SessionNotice::Said { .. } => view.unsaved_after,
                };
                view.check_saved(session, disk);
            }
            _ => {}
        }
    }

    fn on_answer(&mut self, id: RequestId, outcome: Outcome, disk: &Disk) {
        if let Outcome::Done(Answer::Attached(attached)) = &outcome {
            attached.iter().for_each(|attached| self.on_attached(attached, disk));
        }
        let Some(request) = self.unacked.remove(&id) else { return };
        let (session, is_other) = match request {
            Request::Open(open) => (open.session, false),
            Request::Join(join) => (join.session, true),
            Request::Send(send) => (send.session, false),
            Request::Route(route) => (route.session, false),
            _ => return,
        };
        let Some(seq) = acknowledged(&outcome) else {
            let Outcome::Refused(refusal) = outcome else { panic!("a send is answered as saved or refused") };
            let is_expected = matches!(refusal.code, ErrorCode::Taken | ErrorCode::NotSaved);
            assert!(is_expected || !refusal.code.is_retryable(), "nothing here is refused for lack of room: {refusal}");
            return;
        };
        let is_durable = match &outcome {
            Outcome::Done(Answer::Saved { durable, .. }) => *durable,
            // A join says nothing of it.
            _ => !tells_first(&self.settings) || disk.has(session, seq),
        };
        if is_durable {
            assert!(disk.has(session, seq), "D-1: acknowledged before it is durable");
            self.acknowledged.insert(id, (session, seq));
        }
        let Some(view) = self.sessions.get_mut(&session) else { return };
        view.is_opened = true;
        if let (true, Outcome::Done(Answer::Joined { participant, .. })) = (is_other, outcome) {
            view.other = Some(participant);
        }
    }

    fn on_attached(&mut self, attached: &Attached, disk: &Disk) {
        let (session, page) = match attached {
            Attached::Live { session, page } => (session, page),
            // It died with its engine, and nothing of it was ever said to be saved.
            Attached::Refused { session, .. } if self.settings.auto_save == AutoSave::AtEnd => {
                self.sessions.remove(session);
                return;
            }
            Attached::Refused { .. } => panic!("R-2: an own session is refused"),
        };
        let Some(view) = self.sessions.get_mut(session) else { return };
        (view.is_attached, view.unsaved_after) = (true, page.state.unsaved_after);
        assert!(page.head.0 >= view.events.len() as u64, "D-2: the session has fewer events than were delivered");
        let fits = page.events.first().is_none_or(|first| first.seq.0 <= view.events.len() as u64 + 1);
        assert!(fits, "R-2: a silent part");
        view.extend(page.events.clone());
        view.check_saved(*session, disk);
    }

    /// In the end, after all is healed: what was acknowledged is there (D-2), what was seen is what is there (D-4).
    pub(crate) fn check(&self, disk: &Disk) {
        for (session, seq) in self.acknowledged.values() {
            assert!(disk.has(*session, *seq), "D-2: an acknowledged message is lost");
        }
        for (session, view) in &self.sessions {
            let stored = disk.transcripts.get(session).map(Vec::as_slice).unwrap_or_default();
            for (seen, (stored, _)) in view.events.iter().zip(stored) {
                assert_eq!(seen.event.get(), stored.event.get(), "a reader has seen an event differently");
            }
            if self.settings.auto_save == AutoSave::AtEnd && stored.len() < view.events.len() {
                // It goes on; what is stored of it is from when its engine handed over.
                assert!(view.sure_len() <= stored.len(), "D-1: an event is told as if it were saved");
                continue;
            }
            assert!(view.events.len() <= stored.len(), "D-1: a reader has seen what is not stored");
            assert!(
                !view.is_attached || view.events.len() == stored.len(),
                "R-1, R-2: an attached reader lacks events"
            );
        }
    }
}

impl View {
    /// How many events are sure to be known by whoever serves.
    fn sure_len(&self) -> usize {
        self.unsaved_after.map_or(self.events.len(), |unsaved| self.events.len().min(unsaved.0 as usize))
    }

    /// D-1: whatever is not said to be unsaved is on the disk.
    fn check_saved(&self, session: SessionId, disk: &Disk) {
        let sure = Seq(self.sure_len() as u64);
        assert!(sure == Seq::ZERO || disk.has(session, sure), "D-1: an event is told as if it were saved");
    }

    /// Adds events that are new; repeats are skipped, a gap is a failure (D-4).
    fn extend(&mut self, events: Vec<RawEvent>) {
        for event in events {
            let next = self.events.len() as u64 + 1;
            if event.seq.0 == next {
                self.events.push(event);
            } else {
                assert!(event.seq.0 < next, "D-4: event {} came where {next} belongs", event.seq);
            }
        }
    }
}
