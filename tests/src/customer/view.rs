//! What a page has and what it does on each frame: without I/O, so that the rules can be tested by themselves.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use tandem_protocol::{
    ClientId, ErrorCode, EventBody, ParticipantId, Place, RawEvent, Seq, SessionState, Visibility,
    client::{ClientFrame, Notice},
};

/// Where the page stands with the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No connection, or one that is not welcomed yet.
    Connecting,
    /// Welcomed.
    Connected,
    /// Ended for good by the gateway with this close code.
    Stopped(u16),
}

/// A message that the page sends until it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id.
    pub client_id: ClientId,
    /// What it says.
    pub text: String,
    /// To whom.
    pub visibility: Visibility,
    /// The connection that it was last sent on; 0 for none.
    sent_on: u32,
}

/// A message that the gateway refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refused {
    /// The message, where it was one.
    pub client_id: Option<ClientId>,
    /// Why.
    pub code: ErrorCode,
}

/// Everything a page knows.
#[derive(Debug)]
pub struct View {
    /// Names this page among those of its participant; what one page sends keeps its order.
    pub lane: String,
    /// The status of the connection.
    pub status: Status,
    /// The participant, once welcomed.
    pub participant: Option<ParticipantId>,
    /// The events so far, in order.
    pub events: Vec<RawEvent>,
    /// When each of them came.
    pub arrivals: Vec<Instant>,
    /// Events that came again and were not the same.
    pub contradictions: Vec<RawEvent>,
    /// Everything ever written.
    pub sends: Vec<Outgoing>,
    /// What is not acknowledged yet.
    pub outbox: VecDeque<Outgoing>,
    /// Acknowledgements in the order they came.
    pub acks: Vec<(ClientId, Seq)>,
    /// Acknowledgements of what is not on the disk, which vouch for nothing, in the order they came.
    pub unsaved_acks: Vec<(ClientId, Seq)>,
    /// Refusals that repeating does not mend.
    pub refused: Vec<Refused>,
    /// Refusals after which the message was sent again.
    pub put_off: u32,
    /// Notices in the order they came.
    pub notices: Vec<Notice>,
    /// Typing indications in the order they came.
    pub typing: Vec<(ParticipantId, bool)>,
    /// Places in the queue in the order they came.
    pub places: Vec<Place>,
    /// Every frame as it came, where a test wants to look for what must not be in any.
    pub frames: Option<Vec<String>>,
    /// The state as last told.
    pub state: Option<SessionState>,
    /// How often the page was welcomed.
    pub connections: u32,
    /// How often it was told that it knew events that never were (R-2).
    pub not_recovered: u32,
    /// Close codes in the order they came; 1006 for a connection that broke.
    pub closes: Vec<u16>,
    /// The pause that a `bye` asked for, until it is used.
    pub come_back_ms: Option<u64>,
    /// Whether a test has waited for everything.
    pub is_complete: bool,
    /// How often the gateway says that it is alive.
    pub heartbeat_ms: u64,
    pub(super) asks_for_saves: bool,
    pub(super) is_online: bool,
    pub(super) is_asleep: bool,
    pub(super) is_over: bool,
    pub(super) typing_to_send: Option<bool>,
    pub(super) leave_to_send: bool,
    /// The connection in use; counts attempts.
    attempt: u32,
}

/// Only the name of a frame.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Deserialize)]
struct Welcome {
    participant: ParticipantId,
    recovered: bool,
    state: SessionState,
    heartbeat_ms: u64,
}

#[derive(Deserialize)]
struct Events<'a> {
    after: Seq,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Numbered {
    seq: Seq,
}

#[derive(Deserialize)]
struct Ack {
    client_id: ClientId,
    seq: Seq,
    #[serde(default = "yes")]
    durable: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Typing {
    participant: ParticipantId,
    on: bool,
}

#[derive(Deserialize)]
struct Heartbeat {
    head: Seq,
}

#[derive(Deserialize)]
struct Bye {
    reconnect_ms: Option<u64>,
}

impl View {
    pub(super) fn new(name: &str) -> Self {
        Self {
            lane: format!("{name} {:08x}", fastrand::u32(..)),
            status: Status::Connecting,
            participant: None,
            events: Vec::new(),
            arrivals: Vec::new(),
            contradictions: Vec::new(),
            sends: Vec::new(),
            outbox: VecDeque::new(),
            acks: Vec::new(),
            unsaved_acks: Vec::new(),
            refused: Vec::new(),
            put_off: 0,
            notices: Vec::new(),
            typing: Vec::new(),
            places: Vec::new(),
            frames: None,
            state: None,
            connections: 0,
            not_recovered: 0,
            closes: Vec::new(),
            come_back_ms: None,
            is_complete: false,
            heartbeat_ms: 0,
            asks_for_saves: false,
            is_online: true,
            is_asleep: false,
            is_over: false,
            typing_to_send: None,
            leave_to_send: false,
            attempt: 0,
        }
    }

    /// A new page with the outbox of this one.
    pub(super) fn reloaded(&self, name: &str) -> Self {
        let outbox: VecDeque<Outgoing> =
            self.outbox.iter().map(|waiting| Outgoing { sent_on: 0, ..waiting.clone() }).collect();
        let sends = outbox.iter().cloned().collect();
        Self { outbox, sends, ..Self::new(name) }
    }

    /// The last event.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.events.last().map_or(Seq::ZERO, |event| event.seq)
    }

    /// The number of the first event whose body is as wanted.
    pub fn find(&self, wanted: impl Fn(&EventBody) -> bool) -> Option<Seq> {
        self.bodies().find(|(_, body)| wanted(body)).map(|(seq, _)| seq)
    }

    /// The events as they read, in order.
    pub fn bodies(&self) -> impl Iterator<Item = (Seq, EventBody)> {
        let parse = |raw: &RawEvent| raw.parse().unwrap_or_else(|error| panic!("{}: {error}", raw.event.get()));
        self.events.iter().map(parse).map(|event| (event.seq, event.body))
    }

    /// Puts a message into the outbox.
    pub(super) fn write(&mut self, text: &str, visibility: Visibility) -> ClientId {
        // Ids are unique over all pages of the participant, reloads included: a page draws its own first half.
        let page = self.lane.rsplit(' ').next().expect("a lane ends with its dice");
        let id = format!("{page}-{}", self.sends.len() + 1);
        let client_id = ClientId::new(&id).expect("short and visible");
        let outgoing = Outgoing { client_id: client_id.clone(), text: text.to_owned(), visibility, sent_on: 0 };
        self.sends.push(outgoing.clone());
        self.outbox.push_back(outgoing);
        client_id
    }

    /// A new connection is there; what is sent first on it, but for the credentials, is the position.
    pub(super) fn on_open(&mut self) -> Seq {
        self.attempt += 1;
        self.head()
    }

    /// The connection is gone.
    pub(super) fn on_closed(&mut self, code: u16) {
        self.closes.push(code);
        self.status = if (4500..4600).contains(&code) { Status::Stopped(code) } else { Status::Connecting };
    }

    /// What the page has to say now; each message once a connection.
    pub(super) fn due(&mut self) -> Vec<ClientFrame> {
        if self.status != Status::Connected {
            return Vec::new();
        }
        let attempt = self.attempt;
        let unsent = self.outbox.iter_mut().filter(|waiting| waiting.sent_on != attempt);
        let mut frames: Vec<ClientFrame> = unsent
            .map(|waiting| {
                waiting.sent_on = attempt;
                ClientFrame::Message {
                    client_id: waiting.client_id.clone(),
                    text: waiting.text.clone(),
                    visibility: waiting.visibility,
                }
            })
            .collect();
        frames.extend(self.typing_to_send.take().map(|on| ClientFrame::Typing { on }));
        if std::mem::take(&mut self.leave_to_send) {
            frames.push(ClientFrame::Leave);
        }
        frames
    }

    /// Takes in a frame; the answer to it, if it needs one.
    ///
    /// # Panics
    /// When the gateway breaks the protocol: a test must see that.
    pub(super) fn on_frame(&mut self, text: &str) -> Option<ClientFrame> {
        if let Some(frames) = &mut self.frames {
            frames.push(text.to_owned());
        }
        match read::<Kind>(text).kind {
            "welcome" => self.on_welcome(read(text)),
            "events" => return self.on_events(&read(text)),
            "ack" => self.on_ack(read(text)),
            "refused" => self.on_refused(read(text)),
            "notice" => self.on_notice(read(text)),
            "typing" => {
                let typing: Typing = read(text);
                self.typing.push((typing.participant, typing.on));
            }
            "queue" => self.places.push(read(text)),
            "heartbeat" => {
                let head = read::<Heartbeat>(text).head;
                return (head > self.head()).then(|| self.resume());
            }
            "bye" => self.come_back_ms = read::<Bye>(text).reconnect_ms,
            kind => panic!("unknown frame {kind}"),
        }
        None
    }

    fn on_welcome(&mut self, welcome: Welcome) {
        if !welcome.recovered {
            self.not_recovered += 1;
            self.events.clear();
            self.arrivals.clear();
        }
        self.status = Status::Connected;
        self.connections += 1;
        self.participant = Some(welcome.participant);
        self.state = Some(welcome.state);
        self.heartbeat_ms = welcome.heartbeat_ms;
    }

    fn on_events(&mut self, frame: &Events<'_>) -> Option<ClientFrame> {
        if frame.after > self.head() {
            return Some(self.resume());
        }
        for raw in &frame.events {
            let seq = read::<Numbered>(raw.get()).seq;
            let event = RawEvent { seq, visibility: Visibility::All, event: Arc::from((*raw).to_owned()) };
            self.on_event(event);
        }
        None
    }

    /// Appends the event, or compares it with what is there already. A reader from whom notes are kept has gaps in his
    /// numbers; whether one may be there is the checker's business.
    fn on_event(&mut self, event: RawEvent) {
        match self.events.binary_search_by_key(&event.seq, |known| known.seq) {
            Ok(place) if self.events[place].event.get() != event.event.get() => self.contradictions.push(event),
            Ok(_) => {}
            Err(place) if place < self.events.len() => self.contradictions.push(event),
            Err(_) => {
                self.events.push(event);
                self.arrivals.push(Instant::now());
            }
        }
    }

    fn on_ack(&mut self, ack: Ack) {
        self.outbox.retain(|waiting| waiting.client_id != ack.client_id);
        let acks = if ack.durable { &mut self.acks } else { &mut self.unsaved_acks };
        acks.push((ack.client_id, ack.seq));
    }

    fn on_refused(&mut self, refused: Refused) {
        let waiting = self.outbox.iter_mut().find(|waiting| Some(&waiting.client_id) == refused.client_id.as_ref());
        match waiting {
            Some(waiting) if refused.code.is_retryable() => {
                waiting.sent_on = 0;
                self.put_off += 1;
            }
            _ => {
                self.outbox.retain(|waiting| Some(&waiting.client_id) != refused.client_id.as_ref());
                self.refused.push(refused);
            }
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        if let Notice::SessionRestored { state, .. } = &notice {
            self.state = Some(state.clone());
        }
        self.notices.push(notice);
    }

    fn resume(&self) -> ClientFrame {
        ClientFrame::Resume { after: self.head() }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not of tandem.v1: {error}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELCOME: &str = r#"{"type":"welcome","session":"0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f","participant":1,"head":0,
        "recovered":true,"state":{"status":"open","participants":[]},"heartbeat_ms":15000,"message_bytes_max":16384}"#;

    fn welcomed() -> View {
        let mut view = View::new("Ann");
        view.on_open();
        assert!(view.on_frame(WELCOME).is_none());
        view
    }

    fn events(after: u64, seqs: std::ops::RangeInclusive<u64>) -> String {
        let event = |seq| format!(r#"{{"seq":{seq},"at_ms":1,"type":"left","participant":1,"reason":0}}"#);
        let events: Vec<String> = seqs.map(event).collect();
        format!(r#"{{"type":"events","after":{after},"events":[{}]}}"#, events.join(","))
    }

    #[test]
    fn a_message_is_sent_once_a_connection_until_it_is_acknowledged() {
        let mut view = welcomed();
        let id = view.write("hi", Visibility::All);
        assert_eq!(view.due().len(), 1);
        assert_eq!(view.due().len(), 0);
        view.on_closed(1006);
        assert_eq!(view.due().len(), 0, "nobody listens");
        view.on_open();
        view.on_frame(WELCOME);
        assert_eq!(view.due().len(), 1);
        view.on_frame(&format!(r#"{{"type":"ack","client_id":"{id}","seq":2,"at_ms":1}}"#));
        assert!(view.outbox.is_empty());
        assert_eq!(view.acks, [(id, Seq(2))]);
    }

    #[test]
    fn a_gap_is_asked_for_and_a_repeat_is_skipped() {
        let mut view = welcomed();
        assert!(view.on_frame(&events(0, 1..=2)).is_none());
        assert!(matches!(view.on_frame(&events(3, 4..=4)), Some(ClientFrame::Resume { after: Seq(2) })));
        assert!(view.on_frame(&events(1, 2..=4)).is_none());
        assert_eq!(view.head(), Seq(4));
        assert!(view.contradictions.is_empty());
        let other = events(1, 2..=2).replace("\"reason\":0", "\"reason\":3");
        view.on_frame(&other);
        assert_eq!(view.contradictions.len(), 1);
    }

    #[test]
    fn a_heartbeat_ahead_of_the_page_makes_it_ask() {
        let mut view = welcomed();
        assert!(view.on_frame(r#"{"type":"heartbeat","head":0}"#).is_none());
        assert!(matches!(view.on_frame(r#"{"type":"heartbeat","head":9}"#), Some(ClientFrame::Resume { .. })));
    }

    #[test]
    fn a_retryable_refusal_keeps_the_message_and_another_drops_it() {
        let mut view = welcomed();
        let id = view.write("hi", Visibility::All);
        view.due();
        view.on_frame(&format!(r#"{{"type":"refused","client_id":"{id}","code":"busy","message":"…"}}"#));
        assert_eq!((view.outbox.len(), view.put_off), (1, 1));
        view.on_frame(&format!(r#"{{"type":"refused","client_id":"{id}","code":"session_closed","message":"…"}}"#));
        assert_eq!((view.outbox.len(), view.refused.len()), (0, 1));
    }

    #[test]
    fn a_history_that_never_was_is_dropped() {
        let mut view = welcomed();
        view.on_frame(&events(0, 1..=5));
        view.on_frame(&WELCOME.replace("\"recovered\":true", "\"recovered\":false"));
        assert_eq!((view.head(), view.not_recovered), (Seq::ZERO, 1));
    }

    #[test]
    fn a_45xx_close_stops_the_page_and_others_do_not() {
        let mut view = welcomed();
        view.on_closed(4000);
        assert_eq!(view.status, Status::Connecting);
        view.on_closed(4503);
        assert_eq!(view.status, Status::Stopped(4503));
    }

    #[test]
    fn a_reload_keeps_the_outbox_and_nothing_else() {
        let mut view = welcomed();
        view.on_frame(&events(0, 1..=5));
        let id = view.write("hi", Visibility::All);
        view.due();
        let reloaded = view.reloaded("Ann, reloaded");
        assert_eq!(reloaded.head(), Seq::ZERO);
        assert_eq!(reloaded.outbox.iter().map(|waiting| &waiting.client_id).collect::<Vec<_>>(), [&id]);
    }
}
