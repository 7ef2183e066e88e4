//! `tandem run` as an operator starts it: one process that starts all others, and what it says of them.
//!
//! It knows the supervisor by its command line, its `--json` lines and its signals only.

use std::{
    collections::VecDeque,
    ffi::OsString,
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{deadline::eventually, executable, logs::Logs, ports, process::Process, rest::Rest};

/// A running `tandem run`.
#[derive(Debug)]
pub struct Whole {
    /// Where it is started and keeps its data; deleted with it.
    folder: tempfile::TempDir,
    address: String,
    engine_ports: String,
    given: Given,
    logs: Logs,
    process: Process,
    /// What it said and nobody has asked for yet.
    said: VecDeque<Value>,
    /// All processes that it ever named.
    named: Vec<u32>,
}

/// What it is started with beside its places.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Variables of its environment.
    pub variables: Vec<(String, String)>,
    /// Flags.
    pub flags: Vec<String>,
    /// A copy of the executable in its place.
    pub program: Option<PathBuf>,
}

/// How a command ended that could not do its work.
#[derive(Debug)]
pub struct Refusal {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The lines on stderr.
    pub lines: Vec<String>,
}

impl Whole {
    /// Starts everything on a data directory of its own.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start() -> Self {
        Self::start_with(Given::default()).await
    }

    /// Starts everything in an environment and with flags.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_with(given: Given) -> Self {
        let folder = tempfile::Builder::new().prefix("tandem-test-").tempdir().expect("the temp folder is writable");
        let [address, a, b] = std::array::from_fn(|_| ports::reserve());
        let port = |address: &str| address.rsplit(':').next().expect("has a port").to_owned();
        let engine_ports = format!("{},{}", port(&a), port(&b));
        let logs = Logs::default();
        let command = command(&folder.path().join("data"), &address, &engine_ports, &given);
        let process = Process::start("tandem run", &command, &logs);
        let (said, named) = (VecDeque::new(), Vec::new());
        let mut whole = Self { folder, address, engine_ports, given, logs, process, said, named };
        whole.is_started().await;
        whole
    }

    /// Starts everything again, on the same data and ports.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&mut self) {
        let command = command(&self.data(), &self.address, &self.engine_ports, &self.given);
        self.process = Process::start("tandem run", &command, &self.logs);
        self.said.clear();
        self.is_started().await;
    }

    async fn is_started(&mut self) {
        let started = self.says("started").await;
        let parts = ["primary", "backup", "interaction", "gateway", "echo"];
        self.named = parts.iter().filter_map(|part| pid_of(&started[part])).collect();
        assert_eq!(self.named.len(), parts.len(), "every process is named: {started}");
        self.said.push_front(serde_json::json!({ "started": started }));
    }

    /// Waits until it says something of this kind; what came before is passed over.
    ///
    /// # Panics
    /// When it ends or does not say it in time.
    pub async fn says(&mut self, kind: &str) -> Value {
        let [inside] = self.says_in_any_order([kind]).await;
        inside
    }

    /// Waits until it has said each of these, whichever comes first: of two processes one may be heard before the other.
    ///
    /// # Panics
    /// When it ends or does not say them in time.
    pub async fn says_in_any_order<const N: usize>(&mut self, kinds: [&str; N]) -> [Value; N] {
        let mut said = [const { None }; N];
        while said.iter().any(Option::is_none) {
            let fact = match self.said.pop_front() {
                Some(fact) => fact,
                None => {
                    let line = self.process.line(&kinds.join(" and ")).await;
                    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}"))
                }
            };
            self.named.extend(pid_of(&fact["came_back"]));
            for (kind, inside) in kinds.iter().zip(&mut said) {
                *inside = inside.take().or_else(|| fact.get(kind).cloned());
            }
        }
        said.map(|inside| inside.expect("all are there"))
    }

    /// An integrator's program that uses its gateway.
    #[must_use]
    pub fn rest(&self) -> Rest {
        Rest::at(&self.address)
    }

    /// `host:port` of its gateway.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `host:port` of its engine a.
    #[must_use]
    pub fn engine_address(&self) -> String {
        let (port, _) = self.engine_ports.split_once(',').expect("there are two ports");
        format!("127.0.0.1:{port}")
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The lines of its log, and of all whom it started, that contain a text.
    #[must_use]
    pub fn log(&self, text: &str) -> Vec<String> {
        self.logs.matching(text)
    }

    /// The command lines of all its processes, as everybody on the machine can read them.
    ///
    /// # Panics
    /// When one of them is gone.
    #[must_use]
    pub fn command_lines(&self) -> Vec<String> {
        let read = |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).expect("the process runs");
        let lines = self.named.iter().chain([&self.pid()]).map(read).collect::<Vec<_>>();
        lines.iter().map(|line| String::from_utf8_lossy(line).replace('\0', " ")).collect()
    }

    /// The supervisor's own process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// `kill -9` of a process that it named.
    ///
    /// # Panics
    /// When it never named it: only what this test started is killed.
    pub fn kill_named(&self, pid: u32) {
        assert!(self.named.contains(&pid), "{pid} is none of {:?}", self.named);
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("is a process id"));
        let pid = pid.expect("a process id is not 0");
        rustix::process::kill_process(pid, Signal::KILL).expect("a process that is named runs");
    }

    /// `kill -9` of the supervisor, and waits until none of the others is left.
    ///
    /// # Panics
    /// When one goes on.
    pub async fn kill(&mut self) {
        self.process.kill();
        self.leaves_nothing().await;
    }

    /// Ctrl-C, and waits until everything has ended.
    ///
    /// # Panics
    /// When it fails, goes on, leaves a process, or its logs have trouble that is not expected.
    pub async fn ends(mut self, expected: &[&str]) {
        self.process.signal(Signal::INT);
        self.says("stopping").await;
        self.says("stopped").await;
        let status = eventually("tandem run ends", async || self.process.ended()).await;
        assert!(status.success(), "Ctrl-C is no failure: {status}");
        self.leaves_nothing().await;
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let trouble = self.logs.unexpected(&expected);
        assert!(trouble.is_empty(), "trouble that the test did not declare:\n{}", trouble.join("\n"));
    }

    async fn leaves_nothing(&self) {
        self.logs.settle("tandem run").await;
        for pid in &self.named {
            eventually(&format!("process {pid} is gone"), async || (!runs(*pid)).then_some(())).await;
        }
    }
}

/// Runs `tandem` with these arguments, which it must refuse by itself.
///
/// # Panics
/// When it goes on.
pub async fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> Refusal {
    let logs = Logs::default();
    let program = in_environment(variables.iter().copied()).chain([executable::tandem().into()]);
    let command: Vec<OsString> = program.chain(arguments.iter().map(OsString::from)).collect();
    let status = Process::start("tandem", &command, &logs).exit().await;
    Refusal { code: status.code(), lines: logs.lines() }
}

fn command(data: &Path, address: &str, engine_ports: &str, given: &Given) -> Vec<OsString> {
    let variables = given.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let program = given.program.clone().unwrap_or_else(executable::tandem);
    let own = [program.into(), "run".into(), "--json".into(), "--data".into(), data.into()];
    let places = ["--listen", address, "--engine-ports", engine_ports, "--metrics-port", "0"].map(OsString::from);
    let flags = given.flags.iter().map(OsString::from);
    in_environment(variables).chain(own).chain(places).chain(flags).collect()
}

/// The begin of a command that sets variables and replaces itself by what follows.
fn in_environment<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> impl Iterator<Item = OsString> {
    let variables = variables.map(|(name, value)| OsString::from(format!("{name}={value}")));
    [OsString::from("env")].into_iter().chain(variables)
}

fn pid_of(part: &Value) -> Option<u32> {
    part["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())
}

/// Whether a process runs; one that has ended and was not reaped by its parent does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}
