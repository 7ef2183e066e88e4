//! `tandem drill`: rehearses a failure on the running system, or tells when that was done last.

mod display;
pub(super) mod gateway;
mod history;
mod words;

use std::{
    io::{IsTerminal, Write, stderr, stdin, stdout},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use serde_json::json;
use tandem_drill::{Asker, BadPlan, Briefing, EVERY_DEFAULT, Gateway, NotBegun, Plan, Rehearsal, Report, brief};
use tandem_protocol::{PairName, control::DrillFailure};
use tokio_util::sync::CancellationToken;

use self::display::Display;
use super::{Global, asking::is_agreed, on_all_cores, switchover::blocked};
use crate::{
    lifecycle::{failure::Failure, signals::EndSignals},
    operator::{Operator, PairArgs, over_link, quiet},
    settings::LinksSection,
    telemetry,
};

/// Rehearse a real failure on the running system, with sessions of its own, and measure what it costs.
///
/// Synthetic customers connect to a gateway as browsers do and speak all the time; then the primary is killed, hangs, or
/// hands over. Afterwards their transcripts are compared with what was acknowledged. Customers' chats go through the
/// same failure. It says what it will do and asks before it does anything.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem drill                             kills the primary: the other engine takes over
  tandem drill --hang                      the primary stops for a while, as a machine that swaps
  tandem drill --switchover --yes --json   the planned way; for a script
  tandem drill --sessions 500 --every 200ms
  tandem drill --gateway http://10.0.0.3:8080 --primary 10.0.0.1:7301
  tandem drill --history                   when failover was last proven

It works from any machine that reaches the pair and a gateway: the engine itself does what is asked. Ctrl-C, kill and a
closed terminal call a drill off, and its sessions are erased; nohup keeps it going. PROTOCOL.md describes the JSON.

Exit codes: 0 passed; 1 not passed, called off, or something was in the way; 2 the command or a setting is wrong, or nobody
could be asked.")]
pub(super) struct DrillArgs {
    /// The primary kills itself, as by `kill -9`. This is the default.
    #[arg(long, group = "failure")]
    kill: bool,
    /// The primary stops for 15 s and goes on, as a process that hangs.
    #[arg(long, group = "failure")]
    hang: bool,
    /// The primary hands over as planned.
    #[arg(long, group = "failure")]
    switchover: bool,
    /// Synthetic sessions, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = tandem_drill::SESSIONS_DEFAULT)]
    sessions: u32,
    /// The time between two messages of a session, 20 ms to 5 s. [default: 100ms]
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// The gateway that the synthetic customers connect to. [default: this machine's, as the settings say]
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// A file with the certificates (PEM) of the authority that vouches for an https gateway, beside those that the system
    /// trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Do not ask; it still says what it will do.
    #[arg(long)]
    yes: bool,
    /// Carry out nothing, but tell of the drills there were and when failover was last proven.
    #[arg(long, conflicts_with_all = ["failure", "sessions", "every", "gateway", "ca", "yes"])]
    history: bool,
    /// One JSON object instead of sentences, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pair: PairArgs,
}

/// Whoever is there could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("there is no terminal to ask at; --yes carries the drill out without asking")]
struct NobodyToAsk;

/// Why no such drill can be planned.
#[derive(Debug, thiserror::Error)]
enum Unplanned {
    #[error("--every {0} is refused; it is a time such as 100ms or 1s")]
    BadEvery(String),
    #[error(transparent)]
    Bad(#[from] BadPlan),
}

impl DrillArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let loaded = global.load([])?;
        if self.history {
            return over_link(loaded, &self.pair, "drill", async |operator| history::tell(operator, self.json).await);
        }
        let settings = quiet(loaded);
        telemetry::start("drill", &settings.log);
        let (pair, address) = self.pair.whom_to_ask(&settings).map_err(Failure::usage)?;
        let plan = self.plan(pair).map_err(Failure::usage)?;
        let gateway = gateway::of(self.gateway.as_deref(), self.ca.as_deref(), &settings).map_err(Failure::usage)?;
        on_all_cores(self.carry_out(plan, address, gateway, &settings.links))
    }

    fn plan(&self, pair: PairName) -> Result<Plan, Unplanned> {
        let every = match &self.every {
            None => EVERY_DEFAULT,
            Some(given) => {
                let time: Result<Duration, _> = humantime::parse_duration(given);
                time.map_err(|_| Unplanned::BadEvery(given.clone()))?
            }
        };
        let failure = match (self.hang, self.switchover) {
            (true, _) => DrillFailure::Hang,
            (_, true) => DrillFailure::Switchover,
            _ => DrillFailure::Kill,
        };
        Ok(Plan::new(pair, failure, self.sessions, every)?)
    }

    async fn carry_out(
        self,
        plan: Plan,
        address: String,
        gateway: Arc<dyn Gateway>,
        links: &LinksSection,
    ) -> Result<(), Failure> {
        let operator = Arc::new(Operator::connect(plan.pair.clone(), address, "drill", links).await?);
        let asker = Asker::new(operator.clone(), operator.by().clone());
        let came_to = self.with_link(plan, asker, gateway).await;
        // Whoever else had it is gone with what became of the drill.
        if let Some(operator) = Arc::into_inner(operator) {
            operator.end().await;
        }
        came_to
    }

    async fn with_link(&self, plan: Plan, asker: Asker, gateway: Arc<dyn Gateway>) -> Result<(), Failure> {
        let briefing = brief(&plan, &asker, &*gateway).await.map_err(Failure::runtime)?;
        if !briefing.blockers.is_empty() {
            return self.tell_not_begun(&NotBegun::Blocked(briefing.blockers));
        }
        if !self.is_agreed(&briefing)? {
            return Err(Failure::Told(1));
        }
        let (cancel, display) = (CancellationToken::new(), Display::begin(self.json));
        let rehearsal = Rehearsal::new(plan, asker, gateway, display.progress(), cancel.clone());
        let calling_off = tokio::spawn(call_off_on_signal(cancel));
        let came_to = rehearsal.run(briefing.epoch).await;
        calling_off.abort();
        display.end().await;
        match came_to {
            Ok(report) => self.tell(&report),
            Err(not_begun) => self.tell_not_begun(&not_begun),
        }
    }

    /// Says what will happen, and asks.
    fn is_agreed(&self, briefing: &Briefing) -> Result<bool, Failure> {
        if !self.json {
            briefing.says.iter().for_each(|sentence| eprintln!("{sentence}"));
        }
        if self.yes {
            return Ok(true);
        }
        if self.json || !stdin().is_terminal() || !stderr().is_terminal() {
            return Err(Failure::usage(NobodyToAsk));
        }
        is_agreed().map_err(Failure::runtime)
    }

    fn tell(&self, report: &Report) -> Result<(), Failure> {
        let is_passed = report.drill.is_passed();
        let said = if self.json {
            json!({ "drill": report.drill, "passed": is_passed, "remarks": report.remarks }).to_string()
        } else {
            words::result(report)
        };
        writeln!(stdout(), "{said}").map_err(Failure::runtime)?;
        if is_passed { Ok(()) } else { Err(Failure::Told(1)) }
    }

    fn tell_not_begun(&self, why: &NotBegun) -> Result<(), Failure> {
        match why {
            NotBegun::Blocked(blockers) if self.json => {
                writeln!(stdout(), "{}", json!({ "blocked": blockers })).map_err(Failure::runtime)?;
                Err(Failure::Told(1))
            }
            NotBegun::Blocked(blockers) => Err(Failure::runtime(anyhow::Error::msg(blocked(blockers)))),
            other => Err(Failure::runtime(other.clone())),
        }
    }
}

/// The first signal calls the drill off, which takes some seconds; who sends another one wants to leave at once.
async fn call_off_on_signal(cancel: CancellationToken) {
    let Ok(mut signals) = EndSignals::take() else { return };
    // A terminal that has been closed, which is one of the signals, takes no words any more.
    let say = |what: &str| drop(writeln!(stderr(), "tandem: {what}"));
    signals.received().await;
    cancel.cancel();
    say("the drill is called off; its sessions are ended and erased (once more to leave at once)");
    signals.insisted().await;
    say("left at once; synthetic sessions may be left over");
    std::process::exit(1);
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: DrillArgs,
    }

    fn planned(flags: &[&str]) -> Result<(DrillFailure, u32, u128), String> {
        let line = Line::try_parse_from([&["drill"], flags].concat()).map_err(|error| error.to_string())?;
        let plan = line.args.plan(PairName::new("main").expect("is a name")).map_err(|error| error.to_string())?;
        Ok((plan.failure, plan.sessions, plan.every.as_millis()))
    }

    #[test]
    fn the_primary_is_killed_unless_something_else_is_asked_for() {
        assert_eq!(planned(&[]), Ok((DrillFailure::Kill, 50, 100)));
        assert_eq!(planned(&["--hang", "--sessions", "7"]), Ok((DrillFailure::Hang, 7, 100)));
        assert_eq!(planned(&["--switchover", "--every", "1s"]), Ok((DrillFailure::Switchover, 50, 1_000)));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        for (flags, said) in [
            (&["--every", "often"][..], "--every often is refused; it is a time such as 100ms or 1s"),
            (&["--sessions", "0"], "a drill has 1 to 1000 sessions, not 0"),
            (&["--kill", "--hang"], "cannot be used with"),
            (&["--history", "--yes"], "cannot be used with"),
        ] {
            let refused = planned(flags).expect_err("is refused");
            assert!(refused.contains(said), "{refused}");
        }
    }
}
