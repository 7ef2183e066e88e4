//! The few frames of the load, read and written without building a tree of values.

use std::fmt::Write;

use serde::Deserialize;

/// A frame from either server; unknown fields are skipped. Borrows from the text: what the load says needs no escapes.
#[derive(Debug, Deserialize)]
pub(crate) struct Frame<'a> {
    /// The name of the frame.
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    /// Of an acknowledgement, and of a relayed message.
    pub(crate) client_id: Option<&'a str>,
    /// Of a relayed message.
    pub(crate) text: Option<&'a str>,
    /// Of an events frame.
    #[serde(borrow, default)]
    pub(crate) events: Vec<Event<'a>>,
    /// Of a refusal.
    pub(crate) code: Option<&'a str>,
}

/// One event.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    pub(crate) seq: u64,
    /// Of a message.
    pub(crate) client_id: Option<&'a str>,
    /// Of a message.
    pub(crate) text: Option<&'a str>,
}

/// What a client id and a text say: who, which of his messages, when sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    /// 0 or 1: which of the two parties.
    pub(crate) side: u8,
    /// 1, 2, 3….
    pub(crate) number: u64,
}

impl Said {
    /// Reads a client id, `0-17`.
    pub(crate) fn of(client_id: &str) -> Option<Self> {
        let (side, number) = client_id.split_once('-')?;
        Some(Self { side: side.parse().ok()?, number: number.parse().ok()? })
    }
}

/// Digits of the time at the head of a text.
const TIME_DIGITS: usize = 16;

/// The time of sending, in nanoseconds of the generator's own clock.
pub(crate) fn sent_at(text: &str) -> Option<u64> {
    text.get(..TIME_DIGITS)?.parse().ok()
}

/// A message frame; the text begins with the time and is filled up to its size.
pub(crate) fn message(said: Said, now_ns: u64, text_bytes: usize) -> String {
    let mut frame = String::with_capacity(text_bytes + 64);
    let filling = text_bytes - TIME_DIGITS;
    let Said { side, number } = said;
    let written = write!(
        frame,
        "{{\"type\":\"message\",\"client_id\":\"{side}-{number}\",\"text\":\"{now_ns:0TIME_DIGITS$}{:x<filling$}\"}}",
        ""
    );
    written.expect("a string takes everything");
    frame
}
