//! `tandem store`: what an operator does to a store as a whole.

mod backup;

use std::{io::Write, path::PathBuf};

use clap::{Args, Subcommand};

use super::{Global, path_value};
use crate::{
    lifecycle::failure::Failure,
    settings::{Flag, Loaded, Settings},
    store_tools::progress::Audience,
    telemetry,
};

/// Back a store up.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem store backup /backups/tandem-monday
  tandem run --data /backups/tandem-monday")]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    action: Action,
    /// The data directory. [default: tandem-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print the result as one JSON object, and no progress.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    Backup(backup::BackupArgs),
}

impl StoreArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let data = path_value(self.data.as_ref());
        let Loaded { settings, .. } = global.load([
            Flag::of("--data", "engine.data-dir", data.clone()),
            Flag::of("--data", "interaction.data-dir", data),
        ])?;
        telemetry::start("store", &settings.log);
        let context = Context { settings, audience: if self.json { Audience::Program } else { Audience::Person } };
        let said = match self.action {
            Action::Backup(args) => args.execute(&context),
        }?;
        std::io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

/// What every action is told.
struct Context {
    settings: Settings,
    audience: Audience,
}
