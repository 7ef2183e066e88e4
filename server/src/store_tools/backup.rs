//! Backs a store up while everything runs.
//!
//! The copy is consistent and whole: it is of one moment, and it has its name only once all of it is on the disk. It must
//! never hold up a message. The files of the embedded store are copied page by page; a database is moved into files, so
//! that a backup of either is a data directory to start from.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tandem_store::{BackupError, PostgresAddress, PostgresSource, SqliteBackup, SqliteTarget, transfer};
use tokio::task::block_in_place;

use super::{
    check::rows,
    new_dir::{NewDir, NewDirError},
    progress::{Audience, Progress},
    whole::{Files, WholeStore},
};
use crate::store::PlaceError;

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
    /// The store cannot be opened.
    #[error(transparent)]
    Source(#[from] PlaceError),
    /// Its place cannot be made.
    #[error(transparent)]
    Place(#[from] NewDirError),
    /// The files cannot be read or the copy not be written.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The database cannot be read or the files not be written.
    #[error(transparent)]
    Transfer(#[from] transfer::TransferError),
    /// The finished copy cannot be looked at.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes a backup.
pub(crate) async fn back_up(store: &WholeStore, place: &Path, audience: Audience) -> Result<BackedUp, BackupFailure> {
    let new = match store {
        WholeStore::Files(files) => block_in_place(|| of_files(files, place, audience))?,
        WholeStore::Database(address) => of_database(address, place, audience).await?,
    };
    let files = sizes(new.path()).map_err(|source| BackupFailure::Unreadable { path: place.to_owned(), source })?;
    new.finish()?;
    Ok(BackedUp { path: place.canonicalize().unwrap_or_else(|_| place.to_owned()), files })
}

fn of_files(files: &Files, place: &Path, audience: Audience) -> Result<NewDir, BackupFailure> {
    let backup = SqliteBackup::begin(&files.log, &files.directory)?;
    let new = NewDir::begin(place)?;
    let mut progress = Progress::begin(audience, "copying pages", backup.pages());
    backup.copy(new.path(), &mut |pages| progress.at(pages))?;
    Ok(new)
}

async fn of_database(address: &PostgresAddress, place: &Path, audience: Audience) -> Result<NewDir, BackupFailure> {
    let mut source = PostgresSource::snapshot(address).await.map_err(PlaceError::from)?;
    let new = NewDir::begin(place)?;
    let target = SqliteTarget::new(new.path()).map_err(PlaceError::from)?;
    let total = 2 * rows(&mut source).await.map_err(transfer::TransferError::Source)?;
    let mut progress = Progress::begin(audience, "copying and comparing rows", total);
    transfer::transfer(&mut source, Box::new(target), &mut |rows| progress.at(rows)).await?;
    Ok(new)
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
