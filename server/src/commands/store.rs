//! `tandem store`: what an operator does to a store as a whole.

mod backup;
mod check;
mod copy;

use std::{io::Write, path::PathBuf};

use clap::{Args, Subcommand};

use super::{Global, StoreArgs, on_all_cores, path_value};
use crate::{
    lifecycle::failure::Failure,
    settings::{Flag, Loaded, Settings},
    store_tools::{progress::Audience, whole::WholeStore},
    telemetry,
};

/// Back a store up, check it, move it to another database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem store backup /backups/tandem-monday
  tandem run --data /backups/tandem-monday
  tandem store check
  tandem store copy --to postgres://tandem@db-1/tandem")]
pub(super) struct StoreToolArgs {
    #[command(subcommand)]
    action: Action,
    /// The data directory. [default: tandem-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print the result as one JSON object, and no progress.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    Backup(backup::BackupArgs),
    Check(check::CheckArgs),
    Copy(copy::CopyArgs),
}

/// What an action comes to.
struct Done {
    /// What is printed.
    said: String,
    /// Whether the exit code is that of success.
    is_good: bool,
}

impl StoreToolArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let data = path_value(self.data.as_ref());
        let Loaded { settings, .. } = global.load([
            Flag::of("--data", "engine.data-dir", data.clone()),
            Flag::of("--data", "interaction.data-dir", data),
            self.store.flag(),
        ])?;
        telemetry::start("store", &settings.log);
        let audience = if self.json { Audience::Program } else { Audience::Person };
        let store = WholeStore::of(&settings).map_err(Failure::runtime)?;
        let context = Context { store, settings, audience };
        on_all_cores(async {
            let done = match self.action {
                Action::Backup(args) => args.execute(&context).await,
                Action::Check(_) => check::execute(&context).await,
                Action::Copy(args) => args.execute(&context).await,
            }?;
            std::io::stdout().write_all(done.said.as_bytes()).map_err(Failure::runtime)?;
            if done.is_good { Ok(()) } else { Err(Failure::Told(1)) }
        })
    }
}

/// What every action is told.
struct Context {
    /// The store that the settings name.
    store: WholeStore,
    settings: Settings,
    audience: Audience,
}

impl Done {
    fn good(said: String) -> Self {
        Self { said, is_good: true }
    }
}
