//! Opens a data directory: creates what is missing, refuses what is not Tandem's, brings the schema up.
//!
//! It must never change a file before it knows that it is Tandem's. Both engines of a pair run it at the same time,
//! on a fresh directory too, and other roles beside them; nothing here relies on being alone.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};

use super::{
    connection,
    open_error::OpenError,
    schema,
    schema::{Identity, Schema},
};
use crate::Cause;

/// How long opening waits for another process that creates or migrates the same file.
const OPEN_WAIT_MAX: Duration = Duration::from_secs(5);

/// Pause between tries where SQLite itself does not wait; far shorter than any migration.
const OPEN_RETRY_PAUSE: Duration = Duration::from_millis(5);

/// How many foreign things a refusal names.
const FOUND_MAX: usize = 5;

/// Makes the directory and its file of this kind ready and says where the file is.
pub(super) fn prepare(dir: &Path, schema: &Schema) -> Result<PathBuf, OpenError> {
    create(dir)?;
    if !schema::ALL.iter().any(|schema| dir.join(schema.file_name).exists()) {
        refuse_foreign(dir)?;
    }
    let file = dir.join(schema.file_name);
    create_file(&file).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => OpenError::Failed { path: file.clone(), source: Cause::new(error) },
        _ => unwritable(dir, error),
    })?;
    ready(&file, schema).map_err(|error| refusal(dir, &file, error))??;
    Ok(file)
}

fn create(dir: &Path) -> Result<(), OpenError> {
    // Transcripts are nobody else's business: the directory is the owner's alone.
    let created = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    let path = dir.to_path_buf();
    match created {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) => {
            Err(OpenError::NotADirectory { path })
        }
        Err(error) => Err(unwritable(dir, error)),
    }
}

fn unwritable(dir: &Path, error: io::Error) -> OpenError {
    OpenError::NotWritable { path: dir.to_path_buf(), source: Cause::new(error) }
}

/// Makes an empty file for the owner alone, unless there is one: SQLite itself would make it for everybody to read.
/// What SQLite puts beside it gets the same rights.
pub(super) fn create_file(file: &Path) -> io::Result<()> {
    // The kernel drops a process's locks on a file when any handle of that process to it is closed. So no handle of
    // ours may be open any more when SQLite opens the file, in whichever thread. Nobody waits here for long.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A directory without a database may hold only what Tandem or the file system itself puts there.
fn refuse_foreign(dir: &Path) -> Result<(), OpenError> {
    let unreadable = |error| unwritable(dir, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if !is_own(&name) {
            found.push(name);
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    found.sort();
    found.truncate(FOUND_MAX);
    Err(OpenError::ForeignDirectory { path: dir.to_path_buf(), found })
}

fn is_own(name: &str) -> bool {
    // Another process may create a database at this moment. `lost+found` is at the root of a mounted volume.
    schema::ALL.iter().any(|schema| name.starts_with(schema.file_name))
        || name.ends_with(".lock")
        || name.ends_with(".json")
        || matches!(name, "log" | "lost+found")
}

/// Checks first, then changes. The inner error is a decision, the outer one SQLite's.
fn ready(file: &Path, schema: &Schema) -> rusqlite::Result<Result<(), OpenError>> {
    let mut connection = connection::opener(file, OPEN_WAIT_MAX)?;
    let identity = Identity::of(&connection)?;
    if let Err(refused) = check(file, schema, &identity) {
        return Ok(Err(refused));
    }
    if write_ahead(&connection)? != "wal" {
        return Ok(Err(OpenError::NoWriteAheadLog { path: file.to_path_buf() }));
    }
    if identity.version < schema.newest() {
        schema.migrate(&mut connection)?;
    }
    if connection.is_readonly("main")? {
        // SQLite opens a file that it may not write for reading and says so only at the first write.
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        return Ok(Err(OpenError::NotWritable { path: file.to_path_buf(), source: Cause::new(error) }));
    }
    Ok(Ok(()))
}

/// Whether it is a file that this program may use, once it is brought up.
pub(super) fn check(file: &Path, schema: &Schema, identity: &Identity) -> Result<(), OpenError> {
    let path = file.to_path_buf();
    if !identity.is(schema) && !identity.is_fresh() {
        let found = identity.tables.iter().take(FOUND_MAX).cloned().collect();
        return Err(OpenError::ForeignFile { path, found });
    }
    if identity.version > schema.newest() {
        return Err(OpenError::NewerSchema { path, found: identity.version, known: schema.newest() });
    }
    Ok(())
}

/// Sets write-ahead mode, which stays with the file. SQLite refuses at once, without its busy timeout, while another
/// process does the same to a fresh file; so this waits itself. Says which mode the file has then.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let deadline = Instant::now() + OPEN_WAIT_MAX;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(error) if is_busy(&error) && Instant::now() < deadline => thread::sleep(OPEN_RETRY_PAUSE),
            outcome => return outcome,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What SQLite's error means to an operator.
pub(super) fn refusal(dir: &Path, file: &Path, error: rusqlite::Error) -> OpenError {
    let path = file.to_path_buf();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, source: Cause::new(error) },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            OpenError::Locked { path, source: Cause::new(error) }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NotWritable { path: dir.to_path_buf(), source: Cause::new(error) }
        }
        _ => OpenError::Failed { path, source: Cause::new(error) },
    }
}
