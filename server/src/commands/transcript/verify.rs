//! `tandem transcript verify`.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;
use tandem_protocol::SessionId;

use super::Context;
use crate::{
    lifecycle::failure::Failure,
    store_tools::{
        export::Exported,
        progress::{Audience, Progress},
        verify::{Bad, Good, Verdict, against_store, in_file, in_store},
    },
};

/// Sessions that are listed at a time.
const SESSIONS_STEP: usize = 1_000;

/// Prove that nothing in a transcript was altered, lost or inserted.
///
/// Each event is bound by its hash to all events before it. A line a transcript says that it is as it was written, with
/// the hash of its last event, or what is broken at which event; then the exit code is 1. That the last events are gone
/// shows against an export: --file with --against-store.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(super) struct VerifyArgs {
    /// The sessions.
    #[arg(value_name = "SESSION", group = "what")]
    sessions: Vec<SessionId>,
    /// All transcripts of the store.
    #[arg(long, group = "what")]
    all: bool,
    /// A file that was exported as JSON; the store is not needed for it.
    #[arg(long, value_name = "FILE", group = "what")]
    file: Option<PathBuf>,
    /// Compare the file with the store too: it has the same, or goes on after it. What was erased since is no difference.
    #[arg(long, requires = "file")]
    against_store: bool,
    /// Print one JSON object a transcript instead of sentences.
    #[arg(long)]
    json: bool,
}

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read: {cause}", path.display())]
struct Unreadable {
    path: PathBuf,
    cause: io::Error,
}

impl VerifyArgs {
    /// Whether no store is needed.
    pub(super) fn is_about_a_file_alone(&self) -> bool {
        self.file.is_some() && !self.against_store
    }

    pub(super) fn verify_file_alone(&self) -> Result<(), Failure> {
        let path = self.file.as_deref().expect("the caller has asked whether there is one");
        let verdict = match parse(path)? {
            Ok(exported) => in_file(&exported).map_or_else(Verdict::Bad, Verdict::Good),
            Err(bad) => Verdict::Bad(bad),
        };
        self.end(self.tell(&path.display().to_string(), &verdict)?)
    }

    pub(super) async fn execute(self, context: &Context) -> Result<(), Failure> {
        if let Some(path) = &self.file {
            let verdict = compare(path, context).await?;
            return self.end(self.tell(&path.display().to_string(), &verdict)?);
        }
        let mut is_good = true;
        for session in &self.sessions {
            is_good &= self.verify(context, *session).await?;
        }
        if self.all {
            is_good &= self.verify_all(context).await?;
        }
        self.end(is_good)
    }

    async fn verify_all(&self, context: &Context) -> Result<bool, Failure> {
        let transcripts = &context.transcripts;
        let audience = if self.json { Audience::Program } else { Audience::Person };
        let total = transcripts.size().await.map_err(Failure::runtime)?;
        let mut progress = Progress::begin(audience, "verifying events", total);
        let (mut good, mut broken, mut events) = (0_u64, 0_u64, 0);
        for pair in transcripts.pairs().await.map_err(Failure::runtime)? {
            let mut after = None;
            loop {
                let some = transcripts.sessions(&pair, after, SESSIONS_STEP).await.map_err(Failure::runtime)?;
                let Some(last) = some.last() else { break };
                after = Some(*last);
                for session in some {
                    let verdict = in_store(&**transcripts, session).await;
                    events += if let Verdict::Good(good) = &verdict { good.events as u64 } else { 0 };
                    *(if self.tell(&session.to_string(), &verdict)? { &mut good } else { &mut broken }) += 1;
                    progress.at(events);
                }
            }
        }
        drop(progress);
        let line = match self.json {
            true => json!({ "good": good, "broken": broken }).to_string() + "\n",
            false => format!("{good} transcripts are as they were written, {broken} are not\n"),
        };
        io::stdout().write_all(line.as_bytes()).map_err(Failure::runtime)?;
        Ok(broken == 0)
    }

    async fn verify(&self, context: &Context, session: SessionId) -> Result<bool, Failure> {
        self.tell(&session.to_string(), &in_store(&*context.transcripts, session).await)
    }

    /// Says what is known of a transcript; whether it is good.
    fn tell(&self, name: &str, verdict: &Verdict) -> Result<bool, Failure> {
        let line = if self.json { as_json(name, verdict) } else { as_text(name, verdict) };
        io::stdout().write_all(line.as_bytes()).map_err(Failure::runtime)?;
        Ok(matches!(verdict, Verdict::Good(_)))
    }

    fn end(&self, is_good: bool) -> Result<(), Failure> {
        if is_good { Ok(()) } else { Err(Failure::Told(1)) }
    }
}

/// Reads a file; the outer error says that there is none.
fn parse(path: &Path) -> Result<Result<Exported, Bad>, Failure> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|cause| Failure::runtime(Unreadable { path: path.to_owned(), cause }))?;
    Ok(Exported::parse(&text).map_err(Bad::from))
}

async fn compare(path: &Path, context: &Context) -> Result<Verdict, Failure> {
    let compared = match parse(path)? {
        Ok(exported) => match in_file(&exported) {
            Ok(good) => against_store(&*context.transcripts, &exported, good).await,
            Err(bad) => Err(bad),
        },
        Err(bad) => Err(bad),
    };
    Ok(compared.map_or_else(Verdict::Bad, Verdict::Good))
}

fn as_text(name: &str, verdict: &Verdict) -> String {
    let Good { events, head, unchained, since, erased_since } = match verdict {
        Verdict::Good(good) => good,
        Verdict::Bad(bad) => return format!("broken {name}: {bad}\n"),
    };
    let mut text = format!("ok {name}: {events} events");
    match head {
        Some(head) => text.push_str(&format!(", head {head}")),
        None => text.push_str(", written before there was a chain: nothing vouches for them"),
    }
    if head.is_some() && *unchained > 0 {
        text.push_str(&format!(", the first {unchained} from before there was a chain"));
    }
    if *since > 0 {
        text.push_str(&format!(", {since} more in the store"));
    }
    if *erased_since > 0 {
        text.push_str(&format!(", {erased_since} erased since"));
    }
    text + "\n"
}

fn as_json(name: &str, verdict: &Verdict) -> String {
    let value = match verdict {
        Verdict::Good(good) => json!({
            "transcript": name,
            "ok": true,
            "events": good.events,
            "head": good.head,
            "unchained": good.unchained,
            "since": good.since,
            "erased_since": good.erased_since,
        }),
        Verdict::Bad(bad) => json!({ "transcript": name, "ok": false, "broken": bad.to_string() }),
    };
    value.to_string() + "\n"
}
