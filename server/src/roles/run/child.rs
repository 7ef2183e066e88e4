//! One child process: started until it says that it is ready, listened to, ended within a bound.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Instant, timeout},
};

use super::program::Program;
use crate::lifecycle::{
    failure::Failure,
    report::{Ready, Report},
};

/// How long a child may take until it is ready; opening a large store after a crash is the longest part of it.
const READY_WAIT: Duration = Duration::from_secs(60);

/// A child that is ready.
#[derive(Debug)]
pub(super) struct Running {
    /// What it said of itself.
    pub(super) ready: Ready,
    /// Since when.
    pub(super) since: Instant,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said_all: bool,
}

/// What a child does next.
#[derive(Debug)]
pub(super) enum Event {
    /// It says something.
    Says(Report),
    /// It has ended.
    Ended(ExitStatus),
}

/// Why a child does not come up.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// There is no process.
    #[error("{who} cannot be started: {cause}")]
    Spawn {
        /// Who.
        who: String,
        /// Why.
        cause: io::Error,
    },
    /// It ended before it was ready.
    #[error("{who} ended before it was ready: {}", in_words(*.status))]
    Ended {
        /// Who.
        who: String,
        /// How.
        status: ExitStatus,
    },
    /// It does not become ready.
    #[error("{who} was not ready within {} s", READY_WAIT.as_secs())]
    Late {
        /// Who.
        who: String,
    },
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match &error {
            // Exit codes 1 and 2 are those of a child that has said why, on the stderr that it shares with us.
            StartError::Ended { status, .. } if matches!(status.code(), Some(1 | 2)) => {
                Self::Told(if status.code() == Some(2) { 2 } else { 1 })
            }
            _ => Self::runtime(error),
        }
    }
}

impl Running {
    /// Starts a child and waits until it is ready. Not cancel safe: the child is killed when this is dropped.
    pub(super) async fn start(program: &Program) -> Result<Self, StartError> {
        let who = program.called();
        let mut child = match spawn(program) {
            Ok(child) => child,
            Err(cause) => return Err(StartError::Spawn { who, cause }),
        };
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let first_line = timeout(READY_WAIT, next_report(&mut lines)).await;
        match first_line.map_err(|_| StartError::Late { who: who.clone() })? {
            Some(Report::Ready(ready)) => Ok(Self { ready, since: Instant::now(), child, lines, said_all: false }),
            // The end of its stdout is the end of the child, or it is no child of ours and is ended.
            Some(Report::Role(_)) | None => {
                let _ = timeout(program.grace, child.wait()).await;
                let _ = child.start_kill();
                match child.wait().await {
                    Ok(status) => Err(StartError::Ended { who, status }),
                    Err(cause) => Err(StartError::Spawn { who, cause }),
                }
            }
        }
    }

    /// What it does next. Cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            tokio::select! {
                status = self.child.wait() => return Event::Ended(status.unwrap_or_default()),
                report = next_report(&mut self.lines), if !self.said_all => match report {
                    Some(report) => return Event::Says(report),
                    None => self.said_all = true,
                },
            }
        }
    }

    /// Asks it to end, waits, and kills it when the wait was in vain.
    pub(super) async fn end(mut self, grace: Duration) {
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            // A child that has ended meanwhile is not reaped yet: its id cannot be anybody else's.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(grace, self.child.wait()).await.is_err() {
            tracing::warn!(child = self.ready.name, pid = self.ready.pid, "a child did not end in time and is killed");
            let _ = self.child.kill().await;
        }
    }
}

/// In a process group of its own, so that Ctrl-C at the terminal reaches the supervisor only, which ends all in order.
fn spawn(program: &Program) -> io::Result<Child> {
    Command::new(program.executable())
        .args(program.arguments())
        .envs(program.variables())
        // The service manager watches the supervisor, who sees to its children.
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// The next line that is a report; none at the end. Cancel safe, as `next_line` is.
async fn next_report(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Report> {
    loop {
        let line = lines.next_line().await.ok()??;
        match serde_json::from_str(&line) {
            Ok(report) => return Some(report),
            Err(_) => tracing::debug!("a child said something that is no report"),
        }
    }
}

/// How a process ended, in words.
pub(super) fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "for an unknown reason".to_owned(),
    }
}
