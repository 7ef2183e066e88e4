//! `tandem gateway`: the server that browsers and integrators reach.

use std::path::PathBuf;

use clap::Args;

use super::{Global, MetricsArgs, Supervised, on_all_cores, path_value};
use crate::{
    lifecycle::failure::Failure,
    roles,
    settings::{Flag, Loaded},
    telemetry,
};

/// Run a gateway: browser WebSockets, REST under /api/v1, and the page /sample.
///
/// It is told the primary engine's address only and learns the backup from it. Where there are several pairs, it is told
/// of each one's primary by [[gateway.pairs]] in the settings, and spreads new sessions over them.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tandem gateway --listen 127.0.0.1:8080 --primary 127.0.0.1:7301
  tandem gateway --config tandem.toml --pair-cache /var/lib/tandem/pair.json

Further settings are in [gateway]; see `tandem config show`.")]
pub(super) struct GatewayArgs {
    /// Where browsers connect; port 0 takes any free one. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The primary engine. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    primary: Option<String>,
    /// Keep the last known pair in this file, so that a start works while the configured primary is down. With several
    /// pairs each has a file of its own, named after this one and the pair.
    #[arg(long, value_name = "FILE")]
    pair_cache: Option<PathBuf>,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    supervised: Supervised,
}

impl GatewayArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        self.supervised.apply()?;
        let Loaded { settings, .. } = global.load([
            Flag::of("--listen", "gateway.listen", self.listen.as_deref()),
            Flag::of("--primary", "gateway.primary", self.primary.as_deref()),
            Flag::of("--pair-cache", "gateway.pair-cache", path_value(self.pair_cache.as_ref())),
            self.metrics.flag(),
        ])?;
        telemetry::start("gateway", &settings.log);
        on_all_cores(roles::gateway::serve(
            settings.pair,
            settings.gateway,
            settings.links,
            settings.metrics,
            settings.traces,
        ))
    }
}
