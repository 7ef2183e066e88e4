//! SQLite held to the contract, and what only a file can do wrong.

mod checking;
mod erasing;
mod faults;
mod index;
mod migrating;
mod opening;
mod transcripts;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tandem_protocol::PairName;
use tempfile::TempDir;

use super::{Connections, SqliteStore, SqliteTranscripts, open};
use crate::contract::{Backend, holds_contract};

holds_contract!(DataDir);

/// A data directory that goes with the test.
pub(super) struct DataDir(TempDir);

impl DataDir {
    pub(super) fn new() -> Self {
        Self(TempDir::new().expect("the temporary directory is writable"))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join("tandem.db")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path(), &pair()).expect("opens")
    }

    /// A connection of another program to the same file.
    fn intruder(&self) -> Connection {
        Connection::open(self.file()).expect("opens")
    }
}

impl Backend for DataDir {
    type Store = SqliteStore;
    type Transcripts = SqliteTranscripts;

    async fn fresh() -> Self {
        Self::new()
    }

    async fn open(&self, pair: &str) -> SqliteStore {
        SqliteStore::open(self.path(), &PairName::new(pair).expect("is a name")).expect("opens")
    }

    async fn transcripts(&self) -> SqliteTranscripts {
        SqliteTranscripts::open(self.path()).expect("opens")
    }
}

pub(super) fn pair() -> PairName {
    PairName::new("main").expect("is a name")
}
