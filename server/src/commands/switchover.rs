//! `tandem switchover`: has the primary hand over to its backup, and says what became of it.

use std::{fmt::Display, io::Write, time::Duration};

use clap::Args;
use tandem_protocol::{
    Switched, Switchover, SwitchoverOutcome,
    link::{Answer, Request},
};

use super::Global;
use crate::{
    lifecycle::failure::Failure,
    operator::{PairArgs, Unanswered, over_link},
};

/// Have the primary hand over to its backup, with no gap: nobody is disconnected and nothing is lost.
///
/// What is said meanwhile waits some milliseconds and is then done by the other engine. Restart or upgrade the engine
/// that stands by afterwards, and switch back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem switchover --dry-run              names all that would be in the way
  tandem switchover
  tandem switchover --pair west            where there are several pairs
  tandem switchover --primary 10.0.0.1:7301 --json
  kill -USR1 PROCESS                       the same, on the primary's machine; its log says what became of it

Exit codes: 0 done, or nothing in the way; 1 blocked, given up or no primary found; 2 the command or a setting is wrong.")]
pub(super) struct SwitchoverArgs {
    /// Do nothing but name what would be in the way.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object instead of sentences, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pair: PairArgs,
}

impl SwitchoverArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let outcome = over_link(global.load([])?, &self.pair, "switchover", async |operator| {
            let asked =
                Switchover { from: operator.met().epoch, dry_run: self.dry_run, by: Some(operator.by().clone()) };
            match operator.ask(Request::Switchover(asked)).await? {
                Answer::Switchover(outcome) => Ok(outcome),
                _ => Err(Unanswered::Strange.into()),
            }
        })?;
        self.tell(&outcome)
    }

    fn tell(&self, outcome: &SwitchoverOutcome) -> Result<(), Failure> {
        let (is_well, said) = in_words(outcome);
        if !self.json && !is_well {
            return Err(Failure::runtime(anyhow::Error::msg(said)));
        }
        let said = if self.json { serde_json::to_string(outcome).expect("has only string keys") } else { said };
        writeln!(std::io::stdout(), "{said}").map_err(Failure::runtime)?;
        if is_well { Ok(()) } else { Err(Failure::Told(1)) }
    }
}

/// Whether all is well, and what a person is told, a line each.
pub(super) fn in_words(outcome: &SwitchoverOutcome) -> (bool, String) {
    match outcome {
        SwitchoverOutcome::Clear { from, to } => {
            (true, format!("nothing is in the way of a switchover from engine {from} to engine {to}"))
        }
        SwitchoverOutcome::Blocked(blockers) => (false, blocked(blockers)),
        SwitchoverOutcome::GivenUp(cause) => (false, format!("given up: {cause}; the primary goes on")),
        SwitchoverOutcome::Done(Switched { from, to, epoch, held_us }) => {
            let held_ms = Duration::from_micros(*held_us).as_secs_f64() * 1_000.0;
            (
                true,
                format!("engine {to} took over from engine {from}, epoch {epoch}; sends were held for {held_ms:.1} ms"),
            )
        }
        SwitchoverOutcome::Overtaken { primary, epoch } => (
            false,
            format!("the primary was lost meanwhile; engine {primary} took over as after any failure, epoch {epoch}"),
        ),
    }
}

/// What is in the way, a line each.
pub(super) fn blocked(blockers: &[impl Display]) -> String {
    let lines: Vec<String> = blockers.iter().map(|blocker| format!("blocked: {blocker}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{Blocker, EngineName, Epoch, GivenUp};

    use super::*;

    #[test]
    fn a_person_reads_what_became_of_it() {
        let name = |name: &str| EngineName::new(name).expect("valid");
        let done = Switched { from: name("a"), to: name("b"), epoch: Epoch(5), held_us: 12_345 };
        let blockers = vec![Blocker::NoBackup, Blocker::LinkUnaware { link: "echo".into() }];
        let cases = [
            (
                SwitchoverOutcome::Done(done),
                true,
                "engine b took over from engine a, epoch 5; sends were held for 12.3 ms",
            ),
            (
                SwitchoverOutcome::Blocked(blockers),
                false,
                "blocked: no backup stands by\nblocked: the link echo has not acknowledged who is primary and who is backup",
            ),
            (
                SwitchoverOutcome::GivenUp(GivenUp::BackupLost),
                false,
                "given up: the backup was lost; the primary goes on",
            ),
        ];
        for (outcome, is_well, said) in cases {
            assert_eq!(in_words(&outcome), (is_well, said.to_owned()));
        }
    }
}
