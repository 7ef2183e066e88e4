//! What is to be rehearsed, within what a running system can be asked to bear.

use std::time::Duration;

use tandem_protocol::{PairName, control::DrillFailure};
use uuid::Uuid;

/// Sessions, where nobody says how many.
pub const SESSIONS_DEFAULT: u32 = 50;

/// Sessions at most: enough for a figure at one in a hundred, few beside what a pair has.
pub const SESSIONS_MAX: u32 = 1_000;

/// Between two messages of a session, where nobody says how long.
pub const EVERY_DEFAULT: Duration = Duration::from_millis(100);

/// The least time between two messages of a session: gateways read no client much faster.
pub const EVERY_MIN: Duration = Duration::from_millis(20);

/// The most: a session must say something before and after the failure within the drill's own waits.
pub const EVERY_MAX: Duration = Duration::from_secs(5);

/// Messages a second of all sessions together, so that the drill is no load that causes what it is to find.
pub const PER_SECOND_MAX: u64 = 5_000;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Names the drill; its record is written once.
    pub id: Uuid,
    /// The pair.
    pub pair: PairName,
    /// What is rehearsed.
    pub failure: DrillFailure,
    /// Synthetic sessions.
    pub sessions: u32,
    /// Between two messages of each.
    pub every: Duration,
}

/// Why a plan is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// Too many, or none.
    #[error("a drill has 1 to {SESSIONS_MAX} sessions, not {0}")]
    Sessions(u32),
    /// Too often, or too rarely.
    #[error("a session says something every {EVERY_MIN:?} to {EVERY_MAX:?}, not every {0:?}")]
    Every(Duration),
    /// Too much altogether.
    #[error(
        "{0} messages a second are too many for a drill; it says at most {PER_SECOND_MAX}: take fewer sessions, or more time between two messages"
    )]
    PerSecond(u64),
}

impl Plan {
    /// A new drill.
    pub fn new(pair: PairName, failure: DrillFailure, sessions: u32, every: Duration) -> Result<Self, BadPlan> {
        if !(1..=SESSIONS_MAX).contains(&sessions) {
            return Err(BadPlan::Sessions(sessions));
        }
        if !(EVERY_MIN..=EVERY_MAX).contains(&every) {
            return Err(BadPlan::Every(every));
        }
        let every_ms = u64::try_from(every.as_millis()).expect("is within the bounds");
        let per_second = u64::from(sessions) * 1_000 / every_ms;
        if per_second > PER_SECOND_MAX {
            return Err(BadPlan::PerSecond(per_second));
        }
        Ok(Self { id: Uuid::now_v7(), pair, failure, sessions, every })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(sessions: u32, every_ms: u64) -> Result<u32, BadPlan> {
        let pair = PairName::new("main").expect("is a name");
        let plan = Plan::new(pair, DrillFailure::Kill, sessions, Duration::from_millis(every_ms));
        plan.map(|plan| plan.sessions)
    }

    #[test]
    fn a_plan_stays_within_what_a_running_system_bears() {
        assert_eq!(planned(50, 100), Ok(50));
        assert_eq!(planned(1_000, 200), Ok(1_000));
        assert_eq!(planned(0, 100), Err(BadPlan::Sessions(0)));
        assert_eq!(planned(1_001, 100), Err(BadPlan::Sessions(1_001)));
        assert_eq!(planned(50, 1), Err(BadPlan::Every(Duration::from_millis(1))));
        assert_eq!(planned(50, 6_000), Err(BadPlan::Every(Duration::from_secs(6))));
        assert_eq!(planned(1_000, 100), Err(BadPlan::PerSecond(10_000)));
    }

    #[test]
    fn a_person_reads_what_is_allowed() {
        let said = planned(2_000, 100).expect_err("too many").to_string();
        assert_eq!(said, "a drill has 1 to 1000 sessions, not 2000");
        let said = planned(5, 1).expect_err("too often").to_string();
        assert_eq!(said, "a session says something every 20ms to 5s, not every 1ms");
    }
}
