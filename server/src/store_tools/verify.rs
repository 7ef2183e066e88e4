//! Proves that transcripts are as they were written: each by its own chain, and an exported one also against the store.

use tandem_protocol::{Seq, SessionId};
use tandem_store::{Breach, Broken, StoreError, Transcript, Transcripts, Written, verify};

use super::export::{Exported, Malformed, first_difference, hex};

/// What is known of one transcript.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing was altered, lost or inserted.
    Good(Good),
    /// Something was.
    Bad(Bad),
}

/// See [`Verdict::Good`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Good {
    /// How many events.
    pub(crate) events: usize,
    /// The last link in hexadecimal digits; none where no event has one.
    pub(crate) head: Option<String>,
    /// Events from before there was a chain, for which nothing vouches.
    pub(crate) unchained: usize,
    /// Events that the store has beyond those of a file.
    pub(crate) since: usize,
    /// Events of a file that were erased in the store since.
    pub(crate) erased_since: usize,
}

/// What is wrong with a transcript.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Bad {
    /// It breaks with its chain.
    #[error("{0}")]
    Broken(#[from] Broken),
    /// The store cannot put it together.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// There is none.
    #[error("there is no such session")]
    Unknown,
    /// A file is none.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The store ends before the file does.
    #[error("event {0} is in the file and no longer in the store")]
    Lost(Seq),
    /// The store has something else.
    #[error("event {0} is another one in the store than in the file")]
    Other(Seq),
    /// The store's own is broken.
    #[error("in the store {0}")]
    StoreBroken(Broken),
}

/// Verifies a session's transcript in the store.
pub(crate) async fn in_store(transcripts: &dyn Transcripts, session: SessionId) -> Verdict {
    match read(transcripts, session).await {
        Ok(transcript) => of_events(session, &transcript.events).map_or_else(Verdict::Bad, Verdict::Good),
        Err(bad) => Verdict::Bad(bad),
    }
}

/// Verifies a transcript in a file, by itself.
pub(crate) fn in_file(exported: &Exported) -> Result<Good, Bad> {
    of_events(exported.session, &exported.written()?)
}

/// Compares a transcript in a file, which is good by itself, with the store's: that has to be the same, or to go on after
/// it.
pub(crate) async fn against_store(transcripts: &dyn Transcripts, exported: &Exported, good: Good) -> Result<Good, Bad> {
    let ours = exported.written()?;
    let theirs = read(transcripts, exported.session).await?.events;
    match first_difference(&ours, &theirs) {
        Some(seq) if theirs.len() < ours.len() && seq.0 as usize == theirs.len() + 1 => return Err(Bad::Lost(seq)),
        Some(seq) => return Err(Bad::Other(seq)),
        None => {}
    }
    verify(exported.session, &theirs).map_err(Bad::StoreBroken)?;
    let changed = ours.iter().zip(&theirs).filter(|(our, their)| our.event.event.get() != their.event.event.get());
    let (since, erased_since) = (theirs.len() - ours.len(), changed.count());
    Ok(Good { since, erased_since, ..good })
}

async fn read(transcripts: &dyn Transcripts, session: SessionId) -> Result<Transcript, Bad> {
    let found = transcripts.transcript(session).await.map_err(|error| Bad::Unreadable(described(&error)))?;
    found.ok_or(Bad::Unknown)
}

/// The innermost cause, which names the event where there is one.
fn described(error: &StoreError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn of_events(session: SessionId, events: &[Written]) -> Result<Good, Bad> {
    if events.is_empty() {
        return Err(Broken { seq: Seq::ZERO.next(), why: Breach::Missing }.into());
    }
    let head = verify(session, events)?;
    let unchained = events.iter().filter(|event| event.chained.is_none()).count();
    let head = (unchained < events.len()).then(|| hex(&head.0));
    Ok(Good { events: events.len(), head, unchained, since: 0, erased_since: 0 })
}
