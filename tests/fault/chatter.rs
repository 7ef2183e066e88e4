//! Chats that go on by themselves while a test breaks things, and the judgement of them at the end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tandem_protocol::{EventBody, RawEvent, Seq};
use tandem_tests::{Customer, History, Rest, System, check, eventually, history::Reader};
use tokio::task::JoinHandle;

/// Messages of one party that wait for their acknowledgement; more are written when some are there.
const WINDOW: usize = 4;

/// The pace of each party, so that a suite of storms stays a matter of minutes and its histories fit into memory.
const PACE: Duration = Duration::from_millis(20);

/// Who answers the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    /// The echo participant, once a message.
    Echo,
    /// A program with a token of its own, which says as much as the customer.
    Program,
}

/// One session, its parties, and the tasks that keep them talking.
struct Chat {
    other: Other,
    parties: Vec<Arc<Customer>>,
    talking: Vec<JoinHandle<()>>,
}

/// Sessions under load.
pub(crate) struct Chatter {
    chats: Vec<Chat>,
    is_over: Arc<AtomicBool>,
}

impl Chatter {
    /// Opens sessions, half of them with the echo participant, half with a program, and lets all parties talk.
    pub(crate) async fn start(system: &System, sessions: usize) -> Self {
        Self::start_at(&system.rest(), sessions).await
    }

    /// As [`Chatter::start`], at this gateway.
    pub(crate) async fn start_at(rest: &Rest, sessions: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut chats = Vec::new();
        for at in 0..sessions {
            let other = if at % 2 == 0 { Other::Echo } else { Other::Program };
            chats.push(Chat::open(rest, at, other, &is_over).await);
        }
        Self { chats, is_over }
    }

    /// Messages acknowledged so far.
    pub(crate) fn acked(&self) -> usize {
        self.parties().map(|party| party.view(|view| view.acks.len())).sum()
    }

    /// Waits until so many more messages are acknowledged.
    pub(crate) async fn goes_on_for(&self, messages: usize) {
        let wanted = self.acked() + messages;
        eventually(&format!("{messages} more messages are acknowledged"), async || {
            (self.acked() >= wanted).then_some(())
        })
        .await;
    }

    /// How often any page was welcomed, beyond once each: R-3 says never, unless a gateway died.
    pub(crate) fn reconnects(&self) -> usize {
        self.parties().map(|party| party.view(|view| view.connections as usize) - 1).sum()
    }

    /// How many notices all pages got.
    pub(crate) fn notices(&self) -> usize {
        self.parties().map(|party| party.view(|view| view.notices.len())).sum()
    }

    /// Ends the talking, waits until everybody has everything, and judges every session; returns what was acknowledged.
    pub(crate) async fn settles(self, rest: &Rest) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        let mut acked = 0;
        for chat in self.chats {
            acked += chat.settles(rest).await;
        }
        acked
    }

    fn parties(&self) -> impl Iterator<Item = &Arc<Customer>> {
        self.chats.iter().flat_map(|chat| &chat.parties)
    }
}

impl Chat {
    async fn open(rest: &Rest, at: usize, other: Other, is_over: &Arc<AtomicBool>) -> Self {
        let name = format!("customer {at}");
        let parties = match other {
            Other::Echo => vec![Arc::new(Customer::start_with_echo(rest, &name).await)],
            Other::Program => {
                let customer = Customer::start(rest, &name).await;
                let ticket = rest.join(customer.ticket(), "program").await;
                let program = Customer::with_ticket(rest, ticket, &format!("program {at}"));
                vec![Arc::new(customer), Arc::new(program)]
            }
        };
        for party in &parties {
            party.is_connected().await;
        }
        let talk = |party: &Arc<Customer>| tokio::spawn(talk(Arc::clone(party), Arc::clone(is_over)));
        let talking = parties.iter().map(talk).collect();
        Self { other, parties, talking }
    }

    async fn settles(self, rest: &Rest) -> usize {
        for task in self.talking {
            task.await.expect("a talking task does not panic");
        }
        for party in &self.parties {
            party.has_nothing_waiting().await;
        }
        let customer = &self.parties[0];
        let transcript = match self.other {
            Other::Program => rest.transcript(customer.ticket()).await,
            Other::Echo => echoed(rest, customer).await,
        };
        let head = transcript.last().map_or(Seq::ZERO, |event| event.seq);
        for party in &self.parties {
            party.reads_up_to(head).await;
        }
        let saved =
            Reader { name: "the transcript".into(), events: transcript, contradictions: Vec::new(), is_complete: true };
        let saved = History { readers: vec![saved], ..History::default() };
        let history = History::of(self.parties.iter().map(|party| party.history()).chain([saved]));
        assert_eq!(check(&history), [], "{:?}", history.readers);
        history.acked()
    }
}

/// Says one thing after the other, at the pace, within the window.
async fn talk(party: Arc<Customer>, is_over: Arc<AtomicBool>) {
    let mut pace = tokio::time::interval(PACE);
    while !is_over.load(Ordering::Relaxed) {
        pace.tick().await;
        if party.view(|view| view.outbox.len()) < WINDOW {
            // The page's own record has the id.
            let _ = party.writes("one thing after the other");
        }
    }
}

/// The transcript once every message of the customer is answered, which the echo does exactly once (D-3).
async fn echoed(rest: &Rest, customer: &Customer) -> Vec<RawEvent> {
    let mine = customer.ticket().participant;
    eventually("every message is answered", async || {
        let transcript = rest.transcript(customer.ticket()).await;
        let (mut said, mut answered) = (0, 0);
        for raw in &transcript {
            match raw.parse().expect("an event parses").body {
                EventBody::Message { participant, .. } if participant == mine => said += 1,
                EventBody::Message { .. } => answered += 1,
                _ => {}
            }
        }
        assert!(answered <= said, "the echo answered {answered} times to {said} messages");
        (answered == said).then_some(transcript)
    })
    .await
}
