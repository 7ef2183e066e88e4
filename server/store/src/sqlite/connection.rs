//! How a connection to the file is set up, by what it is for.
//!
//! It exists so that durability (D-1) is decided in one place: no other file sets a pragma that a guarantee rests on.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

/// How long a write waits for another process's transaction. Those take milliseconds; a caller that takes over must
/// hear soon that the lock does not come, to find out whether its holder is stopped.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// How long a checkpoint waits for readers of the oldest part of the write-ahead log; it is tried again later anyway.
const CHECKPOINT_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

/// As [`BUSY_TIMEOUT`] for the directory and the journal: nobody waits for a takeover there, and an agent's deed is better done late
/// than refused.
const DIRECTORY_BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Statements that a connection keeps prepared; above the number that any of them uses.
const STATEMENTS_MAX: usize = 32;

/// Page cache of a reader in KiB: room for the pages around the histories of one call.
const READER_CACHE_KIB: i64 = 8 * 1024;

/// The write-ahead log is cut back to this many bytes after a burst has made it larger. The checkpoints keep it below
/// (`checkpoint.rs`) unless something holds them up.
const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;

const COMMON: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// For the writer thread. The file exists and is in write-ahead mode.
pub(super) fn writer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = durable(file, BUSY_TIMEOUT)?;
    // What is erased is overwritten in the file, not only cut loose. Pages of before are still in the write-ahead log,
    // until the checkpoint thread has emptied it.
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    // Checkpoints have their own thread, so that no commit waits for one.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
    Ok(connection)
}

/// For writing the directory, as [`writer`] for the log. A commit now and then does a checkpoint too, since there are
/// few.
pub(super) fn directory_writer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = durable(file, DIRECTORY_BUSY_TIMEOUT)?;
    // Who is erased is not to be found in the file's free space.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    Ok(connection)
}

/// For writing the journal. As [`directory_writer`], but that nothing in it was anybody's secret.
pub(super) fn journal_writer(file: &Path) -> rusqlite::Result<Connection> {
    durable(file, DIRECTORY_BUSY_TIMEOUT)
}

fn durable(file: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, COMMON | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // FULL makes a commit in write-ahead mode wait for fsync: D-1 is this line.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// For the checkpoint thread.
pub(super) fn checkpointer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = writer(file)?;
    connection.busy_timeout(CHECKPOINT_BUSY_TIMEOUT)?;
    Ok(connection)
}

/// For reading; it cannot write.
pub(super) fn reader(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, COMMON | OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// For opening a file that may not exist yet.
pub(super) fn opener(file: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let flags = COMMON | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}
