//! Moments as a transcript says them: in UTC, since whoever reads it later may be anywhere.

use tandem_protocol::Timestamp;

/// A moment in the forms in which it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// RFC 3339, for programs.
    pub(super) iso: String,
    /// Day, time and zone, for people.
    pub(super) full: String,
    /// The day with its weekday.
    pub(super) day: String,
    /// Time and zone.
    pub(super) clock: String,
}

impl Moment {
    /// A moment that no calendar has, which only a broken clock makes, is said to be the last one that it has.
    pub(super) fn of(at: Timestamp) -> Self {
        let moment = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let moment = moment.unwrap_or(jiff::Timestamp::MAX);
        let form = |form| moment.strftime(form).to_string();
        Self {
            iso: form("%Y-%m-%dT%H:%M:%S.%3fZ"),
            full: form("%Y-%m-%d %H:%M:%S UTC"),
            day: form("%A, %-d %B %Y"),
            clock: form("%H:%M:%S UTC"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_with_its_zone() {
        let moment = Moment::of(Timestamp(1_764_000_000_123));
        assert_eq!(moment.iso, "2025-11-24T16:00:00.123Z");
        assert_eq!(moment.full, "2025-11-24 16:00:00 UTC");
        assert_eq!((moment.day.as_str(), moment.clock.as_str()), ("Monday, 24 November 2025", "16:00:00 UTC"));
    }

    #[test]
    fn a_moment_beyond_every_calendar_is_still_said() {
        for at in [i64::MAX as u64, u64::MAX, 1 << 50] {
            assert!(Moment::of(Timestamp(at)).iso.ends_with('Z'));
        }
    }
}
