//! `tandem failovers`: which engine took over when, why, and what clients noticed of it.

use std::io::Write;

use clap::Args;
use serde_json::Value;
use tandem_protocol::{
    EngineName,
    control::{Control, JOURNAL_LIMIT_MAX, Takeover, TakeoverCause, Told},
};

use super::{
    Global,
    table::{dated, millis, moment, table},
};
use crate::{
    lifecycle::failure::Failure,
    operator::{PairArgs, Unanswered, ask_once},
};

/// Show the last takeovers of a pair: when, from which engine to which, why, and the gap that clients noticed.
///
/// TOOK is how long the engine needed from the moment in which it found that it must take over until it served; of a
/// planned switchover, how long sends were held. GAP is the longest that anybody's session was away, as the gateways have
/// seen it; none where nobody had a session open, and of a planned switchover. The newest come first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem failovers
  tandem failovers --limit 5 --json
  tandem failovers --pair west             where there are several pairs

Exit codes: 0 shown; 1 no primary found, or the journal cannot be read; 2 the command or a setting is wrong.")]
pub(super) struct FailoversArgs {
    /// As one JSON list, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(JOURNAL_LIMIT_MAX)))]
    limit: u32,
    #[command(flatten)]
    pair: PairArgs,
}

impl FailoversArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let ask = Control::Takeovers { before: None, limit: self.limit };
        let told = ask_once(global.load([])?, &self.pair, "failovers", vec![ask])?;
        let Some(Told::Takeovers(takeovers)) = told.into_iter().next() else {
            return Err(Failure::runtime(Unanswered::Strange));
        };
        let said = if self.json { as_json(&takeovers) } else { as_text(&takeovers) };
        std::io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

fn as_text(takeovers: &[Takeover]) -> String {
    if takeovers.is_empty() {
        return "no takeover is written down\n".into();
    }
    let row = |takeover: &Takeover| {
        [
            moment(takeover.at_ms),
            takeover.epoch.to_string(),
            takeover.from.as_ref().map_or_else(|| "-".into(), EngineName::to_string),
            takeover.to.to_string(),
            in_words(takeover.cause).into(),
            millis(takeover.took_us),
            takeover.sessions.to_string(),
            takeover.gap_ms.map_or_else(|| "-".into(), |gap_ms| format!("{gap_ms} ms")),
        ]
    };
    let headings = ["WHEN", "EPOCH", "FROM", "TO", "CAUSE", "TOOK", "SESSIONS", "GAP"];
    table(headings, takeovers.iter().map(row).collect())
}

/// The entries as on the wire, each with its moment as a person reads it.
fn as_json(takeovers: &[Takeover]) -> String {
    Value::Array(takeovers.iter().map(|takeover| dated(takeover, takeover.at_ms)).collect()).to_string() + "\n"
}

/// Why an engine took over, in few words.
pub(super) fn in_words(cause: TakeoverCause) -> &'static str {
    match cause {
        TakeoverCause::First => "first start",
        TakeoverCause::Released => "stopped in order",
        TakeoverCause::Returned => "came back itself",
        TakeoverCause::Died => "process died",
        TakeoverCause::Silent => "fell silent",
        TakeoverCause::Planned => "planned",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tandem_protocol::{Epoch, PairName, Timestamp};

    use super::*;

    fn takeover(epoch: u64, from: Option<&str>, cause: TakeoverCause, gap_ms: Option<u64>) -> Takeover {
        let name = |name: &str| EngineName::new(name).expect("valid");
        Takeover {
            pair: PairName::new("main").expect("valid"),
            epoch: Epoch(epoch),
            at_ms: Timestamp(1_764_000_000_007),
            from: from.map(name),
            to: name("b"),
            cause,
            took_us: 9_440,
            sessions: 12,
            gap_ms,
        }
    }

    #[test]
    fn a_person_reads_who_took_over_and_what_it_cost() {
        let takeovers =
            [takeover(2, Some("a"), TakeoverCause::Died, Some(87)), takeover(1, None, TakeoverCause::First, None)];
        let expected = "\
WHEN                      EPOCH  FROM  TO  CAUSE         TOOK    SESSIONS  GAP
2025-11-24T16:00:00.007Z  2      a     b   process died  9.4 ms  12        87 ms
2025-11-24T16:00:00.007Z  1      -     b   first start   9.4 ms  12        -
";
        assert_eq!(as_text(&takeovers), expected);
        let told: Value = serde_json::from_str(&as_json(&takeovers)).expect("is JSON");
        assert_eq!((&told[0]["cause"], &told[0]["gap_ms"]), (&json!("died"), &json!(87)));
        assert_eq!(told[1]["at"], "2025-11-24T16:00:00.007Z");
    }
}
