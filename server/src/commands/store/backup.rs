//! `tandem store backup`: a copy of the store, taken while everything runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tandem_protocol::control::ActKind;

use super::{Context, Done};
use crate::{
    audit::Audit,
    lifecycle::failure::Failure,
    store_tools::{
        backup::{BackedUp, back_up},
        progress::Audience,
    },
};

/// Copy the store into a new directory, while everything runs.
///
/// The copy is as the store is at one moment: transcripts, leases, accounts and all that belongs to them. `tandem run
/// --data` starts from it, also from that of a PostgreSQL database. Nobody waits for a backup; meanwhile the embedded
/// store's write-ahead log (tandem.db-wal) keeps all that is saved, so have as much disk free as that. Do not run the copy
/// on the addresses of the original beside it.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The directory to make. It appears when it is whole; one that exists is refused.
    #[arg(value_name = "DEST")]
    place: PathBuf,
}

impl BackupArgs {
    pub(super) async fn execute(self, context: &Context) -> Result<Done, Failure> {
        let done = back_up(&context.store, &self.place, context.audience).await.map_err(Failure::runtime)?;
        let audit = Audit::new(context.store.journal(), "store backup");
        audit.done(ActKind::StoreBackup, done.path.display()).await;
        Ok(Done::good(match context.audience {
            Audience::Program => as_json(&done),
            Audience::Person => as_text(&done),
        }))
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
