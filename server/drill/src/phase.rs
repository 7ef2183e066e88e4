//! How far a drill has come, for whoever watches it.

use serde::Serialize;

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Finds out what is in the way.
    Checking,
    /// Opens its sessions and connects their customers.
    Opening,
    /// All speak; nothing has failed yet.
    Steady,
    /// The primary fails, and another engine takes over.
    Failing,
    /// Waits until every session goes on.
    Recovering,
    /// Waits until the pair is complete again.
    Completing,
    /// Compares the transcripts with what was acknowledged.
    Judging,
    /// Ends and erases its sessions.
    Cleaning,
    /// It is over.
    Over,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Of the sessions that it does it with, so many are done.
    pub done: u32,
    /// All of them; 0 where it is not about sessions.
    pub total: u32,
    /// The same in a sentence.
    pub says: String,
}

impl Phase {
    /// What a person reads.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Checking => "looking whether anything is in the way",
            Self::Opening => "opening synthetic sessions",
            Self::Steady => "all sessions speak",
            Self::Failing => "the primary fails; waiting for its successor",
            Self::Recovering => "waiting until every session goes on",
            Self::Completing => "waiting until the pair is complete again",
            Self::Judging => "comparing the transcripts with what was acknowledged",
            Self::Cleaning => "ending and erasing the sessions",
            Self::Over => "over",
        }
    }
}

impl Progress {
    pub(crate) fn new(phase: Phase, done: usize, total: usize) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { phase, done: count(done), total: count(total), says: phase.in_words().to_owned() }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new(Phase::Checking, 0, 0)
    }
}
