//! How answers are laid out for a terminal of 80 columns, and how spans of time are written for people.

/// Columns of a line at most.
const WIDTH: usize = 80;

/// A text after its label, broken at spaces; further lines stand below the text. A word that is longer than the line
/// stands alone.
pub(super) fn labelled(label: &str, indent: usize, text: &str) -> String {
    let mut lines = vec![format!("{label:<indent$}")];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is one");
        let is_begun = last.chars().count() > indent;
        if is_begun && last.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{:indent$}{word}", ""));
        } else {
            last.push_str(if is_begun { " " } else { "" });
            last.push_str(word);
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n") + "\n"
}

/// A span of time as people say it, in its two greatest units: `3h 12m`.
pub(super) fn span(ms: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = ms / 1_000;
    match seconds {
        DAY.. => format!("{}d {}h", seconds / DAY, seconds % DAY / HOUR),
        HOUR.. => format!("{}h {}m", seconds / HOUR, seconds % HOUR / MINUTE),
        MINUTE.. => format!("{}m {}s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_below_itself_and_never_wider_than_a_terminal() {
        assert_eq!(labelled("store", 10, "here"), "store     here\n");
        let text = "engine b takes over; 120 sessions are restored; customers and agents keep their connections";
        let laid = labelled("  engine a", 14, text);
        let expected = "  engine a    engine b takes over; 120 sessions are restored; customers and\n\x20             agents \
                        keep their connections\n";
        assert_eq!(laid, expected);
        let long = "x".repeat(100);
        assert_eq!(labelled("at", 4, &format!("a {long} b")), format!("at  a\n    {long}\n    b\n"));
    }

    #[test]
    fn a_span_has_its_two_greatest_units() {
        let said = [900, 59_000, 61_000, 3_720_000, 90_000_000].map(span);
        assert_eq!(said, ["0s", "59s", "1m 1s", "1h 2m", "1d 1h"]);
    }
}
