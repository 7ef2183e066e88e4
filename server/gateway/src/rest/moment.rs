//! A moment in a query: milliseconds since 1970 as everywhere on the wire, or RFC 3339 as people write it.

use serde::Deserialize;
use tandem_protocol::Timestamp;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Moment(pub(super) Timestamp);

impl TryFrom<String> for Moment {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Ok(ms) = text.parse() {
            return Ok(Self(Timestamp(ms)));
        }
        // In a query an unescaped `+`, such as that of an offset, arrives as a space.
        let moment: Option<jiff::Timestamp> = text.replace(' ', "+").parse().ok();
        let ms = moment.and_then(|moment| u64::try_from(moment.as_millisecond()).ok());
        ms.map(|ms| Self(Timestamp(ms)))
            .ok_or("a moment is milliseconds since 1970, or RFC 3339 such as 2026-01-31T12:00:00Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Option<u64> {
        Moment::try_from(text.to_owned()).ok().map(|moment| moment.0.0)
    }

    #[test]
    fn both_ways_of_writing_a_moment_are_read() {
        assert_eq!(ms("1764000000000"), Some(1_764_000_000_000));
        for text in ["2025-11-24T16:00:00Z", "2025-11-24T17:00:00+01:00", "2025-11-24T17:00:00 01:00"] {
            assert_eq!(ms(text), Some(1_764_000_000_000), "{text}");
        }
        for text in ["", "yesterday", "2025-11-24", "-1", "1960-01-01T00:00:00Z"] {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}
