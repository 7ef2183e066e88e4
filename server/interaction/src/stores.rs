//! Where the interaction server keeps and reads things.

use std::{fmt, sync::Arc};

use tandem_store::{Archive, Directory, Journal, Transcripts};

/// See the module. The archive lies where the directory lies; the log is the engines', which is only read here.
#[derive(Clone)]
pub struct Stores {
    /// Accounts, logins, what is filed away.
    pub directory: Arc<dyn Directory>,
    /// What is derived from the log.
    pub archive: Arc<dyn Archive>,
    /// The log.
    pub transcripts: Arc<dyn Transcripts>,
    /// What operators and supervisors have done.
    pub journal: Arc<dyn Journal>,
}

impl Stores {
    /// A directory that holds the archive too, a log, and a journal.
    #[must_use]
    pub fn new<D: Directory + Archive + 'static>(
        directory: Arc<D>,
        transcripts: Arc<dyn Transcripts>,
        journal: Arc<dyn Journal>,
    ) -> Self {
        Self { directory: directory.clone(), archive: directory, transcripts, journal }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stores")
    }
}
