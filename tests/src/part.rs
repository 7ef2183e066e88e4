//! One role of a system, over all its lives: the command that starts it, its address, its log.

use std::ffi::OsString;

use rustix::process::Signal;
use tandem_protocol::LinkVersion;

use crate::{
    executable,
    logs::Logs,
    ports,
    process::{Process, Ready},
};

/// A role that can be started again and again.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Where it listens, in all its lives; empty for a role that does not.
    pub(crate) address: String,
    /// Where it shows its metrics, in all its lives; empty for one that does not.
    pub(crate) metrics: String,
    command: Vec<OsString>,
    /// The version of the link protocol that it speaks; none for all that it knows.
    version: Option<LinkVersion>,
    /// Over all its lives.
    pub(crate) logs: Logs,
    /// None while it is dead.
    pub(crate) process: Option<Process>,
}

impl Part {
    pub(crate) fn new(name: &'static str, address: String, command: Vec<OsString>) -> Self {
        Self { name, address, metrics: String::new(), command, version: None, logs: Logs::default(), process: None }
    }

    /// Shows its metrics from its next life on.
    pub(crate) fn is_watched(&mut self) {
        self.metrics = ports::reserve();
        self.command.extend(["--metrics".into(), (&self.metrics).into()]);
    }

    /// From its next life on, it is as a program that knows no newer version of the link protocol; or as it is, again.
    pub(crate) fn speaks(&mut self, version: Option<LinkVersion>) {
        self.version = version;
    }

    /// A program of an earlier release where there is one at hand, and this one that speaks as it does where there is none.
    fn command(&self) -> Vec<OsString> {
        let mut command = self.command.clone();
        match (self.version, executable::old()) {
            (None, _) => {}
            (Some(LinkVersion::FIRST), Some(old)) => {
                let program = OsString::from(executable::tandem());
                let at = command.iter().position(|word| *word == program).expect("a role is an executable");
                command[at] = old.into();
            }
            (Some(version), _) => command.extend(["--link-version".into(), version.to_string().into()]),
        }
        command
    }

    /// Starts the process without waiting until it serves.
    pub(crate) fn launch(&mut self) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        self.process = Some(Process::start(self.name, &self.command(), &self.logs));
    }

    pub(crate) async fn start(&mut self) -> Ready {
        self.launch();
        self.is_ready().await
    }

    pub(crate) async fn is_ready(&mut self) -> Ready {
        let ready = self.running().ready().await;
        assert_eq!(ready.pid, self.running().pid(), "a role names its own process");
        assert!(self.address.is_empty() || ready.address == self.address, "{ready:?} is not at {}", self.address);
        assert_eq!(ready.metrics, self.metrics, "{ready:?}");
        ready
    }

    pub(crate) fn running(&mut self) -> &mut Process {
        let name = self.name;
        self.process.as_mut().unwrap_or_else(|| panic!("{name} does not run"))
    }

    pub(crate) fn kill(&mut self) {
        self.running().kill();
        self.process = None;
    }

    /// Ends the role as an operator does.
    pub(crate) async fn end(&mut self) {
        let mut process = self.process.take().unwrap_or_else(|| panic!("{} does not run", self.name));
        process.signal(Signal::CONT);
        process.signal(Signal::TERM);
        let status = process.exit().await;
        assert!(status.success(), "{} ended with {status} on SIGTERM:\n{}", self.name, self.logs.lines().join("\n"));
    }
}
