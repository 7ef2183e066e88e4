//! `tandem switchover`: has the primary hand over to its backup, and says what became of it.
//!
//! It asks over a link, as a gateway does, so that it gets its answer from whoever is primary in the end; it needs
//! neither the data directory nor the machine that the engines run on.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::Args;
use tandem_link::{Full, Incoming, Link, LinkSettings, Owner};
use tandem_protocol::{
    Pair, Refusal, Switched, Switchover, SwitchoverOutcome,
    link::{Answer, LinkRole, Outcome, Request},
};
use tokio::{
    sync::oneshot,
    time::{error::Elapsed, timeout},
};

use super::Global;
use crate::{
    lifecycle::failure::Failure,
    settings::{Flag, Loaded, Text},
    telemetry,
};

/// How long a primary is looked for: longer than a takeover on silence takes.
const FIND_MAX: Duration = Duration::from_secs(8);

/// How long the answer is waited for: longer than all waits of a switchover together.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Have the primary hand over to its backup, with no gap: nobody is disconnected and nothing is lost.
///
/// What is said meanwhile waits some milliseconds and is then done by the other engine. Restart or upgrade the engine
/// that stands by afterwards, and switch back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem switchover --dry-run              names all that would be in the way
  tandem switchover
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
    /// Either engine of the pair; the primary is found through it. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    primary: Option<String>,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("no engine of the pair {pair} is found to be primary through {address}")]
    NoPrimary { pair: String, address: String },
    #[error("the primary did not answer in time; `tandem switchover --dry-run` says how things stand")]
    Late(#[from] Elapsed),
    #[error("the primary refused: {0}")]
    Refused(#[from] Refusal),
    #[error("the primary's answer makes no sense")]
    Strange,
}

impl SwitchoverArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let loaded = global.load([Flag::of("--primary", "gateway.primary", self.primary.as_deref())])?;
        let is_level_given = loaded.given_by("log.level").is_some();
        let Loaded { mut settings, .. } = loaded;
        if !is_level_given {
            // How a link is made is of no interest to whoever wants to know what became of his command.
            settings.log.level = Text("warn".parse().expect("is a level"));
        }
        telemetry::start("switchover", &settings.log);
        let (pair, address) = (settings.pair.name.0, settings.gateway.place.primary.0.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
        let link = LinkSettings::new(pair, LinkRole::Control, "switchover", vec![address]);
        let outcome = runtime.block_on(ask(link, self.dry_run)).map_err(Failure::runtime)?;
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
fn in_words(outcome: &SwitchoverOutcome) -> (bool, String) {
    match outcome {
        SwitchoverOutcome::Clear { from, to } => {
            (true, format!("nothing is in the way of a switchover from engine {from} to engine {to}"))
        }
        SwitchoverOutcome::Blocked(blockers) => {
            let lines: Vec<String> = blockers.iter().map(|blocker| format!("blocked: {blocker}")).collect();
            (false, lines.join("\n"))
        }
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

/// The owner of the link.
struct Operator(Mutex<Option<oneshot::Sender<Pair>>>);

impl Owner for Operator {
    type Tag = oneshot::Sender<Outcome>;

    fn on(&self, incoming: Incoming<Self::Tag>) {
        match incoming {
            // The first primary is the one that is asked; whichever answers is the link's business.
            Incoming::Connected { pair } => {
                let met = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
                met.map(|met| met.send(pair));
            }
            Incoming::Answered { tag, outcome } => drop(tag.send(outcome)),
            _ => {}
        }
    }
}

async fn ask(settings: LinkSettings, dry_run: bool) -> Result<SwitchoverOutcome, Unanswered> {
    let (pair, address) = (settings.pair.to_string(), settings.addresses.join(", "));
    let (met, meeting) = oneshot::channel();
    let (link, task) = Link::start(settings, Arc::new(Operator(Mutex::new(Some(met)))));
    let outcome = match timeout(FIND_MAX, meeting).await {
        Ok(Ok(pair)) => answer(&link, Switchover { from: pair.epoch, dry_run }).await,
        _ => Err(Unanswered::NoPrimary { pair, address }),
    };
    link.stop();
    // Its end is bounded, and there is nobody to tell of another one.
    let _ = task.await;
    outcome
}

async fn answer(link: &Link<Operator>, asked: Switchover) -> Result<SwitchoverOutcome, Unanswered> {
    let (reply, answer) = oneshot::channel();
    link.submit(Request::Switchover(asked), reply).map_err(|Full { refusal, .. }| refusal)?;
    match timeout(ANSWER_MAX, answer).await? {
        Ok(Outcome::Done(Answer::Switchover(outcome))) => Ok(outcome),
        Ok(Outcome::Refused(refusal)) => Err(refusal.into()),
        Ok(Outcome::Done(_)) | Err(_) => Err(Unanswered::Strange),
    }
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
