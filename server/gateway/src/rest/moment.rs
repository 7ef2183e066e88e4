//! A moment in a query: milliseconds since 1970 as everywhere on the wire, or RFC 3339 as people write it.

use jiff::fmt::temporal::Pieces;
use serde::Deserialize;
use tandem_protocol::Timestamp;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Moment(pub(super) Timestamp);

impl TryFrom<String> for Moment {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let ms = if is_number { text.parse().ok() } else { written(&text) };
        ms.map(|ms| Self(Timestamp(ms)))
            .ok_or("a moment is milliseconds since 1970, or RFC 3339 such as 2026-01-31T12:00:00Z")
    }
}

/// A moment as people write it, in milliseconds since 1970; none before that, and for what is no moment.
fn written(text: &str) -> Option<u64> {
    // In a query an unescaped `+`, such as that of an offset, arrives as a space. One between date and time is meant.
    let plus = |(at, letter): (usize, char)| if letter == ' ' && at > DATE_LENGTH { '+' } else { letter };
    let text: String = text.char_indices().map(plus).collect();
    let pieces = Pieces::parse(&text).ok()?;
    let (time, offset) = (pieces.time()?, pieces.to_numeric_offset()?);
    let at = pieces.date().to_datetime(time);
    // The last two days of the year 9999, which stand for "without end", are too late for a moment of the library.
    let is_last = at.year() == 9_999;
    let moment = offset.to_timestamp(at).ok().or(is_last.then_some(jiff::Timestamp::MAX));
    u64::try_from(moment?.as_millisecond()).ok()
}

/// Characters of a date, `2026-01-31`.
const DATE_LENGTH: usize = 10;

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
        assert_eq!(ms("2025-11-24 16:00:00Z"), Some(1_764_000_000_000), "RFC 3339 §5.6 has a space too");
        assert_eq!(ms("2025-11-24 17:00:00 01:00"), Some(1_764_000_000_000));
        assert!(ms("9999-12-31T23:59:59Z") > ms("9999-12-30T00:00:00Z"), "who writes that means no end");
        for text in [
            "",
            "+5",
            "yesterday",
            "2025-11-24",
            "2025-11-24T16:00:00",
            "-1",
            "1960-01-01T00:00:00Z",
            "2025-02-30T00:00:00Z",
        ] {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}
