//! Why a command ends without success: the line that a person reads and the exit code that a script reads.

use std::{io::Write, process::ExitCode};

use crate::settings::Refusals;

/// The exit code of a role that is to be started again. A supervisor that restarts only what has failed restarts it too.
pub(crate) const START_AGAIN: u8 = 75;

/// A command's failure.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 2: what was asked for is wrong; the same command fails again until it is changed.
    Usage(anyhow::Error),
    /// Exit code 1: something outside is in the way.
    Runtime(anyhow::Error),
    /// Exit code 75 (`EX_TEMPFAIL` of sysexits.h): it ends because it was asked to, for whoever supervises it to start it
    /// again; its log says so.
    StartAgain,
    /// A child process said already what is wrong; its exit code is passed on.
    Told(u8),
}

impl Failure {
    /// A failure of the first kind.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::Usage(error.into())
    }

    /// A failure of the second kind.
    pub(crate) fn runtime(error: impl Into<anyhow::Error>) -> Self {
        Self::Runtime(error.into())
    }

    /// Tells the person at stderr, one line a reason, and returns the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        let (error, code) = match self {
            Self::Usage(error) => (error, 2),
            Self::Runtime(error) => (error, 1),
            Self::StartAgain => return ExitCode::from(START_AGAIN),
            Self::Told(code) => return ExitCode::from(*code),
        };
        for line in format!("{error:#}").lines() {
            // Where stderr is gone, the exit code still says it.
            let _ = writeln!(std::io::stderr(), "tandem: {line}");
        }
        ExitCode::from(code)
    }
}

impl From<Refusals> for Failure {
    fn from(refusals: Refusals) -> Self {
        Self::usage(refusals)
    }
}
