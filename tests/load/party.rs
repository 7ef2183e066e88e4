//! One party of a session under load: keeps its window full, takes what comes, and counts.
//!
//! Light on purpose, since it shares the processors with what it measures: it takes all frames that are there before
//! it writes, and writes all it may before it flushes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, SinkExt, StreamExt};
use hdrhistogram::Histogram;
use tandem_tests::{deadline, usage, within};
use tokio::{net::TcpStream, sync::watch, task::JoinSet};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::{
    frames::{self, Frame, Said},
    report::Measured,
};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Lets connections, caches and the store's files grow before anything counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// The greatest latency that is told apart, in microseconds.
const LATENCY_US_MAX: u64 = 60_000_000;

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) sessions: usize,
    pub(crate) window: usize,
    pub(crate) text_bytes: usize,
    pub(crate) duration: Duration,
}

/// The two connected parties of a session.
pub(crate) struct Two {
    pub(crate) sockets: [Socket; 2],
    /// Whether the server acknowledges and numbers; a relay does neither, and a sender's own copy is its receipt.
    pub(crate) is_saved: bool,
}

/// What all parties do at the moment.
struct Phase(AtomicU8);

impl Phase {
    const WARM: u8 = 0;
    const MEASURE: u8 = 1;
    const DRAIN: u8 = 2;

    fn is(&self, phase: u8) -> bool {
        self.0.load(Ordering::Relaxed) == phase
    }

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }
}

/// What one party counted.
pub(crate) struct Tally {
    /// Own messages acknowledged while it was measured.
    pub(crate) acked: u64,
    /// From send to the other party, in microseconds.
    pub(crate) latency_us: Histogram<u64>,
    /// What broke a guarantee.
    pub(crate) fault: Option<String>,
}

impl Tally {
    fn new() -> Self {
        let latency_us = Histogram::new_with_max(LATENCY_US_MAX, 3).expect("the bounds are valid");
        Self { acked: 0, latency_us, fault: None }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.acked += other.acked;
        self.latency_us.add(other.latency_us).expect("the bounds are the same");
        self.fault = self.fault.take().or(other.fault);
    }
}

/// Runs the plan over connected sessions.
pub(crate) async fn run(plan: &Plan, pairs: Vec<Two>, processes: Vec<(&'static str, u32)>) -> Measured {
    let phase = Arc::new(Phase(AtomicU8::new(Phase::WARM)));
    let clock = Instant::now();
    let mut parties = JoinSet::new();
    for Two { sockets, is_saved } in pairs {
        let [(done_0, other_0), (done_1, other_1)] = [watch::channel(None), watch::channel(None)];
        for ((side, socket), (done, other)) in (0..).zip(sockets).zip([(done_0, other_1), (done_1, other_0)]) {
            let phase = Arc::clone(&phase);
            let party = Party::new(side, socket, is_saved, plan, clock, phase);
            parties.spawn(party.chat(done, other));
        }
    }
    deadline::pause(WARM_UP).await;
    let before: Vec<Option<Duration>> = processes.iter().map(|(_, pid)| usage::processor(*pid)).collect();
    let begin = Instant::now();
    phase.set(Phase::MEASURE);
    deadline::pause(plan.duration).await;
    phase.set(Phase::DRAIN);
    let elapsed = begin.elapsed();
    let used = processes.iter().zip(before).map(|((name, pid), before)| {
        let used = usage::processor(*pid).zip(before).map_or(Duration::ZERO, |(after, before)| after - before);
        (*name, used)
    });
    let used = used.collect();
    let tally = within("every message in flight arrives", gather(parties)).await;
    Measured { tally, elapsed, used }
}

async fn gather(mut parties: JoinSet<Tally>) -> Tally {
    let mut whole = Tally::new();
    while let Some(tally) = parties.join_next().await {
        whole.add(tally.expect("a party does not panic"));
    }
    whole
}

struct Party {
    side: u8,
    socket: Socket,
    is_saved: bool,
    window: u64,
    text_bytes: usize,
    clock: Instant,
    phase: Arc<Phase>,
    sent: u64,
    acked: u64,
    /// The last message of the other party.
    heard: u64,
    /// The last event, where there are numbers.
    head: u64,
    tally: Tally,
}

impl Party {
    fn new(side: u8, socket: Socket, is_saved: bool, plan: &Plan, clock: Instant, phase: Arc<Phase>) -> Self {
        let window = u64::try_from(plan.window).expect("a window is small");
        let text_bytes = plan.text_bytes;
        let tally = Tally::new();
        Self { side, socket, is_saved, window, text_bytes, clock, phase, sent: 0, acked: 0, heard: 0, head: 0, tally }
    }

    /// Chats until the phase is over, everything own is acknowledged and everything of the other has come.
    async fn chat(mut self, done: watch::Sender<Option<u64>>, mut other: watch::Receiver<Option<u64>>) -> Tally {
        while self.tally.fault.is_none() {
            if self.phase.is(Phase::DRAIN) {
                if self.acked == self.sent {
                    done.send_replace(Some(self.sent));
                }
                if self.acked == self.sent && *other.borrow() == Some(self.heard) {
                    break;
                }
            } else if let Err(error) = self.fill_window().await {
                self.tally.fault = Some(format!("a connection broke: {error}"));
            }
            // Cancel safe: a frame is read whole or not at all. A change may be lost to a frame; it is looked at above.
            tokio::select! {
                message = self.socket.next() => self.take_all(message),
                _ = other.changed() => {}
            }
        }
        self.tally
    }

    /// Writes what the window allows, then flushes once.
    async fn fill_window(&mut self) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        let until = self.acked + self.window;
        if self.sent == until {
            return Ok(());
        }
        while self.sent < until {
            self.sent += 1;
            let now_ns = u64::try_from(self.clock.elapsed().as_nanos()).expect("a run is short");
            let frame = frames::message(Said { side: self.side, number: self.sent }, now_ns, self.text_bytes);
            self.socket.feed(Message::text(frame)).await?;
        }
        self.socket.flush().await
    }

    /// Takes a message and all that are there already.
    fn take_all(&mut self, first: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Some(Ok(Message::Text(text))) => self.take(&text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => {
                    self.tally.fault = Some(format!("a connection ended: {other:?}"));
                    return;
                }
            }
            next = self.socket.next().now_or_never();
        }
    }

    fn take(&mut self, text: &str) {
        let frame: Frame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => return self.broke(format!("an unreadable frame, {error}: {text}")),
        };
        match frame.kind {
            "ack" => self.on_receipt(frame.client_id),
            "events" => frame.events.iter().for_each(|event| self.on_event(event.seq, event.client_id, event.text)),
            "message" => self.on_relayed(frame.client_id, frame.text),
            "refused" => self.broke(format!("refused: {:?}", frame.code)),
            _ => {}
        }
    }

    /// D-4: numbers have no gap and no repeat.
    fn on_event(&mut self, seq: u64, client_id: Option<&str>, text: Option<&str>) {
        if self.head != 0 && seq != self.head + 1 {
            self.broke(format!("event {seq} follows {}", self.head));
        }
        self.head = seq;
        if let (Some(client_id), Some(text)) = (client_id, text) {
            self.on_message(client_id, text);
        }
    }

    fn on_relayed(&mut self, client_id: Option<&str>, text: Option<&str>) {
        if let (Some(client_id), Some(text)) = (client_id, text) {
            self.on_message(client_id, text);
        }
    }

    fn on_message(&mut self, client_id: &str, text: &str) {
        match Said::of(client_id) {
            Some(said) if said.side != self.side => self.on_heard(said.number, text),
            Some(_) if !self.is_saved => self.on_receipt(Some(client_id)),
            Some(_) => {}
            None => self.broke(format!("a foreign message {client_id}")),
        }
    }

    /// D-2, D-3, D-4: the other's messages come each once, in order.
    fn on_heard(&mut self, number: u64, text: &str) {
        if number != self.heard + 1 {
            self.broke(format!("message {number} of the other follows {}", self.heard));
        }
        self.heard = number;
        if self.phase.is(Phase::MEASURE) {
            let now_ns = u64::try_from(self.clock.elapsed().as_nanos()).expect("a run is short");
            let waited_ns = frames::sent_at(text).map_or(u64::MAX, |sent_ns| now_ns.saturating_sub(sent_ns));
            self.tally.latency_us.saturating_record(waited_ns / 1_000);
        }
    }

    fn on_receipt(&mut self, client_id: Option<&str>) {
        let number = client_id.and_then(Said::of).map(|said| said.number);
        if number != Some(self.acked + 1) {
            self.broke(format!("the receipt {client_id:?} follows {}", self.acked));
        }
        self.acked += 1;
        if self.phase.is(Phase::MEASURE) {
            self.tally.acked += 1;
        }
    }

    fn broke(&mut self, fault: String) {
        self.tally.fault.get_or_insert(fault);
    }
}
