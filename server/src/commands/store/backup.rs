//! `tandem store backup`: a copy of the store, taken while everything runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::{
    lifecycle::failure::Failure,
    store_tools::{
        backup::{BackedUp, Files, back_up},
        progress::Audience,
    },
};

/// Copy the store into a new directory, while everything runs.
///
/// The copy is as the store is at one moment: transcripts, leases, accounts and all that belongs to them. `tandem run
/// --data` starts from it. Nobody waits for a backup; meanwhile the write-ahead log (tandem.db-wal) keeps all that is
/// saved, so have as much disk free as that. Do not run the copy on the addresses of the original beside it.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The directory to make. It appears when it is whole; one that exists is refused.
    #[arg(value_name = "DEST")]
    place: PathBuf,
}

impl BackupArgs {
    /// Returns what is to be said.
    pub(super) fn execute(self, context: &Context) -> Result<String, Failure> {
        let settings = &context.settings;
        let files =
            Files { log: settings.engine.data_dir.0.0.clone(), directory: settings.interaction.data_dir.0.0.clone() };
        let done = back_up(&files, &self.place, context.audience).map_err(Failure::runtime)?;
        Ok(match context.audience {
            Audience::Program => as_json(&done),
            Audience::Person => as_text(&done),
        })
    }
}

fn as_text(done: &BackedUp) -> String {
    let path = done.path.display();
    let files: Vec<_> = done.files.iter().map(|(name, bytes)| format!("{name} ({bytes} bytes)")).collect();
    format!("backed up to {path}: {}\nit starts with: tandem run --data {path}\n", files.join(", "))
}

fn as_json(done: &BackedUp) -> String {
    let files: serde_json::Map<_, _> = done.files.iter().map(|(name, bytes)| (name.clone(), json!(bytes))).collect();
    json!({ "backup": { "path": done.path, "files": files } }).to_string() + "\n"
}
