//! `tandem config`: looks at settings without starting anything.

use std::io::Write;

use clap::{Args, Subcommand};

use super::Global;
use crate::lifecycle::failure::Failure;

/// Check or show the settings without starting anything.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem config show > tandem.toml
  tandem config check --config tandem.toml
  TANDEM_LOG__LEVEL=debug tandem config show")]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Refuse what any command would refuse at its start, one line a reason, exit code 2; say `ok` otherwise.
    Check,
    /// Print every setting in effect as TOML, each with where it comes from: a file, a variable, a flag or the default.
    ///
    /// The output is itself a valid settings file. A secret is not shown.
    Show,
}

impl ConfigArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let loaded = global.load([])?;
        let text = match self.action {
            Action::Check => "ok\n".to_owned(),
            Action::Show => loaded.show(),
        };
        std::io::stdout().write_all(text.as_bytes()).map_err(Failure::runtime)
    }
}
