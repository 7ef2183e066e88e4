//! What is not as it should be with a pair that serves: each thing that a person should look at, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PairStatus;
use crate::Blocker;

/// A batch that has been at the store for so long stands still.
const BATCH_STUCK_MS: u64 = 1_000;

/// Who was not heard for so long may be hung: three heartbeats were due.
const SILENT_MS: u64 = 1_500;

/// Of a hundred of what a limit allows, so many are near to it.
const NEAR_PERCENT: u64 = 90;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// Something is in the way of a switchover; that none stands by is in the way of a failover too.
    Blocked(Blocker),
    /// The store is out of reach.
    StoreOutOfReach,
    /// The batch at the store has been there for so long, in milliseconds.
    SavesStuck(u64),
    /// In so many sessions something was told that is not saved.
    Unsaved(u64),
    /// The backup was not heard for so long, in milliseconds.
    BackupSilent(u64),
    /// This link was not heard for so long, in milliseconds.
    LinkSilent {
        /// Its name.
        link: String,
        /// How long.
        ms: u64,
    },
    /// No gateway is linked.
    NoGateway,
    /// So many open sessions of so many that may be.
    SessionsNearLimit(u64, u64),
    /// So many clients of so many that may be.
    ClientsNearLimit(u64, u64),
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked(Blocker::NoBackup) => f.write_str("no backup stands by: nobody would take over"),
            Self::Blocked(blocker) => blocker.fmt(f),
            Self::StoreOutOfReach => f.write_str("the store is out of reach"),
            Self::SavesStuck(ms) => write!(f, "saves are stuck: a batch has been at the store for {}", seconds(*ms)),
            Self::Unsaved(1) => f.write_str("in 1 session something was told that is not saved"),
            Self::Unsaved(count) => write!(f, "in {count} sessions something was told that is not saved"),
            Self::BackupSilent(ms) => write!(f, "the backup was not heard for {}", seconds(*ms)),
            Self::LinkSilent { link, ms } => write!(f, "the link {link} was not heard for {}", seconds(*ms)),
            Self::NoGateway => f.write_str("no gateway is linked: nobody reaches this pair"),
            Self::SessionsNearLimit(open, max) => {
                write!(f, "{open} sessions are open, and limit-for-sessions allows {max}")
            }
            Self::ClientsNearLimit(clients, max) => {
                write!(f, "{clients} clients are connected, and limit-for-clients allows {max}")
            }
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1_000.0)
}

impl PairStatus {
    /// What a person should look at; nothing when all is well. A switchover that is under way is as it should be.
    #[must_use]
    pub fn concerns(&self) -> Vec<Concern> {
        let stored = self.about_the_store();
        let is_told_better = |blocker: &Blocker| *blocker == Blocker::StoreNotWritable && !stored.is_empty();
        let blockers =
            self.blockers.iter().filter(|blocker| **blocker != Blocker::UnderWay && !is_told_better(blocker));
        let mut concerns: Vec<Concern> = blockers.cloned().map(Concern::Blocked).collect();
        concerns.extend(stored);
        concerns.extend(self.about_silence());
        if !self.links.iter().any(|link| link.role == "gateway") {
            concerns.push(Concern::NoGateway);
        }
        let (counts, is_near) =
            (self.sessions, |count: u64, max: u64| count > 0 && count >= max.saturating_mul(NEAR_PERCENT) / 100);
        if is_near(counts.open, counts.sessions_max) {
            concerns.push(Concern::SessionsNearLimit(counts.open, counts.sessions_max));
        }
        if is_near(counts.clients, counts.clients_max) {
            concerns.push(Concern::ClientsNearLimit(counts.clients, counts.clients_max));
        }
        concerns
    }

    fn about_the_store(&self) -> Vec<Concern> {
        let mut concerns = Vec::new();
        if !self.store.in_reach {
            concerns.push(Concern::StoreOutOfReach);
        }
        if let Some(stuck_ms) = self.saving.batch_ms.filter(|ms| *ms >= BATCH_STUCK_MS) {
            concerns.push(Concern::SavesStuck(stuck_ms));
        }
        if self.saving.sessions_behind > 0 && !self.saving.at_end {
            concerns.push(Concern::Unsaved(self.saving.sessions_behind));
        }
        concerns
    }

    fn about_silence(&self) -> Vec<Concern> {
        let backup = self.backup.iter().filter(|backup| backup.heard_ms_ago >= SILENT_MS);
        let backup = backup.map(|backup| Concern::BackupSilent(backup.heard_ms_ago));
        let links = self.links.iter().filter(|link| link.heard_ms_ago >= SILENT_MS);
        let links = links.map(|link| Concern::LinkSilent { link: link.name.clone(), ms: link.heard_ms_ago });
        backup.chain(links).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::whole, *};

    type Change = fn(&mut PairStatus);

    fn said(change: impl FnOnce(&mut PairStatus)) -> Vec<String> {
        let mut status = whole();
        change(&mut status);
        status.concerns().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pair_in_which_all_is_well_is_of_no_concern() {
        assert_eq!(whole().concerns(), []);
        assert_eq!(said(|status| status.blockers = vec![Blocker::UnderWay]), [""; 0]);
    }

    #[test]
    fn each_thing_that_is_not_well_is_named() {
        let unaware = Blocker::LinkUnaware { link: "echo".into() };
        let cases: [(&str, Change); 9] = [
            ("no backup stands by: nobody would take over", |status| {
                (status.backup, status.blockers) = (None, vec![Blocker::NoBackup]);
            }),
            ("the store is out of reach", |status| {
                (status.store.in_reach, status.blockers) = (false, vec![Blocker::StoreNotWritable]);
            }),
            ("the store cannot be written", |status| status.blockers = vec![Blocker::StoreNotWritable]),
            ("saves are stuck: a batch has been at the store for 2.5 s", |status| {
                (status.saving.batch_ms, status.blockers) = (Some(2_500), vec![Blocker::StoreNotWritable]);
            }),
            ("in 2 sessions something was told that is not saved", |status| status.saving.sessions_behind = 2),
            ("the backup was not heard for 1.6 s", |status| {
                status.backup.as_mut().expect("there is one").heard_ms_ago = 1_600;
            }),
            ("the link echo was not heard for 2.0 s", |status| status.links[2].heard_ms_ago = 2_000),
            ("no gateway is linked: nobody reaches this pair", |status| drop(status.links.remove(0))),
            ("90000 sessions are open, and limit-for-sessions allows 100000", |status| status.sessions.open = 90_000),
        ];
        for (expected, change) in cases {
            assert_eq!(said(change), [expected]);
        }
        let told = said(|status| status.blockers = vec![unaware]);
        assert_eq!(told, ["the link echo has not acknowledged who is primary and who is backup"]);
    }

    #[test]
    fn a_batch_on_its_way_and_what_is_saved_at_the_end_are_of_no_concern() {
        assert_eq!(said(|status| (status.saving.sessions_behind, status.saving.at_end) = (7, true)), [""; 0]);
        assert_eq!(said(|status| (status.saving.batch_ms, status.saving.waiting) = (Some(900), 40)), [""; 0]);
    }
}
