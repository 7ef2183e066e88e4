//! What a customer has said and heard, and what he does on each frame; no I/O.

use std::{collections::VecDeque, time::Instant};

use serde::Deserialize;
use tandem_protocol::{ClientId, ErrorCode, Event, EventBody, Seq, Visibility, client::ClientFrame};

/// Messages that wait for their acknowledgement; at so many he waits for one, as a person would.
const OUTBOX_MAX: usize = 64;

/// What the ids of his messages begin with; their number follows.
const ID_PREFIX: &str = "drill-";

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) at: Instant,
    /// Where it stands in the transcript, and when he was told.
    pub(crate) acked: Option<(Seq, Instant)>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// All he has said, in order.
    pub(crate) said: Vec<Said>,
    /// Those that a reader of the session has been given, with their places.
    pub(crate) heard: Vec<(usize, Seq)>,
    /// Messages that are not acknowledged, the oldest first.
    outbox: VecDeque<usize>,
    /// How many of them have been sent on this connection.
    sent: usize,
    /// What was sent is to be sent once more, at the next turn.
    is_put_off: bool,
    /// The last event.
    head: Seq,
    pub(crate) is_welcome: bool,
    /// How often a connection has ended that had been welcomed.
    pub(crate) breaks: u64,
    /// The close code after which he does not come back.
    pub(crate) stopped: Option<u16>,
    /// Acknowledgements that name another place than the first of the same message.
    pub(crate) contradictions: u64,
    /// For how long he is asked to stay away, until it is used.
    pub(super) come_back_ms: Option<u64>,
}

/// What a gateway says, as far as he cares.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Welcome {
        recovered: bool,
    },
    Events {
        after: Seq,
        events: Vec<Event>,
    },
    Ack {
        client_id: ClientId,
        seq: Seq,
        #[serde(default = "yes")]
        durable: bool,
    },
    Refused {
        client_id: Option<ClientId>,
        code: ErrorCode,
    },
    Heartbeat {
        head: Seq,
    },
    Bye {
        reconnect_ms: Option<u64>,
    },
    #[serde(other)]
    Other,
}

fn yes() -> bool {
    true
}

/// The number of a message, by its id; none for one that is not his.
pub(crate) fn index_of(id: &ClientId) -> Option<usize> {
    id.as_str().strip_prefix(ID_PREFIX)?.parse().ok()
}

impl Page {
    /// One who has said this.
    #[cfg(test)]
    pub(crate) fn of(said: Vec<Said>) -> Self {
        Self { said, ..Self::default() }
    }

    /// His turn: he says something, unless too much waits already.
    pub(super) fn says(&mut self, now: Instant) {
        if self.outbox.len() < OUTBOX_MAX {
            self.outbox.push_back(self.said.len());
            self.said.push(Said { at: now, acked: None });
        }
    }

    /// What was refused for now may be said again.
    pub(super) fn tries_again(&mut self) {
        if std::mem::take(&mut self.is_put_off) {
            self.sent = 0;
        }
    }

    /// Whether everything is acknowledged.
    pub(crate) fn has_nothing_waiting(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Messages that are acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.said.len() - self.outbox.len()
    }

    /// When the first message that he said after `moment` was acknowledged, if one was.
    pub(crate) fn went_on_after(&self, moment: Instant) -> Option<Instant> {
        let since = self.said.partition_point(|said| said.at <= moment);
        self.said[since..].iter().filter_map(|said| said.acked).map(|(_, at)| at).min()
    }

    /// Where he goes on from, on a new connection.
    pub(super) fn on_open(&mut self) -> Seq {
        self.sent = 0;
        self.head
    }

    /// The connection is gone. A code of 45xx means that coming back is of no use.
    pub(super) fn on_closed(&mut self, code: u16) {
        self.breaks += u64::from(std::mem::take(&mut self.is_welcome));
        self.stopped = (4500..4600).contains(&code).then_some(code);
    }

    /// What he has to say now; each message once a connection.
    pub(super) fn due(&mut self) -> Vec<ClientFrame> {
        if !self.is_welcome {
            return Vec::new();
        }
        let unsent = self.outbox.iter().skip(self.sent).map(|index| ClientFrame::Message {
            client_id: ClientId::new(&format!("{ID_PREFIX}{index}")).expect("is short and visible"),
            text: format!("Message {index} of a drill."),
            visibility: Visibility::All,
        });
        let frames = unsent.collect();
        self.sent = self.outbox.len();
        frames
    }

    /// Takes in a frame; the answer to it, if it needs one.
    pub(super) fn on_frame(&mut self, text: &str, now: Instant) -> Result<Option<ClientFrame>, serde_json::Error> {
        match serde_json::from_str(text)? {
            Frame::Welcome { recovered } => {
                self.is_welcome = true;
                if !recovered {
                    self.head = Seq::ZERO;
                }
            }
            Frame::Events { after, events } => return Ok(self.on_events(after, events)),
            Frame::Ack { client_id, seq, durable: true } => self.on_ack(&client_id, seq, now),
            // It is not on the disk yet: he asks again until it is.
            Frame::Ack { durable: false, .. } => self.is_put_off = true,
            Frame::Refused { client_id, code } => self.on_refused(client_id.as_ref(), code),
            Frame::Heartbeat { head } if head > self.head => return Ok(Some(ClientFrame::Resume { after: self.head })),
            Frame::Bye { reconnect_ms } => self.come_back_ms = reconnect_ms,
            Frame::Heartbeat { .. } | Frame::Other => {}
        }
        Ok(None)
    }

    fn on_events(&mut self, after: Seq, events: Vec<Event>) -> Option<ClientFrame> {
        if after > self.head {
            return Some(ClientFrame::Resume { after: self.head });
        }
        for event in events.into_iter().filter(|event| event.seq > after) {
            if event.seq <= self.head {
                continue;
            }
            self.head = event.seq;
            if let EventBody::Message { client_id, .. } = event.body
                && let Some(index) = index_of(&client_id)
            {
                self.heard.push((index, event.seq));
            }
        }
        None
    }

    fn on_ack(&mut self, client_id: &ClientId, seq: Seq, now: Instant) {
        let Some(index) = index_of(client_id) else { return };
        let Some(said) = self.said.get_mut(index) else { return };
        match said.acked {
            Some((before, _)) => self.contradictions += u64::from(before != seq),
            None => said.acked = Some((seq, now)),
        }
        self.drop(index);
    }

    fn on_refused(&mut self, client_id: Option<&ClientId>, code: ErrorCode) {
        if code.is_retryable() {
            self.is_put_off = true;
        } else if let Some(index) = client_id.and_then(index_of) {
            self.drop(index);
        }
    }

    fn drop(&mut self, index: usize) {
        if let Ok(place) = self.outbox.binary_search(&index) {
            self.outbox.remove(place);
            self.sent -= usize::from(place < self.sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WELCOME: &str = r#"{"type":"welcome","recovered":true,"head":0,"state":{}}"#;

    fn hears(page: &mut Page, frame: &str) -> Option<ClientFrame> {
        page.on_frame(frame, Instant::now()).expect("is of the protocol")
    }

    fn welcomed() -> Page {
        let mut page = Page::default();
        page.on_open();
        assert!(hears(&mut page, WELCOME).is_none());
        page
    }

    fn ack(index: usize, seq: u64) -> String {
        format!(r#"{{"type":"ack","client_id":"drill-{index}","seq":{seq},"at_ms":1}}"#)
    }

    fn message(index: usize, seq: u64) -> String {
        let event = format!(r#""type":"message","participant":1,"client_id":"drill-{index}","text":"x""#);
        format!(r#"{{"type":"events","after":{},"events":[{{"seq":{seq},"at_ms":1,{event}}}]}}"#, seq - 1)
    }

    #[test]
    fn a_message_is_said_once_a_connection_until_it_is_acknowledged() {
        let mut page = welcomed();
        page.says(Instant::now());
        page.says(Instant::now());
        assert_eq!((page.due().len(), page.due().len()), (2, 0));
        hears(&mut page, &ack(0, 3));
        page.on_closed(1006);
        assert_eq!(page.due().len(), 0, "nobody listens");
        page.on_open();
        hears(&mut page, WELCOME);
        assert_eq!(page.due().len(), 1);
        hears(&mut page, &ack(1, 4));
        assert!(page.has_nothing_waiting());
        assert_eq!((page.acknowledged(), page.breaks, page.stopped), (2, 1, None));
    }

    #[test]
    fn what_is_not_on_the_disk_or_refused_for_now_is_said_again_at_the_next_turn() {
        let mut page = welcomed();
        page.says(Instant::now());
        assert_eq!(page.due().len(), 1);
        hears(&mut page, &ack(0, 3).replace("\"at_ms\":1", "\"at_ms\":1,\"durable\":false"));
        assert!(!page.has_nothing_waiting());
        for refused in [r#"{"type":"refused","client_id":"drill-0","code":"busy","message":"…"}"#; 2] {
            page.tries_again();
            assert_eq!(page.due().len(), 1);
            hears(&mut page, refused);
        }
        hears(&mut page, r#"{"type":"refused","client_id":"drill-0","code":"session_closed","message":"…"}"#);
        assert!(page.has_nothing_waiting());
        assert_eq!(page.said[0].acked, None);
    }

    #[test]
    fn what_is_missing_is_asked_for_and_what_comes_twice_is_heard_once() {
        let mut page = welcomed();
        hears(&mut page, &message(0, 1));
        assert!(matches!(hears(&mut page, &message(2, 3)), Some(ClientFrame::Resume { after: Seq(1) })));
        hears(&mut page, &message(0, 1));
        hears(&mut page, &message(1, 2));
        assert_eq!(page.heard, [(0, Seq(1)), (1, Seq(2))]);
        assert!(hears(&mut page, r#"{"type":"heartbeat","head":2}"#).is_none());
        assert!(hears(&mut page, r#"{"type":"heartbeat","head":3}"#).is_some());
        assert!(hears(&mut page, r#"{"type":"notice","notice":"connection_lost"}"#).is_none());
    }

    #[test]
    fn he_waits_for_an_answer_when_much_is_not_answered() {
        let mut page = welcomed();
        (0..OUTBOX_MAX + 5).for_each(|_| page.says(Instant::now()));
        assert_eq!(page.said.len(), OUTBOX_MAX);
        hears(&mut page, &ack(0, 1));
        page.says(Instant::now());
        assert_eq!(page.said.len(), OUTBOX_MAX + 1);
    }

    #[test]
    fn he_has_gone_on_when_something_is_acknowledged_that_he_said_afterwards() {
        let mut page = welcomed();
        let failed = Instant::now();
        page.says(failed);
        hears(&mut page, &ack(0, 1));
        assert_eq!(page.went_on_after(failed), None);
        page.says(failed + Duration::from_millis(1));
        assert_eq!(page.went_on_after(failed), None);
        hears(&mut page, &ack(1, 2));
        assert!(page.went_on_after(failed).is_some());
    }

    #[test]
    fn a_45xx_close_is_the_end_and_another_acknowledged_place_is_noted() {
        let mut page = welcomed();
        page.says(Instant::now());
        hears(&mut page, &ack(0, 1));
        hears(&mut page, &ack(0, 2));
        page.on_closed(4503);
        assert_eq!((page.contradictions, page.stopped), (1, Some(4503)));
    }
}
