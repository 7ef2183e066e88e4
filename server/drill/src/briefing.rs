//! What a drill will do, said before it does it, and what is in its way.

use std::time::Duration;

use tandem_protocol::{
    Blocker, EngineName, Epoch, SwitchoverOutcome,
    control::{DrillFailure, EngineStatus, PairStatus, Takeover, TakeoverCause},
};

use tokio::time::timeout;

use crate::{
    ask::{Asker, Unanswered},
    plan::Plan,
    rehearsal::HANG,
    transport::Gateway,
};

/// How long the journal may take to say what the last one cost: it is read from the store, which may hang, and is of less
/// weight than what is in the way.
const JOURNAL_MAX: Duration = Duration::from_secs(2);

/// How long it may take to reach the gateway.
const REACH_MAX: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Briefing {
    /// What will happen, a sentence a line.
    pub says: Vec<String>,
    /// All that is in the way; empty when nothing is.
    pub blockers: Vec<String>,
    /// The primary that is to fail.
    pub from: EngineName,
    /// Its epoch; who agrees to what is said names it.
    pub epoch: Epoch,
}

/// Looks how the pair stands, and changes nothing.
pub async fn brief(plan: &Plan, asker: &Asker, gateway: &dyn Gateway) -> Result<Briefing, Unanswered> {
    let status = asker.status().await?;
    let dry = asker.switchover(status.epoch, true).await?;
    // Without a journal there is no figure, and nothing is in the way of a drill.
    let takeovers = timeout(JOURNAL_MAX, asker.takeovers()).await.ok().and_then(Result::ok).unwrap_or_default();
    let says = sentences(plan, &status, &takeovers);
    let mut blockers = blockers(plan, &status, dry);
    blockers.extend(unreachable(gateway).await);
    Ok(Briefing { says, blockers, from: status.primary.name, epoch: status.epoch })
}

/// Why synthetic customers would not get anywhere, if they would not.
async fn unreachable(gateway: &dyn Gateway) -> Option<String> {
    let because = match timeout(REACH_MAX, gateway.connect()).await {
        Ok(Ok(_)) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("nothing answers within {} s", REACH_MAX.as_secs()),
    };
    Some(format!("the gateway {} cannot be reached: {because}", gateway.authority()))
}

fn blockers(plan: &Plan, status: &PairStatus, dry: SwitchoverOutcome) -> Vec<String> {
    let mut blockers: Vec<String> = match dry {
        SwitchoverOutcome::Clear { .. } => Vec::new(),
        SwitchoverOutcome::Blocked(blockers) => blockers.iter().map(Blocker::to_string).collect(),
        _ => vec!["the primary has changed just now".to_owned()],
    };
    if plan.failure != DrillFailure::Switchover && !status.drills_allowed {
        blockers.push("the settings say that no engine is to fail for a drill (allow-drills = false)".to_owned());
    }
    let wanted = u64::from(plan.sessions);
    let counts = status.sessions;
    let rooms = [
        ("limit-for-sessions", "open sessions", counts.open, counts.sessions_max),
        ("limit-for-clients", "connected clients", counts.clients, counts.clients_max),
    ];
    for (limit, what, there, most) in rooms {
        let room = most.saturating_sub(there);
        if room < wanted {
            blockers.push(format!("{limit} leaves room for {room} more {what}, and the drill needs {wanted}"));
        }
    }
    blockers
}

fn sentences(plan: &Plan, status: &PairStatus, takeovers: &[Takeover]) -> Vec<String> {
    let mut says = vec![failure(plan, status)];
    says.push(format!(
        "{} synthetic session{} say something every {} ms meanwhile; nobody sees them, and they are erased afterwards.",
        plan.sessions,
        if plan.sessions == 1 { "" } else { "s" },
        plan.every.as_millis()
    ));
    let open = status.sessions.open;
    let pause = pause(plan.failure, takeovers);
    says.push(if open == 0 {
        "No customer is in a chat now; whoever comes meanwhile stays connected.".to_owned()
    } else {
        format!("Open sessions of customers: {open}. They stay connected and notice a pause of {pause}.")
    });
    let primary = &status.primary.name;
    match plan.failure {
        DrillFailure::Kill => says.push(format!(
            "Whoever supervises engine {primary} starts it again, as the backup; until then a second failure would stop \
             all chats."
        )),
        DrillFailure::Hang => says.push(format!(
            "Engine {primary} is let go on after {} s and becomes the backup; on the embedded store it may be killed \
             instead, by the one that takes over, where it stops in the middle of a write. Until it is back a second \
             failure would stop all chats.",
            HANG.as_secs()
        )),
        DrillFailure::Switchover => says.push(format!("Engine {primary} becomes the backup.")),
    }
    says
}

fn failure(plan: &Plan, status: &PairStatus) -> String {
    let primary = described(&status.primary);
    let backup = status.backup.as_ref().map_or("nobody".to_owned(), |backup| described(&backup.engine));
    match plan.failure {
        DrillFailure::Kill => format!("Kills {primary}; {backup} takes over."),
        DrillFailure::Hang => {
            format!(
                "Stops {primary}, for {} s, as if it hung; {backup} takes over when its lease has expired.",
                HANG.as_secs()
            )
        }
        DrillFailure::Switchover => format!("Has {primary} hand over to {backup}, as planned."),
    }
}

fn described(engine: &EngineStatus) -> String {
    let EngineStatus { name, host, pid, .. } = engine;
    // A backup that has not introduced itself yet is known by name only.
    if host.is_empty() || *pid == 0 {
        format!("engine {name}")
    } else {
        format!("engine {name}, process {pid}, on {host}")
    }
}

/// What is to be expected: as it was the last time, where that is known.
fn pause(failure: DrillFailure, takeovers: &[Takeover]) -> String {
    let (cause, usual) = match failure {
        DrillFailure::Kill => (TakeoverCause::Died, "less than a second"),
        DrillFailure::Hang => (TakeoverCause::Silent, "some seconds, about as long as the lease lasts"),
        DrillFailure::Switchover => (TakeoverCause::Planned, "less than 50 ms"),
    };
    let last = takeovers.iter().find(|takeover| takeover.cause == cause);
    match last.and_then(|takeover| takeover.gap_ms) {
        Some(gap_ms) => format!("about {gap_ms} ms, as the last time"),
        None => usual.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{
        PairName, Timestamp,
        control::{BackupStatus, SavingStatus, SessionCounts, StoreStatus, Traffic},
    };

    use super::*;

    fn plan(failure: DrillFailure) -> Plan {
        let pair = PairName::new("main").expect("is a name");
        Plan::new(pair, failure, 50, Duration::from_millis(100)).expect("is a plan")
    }

    fn engine(name: &str, host: &str, pid: u32) -> EngineStatus {
        EngineStatus {
            name: EngineName::new(name).expect("is a name"),
            address: "10.0.0.1:7301".into(),
            host: host.into(),
            pid,
            version: "1".into(),
            started_ms: Timestamp::ZERO,
        }
    }

    fn status() -> PairStatus {
        let since_ms = Timestamp::ZERO;
        PairStatus {
            pair: PairName::new("main").expect("is a name"),
            at_ms: since_ms,
            epoch: Epoch(4),
            since_ms,
            primary: engine("a", "one", 4711),
            backup: Some(BackupStatus { engine: engine("b", "two", 12), since_ms, heard_ms_ago: 1 }),
            links: Vec::new(),
            sessions: SessionCounts { open: 412, sessions_max: 1_000, clients_max: 1_000, ..SessionCounts::default() },
            traffic: Traffic::default(),
            saving: SavingStatus::default(),
            store: StoreStatus { place: "/data".into(), in_reach: true },
            blockers: Vec::new(),
            drills_allowed: true,
        }
    }

    fn clear() -> SwitchoverOutcome {
        let [from, to] = ["a", "b"].map(|name| EngineName::new(name).expect("is a name"));
        SwitchoverOutcome::Clear { from, to }
    }

    #[test]
    fn an_operator_reads_who_is_killed_and_what_customers_notice() {
        let said = sentences(&plan(DrillFailure::Kill), &status(), &[]);
        assert_eq!(said[0], "Kills engine a, process 4711, on one; engine b, process 12, on two takes over.");
        assert_eq!(
            said[2],
            "Open sessions of customers: 412. They stay connected and notice a pause of less than a second."
        );
        let hang = sentences(&plan(DrillFailure::Hang), &status(), &[]);
        assert!(hang[0].starts_with("Stops engine a, process 4711, on one, for "), "{}", hang[0]);
        let planned = sentences(&plan(DrillFailure::Switchover), &status(), &[]);
        assert_eq!(planned[3], "Engine a becomes the backup.");
    }

    #[test]
    fn the_pause_is_the_last_one_of_its_kind_where_that_is_known() {
        let takeover = |cause, gap_ms| Takeover {
            pair: PairName::new("main").expect("is a name"),
            epoch: Epoch(3),
            at_ms: Timestamp::ZERO,
            from: None,
            to: EngineName::new("a").expect("is a name"),
            cause,
            took_us: 1,
            sessions: 1,
            gap_ms,
        };
        let takeovers = [takeover(TakeoverCause::Silent, Some(3_100)), takeover(TakeoverCause::Died, Some(210))];
        assert_eq!(pause(DrillFailure::Kill, &takeovers), "about 210 ms, as the last time");
        assert_eq!(pause(DrillFailure::Switchover, &takeovers), "less than 50 ms");
    }

    #[test]
    fn everything_in_the_way_is_named() {
        let mut full = status();
        full.drills_allowed = false;
        full.sessions.open = 970;
        let dry = SwitchoverOutcome::Blocked(vec![Blocker::NoBackup]);
        let named = blockers(&plan(DrillFailure::Kill), &full, dry);
        assert_eq!(
            named,
            [
                "no backup stands by",
                "the settings say that no engine is to fail for a drill (allow-drills = false)",
                "limit-for-sessions leaves room for 30 more open sessions, and the drill needs 50",
            ]
        );
        assert_eq!(blockers(&plan(DrillFailure::Kill), &status(), clear()), [""; 0]);
        full.sessions.open = 0;
        assert_eq!(blockers(&plan(DrillFailure::Switchover), &full, clear()), [""; 0], "a switchover kills nobody");
    }
}
