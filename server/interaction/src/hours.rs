//! Business hours: when somebody is there, by the clock of a place.
//!
//! Hours are stretches between two readings of that clock, each stretch named after the day on which it begins; one
//! that ends at an earlier reading than it began ends on the day after. The stretches are compared as moments, not as
//! readings: in the night in which an hour happens twice nobody closes and opens again.

use std::{fmt, str::FromStr};

use jiff::{
    ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use tandem_protocol::Timestamp;

/// A week's days as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

/// The hours of a week, such as `Mon-Fri 09:00-17:30, Sat 10:00-14:00 Europe/Berlin`. Without a zone they are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// As they were written.
    text: String,
    stretches: Vec<Stretch>,
    zone: TimeZone,
}

/// The same hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    days: Vec<Weekday>,
    from: Time,
    until: Time,
    /// `until` belongs to the day after.
    over_midnight: bool,
}

/// Why a text is no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hours are written as \"Mon-Fri 09:00-17:30, Sat 10:00-14:00 Europe/Berlin\": {0}")]
pub struct InvalidHours(String);

impl Hours {
    /// Whether somebody is there at this moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Some(at) = moment(at) else { return false };
        self.around(at, 1).any(|(from, until)| from <= at && at < until)
    }

    /// The first moment from this one on at which somebody is there: this one itself within the hours. None at the end
    /// of time.
    #[must_use]
    pub fn opens_next(&self, at: Timestamp) -> Option<Timestamp> {
        let at = moment(at)?;
        // Each stretch comes once a week; a clock that is put forward may swallow one, but not that of the week after.
        let ahead = self.around(at, 15).filter(|(_, until)| *until > at);
        let first = ahead.map(|(from, _)| from.max(at)).min()?;
        u64::try_from(first.as_millisecond()).ok().map(Timestamp)
    }

    /// The stretches that begin from the day before a moment until `days` after it, as moments.
    fn around(&self, at: jiff::Timestamp, days: i64) -> impl Iterator<Item = (jiff::Timestamp, jiff::Timestamp)> {
        let today = self.zone.to_datetime(at).date();
        let dates = (-1..=days).filter_map(move |days| today.checked_add(days.days()).ok());
        dates.flat_map(move |date| self.stretches.iter().filter_map(move |stretch| stretch.on(date, &self.zone)))
    }
}

impl Stretch {
    /// From when until when it lasts if it begins on this day. A reading that does not exist because the clock is put
    /// forward counts from before the jump, and one that there is twice is the first (RFC 5545 §3.3.5).
    fn on(&self, date: Date, zone: &TimeZone) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
        if !self.days.contains(&date.weekday()) {
            return None;
        }
        let end = if self.over_midnight { date.tomorrow().ok()? } else { date };
        let from = zone.to_timestamp(date.to_datetime(self.from)).ok()?;
        let until = zone.to_timestamp(end.to_datetime(self.until)).ok()?;
        Some((from, until))
    }
}

fn moment(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Hours {
    type Err = InvalidHours;

    fn from_str(text: &str) -> Result<Self, InvalidHours> {
        let mut parts: Vec<Vec<&str>> = text.split(',').map(|part| part.split_whitespace().collect()).collect();
        let last = parts.last_mut().expect("a split has at least one part");
        let zone = if last.len() == 3 { read_zone(last.remove(2))? } else { TimeZone::UTC };
        let stretches = parts.iter().map(|part| read_stretch(part)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), stretches, zone })
    }
}

fn read_zone(name: &str) -> Result<TimeZone, InvalidHours> {
    let unknown = |_| InvalidHours(format!("{name:?} is no time zone, such as Europe/Berlin or UTC"));
    TimeZone::get(name).map_err(unknown)
}

fn read_stretch(part: &[&str]) -> Result<Stretch, InvalidHours> {
    let [days, times] = part else {
        let found = part.join(" ");
        return Err(InvalidHours(format!("{found:?} is not days and times, such as \"Sat 10:00-14:00\"")));
    };
    let (from, until) = times
        .split_once('-')
        .ok_or_else(|| InvalidHours(format!("{times:?} is not from when until when, such as \"10:00-14:00\"")))?;
    let (from, (until, is_midnight)) = (read_time(from)?, read_end(until)?);
    if from == until && !is_midnight {
        return Err(InvalidHours(format!("{times:?} ends when it begins; the whole day is \"00:00-24:00\"")));
    }
    Ok(Stretch { days: read_days(days)?, from, until, over_midnight: is_midnight || until < from })
}

/// One day, or from one to another, over the end of the week too.
fn read_days(text: &str) -> Result<Vec<Weekday>, InvalidHours> {
    let Some((first, last)) = text.split_once('-') else { return Ok(vec![read_day(text)?]) };
    let (first, last) = (read_day(first)?, read_day(last)?);
    let length = usize::try_from(last.since(first)).expect("a weekday is 0 to 6 days after another") + 1;
    Ok(first.cycle_forward().take(length).collect())
}

fn read_day(text: &str) -> Result<Weekday, InvalidHours> {
    let day = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let unknown = || InvalidHours(format!("{text:?} is no day; days are Mon, Tue, Wed, Thu, Fri, Sat and Sun"));
    day.map(|(_, day)| *day).ok_or_else(unknown)
}

/// When it ends, and whether that is the end of the day.
fn read_end(text: &str) -> Result<(Time, bool), InvalidHours> {
    if text == "24:00" { Ok((Time::midnight(), true)) } else { Ok((read_time(text)?, false)) }
}

fn read_time(text: &str) -> Result<Time, InvalidHours> {
    let invalid =
        || InvalidHours(format!("{text:?} is no time of a day; times are 00:00 to 23:59, and 24:00 as an end"));
    let (hour, minute) = text.split_once(':').ok_or_else(invalid)?;
    let number = |digits: &str| {
        let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i8>().ok()).flatten()
    };
    let (hour, minute) = number(hour).zip(number(minute).filter(|_| minute.len() == 2)).ok_or_else(invalid)?;
    Time::new(hour, minute, 0, 0).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Hours {
        text.parse().expect("are hours")
    }

    /// A moment as RFC 9557 writes it.
    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().expect("is a moment");
        Timestamp(u64::try_from(moment.as_millisecond()).expect("is after 1970"))
    }

    #[test]
    fn a_shop_is_open_within_its_hours_and_not_at_their_end() {
        let shop = hours("Mon-Fri 09:00-17:30, Sat 10:00-14:00 Europe/Berlin");
        // A Wednesday in winter, one hour ahead of UTC.
        assert!(!shop.is_open(at("2026-01-14T07:59:59Z")));
        assert!(shop.is_open(at("2026-01-14T08:00:00Z")));
        assert!(shop.is_open(at("2026-01-14T16:29:59Z")));
        assert!(!shop.is_open(at("2026-01-14T16:30:00Z")));
        assert!(!shop.is_open(at("2026-01-18T11:00:00Z")), "nobody is there on a Sunday");
        assert!(shop.is_open(at("2026-07-15T07:00:00Z")), "in summer two hours ahead");
    }

    #[test]
    fn the_next_opening_is_found_over_a_weekend() {
        let shop = hours("Mon-Fri 09:00-17:30 Europe/Berlin");
        assert_eq!(shop.opens_next(at("2026-01-16T18:00:00Z")), Some(at("2026-01-19T08:00:00Z")));
        let within = at("2026-01-16T12:00:00Z");
        assert_eq!(shop.opens_next(within), Some(within), "it is open");
        assert_eq!(hours("Sun 00:00-00:01").opens_next(at("2026-01-18T00:01:00Z")), Some(at("2026-01-25T00:00:00Z")));
        assert_eq!(shop.opens_next(Timestamp(u64::MAX)), None);
    }

    #[test]
    fn hours_go_on_after_midnight() {
        let bar = hours("Fri-Sat 22:00-02:00");
        assert!(bar.is_open(at("2026-01-17T01:59:59Z")), "the night after Friday");
        assert!(!bar.is_open(at("2026-01-17T02:00:00Z")));
        assert!(bar.is_open(at("2026-01-18T01:00:00Z")), "the night after Saturday");
        assert!(!bar.is_open(at("2026-01-16T01:00:00Z")), "the night after Thursday");
        let always = hours("Mon-Sun 00:00-24:00");
        assert!(always.is_open(at("2026-01-18T23:59:59Z")) && always.is_open(at("2026-01-19T00:00:00Z")));
        assert!(hours("Sat-Mon 10:00-11:00").is_open(at("2026-01-18T10:00:00Z")), "days over the end of a week");
    }

    #[test]
    fn an_hour_that_happens_twice_closes_nobody() {
        // In Berlin the clock goes from 03:00 back to 02:00 at 01:00 UTC on 25 October 2026.
        let night = hours("Sat 20:00-06:00 Europe/Berlin");
        for moment in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T04:59:59Z"] {
            assert!(night.is_open(at(moment)), "{moment}");
        }
        assert!(!night.is_open(at("2026-10-25T05:00:00Z")), "six o'clock in winter");
        let short = hours("Sun 01:00-02:30 Europe/Berlin");
        assert!(short.is_open(at("2026-10-25T00:29:59Z")));
        assert!(!short.is_open(at("2026-10-25T01:15:00Z")), "02:15 comes again, the hours do not");
    }

    #[test]
    fn an_hour_that_does_not_happen_swallows_no_opening() {
        // In Berlin the clock goes from 02:00 to 03:00 at 01:00 UTC on 29 March 2026.
        let early = hours("Sun 02:30-06:00 Europe/Berlin");
        assert_eq!(early.opens_next(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
        assert!(!early.is_open(at("2026-03-29T04:00:00Z")), "six o'clock in summer");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str| text.parse::<Hours>().expect_err("are no hours").to_string();
        for (text, expected) in [
            ("", "\"\" is not days and times"),
            ("Mon-Fri", "\"Mon-Fri\" is not days and times"),
            ("Mon 9-17", "\"9\" is no time of a day"),
            ("Mon 09:00", "\"09:00\" is not from when until when"),
            ("Mon 09:00-25:00", "\"25:00\" is no time of a day"),
            ("Mon 24:00-25:00", "\"24:00\" is no time of a day"),
            ("Mon 09:0-10:00", "\"09:0\" is no time of a day"),
            ("Mon 09:00-09:00", "ends when it begins"),
            ("Mo 09:00-10:00", "\"Mo\" is no day"),
            ("Mon 09:00-10:00 Europe/Bonn", "\"Europe/Bonn\" is no time zone"),
            ("Mon 09:00-10:00 UTC, Tue 09:00-10:00", "\"Mon 09:00-10:00 UTC\" is not days and times"),
        ] {
            let sentence = refused(text);
            assert!(sentence.contains(expected), "{text:?}: {sentence}");
        }
    }

    #[test]
    fn hours_are_shown_as_they_were_written() {
        let text = "mon 9:00-17:00 Europe/Berlin";
        assert_eq!(hours(text).to_string(), text);
    }
}
