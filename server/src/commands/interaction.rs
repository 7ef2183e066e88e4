//! `tandem interaction`: the server that finds an agent for each customer.

use std::path::PathBuf;

use clap::Args;

use super::{Global, MetricsArgs, StoreArgs, Supervised, on_all_cores, path_value};
use crate::{
    lifecycle::failure::Failure,
    roles,
    settings::{Flag, Loaded},
    telemetry,
};

/// Run the interaction server: queues, routing to agents, their desks.
///
/// It is told the primary engine's address only and learns the backup from it. Where there are several pairs, one
/// interaction server is told of each one's primary by [[interaction.pairs]] in the settings, and brings the sessions of
/// all of them to the same agents. What it must not forget stands in the transcripts and in the directory, so that it may
/// die and be started again at any time.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tandem interaction --primary 127.0.0.1:7301 --data ./tandem-data
  tandem interaction --config tandem.toml --pair-cache /var/lib/tandem/pair.json

Queues and further settings are in [interaction] and [[interaction.queues]]; see `tandem config show`. Accounts are made \
with `tandem agent`.")]
pub(super) struct InteractionArgs {
    /// The primary engine. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    primary: Option<String>,
    /// Keep the last known pair in this file, so that a start works while the configured primary is down. With several
    /// pairs each has a file of its own, named after this one and the pair.
    #[arg(long, value_name = "FILE")]
    pair_cache: Option<PathBuf>,
    /// The data directory with the accounts, made when missing; that of `tandem agent`. [default: tandem-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    supervised: Supervised,
}

impl InteractionArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        self.supervised.apply()?;
        let Loaded { settings, .. } = global.load([
            Flag::of("--primary", "interaction.primary", self.primary.as_deref()),
            Flag::of("--pair-cache", "interaction.pair-cache", path_value(self.pair_cache.as_ref())),
            Flag::of("--data", "interaction.data-dir", path_value(self.data.as_ref())),
            self.store.flag(),
            self.metrics.flag(),
        ])?;
        telemetry::start("interaction", &settings.log);
        on_all_cores(roles::interaction::serve(
            settings.pair,
            settings.store,
            settings.interaction,
            settings.links,
            settings.metrics,
        ))
    }
}
