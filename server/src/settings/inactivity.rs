//! `[engine.inactivity-control]`: what becomes of a session in which nobody does anything.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};
use tandem_session::{CountedNotices, Inactivity};

use super::{
    values::Span,
    words::{Choice, Word},
};

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct InactivitySection {
    /// Whether sessions are warned and ended at all.
    pub(crate) enabled: bool,
    /// Notices of participants that count as activity, besides joins, leaves and messages.
    pub(crate) include_notices: Word<CountedNotices>,
    /// Said at the alert; empty for nothing.
    pub(crate) message_alert: Wording<1024>,
    /// Said at the second alert; empty for nothing.
    pub(crate) message_alert2: Wording<1024>,
    /// Said at the end; empty for nothing.
    pub(crate) message_close: Wording<1024>,
    /// From the last activity to the alert.
    pub(crate) timeout_alert: Span<1_000, DAY_MS>,
    /// From the alert to the second one; 0 for no second one.
    pub(crate) timeout_alert2: Span<0, DAY_MS>,
    /// From the last alert to the end.
    pub(crate) timeout_close: Span<1_000, DAY_MS>,
}

impl Default for InactivitySection {
    fn default() -> Self {
        Self {
            enabled: false,
            include_notices: Word(CountedNotices::Major),
            message_alert: Wording("Nobody has written for a while. The chat will be closed soon.".to_owned()),
            message_alert2: Wording("Nobody has written yet. The chat is about to be closed.".to_owned()),
            message_close: Wording("The chat was closed because nobody had written for so long.".to_owned()),
            timeout_alert: Span(Duration::from_secs(255)),
            timeout_alert2: Span(Duration::ZERO),
            timeout_close: Span(Duration::from_secs(45)),
        }
    }
}

impl InactivitySection {
    /// As the engine is told; none where it is not enabled.
    pub(crate) fn inactivity(&self) -> Option<Inactivity> {
        self.enabled.then(|| Inactivity {
            timeout_alert: self.timeout_alert.0,
            timeout_alert2: Some(self.timeout_alert2.0).filter(|timeout| !timeout.is_zero()),
            timeout_close: self.timeout_close.0,
            message_alert: self.message_alert.0.clone(),
            message_alert2: self.message_alert2.0.clone(),
            message_close: self.message_close.0.clone(),
            counted: self.include_notices.0,
        })
    }
}

impl Choice for CountedNotices {
    const EACH: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("major", Self::Major), ("typing", Self::Typing), ("all", Self::All)];
}

/// A text for people of at most so many bytes, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Wording<const BYTES_MAX: usize>(pub(crate) String);

impl<'de, const BYTES_MAX: usize> Deserialize<'de> for Wording<BYTES_MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordingVisitor::<BYTES_MAX>)
    }
}

struct WordingVisitor<const BYTES_MAX: usize>;

impl<const BYTES_MAX: usize> Visitor<'_> for WordingVisitor<BYTES_MAX> {
    type Value = Wording<BYTES_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {BYTES_MAX} bytes, \"\" for none")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let is_fit = text.len() <= BYTES_MAX;
        if is_fit { Ok(Wording(text.to_owned())) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }
}
