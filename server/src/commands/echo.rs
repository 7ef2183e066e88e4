//! `tandem echo`: the participant that answers until there are agents.

use std::path::PathBuf;

use clap::Args;

use super::{Global, MetricsArgs, Supervised, on_all_cores, path_value};
use crate::{
    lifecycle::failure::Failure,
    roles,
    settings::{Flag, Loaded},
    telemetry,
};

/// Run the echo participant, which answers each message of a customer once.
///
/// It joins the sessions whose property `echo` is `on`, as EXTERNAL participant with the name Echo, and answers
/// "You said: …". It links to the pair as any other program does and is told the primary's address only.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Example:
  tandem echo --primary 127.0.0.1:7301")]
pub(super) struct EchoArgs {
    /// The primary engine. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    primary: Option<String>,
    /// Keep the last known pair in this file, so that a start works while the configured primary is down.
    #[arg(long, value_name = "FILE")]
    pair_cache: Option<PathBuf>,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    supervised: Supervised,
}

impl EchoArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        self.supervised.apply()?;
        let Loaded { settings, .. } = global.load([
            Flag::of("--primary", "echo.primary", self.primary.as_deref()),
            Flag::of("--pair-cache", "echo.pair-cache", path_value(self.pair_cache.as_ref())),
            self.metrics.flag(),
        ])?;
        telemetry::start("echo", &settings.log);
        on_all_cores(roles::echo::serve(settings.pair, settings.echo, settings.links, settings.metrics))
    }
}
