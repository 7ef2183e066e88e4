//! The command line. One file a command: its flags, its help, and what it starts.

mod agent;
mod asking;
mod audit;
mod certificates;
mod completions;
mod config;
mod drill;
mod echo;
mod engine;
mod failovers;
mod gateway;
mod health;
mod interaction;
mod keys;
mod layout;
mod log;
mod man;
mod restart;
mod run;
mod sessions;
mod status;
mod store;
mod switchover;
mod table;
#[cfg(test)]
mod tests;
mod transcript;
mod wake;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{
    lifecycle::{failure::Failure, parent},
    settings::{self, Flag, Given, Loaded},
};

const ABOUT: &str = "Live chat that survives the death of any one of its processes.";

const AFTER_HELP: &str = "\
Examples:
  tandem                                   the whole system on this machine, as `tandem run`
  tandem run --listen 127.0.0.1:9000       the same on another port
  tandem config show > tandem.toml         a file with every setting, to edit
  tandem config check --config tandem.toml
  tandem engine --config tandem.toml --name a
  tandem agent add ana@example.org         an account for somebody who answers customers
  tandem store backup ./monday             a copy of everything, while it runs
  tandem status                            how things stand, and what would happen if a process died now
  tandem switchover --dry-run              may the primary hand over to its backup?
  tandem restart --rolling                 new processes for both engines, while chats go on
  tandem drill --kill                      rehearse the death of the primary, on the running system
  tandem failovers                         when did which engine take over, and why?
  TANDEM_LOG__LEVEL=debug tandem run       settings from the environment

Settings come from flags, then the environment, then the file, then the defaults. The key `renew` of [engine.lease] is \
TANDEM_ENGINE__LEASE__RENEW in the environment. Durations are written \"500 ms\", \"60 s\", \"1h 30m\". An unknown key or \
a bad value is refused by name; `tandem config show` lists all keys.

Exit codes: 0 ended as asked, 1 something was in the way, 2 the command or a setting is wrong; `tandem status` has its own.";

/// Exit code: the command line is wrong.
const USAGE: u8 = 2;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "tandem", version, about = ABOUT, after_help = AFTER_HELP, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// The flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The settings file, in TOML. Without it the environment and the defaults hold.
    #[arg(long, global = true, value_name = "FILE", env = "TANDEM_CONFIG")]
    config: Option<PathBuf>,
    /// How a log line looks: text or json. Logs go to stderr. [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: off, error, warn, info, debug, trace, or by module, as "info,tandem_link=debug". [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Speak the link protocol up to this version, to rehearse an upgrade. [default: all that is known]
    #[arg(long, global = true, hide = true, value_name = "VERSION")]
    link_version: Option<u16>,
}

impl Global {
    /// Reads all settings, with the command's own flags on top.
    fn load(&self, flags: impl IntoIterator<Item = Option<Flag>>) -> Result<Loaded, Failure> {
        let own = [
            Flag::of("--log-format", "log.format", self.log_format.as_deref()),
            Flag::of("--log-level", "log.level", self.log_level.as_deref()),
            Flag::of("--link-version", "pair.link-version", self.link_version),
        ];
        let flags = own.into_iter().chain(flags).flatten().collect();
        Ok(settings::load(&Given::to_this_process(self.config.clone(), flags))?)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Engine(engine::EngineArgs),
    Gateway(gateway::GatewayArgs),
    Interaction(interaction::InteractionArgs),
    Agent(agent::AgentArgs),
    Store(store::StoreToolArgs),
    Transcript(transcript::TranscriptArgs),
    Echo(echo::EchoArgs),
    Status(status::StatusArgs),
    Sessions(sessions::SessionsArgs),
    Switchover(switchover::SwitchoverArgs),
    Restart(restart::RestartArgs),
    Drill(drill::DrillArgs),
    Failovers(failovers::FailoversArgs),
    Log(log::LogArgs),
    Audit(audit::AuditArgs),
    Keys(keys::KeysArgs),
    Certificates(certificates::CertificatesArgs),
    Config(config::ConfigArgs),
    Health(health::HealthArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Wake(wake::WakeArgs),
}

impl Cli {
    /// Reads the command line. Else the exit code: the person has been told what is wrong with it, or what he asked for.
    pub(crate) fn read(arguments: &[OsString]) -> Result<Self, u8> {
        Self::try_parse_from(arguments).map_err(|error| {
            // There is nobody to tell of a terminal that is gone.
            let _ = error.print();
            match error.exit_code() {
                0 => 0,
                _ if is_about_status(arguments) => status::CANNOT_TELL,
                _ => USAGE,
            }
        })
    }

    /// Does what the command line says, until it is done or ended.
    pub(crate) fn execute(self) -> Result<(), Failure> {
        match self.command.unwrap_or_else(|| Command::Run(run::RunArgs::default())) {
            Command::Run(args) => args.execute(&self.global),
            Command::Engine(args) => args.execute(&self.global),
            Command::Gateway(args) => args.execute(&self.global),
            Command::Interaction(args) => args.execute(&self.global),
            Command::Agent(args) => args.execute(&self.global),
            Command::Store(args) => args.execute(&self.global),
            Command::Transcript(args) => args.execute(&self.global),
            Command::Echo(args) => args.execute(&self.global),
            Command::Status(args) => args.execute(&self.global),
            Command::Sessions(args) => args.execute(&self.global),
            Command::Switchover(args) => args.execute(&self.global),
            Command::Restart(args) => args.execute(&self.global),
            Command::Drill(args) => args.execute(&self.global),
            Command::Failovers(args) => args.execute(&self.global),
            Command::Log(args) => args.execute(&self.global),
            Command::Audit(args) => args.execute(&self.global),
            Command::Keys(args) => args.execute(),
            Command::Certificates(args) => args.execute(),
            Command::Config(args) => args.execute(&self.global),
            Command::Health(args) => args.execute(&self.global),
            Command::Completions(args) => args.execute(),
            Command::Man(args) => args.execute(),
            Command::Wake(args) => args.execute(),
        }
    }
}

/// Whether the command is `status`, whose exit code for a wrong flag must not be that of a pair that is down.
fn is_about_status(arguments: &[OsString]) -> bool {
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(arguments);
    matches.is_ok_and(|matches| matches.subcommand_name() == Some("status"))
}

/// What `tandem run` passes to its children.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Supervised {
    /// The supervisor's process; the child ends with it.
    #[arg(long, hide = true, value_name = "PID")]
    supervisor: Option<u32>,
}

impl Supervised {
    /// Must be called on the main thread, before any other is started.
    fn apply(&self) -> Result<(), Failure> {
        self.supervisor.map_or(Ok(()), parent::end_with)
    }
}

/// The flag of whoever opens the store.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StoreArgs {
    /// The PostgreSQL database to use instead of the embedded store in the data directory, as
    /// postgres://user@host/database; without a password, which every process on the machine could read here.
    #[arg(long, global = true, value_name = "URL")]
    store: Option<String>,
}

impl StoreArgs {
    fn flag(&self) -> Option<Flag> {
        Flag::of(settings::store::FLAG, settings::store::ADDRESS, self.store.as_deref())
    }
}

/// The flag of whoever can be watched.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MetricsArgs {
    /// Show metrics to Prometheus at http://ADDRESS:PORT/metrics; port 0 takes any free one. [default: not shown]
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<String>,
}

impl MetricsArgs {
    fn flag(&self) -> Option<Flag> {
        Flag::of(settings::metrics::FLAG, settings::metrics::LISTEN, self.metrics.as_deref())
    }
}

/// A path flag as a setting's value.
fn path_value(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

/// Runs a role on all cores.
fn on_all_cores<F: Future<Output = Result<(), Failure>>>(role: F) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::runtime)?;
    runtime.block_on(role)
}
