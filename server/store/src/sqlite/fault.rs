//! What SQLite's result codes mean to the engine. The only place that knows them.
//!
//! It exists so that the table can be read and checked as one; nothing else in the crate compares a code.

use rusqlite::ErrorCode;
use tandem_protocol::{Seq, SessionId};

use crate::{Cause, StoreError};

/// What the store itself finds wrong, where SQLite reports no error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The chain of a session's events is broken.
    #[error("event {seq} of session {session} is not where its successor says")]
    Chain { session: SessionId, seq: Seq },
    /// The body of an event was altered.
    #[error("event {seq} of session {session} is not JSON")]
    Body { session: SessionId, seq: Seq },
    /// An event's part in the chain was altered.
    #[error("event {seq} of session {session} has a part in the chain that is not well formed")]
    Proof { session: SessionId, seq: Seq },
    /// A lease row that this program cannot have written.
    #[error("a lease is not well formed")]
    Lease(#[source] tandem_protocol::InvalidId),
    /// A row of the directory that this program cannot have written.
    #[error("a row of {0} is not well formed")]
    Directory(&'static str),
    /// A row of the journal that this program cannot have written.
    #[error("a row of {0} is not well formed")]
    Journal(&'static str),
    /// The system gives no random bytes.
    #[error("there are no random bytes to make a secret of")]
    Random(#[source] getrandom::Error),
    /// The caller's entries do not follow what is stored.
    #[error("event {got} of session {session} does not follow event {head}, its last stored one")]
    Order { session: SessionId, head: Seq, got: Seq },
    /// More calls wait than the queue holds (B-1).
    #[error("too many calls wait for the writer thread")]
    QueueFull,
    /// A takeover happened while a call was under way; the next try is refused for its epoch, or served.
    #[error("the epoch changed meanwhile")]
    EpochChanged,
    /// The thread that should have answered is gone.
    #[error("a thread of the store has ended")]
    ThreadGone,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Order { .. } | Fault::QueueFull | Fault::EpochChanged => Self::Recoverable(Cause::new(fault)),
            Fault::Chain { .. }
            | Fault::Body { .. }
            | Fault::Proof { .. }
            | Fault::Lease(_)
            | Fault::Directory(_)
            | Fault::Journal(_)
            | Fault::Random(_)
            | Fault::ThreadGone => Self::Failed(Cause::new(fault)),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // SQLITE_BUSY: another connection kept the write lock for the whole busy timeout.
            Some(ErrorCode::DatabaseBusy) => Self::Busy(Cause::new(error)),
            // SQLITE_LOCKED, SQLITE_PROTOCOL: lost a race for a lock that is held for moments only.
            // SQLITE_INTERRUPT, SQLITE_SCHEMA: somebody else's deed, gone at the next try.
            // SQLITE_NOMEM, SQLITE_CANTOPEN: out of memory or of file descriptors (a reader opens its file late);
            // both pass. Were the file itself gone, the tries end and it counts as failed.
            Some(
                ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OperationInterrupted
                | ErrorCode::SchemaChanged
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen,
            ) => Self::Recoverable(Cause::new(error)),
            // SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR, SQLITE_PERM, SQLITE_AUTH: the disk or its rights.
            // SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR ("no such table"), and values of a type that no column
            // of ours holds (no code at all): the file is damaged.
            _ => Self::Failed(Cause::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn meaning_of(code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn a_held_write_lock_is_busy_and_not_a_failure() {
        assert!(matches!(meaning_of(ffi::SQLITE_BUSY), StoreError::Busy(_)));
        assert!(matches!(meaning_of(ffi::SQLITE_BUSY_RECOVERY), StoreError::Busy(_)));
    }

    #[test]
    fn what_passes_by_itself_is_recoverable() {
        for code in [ffi::SQLITE_LOCKED, ffi::SQLITE_PROTOCOL, ffi::SQLITE_NOMEM, ffi::SQLITE_CANTOPEN] {
            assert!(matches!(meaning_of(code), StoreError::Recoverable(_)), "code {code}");
        }
    }

    #[test]
    fn what_needs_a_person_is_a_failure() {
        let codes = [
            ffi::SQLITE_FULL,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_ERROR,
        ];
        for code in codes {
            assert!(matches!(meaning_of(code), StoreError::Failed(_)), "code {code}");
        }
    }
}
