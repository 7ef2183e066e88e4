//! `tandem transcript show` and `export`.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use tandem_protocol::{SessionId, control::ActKind};
use tandem_store::{Transcript, verify};

use super::Context;
use crate::{
    audit::Audit,
    lifecycle::failure::Failure,
    store_tools::export::{Exported, readable},
};

/// Print a transcript as text.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The session.
    #[arg(value_name = "SESSION")]
    session: SessionId,
}

/// Write a transcript as JSON, text or a page.
///
/// The JSON holds what each event's hash is made of: `verify --file` proves with it, without the store, that nothing was
/// altered since. Ends with exit code 1 when the transcript is not as it was written; it is exported all the same.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The session.
    #[arg(value_name = "SESSION")]
    session: SessionId,
    /// As what.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// The file to make, for this user alone; one that exists is refused. [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For programs, and to prove it later.
    Json,
    /// To be read anywhere.
    Text,
    /// A page that stands alone.
    Html,
}

/// The file cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {cause}", path.display())]
struct Unwritten {
    path: PathBuf,
    cause: io::Error,
}

impl ShowArgs {
    pub(super) async fn execute(self, context: &Context) -> Result<(), Failure> {
        export(context, "transcript show", self.session, Format::Text, None).await
    }
}

impl ExportArgs {
    pub(super) async fn execute(self, context: &Context) -> Result<(), Failure> {
        export(context, "transcript export", self.session, self.format, self.output.as_deref()).await
    }
}

async fn export(
    context: &Context,
    command: &str,
    session: SessionId,
    format: Format,
    output: Option<&Path>,
) -> Result<(), Failure> {
    let transcript = context.transcript(session).await?;
    let text = written(&transcript, format)?;
    let wrote = match output {
        None => io::stdout().write_all(text.as_bytes()).map_err(Failure::runtime),
        Some(path) => {
            let make = || {
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
                let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
                // Half a transcript is none, and would stand in the way of the next try.
                written.inspect_err(|_| drop(fs::remove_file(path)))
            };
            make().map_err(|cause| Failure::runtime(Unwritten { path: path.to_owned(), cause }))
        }
    };
    // Also where the other end has closed: it may have read enough.
    let audit = Audit::new(context.place.open_journal(), command);
    audit.done(ActKind::TranscriptExport, format_args!("session {session}")).await;
    wrote?;
    let verified = verify(session, &transcript.events);
    verified.map(drop).map_err(|broken| Failure::runtime(anyhow::anyhow!("session {session}: {broken}")))
}

fn written(transcript: &Transcript, format: Format) -> Result<String, Failure> {
    match format {
        Format::Json => Ok(Exported::of(transcript).json()),
        Format::Text => readable(transcript).text().map_err(Failure::runtime),
        Format::Html => readable(transcript).html().map_err(Failure::runtime),
    }
}
