//! Backs the embedded store up while everything runs.
//!
//! The copy is consistent and whole: it is of one moment, and it has its name only once all of it is on the disk. It must
//! never hold up a message.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tandem_store::{BackupError, SqliteBackup};

use super::{
    new_dir::{NewDir, NewDirError},
    progress::{Audience, Progress},
};

/// Where the files lie.
#[derive(Debug)]
pub(crate) struct Files {
    /// The directory with the log.
    pub(crate) log: PathBuf,
    /// The directory with the accounts; the same as a rule.
    pub(crate) directory: PathBuf,
}

/// A backup.
#[derive(Debug)]
pub(crate) struct BackedUp {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its files, by name, each with its bytes.
    pub(crate) files: Vec<(String, u64)>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupFailure {
    /// Its place cannot be made.
    #[error(transparent)]
    Place(#[from] NewDirError),
    /// The store cannot be read or the copy not be written.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The finished copy cannot be looked at.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes a backup. Blocks.
pub(crate) fn back_up(files: &Files, place: &Path, audience: Audience) -> Result<BackedUp, BackupFailure> {
    let backup = SqliteBackup::begin(&files.log, &files.directory)?;
    let new = NewDir::begin(place)?;
    let mut progress = Progress::begin(audience, "copying pages", backup.pages());
    backup.copy(new.path(), &mut |pages| progress.at(pages))?;
    drop(progress);
    let files = sizes(new.path()).map_err(|source| BackupFailure::Unreadable { path: place.to_owned(), source })?;
    new.finish()?;
    Ok(BackedUp { path: place.canonicalize().unwrap_or_else(|_| place.to_owned()), files })
}

fn sizes(dir: &Path) -> io::Result<Vec<(String, u64)>> {
    let size = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len()))
    };
    let mut files = fs::read_dir(dir)?.map(size).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
