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
    Pair, PairName, Refusal, Switched, Switchover, SwitchoverOutcome,
    link::{Answer, LinkRole, Outcome, Request},
};
use tokio::{
    sync::oneshot,
    time::{error::Elapsed, timeout},
};

use super::Global;
use crate::{
    lifecycle::failure::Failure,
    settings::{HostPort, Loaded, PairLink, Settings, Text, links},
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
    /// Either engine of the pair; the primary is found through it. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    primary: Option<String>,
    /// The pair, where the settings' gateway has several. [default: the only one]
    #[arg(long, value_name = "NAME")]
    pair: Option<String>,
}

/// Why nobody can be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unnamed {
    #[error("--primary {0} is refused; it is HOST:PORT")]
    BadPrimary(String),
    #[error("--pair {0} is refused; a pair's name is 1 to 32 of a-z, 0-9, '-' and '_'")]
    BadPair(String),
    #[error("--pair {0} is refused; the settings know of {1}, and of others --primary says where they are")]
    UnknownPair(String, String),
    #[error("there are several pairs; say which with --pair: {0}")]
    Several(String),
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
        let loaded = global.load([])?;
        let is_level_given = loaded.given_by("log.level").is_some();
        let Loaded { mut settings, .. } = loaded;
        if !is_level_given {
            // How a link is made is of no interest to whoever wants to know what became of his command.
            settings.log.level = Text("warn".parse().expect("is a level"));
        }
        telemetry::start("switchover", &settings.log);
        let (pair, address) = self.whom_to_ask(&settings).map_err(Failure::usage)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
        let link = LinkSettings::new(pair, LinkRole::Control, "switchover", vec![address]);
        let outcome = runtime.block_on(ask(link, self.dry_run)).map_err(Failure::runtime)?;
        self.tell(&outcome)
    }

    /// The pair, and an engine through which its primary is found: as the flags say, and what they leave open as the
    /// gateway is told.
    fn whom_to_ask(&self, settings: &Settings) -> Result<(PairName, String), Unnamed> {
        let place = &settings.gateway.place;
        let known = links(&settings.pair.name.0, place.primary.as_ref(), &place.pairs, None);
        let names = || known.iter().map(|link| link.name.to_string()).collect::<Vec<_>>().join(", ");
        let primary = self.primary.as_ref().map(|given| {
            let is_address = given.parse::<HostPort>().is_ok();
            if is_address { Ok(given.clone()) } else { Err(Unnamed::BadPrimary(given.clone())) }
        });
        let primary = primary.transpose()?;
        if let (Some(primary), Some(pair)) = (&primary, &self.pair) {
            let name = PairName::new(pair).map_err(|_| Unnamed::BadPair(pair.clone()))?;
            return Ok((name, primary.clone()));
        }
        let is_meant = |link: &&PairLink| match (&primary, &self.pair) {
            (_, Some(pair)) => link.name.as_str() == pair,
            (Some(primary), None) => known.len() == 1 || link.primary == *primary,
            (None, None) => true,
        };
        let meant: Vec<&PairLink> = known.iter().filter(is_meant).collect();
        match (&meant[..], &self.pair) {
            ([link], _) => Ok((link.name.clone(), primary.unwrap_or_else(|| link.primary.clone()))),
            ([], Some(pair)) => Err(Unnamed::UnknownPair(pair.clone(), names())),
            _ => Err(Unnamed::Several(names())),
        }
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
    use crate::settings::PairPlace;

    /// Those flags beside settings in which the gateway has several pairs, or the default.
    fn asked(primary: Option<&str>, pair: Option<&str>, is_several: bool) -> Result<(String, String), String> {
        let mut settings = Settings::default();
        if is_several {
            let place = |name, primary: &str| PairPlace {
                name: Text(PairName::new(name).expect("valid")),
                primary: Text(primary.parse().expect("valid")),
            };
            settings.gateway.place.primary = None;
            settings.gateway.place.pairs.0 = vec![place("main", "m:1"), place("west", "w:1")];
        }
        let [primary, pair] = [primary, pair].map(|flag| flag.map(str::to_owned));
        let args = SwitchoverArgs { dry_run: false, json: false, primary, pair };
        let found = args.whom_to_ask(&settings).map_err(|unnamed| unnamed.to_string());
        found.map(|(pair, address)| (pair.to_string(), address))
    }

    #[test]
    fn the_pair_that_is_meant_is_asked_or_its_name_is_asked_for() {
        let found = |pair: &str, address: &str| Ok((pair.to_owned(), address.to_owned()));
        assert_eq!(asked(None, None, false), found("main", "127.0.0.1:7301"));
        assert_eq!(asked(Some("h:2"), None, false), found("main", "h:2"));
        assert_eq!(asked(None, Some("west"), true), found("west", "w:1"));
        assert_eq!(asked(Some("w:1"), None, true), found("west", "w:1"));
        assert_eq!(asked(Some("h:2"), Some("east"), true), found("east", "h:2"));
        for (primary, pair) in [(None, None), (Some("h:2"), None)] {
            let refused = asked(primary, pair, true).expect_err("it could be either");
            assert_eq!(refused, "there are several pairs; say which with --pair: main, west");
        }
        let refused = asked(None, Some("east"), true).expect_err("nobody knows where it is");
        assert!(refused.starts_with("--pair east is refused"), "{refused}");
        for (primary, pair) in [(Some("h"), None), (Some("h:2"), Some("East"))] {
            let refused = asked(primary, pair, false).expect_err("is no address, or no name");
            assert!(refused.contains("is refused"), "{refused}");
        }
    }

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
