//! `tandem transcript`: what was said in a session, and the proof that it was said so.

mod export;
mod verify;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use tandem_protocol::SessionId;
use tandem_store::{Transcript, Transcripts};

use super::{Global, StoreArgs, on_all_cores, path_value};
use crate::{
    lifecycle::failure::Failure,
    settings::{Flag, Loaded},
    store::Place,
    telemetry,
};

/// Show, export and verify transcripts.
///
/// Works on the data directory, or on the database that is used instead, whether Tandem runs on it or not. What is
/// printed has the notes of the staff in it: it is for whoever may read everything.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem transcript show 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f
  tandem transcript export 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f --format html --output chat.html
  tandem transcript export 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f --output chat.json
  tandem transcript verify --file chat.json --against-store
  tandem transcript verify --all")]
pub(super) struct TranscriptArgs {
    #[command(subcommand)]
    action: Action,
    /// The data directory. [default: tandem-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Show(export::ShowArgs),
    Export(export::ExportArgs),
    Verify(verify::VerifyArgs),
}

/// Why a transcript is not to be had.
#[derive(Debug, thiserror::Error)]
enum Unavailable {
    #[error("there is no session {session} in {place}")]
    Unknown { session: SessionId, place: String },
    #[error("session {session} cannot be read")]
    Store { session: SessionId, source: tandem_store::StoreError },
}

/// The transcripts, and where they are.
struct Context {
    place: Place,
    transcripts: Arc<dyn Transcripts>,
}

impl TranscriptArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let data = Flag::of("--data", "engine.data-dir", path_value(self.data.as_ref()));
        let Loaded { settings, .. } = global.load([data, self.store.flag()])?;
        telemetry::start("transcript", &settings.log);
        let place = Place::of(&settings.store, &settings.engine.data_dir.0.0).map_err(Failure::runtime)?;
        on_all_cores(async {
            // A file is verified by itself, on a machine that has no store.
            if let Action::Verify(args) = &self.action
                && args.is_about_a_file_alone()
            {
                return args.verify_file_alone();
            }
            let transcripts = place.open_transcripts().await.map_err(Failure::runtime)?;
            let context = Context { place, transcripts };
            match self.action {
                Action::Show(args) => args.execute(&context).await,
                Action::Export(args) => args.execute(&context).await,
                Action::Verify(args) => args.execute(&context).await,
            }
        })
    }
}

impl Context {
    async fn transcript(&self, session: SessionId) -> Result<Transcript, Failure> {
        let found = self.transcripts.transcript(session).await;
        let found = found.map_err(|source| Failure::runtime(Unavailable::Store { session, source }))?;
        let place = self.place.to_string();
        found.ok_or_else(|| Failure::runtime(Unavailable::Unknown { session, place }))
    }
}
