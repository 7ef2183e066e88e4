//! One process of Tandem that the harness started: its ready line, its logs, and the signals to it.
//!
//! It signals only its own child, by process id, and never after the child was reaped, so that a reused id is safe.

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::{deadline, executable, logs::Logs, seeds};

/// What a role prints on stdout when it serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ready {
    /// `engine`, `gateway` or `echo`.
    pub role: String,
    /// The engine's name; empty for a role that has none.
    #[serde(default)]
    pub name: String,
    /// Where it listens; empty for a role that does not.
    #[serde(default)]
    pub address: String,
    /// Where it shows its metrics; empty for one that does not.
    #[serde(default)]
    pub metrics: String,
    /// Its process id.
    pub pid: u32,
}

/// The line of stdout: `{"ready":{…}}`.
#[derive(Deserialize)]
struct ReadyLine {
    ready: Ready,
}

/// A command without the tests' own variables: they are no settings, and Tandem refuses what it does not know.
pub(crate) fn prepared(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove(seeds::VARIABLE).env_remove("TANDEM_SCREENSHOTS").env_remove(executable::OLD);
    command
}

/// A running child process.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    logs: Logs,
    /// Lines of stdout as they come; the channel needs no bound, since a role prints one line for each part of it.
    stdout: mpsc::Receiver<String>,
}

impl Process {
    /// Starts a program. `name` is for messages. The logs of an earlier life of the role are continued.
    ///
    /// # Panics
    /// When the program cannot be started at all.
    #[must_use]
    pub(crate) fn start(name: &str, command: &[OsString], logs: &Logs) -> Self {
        let (program, arguments) = command.split_first().expect("a command names its program");
        let mut child = prepared(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        logs.follow(child.stderr.take().expect("stderr is piped"));
        let (sender, stdout) = mpsc::channel();
        let printed = child.stdout.take().expect("stdout is piped");
        std::thread::spawn(move || pass_on(printed, &sender));
        Self { name: name.to_owned(), child, logs: logs.clone(), stdout }
    }

    /// Waits for the next ready line.
    ///
    /// # Panics
    /// When the process ends first or prints something else; the message has its log.
    pub(crate) async fn ready(&mut self) -> Ready {
        let line = self.line("it is ready").await;
        let parsed = serde_json::from_str::<ReadyLine>(&line);
        parsed.unwrap_or_else(|error| panic!("{} printed {line:?}, no ready line: {error}", self.name)).ready
    }

    /// Waits for the next line of stdout, which says what the message names.
    ///
    /// # Panics
    /// When the process ends first; the message has its log.
    pub(crate) async fn line(&mut self, says: &str) -> String {
        let what = format!("{} says that {says}", self.name);
        let line = deadline::eventually(&what, async || match self.stdout.try_recv() {
            Ok(line) => Some(line),
            Err(mpsc::TryRecvError::Empty) => None,
            Err(mpsc::TryRecvError::Disconnected) => {
                panic!("{} ended before it said that {says}:\n{}", self.name, self.logs.lines().join("\n"))
            }
        });
        line.await
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to this very process, unless it has ended.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let pid = Pid::from_child(&self.child);
            kill_process(pid, signal).expect("a child that was not reaped can be signalled");
        }
    }

    /// How the process ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits until the process has ended by itself and its whole log is read.
    pub(crate) async fn exit(mut self) -> ExitStatus {
        let what = format!("{} ends", self.name);
        let status = deadline::eventually(&what, async || self.ended()).await;
        self.logs.settle(&self.name).await;
        status
    }

    /// Kills the process as the kernel does to one out of memory, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.child.wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.signal(Signal::KILL);
            // The outcome is of no interest: a test that cares ends its processes itself.
            let _ = self.child.wait();
        }
    }
}

/// Passes on lines until the process closes its stdout or nobody listens.
fn pass_on(stdout: ChildStdout, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if lines.send(line).is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Process, Logs) {
        let logs = Logs::default();
        let command = ["sh", "-c", script].map(OsString::from);
        (Process::start("the script", &command, &logs), logs)
    }

    #[tokio::test]
    async fn a_ready_line_is_read_and_the_log_is_kept() {
        let (mut process, logs) =
            shell(r#"echo up >&2; echo '{"ready":{"role":"engine","name":"a","address":"h:1","pid":7}}'; read x"#);
        let ready = process.ready().await;
        assert_eq!(
            ready,
            Ready { role: "engine".into(), name: "a".into(), address: "h:1".into(), metrics: String::new(), pid: 7 }
        );
        process.exit().await;
        assert_eq!(logs.lines(), ["up"]);
    }

    #[tokio::test]
    #[should_panic(expected = "ended before it said that it is ready:\nno luck")]
    async fn a_process_that_ends_too_soon_shows_its_log() {
        let (mut process, _) = shell("echo no luck >&2; exec >&-; read x <&2; exit 3");
        process.ready().await;
    }

    #[test]
    fn a_killed_process_is_gone() {
        let (mut process, _) = shell("exec sleep 1000");
        assert!(!process.kill().success());
        process.signal(Signal::KILL);
    }
}
