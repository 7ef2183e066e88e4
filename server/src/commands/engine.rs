//! `tandem engine`: one chat engine of a pair.

use std::path::PathBuf;

use clap::Args;

use super::{Global, MetricsArgs, StoreArgs, Supervised, on_all_cores, path_value};
use crate::{
    lifecycle::failure::Failure,
    roles,
    settings::{Flag, Loaded},
    telemetry,
};

/// Run one chat engine of a pair.
///
/// Start two with different names on the same data directory, or on the same database from different machines: the first
/// becomes primary, the second its backup.
/// When the primary dies or falls silent, the backup takes over; started again, it comes back as backup.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tandem engine --name a --listen 127.0.0.1:7301 --data ./tandem-data
  tandem engine --name b --listen 127.0.0.1:7302 --data ./tandem-data
  tandem engine --config tandem.toml --name a --store postgres://tandem@db-1,db-2/tandem
  TANDEM_ENGINE__ALLOW_DRILLS=false tandem engine --name a      no drill may make it fail

Further settings are in [engine], [engine.settings] and [engine.lease]; see `tandem config show`. On stdout the engine \
says in one line each when it is ready and when it becomes primary or backup; as JSON unless stdout is a terminal.

Exit codes: 0 ended as asked, 1 something was in the way, 2 the command or a setting is wrong, 75 start it again \
(`tandem restart`).")]
pub(super) struct EngineArgs {
    /// The engine's name in its pair: 1 to 32 of a-z, 0-9, '-' and '_'. [default: a]
    #[arg(long)]
    name: Option<String>,
    /// Where gateways and the other engine connect; port 0 takes any free one. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The address others are told to connect to, where it differs from --listen.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// The data directory, made when missing; both engines use the same one. [default: tandem-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    supervised: Supervised,
}

impl EngineArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        self.supervised.apply()?;
        let Loaded { settings, .. } = global.load([
            Flag::of("--name", "engine.name", self.name.as_deref()),
            Flag::of("--listen", "engine.listen", self.listen.as_deref()),
            Flag::of("--advertise", "engine.advertise", self.advertise.as_deref()),
            Flag::of("--data", "engine.data-dir", path_value(self.data.as_ref())),
            self.store.flag(),
            self.metrics.flag(),
        ])?;
        telemetry::start(&format!("engine {}", settings.engine.name.0), &settings.log);
        on_all_cores(roles::engine::serve(
            settings.pair,
            settings.store,
            settings.engine,
            settings.links,
            settings.metrics,
            settings.traces,
        ))
    }
}
