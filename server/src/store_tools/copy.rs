//! Moves a store that nobody uses to another place.
//!
//! It is all or nothing: a database gets everything in one transaction, a directory gets its name at the end. Whoever
//! still runs is named and refused, since what he saves after the copy would be missing in it (D-2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tandem_protocol::Timestamp;
use tandem_store::{
    PostgresAddress, PostgresSource, PostgresTarget, SqliteSource, SqliteTarget,
    transfer::{self, Held, Moved, Source, Target, TransferError},
};

use super::{
    check::rows,
    new_dir::{NewDir, NewDirError},
    progress::{Audience, Progress},
    whole::{Files, WholeStore},
};
use crate::{
    lifecycle::data_dir::{DataDir, DataDirError, Lock},
    store::PlaceError,
};

/// The rows of each table.
pub(crate) type Copied = Moved;

/// Why nothing is copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyFailure {
    /// A place cannot be opened.
    #[error(transparent)]
    Open(#[from] PlaceError),
    /// Somebody uses the files.
    #[error(transparent)]
    InUse(#[from] DataDirError),
    /// Somebody uses the database.
    #[error("{place} is in use: Tandem's processes have {connections} connections to it; stop the system first")]
    Connected {
        /// The database.
        place: String,
        /// How many.
        connections: u64,
    },
    /// An engine has shown not long ago that it lives.
    #[error(
        "engine {} of pair {} holds its lease in {place}: stop the system first, or wait until the lease has expired",
        held.engine, held.pair
    )]
    Leased {
        /// The database.
        place: String,
        /// The lease.
        held: Held,
    },
    /// The new directory cannot be made.
    #[error(transparent)]
    Place(#[from] NewDirError),
    /// Reading or writing failed, or what was written is not what was read.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

/// A source that nobody uses and nobody can begin to use.
struct Idle {
    source: Box<dyn Source>,
    /// Held until the end.
    _locks: Vec<Lock>,
}

/// Copies everything. `expiry` is how long a lease holds that is not renewed.
pub(crate) async fn copy(
    from: &WholeStore,
    to: &WholeStore,
    expiry: Duration,
    audience: Audience,
) -> Result<Copied, CopyFailure> {
    let mut idle = match from {
        WholeStore::Files(files) => idle_files(files)?,
        WholeStore::Database(address) => idle_database(address, expiry).await?,
    };
    let total = 2 * rows(&mut *idle.source).await.map_err(TransferError::Source)?;
    let (target, new): (Box<dyn Target>, _) = match to {
        WholeStore::Files(files) => {
            let new = NewDir::begin(&files.log)?;
            (Box::new(SqliteTarget::new(new.path()).map_err(PlaceError::from)?), Some(new))
        }
        WholeStore::Database(address) => {
            (Box::new(PostgresTarget::new(address).await.map_err(PlaceError::from)?), None)
        }
    };
    let mut progress = Progress::begin(audience, "copying and comparing rows", total);
    let copied = transfer::transfer(&mut *idle.source, target, &mut |rows| progress.at(rows)).await?;
    new.map_or(Ok(()), NewDir::finish)?;
    Ok(copied)
}

fn idle_files(files: &Files) -> Result<Idle, CopyFailure> {
    let mut dirs = vec![&files.log];
    dirs.extend(Some(&files.directory).filter(|directory| **directory != files.log));
    let mut locks = Vec::new();
    // Looking must not make one.
    for dir in dirs.into_iter().filter(|dir| dir.is_dir()) {
        locks.extend(DataDir::at(dir)?.lock_all()?);
    }
    let source = SqliteSource::alone(&files.log, &files.directory).map_err(PlaceError::from)?;
    Ok(Idle { source: Box::new(source), _locks: locks })
}

async fn idle_database(address: &PostgresAddress, expiry: Duration) -> Result<Idle, CopyFailure> {
    // A look first: to lock the tables of a system that runs would hold up its messages.
    let mut source = PostgresSource::snapshot(address).await.map_err(PlaceError::from)?;
    refuse_in_use(address, &mut source, expiry).await?;
    drop(source);
    let mut source = PostgresSource::alone(address).await.map_err(PlaceError::from)?;
    refuse_in_use(address, &mut source, expiry).await?;
    Ok(Idle { source: Box::new(source), _locks: Vec::new() })
}

async fn refuse_in_use(
    address: &PostgresAddress,
    source: &mut PostgresSource,
    expiry: Duration,
) -> Result<(), CopyFailure> {
    let place = address.to_string();
    let connections = source.others().await.map_err(TransferError::Source)?;
    if connections > 0 {
        return Err(CopyFailure::Connected { place, connections });
    }
    // Connections of another role are not to be seen, and an engine may be about to connect again.
    let held = transfer::leases(source).await.map_err(TransferError::Source)?;
    match held.into_iter().find(|held| held.is_good(now(), expiry)) {
        Some(held) => Err(CopyFailure::Leased { place, held }),
        None => Ok(()),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
