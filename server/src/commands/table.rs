//! What an operator's commands print: tables that are as wide as what is in them, and moments.

use serde::Serialize;
use serde_json::{Value, json};
use tandem_protocol::Timestamp;

/// Rows under their headings, the columns two spaces apart.
pub(super) fn table<const COLUMNS: usize>(headings: [&str; COLUMNS], rows: Vec<[String; COLUMNS]>) -> String {
    let rows: Vec<_> = std::iter::once(headings.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A moment in RFC 3339, in UTC, to the millisecond; as a bare number where no calendar has it.
pub(super) fn moment(at: Timestamp) -> String {
    let known = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    known.map_or_else(|| at.0.to_string(), |known| known.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// An entry as on the wire, with its moment as a person reads it beside.
pub(super) fn dated(entry: &impl Serialize, at: Timestamp) -> Value {
    let mut entry = serde_json::to_value(entry).expect("an entry of the journal has only string keys");
    entry["at"] = json!(moment(at));
    entry
}

/// Microseconds as milliseconds that a person reads.
pub(super) fn millis(us: u64) -> String {
    format!("{:.1} ms", us as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_to_the_millisecond() {
        assert_eq!(moment(Timestamp(1_764_000_000_007)), "2025-11-24T16:00:00.007Z");
        assert_eq!(moment(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(moment(Timestamp(u64::MAX)), u64::MAX.to_string());
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = vec![["ä".into(), "1".into()], ["longer".into(), "2".into()]];
        assert_eq!(table(["A", "NUMBER"], rows), "A       NUMBER\nä       1\nlonger  2\n");
    }
}
