//! `tandem store copy`: moves everything to another database, or from one to files.

use clap::Args;
use serde_json::json;
use tandem_protocol::control::ActKind;

use super::{Context, Done};
use crate::{
    audit::Audit,
    lifecycle::failure::Failure,
    store_tools::{
        copy::{Copied, copy},
        progress::Audience,
        whole::WholeStore,
    },
};

/// Copy everything into an empty PostgreSQL database, or from one into a new data directory.
///
/// Transcripts with their hashes and places, leases, accounts and all that belongs to them. The system must be stopped:
/// what still runs is named and refused. All is there when this ends well, compared row by row with what was read; of a
/// copy that fails nothing is left. What was copied stays where it was. Then set store.address (or --data) to the new
/// place and start.
///
/// A database's password is not written here, where every process on the machine could read it: it is the first line of
/// a file.
#[derive(Debug, Args)]
pub(super) struct CopyArgs {
    /// What to copy: a data directory, or postgres://user@host/database. [default: what the settings name]
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    /// The file with the password for --from.
    #[arg(long, value_name = "FILE", requires = "from")]
    from_password_file: Option<std::path::PathBuf>,
    /// Where to: the same; a directory must not exist, a database must be empty.
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// The file with the password for --to.
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<std::path::PathBuf>,
}

impl CopyArgs {
    pub(super) async fn execute(self, context: &Context) -> Result<Done, Failure> {
        let given = match &self.from {
            Some(from) => Some(WholeStore::given("--from", from, self.from_password_file.as_deref())?),
            None => None,
        };
        let from = given.as_ref().unwrap_or(&context.store);
        let to = WholeStore::given("--to", &self.to, self.to_password_file.as_deref())?;
        let expiry = context.settings.engine.lease.expiry.0;
        let copied = copy(from, &to, expiry, context.audience).await.map_err(Failure::runtime)?;
        // Whoever looks into either learns of it.
        for place in [from, &to] {
            let audit = Audit::new(place.journal(), "store copy");
            audit.done(ActKind::StoreCopy, format_args!("{from} to {to}")).await;
        }
        Ok(Done::good(match context.audience {
            Audience::Program => as_json(&copied),
            Audience::Person => as_text(&to, &copied),
        }))
    }
}

fn as_text(to: &WholeStore, copied: &Copied) -> String {
    let rows = copied.iter().filter(|(_, rows)| *rows > 0).map(|(table, rows)| format!("{rows} {}", table.name));
    let rows = rows.collect::<Vec<_>>().join(", ");
    format!("copied to {to}, and compared: {rows}\n")
}

fn as_json(copied: &Copied) -> String {
    let rows: serde_json::Map<_, _> = copied.iter().map(|(table, rows)| (table.name.to_owned(), json!(rows))).collect();
    json!({ "copy": { "rows": rows } }).to_string() + "\n"
}
