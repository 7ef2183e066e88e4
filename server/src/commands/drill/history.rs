//! `tandem drill --history`: the drills there were, and when failover was last proven.

use std::{
    fmt::Write as _,
    io::{Write, stdout},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tandem_protocol::{
    Timestamp,
    control::{Control, Drill, DrillFailure, JOURNAL_LIMIT_MAX, Told},
};

use super::words::figures;
use crate::{
    lifecycle::failure::Failure,
    operator::{Operator, Unanswered},
};

/// Drills that a person is shown; the last proof is looked for in as many as come in one answer.
const SHOWN_MAX: usize = 20;

/// Tells of the pair's drills.
pub(super) async fn tell(operator: &Operator, is_json: bool) -> Result<(), Failure> {
    let asked = Control::Drills { before_ms: None, limit: JOURNAL_LIMIT_MAX };
    let Told::Drills(drills) = operator.control(asked).await? else { return Err(Unanswered::Strange.into()) };
    let said = if is_json {
        let proven_at_ms = proof(&drills).map(|drill| drill.at_ms);
        json!({ "pair": operator.met().name, "proven_at_ms": proven_at_ms, "drills": drills }).to_string()
    } else {
        in_words(&drills, SystemTime::now())
    };
    writeln!(stdout(), "{said}").map_err(Failure::runtime)
}

/// The newest drill that proves a failover: a switchover is none.
fn proof(drills: &[Drill]) -> Option<&Drill> {
    drills.iter().find(|drill| drill.is_passed() && drill.failure != DrillFailure::Switchover)
}

fn in_words(drills: &[Drill], now: SystemTime) -> String {
    let mut said = String::new();
    if !drills.is_empty() {
        let row = |cells: [&str; 7]| {
            let [when, what, sessions, p50, p99, max, became] = cells;
            format!("{when:<20}  {what:<16}  {sessions:>8}  {p50:>8}  {p99:>8}  {max:>8}  {became}\n")
        };
        said.push_str(&row(["when", "what", "sessions", "gap p50", "p99", "max", "result"]));
        for drill in drills.iter().take(SHOWN_MAX) {
            let [p50, p99, max] = drill.gaps.as_ref().map_or(["-"; 3].map(str::to_owned), figures);
            let (when, sessions) = (moment(drill.at_ms), drill.sessions.to_string());
            said.push_str(&row([&when, &what(drill), &sessions, &p50, &p99, &max, &became(drill)]));
        }
        let more = drills.len().saturating_sub(SHOWN_MAX);
        if more > 0 {
            let _ = writeln!(said, "and {more} earlier; --json has them");
        }
        said.push('\n');
    }
    said.push_str(&match proof(drills) {
        Some(drill) => format!("failover was last proven at {} ({})", moment(drill.at_ms), ago(drill.at_ms, now)),
        None => "failover has not been proven by a drill; `tandem drill` does it".to_owned(),
    });
    said
}

fn what(drill: &Drill) -> String {
    let how = match drill.failure {
        DrillFailure::Kill => "kill",
        DrillFailure::Hang => "hang",
        DrillFailure::Switchover => "switchover",
    };
    let to = drill.to.as_ref().map_or("?", |to| to.as_str());
    format!("{how} {}>{to}", drill.from)
}

fn became(drill: &Drill) -> String {
    match &drill.aborted {
        _ if drill.is_passed() => "passed".to_owned(),
        Some(why) => format!("not carried through: {why}"),
        None => format!(
            "NOT PASSED: {} lost, {} doubled, {} out of order, {} disconnected",
            drill.lost, drill.doubled, drill.out_of_order, drill.disconnected
        ),
    }
}

fn moment(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(at.0)).to_string()
}

/// How long ago, in its greatest unit.
fn ago(at: Timestamp, now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH + Duration::from_millis(at.0)).unwrap_or_default().as_secs();
    let (number, unit) = match since {
        0..60 => return "just now".to_owned(),
        60..3_600 => (since / 60, "minute"),
        3_600..86_400 => (since / 3_600, "hour"),
        _ => (since / 86_400, "day"),
    };
    format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
pub(super) mod tests {
    use tandem_protocol::{
        EngineName, Epoch, PairName,
        control::{Actor, Gaps},
    };

    use super::*;

    /// A day in milliseconds.
    const DAY: u64 = 86_400_000;

    /// A drill of that many days after 1970, which is passed.
    pub(in super::super) fn drill(days: u64, failure: DrillFailure) -> Drill {
        let [from, to] = ["a", "b"].map(|name| EngineName::new(name).expect("is a name"));
        Drill {
            id: "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID"),
            pair: PairName::new("main").expect("is a name"),
            at_ms: Timestamp(days * DAY),
            by: Actor { who: "root@one".into(), from: "tandem drill".into() },
            failure,
            sessions: 50,
            every_ms: 100,
            from,
            epoch: Epoch(4),
            to: Some(to),
            gaps: Some(Gaps { p50_us: 210_000, p99_us: 240_000, max_us: 251_000 }),
            acknowledged: 1_840,
            lost: 0,
            doubled: 0,
            out_of_order: 0,
            disconnected: 0,
            aborted: None,
            took_ms: 9_800,
        }
    }

    #[test]
    fn an_operator_reads_when_failover_was_last_proven() {
        let mut failed = drill(4, DrillFailure::Kill);
        failed.lost = 2;
        let drills = [drill(5, DrillFailure::Switchover), failed, drill(2, DrillFailure::Kill)];
        let now = UNIX_EPOCH + Duration::from_millis(5 * DAY + 1);
        let said = in_words(&drills, now);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[1], "1970-01-06T00:00:00Z  switchover a>b          50    210 ms    240 ms    251 ms  passed");
        assert!(lines[2].ends_with("NOT PASSED: 2 lost, 0 doubled, 0 out of order, 0 disconnected"), "{said}");
        assert_eq!(lines[5], "failover was last proven at 1970-01-03T00:00:00Z (3 days ago)");
    }

    #[test]
    fn without_a_drill_it_says_that_nothing_is_proven() {
        let now = SystemTime::now();
        assert_eq!(in_words(&[], now), "failover has not been proven by a drill; `tandem drill` does it");
        assert_eq!(ago(Timestamp(0), UNIX_EPOCH + Duration::from_secs(7_200)), "2 hours ago");
        assert_eq!(ago(Timestamp(0), UNIX_EPOCH + Duration::from_secs(60)), "1 minute ago");
        assert_eq!(ago(Timestamp(5), UNIX_EPOCH), "just now");
    }
}
