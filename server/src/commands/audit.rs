//! `tandem audit`: what operators have done, from where, and what came of it.

use std::io::Write;

use clap::Args;
use serde_json::Value;
use tandem_protocol::{
    Timestamp,
    control::{Act, ActKind, Control, JOURNAL_LIMIT_MAX, Told},
};

use super::{
    Global,
    table::{dated, moment, table},
};
use crate::{
    lifecycle::failure::Failure,
    operator::{PairArgs, Unanswered, ask_once},
};

/// Show what operators have done: who, when, from where, to what, and what came of it.
///
/// Switchovers, drills and restarts, changes of accounts, contacts that were erased or merged, backups, copies and
/// transcripts that were taken out. It is kept with the store and asked of the primary; the newest come first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem audit
  tandem audit --limit 200 --json
  tandem audit --before 2026-01-31T12:00:00Z
  tandem audit --primary 10.0.0.1:7301

Exit codes: 0 shown; 1 no primary found, or the journal cannot be read; 2 the command or a setting is wrong.")]
pub(super) struct AuditArgs {
    /// As one JSON list, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(JOURNAL_LIMIT_MAX)))]
    limit: u32,
    /// Only those before this moment, as the first column has it: 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    before: Option<Timestamp>,
    #[command(flatten)]
    pair: PairArgs,
}

impl AuditArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let ask = Control::Acts { before_ms: self.before, limit: self.limit };
        let told = ask_once(global.load([])?, &self.pair, "audit", vec![ask])?;
        let Some(Told::Acts(acts)) = told.into_iter().next() else {
            return Err(Failure::runtime(Unanswered::Strange));
        };
        let said = if self.json { as_json(&acts) } else { as_text(&acts) };
        std::io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    let expected = || "it is a moment in RFC 3339, such as 2026-01-31T12:00:00Z".to_owned();
    let moment: jiff::Timestamp = text.parse().map_err(|_| expected())?;
    u64::try_from(moment.as_millisecond()).map(Timestamp).map_err(|_| expected())
}

fn as_text(acts: &[Act]) -> String {
    if acts.is_empty() {
        return "nothing is written down\n".into();
    }
    let row = |act: &Act| {
        let Act { at_ms, by, act, about, outcome, .. } = act;
        [moment(*at_ms), by.who.clone(), in_words(*act).into(), about.clone(), outcome.clone(), by.from.clone()]
    };
    table(["WHEN", "WHO", "WHAT", "ABOUT", "OUTCOME", "FROM"], acts.iter().map(row).collect())
}

/// The entries as on the wire, each with its moment as a person reads it.
fn as_json(acts: &[Act]) -> String {
    Value::Array(acts.iter().map(|act| dated(act, act.at_ms)).collect()).to_string() + "\n"
}

fn in_words(act: ActKind) -> &'static str {
    match act {
        ActKind::Switchover => "switchover",
        ActKind::Drill => "drill",
        ActKind::Restart => "restart",
        ActKind::ControlLogin => "login to control",
        ActKind::AccountAdd => "account added",
        ActKind::AccountDisable => "account disabled",
        ActKind::AccountEnable => "account enabled",
        ActKind::AccountPassword => "password changed",
        ActKind::ContactErase => "contact erased",
        ActKind::ContactMerge => "contacts merged",
        ActKind::StoreBackup => "store backed up",
        ActKind::StoreCopy => "store copied",
        ActKind::TranscriptExport => "transcript exported",
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::control::Actor;
    use uuid::Uuid;

    use super::*;

    fn act() -> Act {
        Act {
            id: Uuid::nil(),
            at_ms: Timestamp(1_764_000_000_007),
            by: Actor { who: "root@host".into(), from: "tandem switchover (process 4711, uid 0)".into() },
            act: ActKind::Switchover,
            about: "pair main, epoch 4".into(),
            outcome: "done".into(),
        }
    }

    #[test]
    fn a_person_reads_who_did_what_when_and_from_where() {
        let expected = "\
WHEN                      WHO        WHAT        ABOUT               OUTCOME  FROM
2025-11-24T16:00:00.007Z  root@host  switchover  pair main, epoch 4  done     tandem switchover (process 4711, uid 0)
";
        assert_eq!(as_text(&[act()]), expected);
        assert_eq!(as_text(&[]), "nothing is written down\n");
    }

    #[test]
    fn a_program_gets_the_moment_as_a_number_and_as_a_text() {
        let told: Value = serde_json::from_str(&as_json(&[act()])).expect("is JSON");
        assert_eq!(told[0]["at"], "2025-11-24T16:00:00.007Z");
        assert_eq!(told[0]["at_ms"], 1_764_000_000_007_u64);
        assert_eq!(told[0]["act"], "switchover");
        assert_eq!(told[0]["by"]["who"], "root@host");
    }

    #[test]
    fn a_moment_that_is_none_is_refused_with_an_example() {
        assert_eq!(parse_moment("2025-11-24T16:00:00.007Z"), Ok(Timestamp(1_764_000_000_007)));
        for bad in ["yesterday", "2025-11-24", "1960-01-01T00:00:00Z"] {
            let refused = parse_moment(bad).expect_err("is none");
            assert!(refused.contains("2026-01-31T12:00:00Z"), "{refused}");
        }
    }
}
