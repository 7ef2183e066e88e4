//! [`SqliteBackup`]: copies the files of a data directory as they are at one moment, while others write.
//!
//! A read transaction on each file fixes the moment, so that a copy is consistent however long it takes, and no writer
//! waits for it. The price is disk: meanwhile the write-ahead log cannot begin again at its start and grows by what is
//! saved. `tandem store backup` is the caller.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use super::{
    connection, open,
    open_error::OpenError,
    schema::{self, Identity, Schema},
};
use crate::Cause;

/// Pages copied between two words about the progress: 4 MiB.
const STEP_PAGES: i32 = 1_024;

/// Why there is no backup.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BackupError {
    /// What is to be copied cannot be read.
    #[error(transparent)]
    Source(#[from] OpenError),
    /// The copy cannot be written, or reading failed on the way.
    #[error("the copy {} cannot be written", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Cause,
    },
}

/// The files as they are at one moment.
#[derive(Debug)]
pub struct SqliteBackup {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    schema: &'static Schema,
    /// Inside a read transaction.
    from: Connection,
    pages: u64,
}

impl SqliteBackup {
    /// Fixes the moment. The log is what must be there; a directory may be missing where no interaction server ever
    /// ran, and a journal where an older Tandem did. Blocks.
    pub fn begin(log_dir: &Path, directory_dir: &Path) -> Result<Self, BackupError> {
        let mut parts = Vec::new();
        // The directory first: it keeps up to where it has read the log, and must not have read what the copy of the
        // log does not hold.
        if open::existing(directory_dir, &schema::DIRECTORY)?.is_some() {
            parts.push(Part::begin(directory_dir, &schema::DIRECTORY)?);
        }
        parts.push(Part::begin(log_dir, &schema::LOG)?);
        if open::existing(log_dir, &schema::JOURNAL)?.is_some() {
            parts.push(Part::begin(log_dir, &schema::JOURNAL)?);
        }
        Ok(Self { parts })
    }

    /// How many pages there are to copy.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.parts.iter().map(|part| part.pages).sum()
    }

    /// Writes the copies into a directory that is the caller's alone, durably; `copied` hears how many pages are done.
    /// Whoever starts on them finds the leases released. Blocks.
    pub fn copy(self, into: &Path, copied: &mut dyn FnMut(u64)) -> Result<(), BackupError> {
        let mut before = 0;
        for part in self.parts {
            let file = into.join(part.schema.file_name);
            let failed = |error: rusqlite::Error| BackupError::Copy { path: file.clone(), source: Cause::new(error) };
            let unwritten = |error: io::Error| BackupError::Copy { path: file.clone(), source: Cause::new(error) };
            open::create_file(&file).map_err(unwritten)?;
            part.copy(&file, &mut |pages| copied(before + pages)).map_err(failed)?;
            if std::ptr::eq(part.schema, &schema::LOG) {
                release_leases(&file).map_err(failed)?;
            }
            File::open(&file).and_then(|file| file.sync_all()).map_err(unwritten)?;
            before += part.pages;
        }
        let unwritten = |error| BackupError::Copy { path: into.to_owned(), source: Cause::new(error) };
        File::open(into).and_then(|dir| dir.sync_all()).map_err(unwritten)
    }
}

impl Part {
    fn begin(dir: &Path, schema: &'static Schema) -> Result<Self, OpenError> {
        let file = open::needed(dir, schema)?;
        let begin = || {
            let from = connection::reader(&file)?;
            // The transaction begins with the first statement that reads.
            from.execute_batch("BEGIN")?;
            let identity = Identity::of(&from)?;
            let pages: i64 = from.pragma_query_value(None, "page_count", |row| row.get(0))?;
            Ok((from, identity, pages.cast_unsigned()))
        };
        let (from, identity, pages) = begin().map_err(|error| open::refusal(dir, &file, error))?;
        open::check(&file, schema, &identity)?;
        Ok(Self { schema, from, pages })
    }

    fn copy(&self, file: &Path, copied: &mut dyn FnMut(u64)) -> rusqlite::Result<()> {
        let mut to = connection::opener(file, connection::BUSY_TIMEOUT)?;
        let backup = Backup::new(&self.from, &mut to)?;
        // The read transaction is the connection's, so that no step begins one of its own and none starts again when
        // somebody has written in between.
        loop {
            let step = backup.step(STEP_PAGES)?;
            let progress = backup.progress();
            copied(u64::try_from(progress.pagecount - progress.remaining).unwrap_or(0));
            match step {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                // Nobody else has the copy, and the original is held by the transaction.
                _ => return Err(busy()),
            }
        }
    }
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

/// Whoever held a lease holds it in the original only: an engine that starts on the copy need not wait for it, and must
/// not take a process of the original for one of its own.
fn release_leases(file: &Path) -> rusqlite::Result<()> {
    let connection = connection::writer(file)?;
    connection.execute_batch("UPDATE leases SET released = 1, host = ''")?;
    // The last connection that closes leaves nothing beside the file; what it cannot copy stays where it is found.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::{
        Account, Directory, Journal, NewAccount, PasswordHash, SqliteDirectory, SqliteJournal, SqliteStore, Store,
        contract::{
            journal::story::{act, notes},
            story::{engine, history, messages, session, take_over, written},
        },
        sqlite::tests::pair,
    };
    use tandem_protocol::{LoginName, control::Noted, desk::AgentRole};

    async fn account(directory: &SqliteDirectory, name: &str) -> Account {
        let account = NewAccount {
            name: LoginName::new(name).expect("is a name"),
            display: name.into(),
            role: AgentRole::Agent,
            capacity: 3,
            skills: Vec::new(),
            password: PasswordHash("$argon2".into()),
        };
        directory.add_account(account).await.expect("writes").expect("is new")
    }

    #[tokio::test]
    async fn a_copy_has_what_was_saved_before_its_moment_and_nothing_of_what_came_after() {
        let (dir, copy) = (TempDir::new().expect("is writable"), TempDir::new().expect("is writable"));
        let store = SqliteStore::open(dir.path(), &pair()).expect("opens");
        let directory = SqliteDirectory::open(dir.path()).expect("opens");
        let epoch = take_over(&store).await;
        let before = messages(session(1), 1, 2_000);
        store.append(epoch, before.clone()).await.expect("writes");
        account(&directory, "ana").await;
        let backup = SqliteBackup::begin(dir.path(), dir.path()).expect("begins");
        store.append(epoch, messages(session(1), 2_001, 4_000)).await.expect("nobody waits for a backup");
        account(&directory, "bea").await;
        let mut told = Vec::new();
        let pages = backup.pages();
        backup.copy(copy.path(), &mut |copied| told.push(copied)).expect("copies");
        assert!(told.is_sorted() && told.last() == Some(&pages), "{told:?} of {pages}");
        let copied = SqliteStore::open(copy.path(), &pair()).expect("opens");
        let lease = copied.lease().await.expect("reads").expect("is there");
        assert!(lease.released && lease.epoch == epoch && lease.holder.host.is_empty(), "{lease:?}");
        assert_eq!(lease.holder.name, engine("a").name);
        let next = take_over(&copied).await;
        assert_eq!(history(&copied, next, session(1)).await, written(&before));
        let accounts = SqliteDirectory::open(copy.path()).expect("opens").accounts().await.expect("reads");
        assert_eq!(accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>(), ["ana"]);
    }

    #[test]
    fn a_copy_is_two_whole_files_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, copy) = (TempDir::new().expect("is writable"), TempDir::new().expect("is writable"));
        drop(SqliteStore::open(dir.path(), &pair()).expect("opens"));
        drop(SqliteDirectory::open(dir.path()).expect("opens"));
        let backup = SqliteBackup::begin(dir.path(), dir.path()).expect("begins");
        backup.copy(copy.path(), &mut |_| ()).expect("copies");
        let mut found: Vec<_> = fs::read_dir(copy.path())
            .expect("reads")
            .map(|entry| {
                let entry = entry.expect("reads");
                (entry.file_name(), entry.metadata().expect("reads").permissions().mode() & 0o777)
            })
            .collect();
        found.sort();
        assert_eq!(found, [("directory.db".into(), 0o600), ("tandem.db".into(), 0o600)]);
    }

    #[tokio::test]
    async fn a_copy_has_what_has_happened_and_who_did_it() {
        let (dir, copy) = (TempDir::new().expect("is writable"), TempDir::new().expect("is writable"));
        drop(SqliteStore::open(dir.path(), &pair()).expect("opens"));
        notes(&SqliteJournal::new(dir.path()), vec![Noted::Act(act(1))]).await;
        SqliteBackup::begin(dir.path(), dir.path()).expect("begins").copy(copy.path(), &mut |_| ()).expect("copies");
        assert_eq!(SqliteJournal::new(copy.path()).acts(None, 9).await.expect("reads"), [act(1)]);
    }

    #[test]
    fn what_is_no_store_is_not_copied() {
        let dir = TempDir::new().expect("is writable");
        let missing = SqliteBackup::begin(dir.path(), dir.path()).expect_err("is missing");
        assert!(matches!(missing, BackupError::Source(OpenError::Missing { .. })), "{missing:?}");
        Connection::open(dir.path().join("tandem.db"))
            .expect("opens")
            .execute_batch("CREATE TABLE x (y)")
            .expect("makes");
        let foreign = SqliteBackup::begin(dir.path(), dir.path()).expect_err("is foreign");
        assert!(matches!(foreign, BackupError::Source(OpenError::ForeignFile { .. })), "{foreign:?}");
    }
}
