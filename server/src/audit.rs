//! Writes down what an operator's command has done to accounts, the store or a transcript, without a pair that runs.
//!
//! It is written after it is done. What cannot be written down is done all the same, for the store that an operator mends
//! or backs up may be the one that cannot be written; then the log, which he reads, says so.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tandem_protocol::{
    Timestamp,
    control::{Act, ActKind, Actor},
};
use tandem_store::{Journal, note_done};
use uuid::Uuid;

use crate::operator::actor;

/// How long a command waits for the journal. Above the databases' own limits, which say more.
const JOURNAL_MAX: Duration = Duration::from_secs(15);

/// Whoever runs this process, as what, and where what he does is written down.
pub(crate) struct Audit {
    journal: Arc<dyn Journal>,
    by: Actor,
}

impl Audit {
    /// `command` is what was called, without the executable's name.
    pub(crate) fn new(journal: Arc<dyn Journal>, command: &str) -> Self {
        Self { journal, by: actor(command) }
    }

    /// He has done this, to that.
    pub(crate) async fn done(&self, act: ActKind, about: impl fmt::Display) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let (id, by, outcome) = (Uuid::now_v7(), self.by.clone(), "done".to_owned());
        let act = Act { id, at_ms, by, act, about: about.to_string(), outcome };
        note_done(&*self.journal, act, JOURNAL_MAX).await;
    }
}

#[cfg(test)]
mod tests {
    use tandem_store::SqliteJournal;

    use super::*;

    #[tokio::test]
    async fn what_is_done_is_written_down_with_who_and_from_where() {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = Arc::new(SqliteJournal::new(dir.path()));
        Audit::new(journal.clone(), "agent add").done(ActKind::AccountAdd, "ana").await;
        let acts = journal.acts(None, 9).await.expect("reads");
        let [act] = &acts[..] else { panic!("{acts:?}") };
        assert_eq!((act.act, act.about.as_str(), act.outcome.as_str()), (ActKind::AccountAdd, "ana", "done"));
        assert!(act.by.who.contains('@'), "{act:?}");
        assert_eq!(
            act.by.from,
            format!("tandem agent add (process {}, uid {})", std::process::id(), rustix::process::getuid().as_raw())
        );
    }

    #[tokio::test]
    async fn what_cannot_be_written_down_is_done_all_the_same() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("journal.db")).expect("makes");
        Audit::new(Arc::new(SqliteJournal::new(dir.path())), "agent add").done(ActKind::AccountAdd, "ana").await;
    }
}
