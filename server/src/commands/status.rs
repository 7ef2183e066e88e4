//! `tandem status`: how a pair stands, for a person and for a monitor.

mod page;
mod verdict;

use std::{io::Write, time::SystemTime};

use clap::Args;
use serde::Serialize;

use self::verdict::{Health, Verdict};
use super::Global;
use crate::{
    credentials,
    lifecycle::failure::Failure,
    operator::{PairArgs, quiet},
    telemetry,
};

/// Exit code: nobody can tell how things stand.
pub(super) const CANNOT_TELL: u8 = 3;

/// Say how a pair stands: who serves, who stands by, what is not well, and what would happen if a process died now.
///
/// The primary is asked; where it has just died, whoever takes over. Without --pair, all pairs of the settings are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem status
  tandem status --pair west                         one pair, where there are several
  tandem status --primary 10.0.0.1:7301,10.0.0.2:7301   both engines, so that either may be down
  tandem status --json                              for programs, as in PROTOCOL.md
  tandem status --json | jq -r '.pairs[].concerns[]'    what is not well, a line each

Exit codes, for monitors; of several pairs the worst counts, in this order:
  2  down: no primary is found, or it does not answer; looked for up to 8 s, waited for up to 10 s
  3  nobody can tell: a flag or a setting is wrong, an engine makes no link (another key or certificate, another pair), \
or the primary does not say
  1  degraded, each reason in a line: no backup stands by, or it is of an older version or silent; the store is out of \
reach or not writable; saves are stuck, or something told is not saved; a link is silent or does not know the pair; no \
gateway is linked; nine tenths of limit-for-sessions or limit-for-clients are reached; a certificate that the settings \
name on this machine expires soon
  0  all is well")]
pub(super) struct StatusArgs {
    /// One JSON object instead of a page, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pair: PairArgs,
}

/// What is written for programs.
#[derive(Debug, Serialize)]
struct All<'a> {
    health: Health,
    pairs: &'a [Verdict],
}

impl StatusArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let verdicts = match self.judge(global) {
            Ok(verdicts) => verdicts,
            Err(failure) => {
                // Its own code means something else here.
                let _ = failure.tell();
                return Err(Failure::Told(CANNOT_TELL));
            }
        };
        let health = verdicts.iter().map(|verdict| verdict.health).max().expect("the settings have a pair at least");
        let said = if self.json {
            let all = All { health, pairs: &verdicts };
            serde_json::to_string(&all).expect("has only string keys") + "\n"
        } else {
            verdicts.iter().map(page::page).collect::<Vec<_>>().join("\n")
        };
        std::io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)?;
        match health.exit_code() {
            0 => Ok(()),
            code => Err(Failure::Told(code)),
        }
    }

    fn judge(&self, global: &Global) -> Result<Vec<Verdict>, Failure> {
        let settings = quiet(global.load([])?);
        telemetry::start("status", &settings.log);
        let pairs = self.pair.all_to_ask(&settings).map_err(Failure::usage)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
        let expiring = credentials::expiring(&settings, SystemTime::now());
        Ok(runtime.block_on(async {
            // At once: one that is down takes its time.
            let ask = |(pair, address)| tokio::spawn(Verdict::on(pair, address, settings.links.clone()));
            let asked: Vec<_> = pairs.into_iter().map(ask).collect();
            let mut verdicts = Vec::with_capacity(asked.len());
            for verdict in asked {
                let verdict = verdict.await.expect("it does not panic and is not aborted");
                verdicts.push(verdict.with_concerns(&expiring));
            }
            verdicts
        }))
    }
}
