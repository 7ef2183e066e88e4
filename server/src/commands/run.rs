//! `tandem run`: the whole system on one machine.

use std::path::PathBuf;

use clap::Args;

use super::{Global, StoreArgs, path_value};
use crate::{
    lifecycle::failure::Failure,
    roles::run::{self, Plan},
    settings::{Flag, Loaded, Settings},
    telemetry,
};

/// Run the whole system on this machine: two engines, an interaction server, a gateway and the echo participant (the
/// default command).
///
/// Each is a process of its own; one that dies is started again, and an engine then comes back as the backup.
/// Ctrl-C ends all of them. Where there is no account yet and no other machine reaches the gateway, an account `demo` is
/// made to try the workspace with; its password is printed once.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tandem run
  tandem run --listen 127.0.0.1:9000 --data /var/lib/tandem
  tandem run --listen 127.0.0.1:0 --engine-ports 0 --json
  tandem run --store postgres://tandem@localhost/tandem

Further settings are in [run], and in the sections of the roles; see `tandem config show`.")]
pub(super) struct RunArgs {
    /// Where browsers connect; port 0 takes any free one. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The data directory, made when missing. [default: tandem-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// The loopback ports of the two engines; 0 takes any free ones. [default: 7301,7302]
    #[arg(long, value_name = "PORT,PORT")]
    engine_ports: Option<String>,
    /// From which loopback port on metrics are shown: of engine a, engine b, gateway, interaction server and echo; 0 takes
    /// any free ones, off shows none. [default: 7311, or any where --engine-ports takes any]
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<String>,
    /// Do not start the echo participant.
    #[arg(long)]
    no_echo: bool,
    /// Do not make the account `demo`.
    #[arg(long)]
    no_demo_agent: bool,
    /// Say what happens as one JSON object a line instead of sentences.
    #[arg(long)]
    json: bool,
}

impl RunArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let loaded = global.load([
            Flag::of("--listen", "gateway.listen", self.listen.as_deref()),
            Flag::of("--data", "engine.data-dir", path_value(self.data.as_ref())),
            self.store.flag(),
            Flag::of("--engine-ports", "run.engine-ports", self.engine_ports.as_deref()),
            Flag::of("--metrics-port", "run.metrics-port", self.metrics_port.as_deref()),
            Flag::of("--no-echo", "run.echo", self.no_echo.then_some(false)),
            Flag::of("--no-demo-agent", "run.demo-agent", self.no_demo_agent.then_some(false)),
        ])?;
        refuse_what_has_no_effect(&loaded)?;
        telemetry::start("run", &loaded.settings.log);
        // One thread: the kernel ends the children when the thread that started them ends, and this is the main one.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
        runtime.block_on(run::supervise(Plan {
            config: global.config.clone(),
            store: self.store.store,
            settings: loaded.settings,
            json: self.json,
        }))
    }
}

/// A setting that the supervisor replaces for its children.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {key} has no effect under `tandem run`; {instead}")]
struct NoEffect {
    origin: String,
    key: &'static str,
    instead: &'static str,
}

/// Settings of single roles that `tandem run` replaces must not be passed over in silence.
fn refuse_what_has_no_effect(loaded: &Loaded) -> Result<(), Failure> {
    let (ours, defaults) = (&loaded.settings, Settings::default());
    let engines = "its engines are a and b on run.engine-ports";
    let pair = "its roles link to its own engines";
    let changed = [
        ("engine.name", engines, ours.engine.name != defaults.engine.name),
        ("engine.listen", engines, ours.engine.listen != defaults.engine.listen),
        ("engine.advertise", engines, ours.engine.advertise.is_some()),
        ("gateway.pairs", pair, ours.gateway.place.pairs != defaults.gateway.place.pairs),
        ("gateway.primary", pair, ours.gateway.place.primary != defaults.gateway.place.primary),
        ("gateway.pair-cache", pair, ours.gateway.place.pair_cache.is_some()),
        ("interaction.pairs", pair, ours.interaction.pairs != defaults.interaction.pairs),
        ("interaction.primary", pair, ours.interaction.primary != defaults.interaction.primary),
        ("interaction.pair-cache", pair, ours.interaction.pair_cache.is_some()),
        ("echo.primary", pair, ours.echo.primary != defaults.echo.primary),
        ("metrics.listen", "its processes show them from run.metrics-port on", ours.metrics.listen.is_some()),
        ("echo.pair-cache", pair, ours.echo.pair_cache.is_some()),
    ];
    match changed.into_iter().find(|(_, _, changed)| *changed) {
        None => Ok(()),
        Some((key, instead, _)) => {
            let origin = loaded.given_by(key).unwrap_or_default();
            Err(Failure::usage(NoEffect { origin, key, instead }))
        }
    }
}
