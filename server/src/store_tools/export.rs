//! A transcript outside the store: as JSON that proves itself, or as something to be read.
//!
//! The JSON holds of each event what its link in the chain is made of, so that whoever has the file can tell later,
//! without the store and without Tandem, that nothing in it was altered (`server/PROTOCOL.md`, "Transcripts"). It never
//! holds the hash of a token.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tandem_protocol::{Event, EventBody, PairName, RawEvent, Seq, SessionId};
use tandem_store::{ChainLink, LogPlace, Proof, Transcript, Written};
use tandem_web::transcript::{self as reading, About};

/// What a file says it is.
const FORMAT: &str = "tandem.transcript.v1";

/// A transcript in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exported {
    format: String,
    /// The pair that keeps the session.
    pub(crate) pair: PairName,
    /// The session.
    pub(crate) session: SessionId,
    /// The link of the last event, as whoever wants to prove it later notes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    events: Vec<ExportedEvent>,
}

/// One event in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedEvent {
    /// The event's JSON byte for byte: a text in a text, since its hash is that of the bytes.
    text: String,
    /// The salt, or of an erased event the leaf, in hexadecimal digits; none from before there was a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
    /// The link, as the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// Why a file is no transcript.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// It is not JSON of this shape.
    #[error("it is not an exported transcript: {0}")]
    Json(#[from] serde_json::Error),
    /// It is something else, or of another Tandem.
    #[error("it has the format {0:?}; this Tandem knows {FORMAT:?}")]
    Format(String),
    /// An event in it is none.
    #[error("its event {0} is not well formed")]
    Event(u64),
    /// What it names as its last link is another one.
    #[error("its head is not the link of its last event")]
    Head,
}

impl Exported {
    /// What is in the store.
    pub(crate) fn of(transcript: &Transcript) -> Self {
        let event = |written: &Written| ExportedEvent {
            text: written.event.event.get().to_owned(),
            proof: written.chained.map(|(proof, _)| match proof {
                Proof::Salt(salt) => hex(&salt),
                Proof::Leaf(leaf) => hex(&leaf),
            }),
            link: written.chained.map(|(_, link)| hex(&link.0)),
        };
        let events: Vec<_> = transcript.events.iter().map(event).collect();
        let head = events.last().and_then(|last| last.link.clone());
        Self { format: FORMAT.into(), pair: transcript.pair.clone(), session: transcript.session, head, events }
    }

    /// Reads a file.
    pub(crate) fn parse(json: &str) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Named {
            format: String,
        }
        let Named { format } = serde_json::from_str(json)?;
        if format != FORMAT {
            return Err(Malformed::Format(format));
        }
        let exported: Self = serde_json::from_str(json)?;
        let last = exported.events.last().and_then(|last| last.link.as_ref());
        if exported.head.as_ref() == last { Ok(exported) } else { Err(Malformed::Head) }
    }

    /// As JSON, an event a line, so that two files can be compared by eye.
    pub(crate) fn json(&self) -> String {
        let head = self.head.as_ref().map(|head| format!("\"head\":{},", line(head))).unwrap_or_default();
        let events: Vec<_> = self.events.iter().map(line).collect();
        format!(
            "{{\"format\":{},\"pair\":{},\"session\":{},{head}\"events\":[\n{}\n]}}\n",
            line(&self.format),
            line(&self.pair),
            line(&self.session),
            events.join(",\n")
        )
    }

    /// The events as the store would give them.
    pub(crate) fn written(&self) -> Result<Vec<Written>, Malformed> {
        (1..)
            .zip(&self.events)
            .map(|(number, event)| event.written(self.session).ok_or(Malformed::Event(number)))
            .collect()
    }
}

impl ExportedEvent {
    fn written(&self, session: SessionId) -> Option<Written> {
        let Event { seq, at_ms, body } = serde_json::from_str(&self.text).ok()?;
        let chained = match (&self.proof, &self.link) {
            (None, None) => None,
            (Some(proof), Some(link)) => Some((proof_of(proof)?, ChainLink(bytes(link)?))),
            _ => return None,
        };
        Some(Written {
            session,
            // Where it stands in the log is no part of a transcript.
            place: LogPlace::default(),
            at: at_ms,
            event: RawEvent::stored(seq, self.text.clone()).ok()?,
            secret: None,
            closes: matches!(body, EventBody::Closed { .. }),
            chained,
        })
    }
}

/// Any part of a file as JSON on one line.
fn line(part: &impl Serialize) -> String {
    serde_json::to_string(part).expect("a part of a transcript has only string keys")
}

/// In hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// A salt and a leaf are known by their lengths.
fn proof_of(hex: &str) -> Option<Proof> {
    bytes(hex).map(Proof::Salt).or_else(|| bytes(hex).map(Proof::Leaf))
}

/// A transcript to be read.
pub(crate) fn readable(transcript: &Transcript) -> reading::Transcript {
    let mut about = About {
        session: transcript.session,
        subject: None,
        opened_at_ms: transcript.events.first().map(|first| first.at).unwrap_or_default(),
        closed_at_ms: transcript.events.last().filter(|last| last.closes).map(|last| last.at),
        erased: false,
    };
    for written in &transcript.events {
        match written.event.parse().map(|event| event.body) {
            Ok(EventBody::Opened { subject, .. }) => about.subject = subject,
            Ok(EventBody::Erased { .. }) => about.erased = true,
            _ => {}
        }
    }
    let events = transcript.events.iter().map(|written| written.event.clone()).collect();
    // The joins in it name everybody.
    reading::Transcript { about, names: BTreeMap::new(), events }
}

/// The first event of which two transcripts say different things, or that only one has.
pub(crate) fn first_difference(one: &[Written], other: &[Written]) -> Option<Seq> {
    let same = |(one, other): &(&Written, &Written)| match (one.chained, other.chained) {
        // A link is the same only if all before it is; an event that was erased since keeps its link.
        (Some((_, one)), Some((_, other))) => one == other,
        (None, None) => one.event.event.get() == other.event.event.get(),
        _ => false,
    };
    let shared = one.iter().zip(other).take_while(same).count();
    (shared < one.len()).then(|| Seq(shared as u64 + 1))
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{ClosedReason, ParticipantId, Timestamp, Visibility};
    use tandem_store::verify;

    use super::*;

    fn event(seq: u64, body: EventBody) -> ExportedEvent {
        let text = serde_json::to_string(&Event { seq: Seq(seq), at_ms: Timestamp(seq), body }).expect("is JSON");
        ExportedEvent { text, proof: None, link: None }
    }

    fn message(seq: u64, text: &str) -> ExportedEvent {
        let client_id = tandem_protocol::ClientId::new("m-1").expect("is an id");
        let (participant, text) = (ParticipantId(1), text.to_owned());
        event(seq, EventBody::Message { participant, client_id, text, visibility: Visibility::All })
    }

    /// From before there was a chain, since only the store makes links.
    fn exported(events: Vec<ExportedEvent>) -> Exported {
        let session = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is an id");
        Exported { format: FORMAT.into(), pair: PairName::new("main").expect("is a name"), session, head: None, events }
    }

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        let reason = ClosedReason::Ended;
        let exported = exported(vec![message(1, "a \"quoted\"\nline ø"), event(2, EventBody::Closed { reason })]);
        let json = exported.json();
        assert_eq!(json.lines().count(), 4, "an event a line: {json}");
        assert_eq!(Exported::parse(&json).expect("is one"), exported);
        let written = exported.written().expect("is well formed");
        assert_eq!(written.iter().map(|written| written.closes).collect::<Vec<_>>(), [false, true]);
        verify(exported.session, &written).expect("is whole");
    }

    #[test]
    fn what_is_no_transcript_is_refused_with_a_reason() {
        let refused = |json: &str| Exported::parse(json).expect_err("is refused").to_string();
        assert!(refused("{}").starts_with("it is not an exported transcript: missing field `format`"));
        assert!(
            refused(r#"{"format":"tandem.transcript.v9"}"#).contains(r#"it has the format "tandem.transcript.v9""#)
        );
        let json = exported(vec![message(1, "hi")]).json();
        assert!(refused(&json.replace("\"events\"", "\"head\":\"00\",\"events\"")).starts_with("its head is not"));
        assert!(refused(&json.replace("\"text\"", "\"words\"")).starts_with("it is not an exported transcript"));
    }

    #[test]
    fn digits_are_bytes_and_nothing_else_is() {
        assert_eq!(bytes(&hex(&[0, 15, 255])), Some([0, 15, 255]));
        for text in ["", "00", "0g", "+1+2+3", "0f0f0f0f", "ø0000"] {
            assert_eq!(bytes::<3>(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let written = |texts: &[&str]| {
            let events = (1..).zip(texts).map(|(seq, text)| message(seq, text)).collect();
            exported(events).written().expect("is well formed")
        };
        let one = written(&["a", "b", "c"]);
        assert_eq!(first_difference(&one, &written(&["a", "b", "c", "d"])), None);
        assert_eq!(first_difference(&one, &written(&["a", "x", "c"])), Some(Seq(2)));
        assert_eq!(first_difference(&one, &written(&["a", "b"])), Some(Seq(3)));
    }
}
