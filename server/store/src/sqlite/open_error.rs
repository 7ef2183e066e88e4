//! Why a data directory cannot be opened, one clear sentence each: an operator reads it at start-up.
//!
//! It is apart from [`crate::StoreError`] because nothing can be retried: somebody has to change something.

use std::path::PathBuf;

use crate::Cause;

/// See the module.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// Something in the way of the directory is a file.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// What was given.
        path: PathBuf,
    },
    /// There is no database in the directory, where one is only to be read.
    #[error("{} has no store of Tandem's in it", path.display())]
    Missing {
        /// What was given.
        path: PathBuf,
    },
    /// The directory cannot be created, or nothing can be written in it.
    #[error("{} is not writable for this user", path.display())]
    NotWritable {
        /// What was given.
        path: PathBuf,
        /// What the system said.
        source: Cause,
    },
    /// The directory has no database of Tandem's, but other things.
    #[error("{} is not a Tandem data directory: it has no tandem.db but contains {}", path.display(), found.join(", "))]
    ForeignDirectory {
        /// What was given.
        path: PathBuf,
        /// Some of what is in it.
        found: Vec<String>,
    },
    /// A file is a database of another program, or of Tandem's for another purpose.
    #[error("{} was not made by Tandem under this name: its tables are {}", path.display(), found.join(", "))]
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// Some of its tables.
        found: Vec<String>,
    },
    /// A file is not a database at all.
    #[error("{} is not a database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A newer Tandem has written it; this one would not understand it.
    #[error("{} has schema version {found}, and this Tandem knows versions up to {known}: use a newer Tandem", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// An older Tandem has written it, and who only looks does not bring it up.
    #[error("{} has schema version {found}, and this Tandem needs {needed}: start an engine of it there first", path.display())]
    OlderSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// What this program reads.
        needed: usize,
    },
    /// The database is damaged.
    #[error("{} is damaged", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// Another process has kept the file locked for longer than opening waits.
    #[error("{} is kept locked by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// The file system lacks what the write-ahead log needs, as network file systems do.
    #[error("{} lies on a file system that a shared database does not work on: use a local disk", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
    },
    /// Anything else, such as a full disk.
    #[error("{} cannot be opened", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Cause,
    },
}
