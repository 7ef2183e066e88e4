//! A planned switchover: what is asked, what may be in its way, and what became of it.
//!
//! It is asked of the primary, by the operator's command or by a gateway for the control page. The frames between the
//! two engines and to the links are in [`crate::link`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EngineName, Epoch, control::Actor};

/// Asks the primary to hand over to its backup. Repeatable: it names the epoch that is to end, so that a repeat which
/// meets the next primary is told what became of it and moves nothing back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switchover {
    /// The epoch of the primary that is to hand over, as the asking side was told.
    pub from: Epoch,
    /// Only find out whether anything would be in the way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Who asks; it is written down with what becomes of it. A dry run is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// What became of a [`Switchover`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchoverOutcome {
    /// To a dry run: nothing is in the way.
    Clear {
        /// The primary.
        from: EngineName,
        /// Its backup.
        to: EngineName,
    },
    /// Nothing was begun, for all of these reasons.
    Blocked(Vec<Blocker>),
    /// It was begun and given up; the primary goes on, and nobody has noticed more than a pause.
    GivenUp(GivenUp),
    /// It is done. Said by the new primary.
    Done(Switched),
    /// The primary was lost meanwhile, as by any failure, and another engine has taken over. Said by that one.
    Overtaken {
        /// The engine that serves.
        primary: EngineName,
        /// The epoch in which it does.
        epoch: Epoch,
    },
}

/// A switchover that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched {
    /// The engine that was primary.
    pub from: EngineName,
    /// The engine that is.
    pub to: EngineName,
    /// The epoch in which it is.
    pub epoch: Epoch,
    /// How long nothing was taken in, in microseconds: from the moment in which the old primary began to hold requests
    /// to its word that it had handed over, and from there to the moment in which the new one served. The way between
    /// the two is not in it: it would need a clock that both share.
    pub held_us: u64,
}

/// What is in the way of a switchover.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// No engine stands by.
    NoBackup,
    /// The backup is of an older version than the primary and may not understand what that one has written.
    BackupOlder {
        /// The backup's version, as far as it says.
        backup: String,
        /// The primary's.
        primary: String,
    },
    /// The store does not take what is written.
    StoreNotWritable,
    /// This link has not acknowledged the pair as it is: it would not know where to go.
    LinkUnaware {
        /// The link's name.
        link: String,
    },
    /// A switchover is under way; for a dry run only, since whoever asks for another one waits for it.
    UnderWay,
}

impl Blocker {
    /// All of them in one sentence.
    #[must_use]
    pub fn listed(blockers: &[Self]) -> String {
        blockers.iter().map(Self::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBackup => f.write_str("no backup stands by"),
            Self::BackupOlder { backup, primary } => {
                write!(f, "the backup is of version {backup}, older than the primary's {primary}")
            }
            Self::StoreNotWritable => f.write_str("the store cannot be written"),
            Self::LinkUnaware { link } => {
                write!(f, "the link {link} has not acknowledged who is primary and who is backup")
            }
            Self::UnderWay => f.write_str("a switchover is under way"),
        }
    }
}

/// Why a switchover was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenUp {
    /// The backup is gone.
    BackupLost,
    /// The backup did not prepare itself in time.
    BackupLate,
    /// What was on its way to the store was not saved in time.
    StoreLate,
    /// Something that was told is not saved and cannot be at present.
    NotSaved,
    /// The store did not take the change of the lease.
    LeaseNotHanded,
    /// The engine is being stopped.
    Stopping,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BackupLost => "the backup was lost",
            Self::BackupLate => "the backup did not prepare itself in time",
            Self::StoreLate => "what was on its way to the store was not saved in time",
            Self::NotSaved => "something that was told is not saved and cannot be at present",
            Self::LeaseNotHanded => "the store did not take the change of the lease",
            Self::Stopping => "the engine is being stopped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(outcome: &SwitchoverOutcome) -> String {
        let json = serde_json::to_string(outcome).expect("serialises");
        assert_eq!(serde_json::from_str::<SwitchoverOutcome>(&json).expect("reads back"), *outcome);
        json
    }

    #[test]
    fn outcomes_look_on_the_wire_as_documented() {
        let name = |name: &str| EngineName::new(name).expect("valid");
        let done = Switched { from: name("a"), to: name("b"), epoch: Epoch(5), held_us: 9_400 };
        let cases = [
            (SwitchoverOutcome::Clear { from: name("a"), to: name("b") }, r#"{"clear":{"from":"a","to":"b"}}"#),
            (
                SwitchoverOutcome::Blocked(vec![Blocker::NoBackup, Blocker::LinkUnaware { link: "echo".into() }]),
                r#"{"blocked":["no_backup",{"link_unaware":{"link":"echo"}}]}"#,
            ),
            (SwitchoverOutcome::GivenUp(GivenUp::BackupLost), r#"{"given_up":"backup_lost"}"#),
            (SwitchoverOutcome::Done(done), r#"{"done":{"from":"a","to":"b","epoch":5,"held_us":9400}}"#),
            (
                SwitchoverOutcome::Overtaken { primary: name("b"), epoch: Epoch(5) },
                r#"{"overtaken":{"primary":"b","epoch":5}}"#,
            ),
        ];
        for (outcome, expected) in cases {
            assert_eq!(json(&outcome), expected);
        }
    }
}
