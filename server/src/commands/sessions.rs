//! `tandem sessions`: the open sessions of a pair.

use std::io::{self, Write};

use clap::Args;
use tandem_protocol::control::{Control, SESSIONS_LIMIT_MAX, SessionSummary, Told};

use super::{Global, table::moment};
use crate::{
    lifecycle::failure::Failure,
    operator::{Operator, PairArgs, Unanswered, over_link},
};

/// List the open sessions of a pair, as a rule the oldest first.
///
/// After a failover those that nobody has asked for since are listed too; what is in them is known once they are read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem sessions
  tandem sessions --limit 20
  tandem sessions --pair west                       where there are several pairs
  tandem sessions --json | jq -r 'select(.waits_in) | .session'    those that wait in a queue

HERE is how many participants have joined, and how many of them are connected. What is said in a session is shown by \
`tandem transcript show SESSION`.

Exit codes: 0 listed, 1 no primary found, 2 the command or a setting is wrong.")]
pub(super) struct SessionsArgs {
    /// One JSON object a session, a line each, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    /// At most so many. [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    pair: PairArgs,
}

/// Why the list ends too early.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("cannot write")]
    Write(#[from] io::Error),
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Unanswered(unanswered) => unanswered.into(),
            Broken::Write(_) => Self::runtime(broken),
        }
    }
}

impl SessionsArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        over_link(global.load([])?, &self.pair, "sessions", async |operator| Ok(self.list(operator).await?))
    }

    /// Page by page: whatever opens or ends meanwhile, each that is open all the time is listed once, and a failover in
    /// the middle is nothing but a pause.
    async fn list(&self, operator: &Operator) -> Result<(), Broken> {
        let mut stdout = io::stdout().lock();
        let (mut left, mut after) = (self.limit.unwrap_or(u64::MAX), None);
        while left > 0 {
            let limit = u32::try_from(left).map_or(SESSIONS_LIMIT_MAX, |left| left.min(SESSIONS_LIMIT_MAX));
            let Told::Sessions(page) = operator.control(Control::Sessions { after, limit }).await? else {
                return Err(Unanswered::Strange.into());
            };
            let Some(last) = page.last() else { break };
            if after.is_none() && !self.json {
                writeln!(stdout, "{:36} {:24} {:>6} {:>5} WAITS IN", "SESSION", "OPENED", "EVENTS", "HERE")?;
            }
            after = Some(last.session);
            left = left.saturating_sub(page.len() as u64);
            for summary in &page {
                writeln!(stdout, "{}", self.line(summary))?;
            }
        }
        if after.is_none() && !self.json {
            writeln!(stdout, "no session is open")?;
        }
        Ok(stdout.flush()?)
    }

    fn line(&self, summary: &SessionSummary) -> String {
        if self.json { serde_json::to_string(summary).expect("has only string keys") } else { row(summary) }
    }
}

fn row(summary: &SessionSummary) -> String {
    let SessionSummary { session, live, opened_at_ms, head, participants, connected, waits_in, drill } = summary;
    if !live {
        return format!("{session} {:24} {:>6} {:>5} (not read since the takeover)", "-", "-", "-");
    }
    let opened = opened_at_ms.map_or_else(|| "-".to_owned(), moment);
    let head = head.map_or_else(|| "-".to_owned(), |head| head.to_string());
    let here = format!("{participants}/{connected}");
    let waits = waits_in.as_ref().map_or("-", |queue| queue.as_str());
    let drill = if *drill { " (drill)" } else { "" };
    format!("{session} {opened:24} {head:>6} {here:>5} {waits}{drill}")
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{QueueName, Seq, SessionId, Timestamp};

    use super::*;

    #[test]
    fn a_session_is_a_row() {
        let session = SessionId(uuid::Uuid::from_u128(7));
        let mut summary = SessionSummary {
            session,
            live: true,
            opened_at_ms: Some(Timestamp(1_764_000_000_000)),
            head: Some(Seq(9)),
            participants: 2,
            connected: 1,
            waits_in: Some(QueueName::new("sales").expect("valid")),
            drill: false,
        };
        assert_eq!(row(&summary), "00000000-0000-0000-0000-000000000007 2025-11-24T16:00:00.000Z      9   2/1 sales");
        (summary.waits_in, summary.drill) = (None, true);
        assert_eq!(
            row(&summary),
            "00000000-0000-0000-0000-000000000007 2025-11-24T16:00:00.000Z      9   2/1 - (drill)"
        );
        summary.live = false;
        let expected = "00000000-0000-0000-0000-000000000007 -                             -     - (not read since the \
                        takeover)";
        assert_eq!(row(&summary), expected);
    }
}
