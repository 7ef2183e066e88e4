//! `tandem restart --rolling`: new processes for both engines of a pair, one after the other, while chats go on. The steps
//! are in [`rolling`]; here are the flags, what is said before and meanwhile, and what is told in the end.

mod rolling;

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use tandem_protocol::Pair;

use self::rolling::{Done, Rolling, Step, Stop};
use super::{Global, asking::is_agreed};
use crate::{
    lifecycle::failure::Failure,
    operator::{Operator, PairArgs, Unanswered, over_link},
};

/// Restart both engines of a pair, one after the other, for an upgrade: nobody is disconnected and nothing is lost.
///
/// The backup ends and is started again by whoever supervises it (`tandem run`, systemd); once it stands by, the primary
/// hands over to it and is restarted likewise. To upgrade, put the new program into its place first. Where a step does
/// not work it ends there, and the primary goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem restart --rolling
  tandem restart --rolling --yes --back    without asking; the engine that was primary is it again in the end
  tandem restart --rolling --pair west --json
  tandem restart --rolling --wait 5m       where an engine takes long to come back

Gateways, the interaction server and bots are restarted by whoever supervises them, before or after it: two neighbouring \
releases work together.

Exit codes: 0 both are restarted; 1 something was in the way, and what is said of it says how things stand; 2 the command \
or a setting is wrong.")]
pub(super) struct RestartArgs {
    /// Both engines, one after the other. There is no other way yet.
    #[arg(long, required = true)]
    rolling: bool,
    /// Switch back in the end.
    #[arg(long)]
    back: bool,
    /// How long an engine may take to be back.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_wait)]
    wait: Duration,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// One JSON object a line for each step instead of sentences, as in PROTOCOL.md; does not ask.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pair: PairArgs,
}

/// How long an engine may be waited for.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

fn parse_wait(text: &str) -> Result<Duration, String> {
    let wait = humantime::parse_duration(text).ok().filter(|wait| (1..=WAIT_MAX.as_secs()).contains(&wait.as_secs()));
    wait.ok_or_else(|| "it is a duration from 1s to 1h, such as 90s or 5m".to_owned())
}

/// Nobody is there to be asked.
#[derive(Debug, thiserror::Error)]
#[error("this restarts both engines and there is no terminal to ask at; say --yes to have it done")]
struct NobodyToAsk;

impl RestartArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        if !self.yes && !self.json && !std::io::stdin().is_terminal() {
            return Err(Failure::usage(NobodyToAsk));
        }
        over_link(global.load([])?, &self.pair, "restart", async |operator| self.restart(operator).await)
    }

    async fn restart(&self, operator: &Operator) -> Result<(), Failure> {
        let rolling = Rolling::new(operator, self.wait);
        let display = Display::new(self.json);
        if let Err(stop) = rolling.is_clear().await {
            return display.stopped(&stop, &rolling.now());
        }
        if !self.json {
            eprintln!("{}", plan(operator.met()));
            if !self.yes && !is_agreed().map_err(Failure::runtime)? {
                return Err(Failure::Told(1));
            }
        }
        match rolling.carry_out(self.back, |step| display.step(step)).await {
            Ok(done) => display.done(&done),
            Err(stop) => display.stopped(&stop, &rolling.now()),
        }
    }
}

/// What is going to happen.
fn plan(pair: &Pair) -> String {
    let Pair { name, primary, backup, .. } = pair;
    let Some(backup) = backup else { return format!("pair {name} has no backup") };
    format!(
        "Both engines of pair {name} are restarted, one after the other:\n\
         \x20 1. engine {b} (process {b_pid}, {b_address}) ends and is started again by whoever supervises it\n\
         \x20 2. engine {a} hands over to it, with no gap\n\
         \x20 3. engine {a} (process {a_pid}, {a_address}) ends and is started again likewise\n\
         Nobody is disconnected. While one of them is away, the other has no backup.",
        b = backup.name,
        b_pid = backup.pid,
        b_address = backup.address,
        a = primary.name,
        a_pid = primary.pid,
        a_address = primary.address,
    )
}

/// Tells a person at stderr what happens, or a program at stdout.
struct Display {
    json: bool,
    /// Turns while a step takes its time, at a terminal.
    spinner: Option<ProgressBar>,
}

/// How often it turns.
const TURN: Duration = Duration::from_millis(100);

impl Display {
    fn new(json: bool) -> Self {
        let spinner = (!json && std::io::stderr().is_terminal()).then(ProgressBar::new_spinner);
        Self { json, spinner }
    }

    fn step(&self, step: &Step) {
        if self.json {
            return self.print(&serde_json::to_value(step).expect("a step has only string keys"));
        }
        let said = step.to_string();
        match &self.spinner {
            Some(spinner) if step.is_over() => spinner.suspend(|| eprintln!("{said}")),
            Some(spinner) => {
                spinner.set_message(said);
                spinner.enable_steady_tick(TURN);
            }
            None => eprintln!("{said}"),
        }
    }

    fn done(&self, done: &Done) -> Result<(), Failure> {
        self.clear();
        if self.json {
            self.print(&json!({ "done": done }));
        } else {
            writeln!(std::io::stdout(), "{done}").map_err(Failure::runtime)?;
        }
        Ok(())
    }

    fn stopped(&self, stop: &Stop, now: &str) -> Result<(), Failure> {
        self.clear();
        if self.json {
            self.print(&json!({ "stopped": { "why": stop.to_string(), "now": now } }));
            return Err(Failure::Told(1));
        }
        Err(Failure::runtime(anyhow::Error::msg(format!("{stop}\n{now}"))))
    }

    fn clear(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }

    /// A reader that has gone away is no reason to stop in the middle.
    fn print(&self, value: &serde_json::Value) {
        let _ = writeln!(std::io::stdout(), "{value}");
    }
}

impl From<Unanswered> for Stop {
    fn from(unanswered: Unanswered) -> Self {
        Self::Unanswered(unanswered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_waited_for_within_bounds() {
        assert_eq!(parse_wait("5m"), Ok(Duration::from_secs(300)));
        for refused in ["0s", "61m", "soon"] {
            assert!(parse_wait(refused).expect_err("is refused").contains("from 1s to 1h"), "{refused}");
        }
    }
}
