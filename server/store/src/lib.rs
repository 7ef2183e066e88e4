//! Where Tandem keeps what must outlive a process: the events of sessions and the lease of each pair.
//!
//! [`Store`] says what a backend promises; [`SqliteStore`] keeps the promise in one file, [`PostgresStore`] in a database
//! that many machines share. The crate exists so that the engine knows no database, and the fence (F-1) and the commit before the answer (D-1) stand in one place. It
//! must never know what an event means: it numbers nothing and interprets nothing. The engine is its only caller.

mod archive;
mod chain;
pub mod check;
#[cfg(test)]
mod contract;
mod directory;
mod entry;
mod error;
mod journal;
mod lease;
mod postgres;
mod sqlite;
mod store;
mod transcripts;
pub mod transfer;

pub use archive::{Archive, Batch, Changed, Fact, Lesson, MessageId, Reach, Sought, Unchanged, Words};
pub use chain::{Breach, Broken, Verifier, verify};
pub use directory::{Account, Chosen, Directory, Filing, Login, NewAccount, PasswordHash, TakenChat};
pub use entry::{Entry, Erased, Loaded, OpenSession, StoredEvent};
pub use error::{Cause, StoreError};
pub use journal::{Journal, id_of_act, note_done};
pub use lease::{Holder, Lease, Taken};
pub use postgres::{
    AddressError, PostgresAddress, PostgresDirectory, PostgresJournal, PostgresOpenError, PostgresSource,
    PostgresStore, PostgresTarget, PostgresTranscripts,
};
pub use sqlite::{
    BackupError, OpenError, SqliteBackup, SqliteDirectory, SqliteJournal, SqliteSource, SqliteStore, SqliteTarget,
    SqliteTranscripts,
};
pub use store::Store;
pub use transcripts::{ChainLink, LogPlace, Proof, Transcript, Transcripts, Written};
