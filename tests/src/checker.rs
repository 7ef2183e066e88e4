//! Judges the history of a session against the guarantees: nothing acknowledged is lost (D-2), nothing is there twice
//! (D-3), numbers have no gap or repeat and every reader sees them in that order (D-4), and what one reader saw is
//! what every reader sees.
//!
//! Pure: histories in, violations out. Its own tests feed it bad histories, since a checker that finds nothing proves
//! nothing.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use tandem_protocol::{ClientId, Event, EventBody, ParticipantId, RawEvent, Seq};

use crate::history::{Acked, History, Reader, Sent};

/// A broken guarantee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// D-2: an acknowledged message is not in the transcript.
    #[error("lost (D-2): {ack} is not in what {reader} read")]
    Lost {
        /// The acknowledgement.
        ack: Shown,
        /// Who should have it.
        reader: String,
    },
    /// D-2: a number was acknowledged and another event stands there.
    #[error("misplaced (D-2): {ack} was acknowledged, but something else has that number")]
    Misplaced {
        /// The acknowledgement.
        ack: Shown,
    },
    /// D-3: one message stands in the transcript twice.
    #[error("twice (D-3): {ack} is there again as {again}")]
    Twice {
        /// The first of them.
        ack: Shown,
        /// The number of the second.
        again: Seq,
    },
    /// D-3: one message was acknowledged with two numbers.
    #[error("acknowledged twice (D-3): {ack} and again as {again}")]
    AckedTwice {
        /// The first acknowledgement.
        ack: Shown,
        /// The number in the second.
        again: Seq,
    },
    /// D-4: the numbers are not 1, 2, 3….
    #[error("out of order (D-4): {reader} got {found} where {wanted} belongs")]
    Gap {
        /// Who.
        reader: String,
        /// The number that belongs there.
        wanted: Seq,
        /// The number that stands there.
        found: Seq,
    },
    /// D-4: messages of one sender stand in another order than they were sent in.
    #[error("overtaken (D-4): {later} was sent after {earlier} and stands before it")]
    Overtaken {
        /// Sent first.
        earlier: Shown,
        /// Sent afterwards.
        later: Shown,
    },
    /// Two readers saw different events under one number.
    #[error("different: event {seq} of {reader} is not what {other} read")]
    Differs {
        /// The number.
        seq: Seq,
        /// The one reader.
        reader: String,
        /// The other; the same when it got the event twice.
        other: String,
    },
    /// A message is there that its sender never sent, or not with this text.
    #[error("invented: nobody sent {message} with this text")]
    Invented {
        /// The message.
        message: Shown,
    },
    /// An event is not what the protocol says.
    #[error("event {seq} is malformed")]
    Malformed {
        /// Its number.
        seq: Seq,
    },
}

/// A message without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The sender.
    pub by: ParticipantId,
    /// The sender's id.
    pub client_id: ClientId,
    /// The number, where it has one.
    pub seq: Option<Seq>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} of participant {}", self.client_id, self.by)?;
        self.seq.map_or(Ok(()), |seq| write!(f, " as {seq}"))
    }
}

/// Judges a history; empty when every guarantee held.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    let mut found: Vec<Violation> = history.readers.iter().flat_map(numbers).collect();
    let Some(longest) = history.readers.iter().max_by_key(|reader| reader.events.len()) else {
        return found;
    };
    found.extend(history.readers.iter().flat_map(|reader| same(reader, longest)));
    let transcript = Transcript::read(longest, &mut found);
    found.extend(transcript.doubled());
    found.extend(transcript.invented(&history.sends));
    found.extend(transcript.overtaken(&history.sends));
    found.extend(acknowledged(&history.acks, &transcript));
    found.extend(missing(&history.acks, &history.readers));
    found
}

/// D-4: 1, 2, 3… without gap or repeat, and no event that came again as another.
fn numbers(reader: &Reader) -> Vec<Violation> {
    let name = &reader.name;
    let out_of_order = (1..).zip(&reader.events).find(|(wanted, event)| event.seq.0 != *wanted);
    let gap = out_of_order.map(|(wanted, event)| Violation::Gap {
        reader: name.clone(),
        wanted: Seq(wanted),
        found: event.seq,
    });
    let changed = |event: &RawEvent| Violation::Differs { seq: event.seq, reader: name.clone(), other: name.clone() };
    gap.into_iter().chain(reader.contradictions.iter().map(changed)).collect()
}

/// Every reader has the beginning of what the one with the most events has.
fn same(reader: &Reader, longest: &Reader) -> Option<Violation> {
    let (event, _) =
        reader.events.iter().zip(&longest.events).find(|(one, other)| one.event.get() != other.event.get())?;
    Some(Violation::Differs { seq: event.seq, reader: reader.name.clone(), other: longest.name.clone() })
}

/// D-2, D-3: an acknowledged message has one number, and stands there.
fn acknowledged(acks: &[Acked], transcript: &Transcript) -> Vec<Violation> {
    let mut first: HashMap<(ParticipantId, &ClientId), Seq> = HashMap::new();
    let stands: HashSet<(Seq, ParticipantId, &ClientId)> =
        transcript.messages.iter().map(|message| (message.seq, message.by, &message.client_id)).collect();
    let mut found = Vec::new();
    for ack in acks {
        let known = *first.entry((ack.by, &ack.client_id)).or_insert(ack.seq);
        if known != ack.seq {
            let shown = Shown { by: ack.by, client_id: ack.client_id.clone(), seq: Some(known) };
            found.push(Violation::AckedTwice { ack: shown, again: ack.seq });
        }
        if ack.seq <= transcript.head && !stands.contains(&(ack.seq, ack.by, &ack.client_id)) {
            found.push(Violation::Misplaced { ack: Shown::of(ack) });
        }
    }
    found
}

/// D-2: a reader who has waited for everything has everything that was acknowledged.
fn missing(acks: &[Acked], readers: &[Reader]) -> Vec<Violation> {
    let complete = readers.iter().filter(|reader| reader.is_complete);
    complete
        .flat_map(|reader| {
            let has: HashSet<Seq> = reader.events.iter().map(|event| event.seq).collect();
            let lost = acks.iter().filter(move |ack| !has.contains(&ack.seq));
            lost.map(|ack| Violation::Lost { ack: Shown::of(ack), reader: reader.name.clone() })
        })
        .collect()
}

impl Shown {
    fn of(ack: &Acked) -> Self {
        Self { by: ack.by, client_id: ack.client_id.clone(), seq: Some(ack.seq) }
    }
}

/// A message as it stands in the transcript.
struct Message {
    seq: Seq,
    by: ParticipantId,
    client_id: ClientId,
    text: String,
}

impl Message {
    fn shown(&self) -> Shown {
        Shown { by: self.by, client_id: self.client_id.clone(), seq: Some(self.seq) }
    }
}

/// The messages of the reader who got the most.
struct Transcript {
    head: Seq,
    messages: Vec<Message>,
}

impl Transcript {
    fn read(reader: &Reader, found: &mut Vec<Violation>) -> Self {
        let mut messages = Vec::new();
        for raw in &reader.events {
            match raw.parse() {
                Ok(Event { seq, .. }) if seq != raw.seq => found.push(Violation::Malformed { seq: raw.seq }),
                Ok(Event { seq, body: EventBody::Message { participant: by, client_id, text, .. }, .. }) => {
                    messages.push(Message { seq, by, client_id, text });
                }
                Ok(_) => {}
                Err(_) => found.push(Violation::Malformed { seq: raw.seq }),
            }
        }
        Self { head: reader.events.last().map_or(Seq::ZERO, |event| event.seq), messages }
    }

    /// D-3: the same (participant, client id) is one event.
    fn doubled(&self) -> Vec<Violation> {
        let mut first: HashMap<(ParticipantId, &ClientId), &Message> = HashMap::new();
        let mut found = Vec::new();
        for message in &self.messages {
            let known = *first.entry((message.by, &message.client_id)).or_insert(message);
            if known.seq != message.seq {
                found.push(Violation::Twice { ack: known.shown(), again: message.seq });
            }
        }
        found
    }

    /// A sender whose sends were recorded said nothing else, and not otherwise.
    fn invented(&self, sends: &[Sent]) -> Vec<Violation> {
        let recorded: HashSet<ParticipantId> = sends.iter().map(|sent| sent.by).collect();
        let said: HashMap<(ParticipantId, &ClientId), &str> =
            sends.iter().map(|sent| ((sent.by, &sent.client_id), sent.text.as_str())).collect();
        let is_invented = |message: &&Message| {
            let sent = said.get(&(message.by, &message.client_id));
            recorded.contains(&message.by) && sent != Some(&message.text.as_str())
        };
        let invented = self.messages.iter().filter(is_invented);
        invented.map(|message| Violation::Invented { message: message.shown() }).collect()
    }

    /// D-4: what one page or program sent stands in the order in which it was sent.
    fn overtaken(&self, sends: &[Sent]) -> Vec<Violation> {
        let place: HashMap<(ParticipantId, &ClientId), &Message> =
            self.messages.iter().map(|message| ((message.by, &message.client_id), message)).collect();
        let mut last: HashMap<(ParticipantId, &str), &Message> = HashMap::new();
        let mut found = Vec::new();
        for sent in sends {
            let (Some(lane), Some(message)) = (&sent.lane, place.get(&(sent.by, &sent.client_id))) else { continue };
            let earlier = last.insert((sent.by, lane), message);
            if let Some(earlier) = earlier.filter(|earlier| earlier.seq > message.seq) {
                found.push(Violation::Overtaken { earlier: earlier.shown(), later: message.shown() });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
