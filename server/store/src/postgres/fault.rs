//! What goes wrong with PostgreSQL, and what it means to the engine. The only place that knows its error codes.
//!
//! It exists so that three tables can be read and checked as one: what is worth another try ([`StoreError`]), what
//! leaves the outcome of a statement unknown ([`Fault::is_final`]), and what a connection survives
//! ([`Fault::spares_connection`]). The codes are those of the appendix "PostgreSQL Error Codes".

use std::{error::Error, io};

use tandem_protocol::{Seq, SessionId};
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::{Cause, StoreError};

/// See the module. No message text and no password can be in one: of what the server says only its first line is kept,
/// never the details, in which it repeats rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server's answer is an error.
    #[error("{message} (SQLSTATE {})", code.code())]
    Server {
        code: SqlState,
        message: String,
        /// The server ended the connection with it.
        ends_connection: bool,
    },
    /// The connection broke, or could not be made.
    #[error("the connection to the database broke")]
    Lost(#[source] io::Error),
    /// Nothing came in time. The server may be stopped, or out of reach.
    #[error("the database did not answer in time")]
    Silent,
    /// The name of a host means nothing.
    #[error("the database's host is not known")]
    NoSuchHost(#[source] io::Error),
    /// No encrypted connection could be made.
    #[error("no encrypted connection to the database could be made")]
    Tls(#[source] Cause),
    /// The server wants a password and there is none, or a way of logging in that is not known.
    #[error("the database wants another kind of login")]
    Login(#[source] Cause),
    /// The server takes no writes: a standby, or one that was set to it.
    #[error("the database takes no writes")]
    ReadOnly,
    /// The server is too old.
    #[error("the database server has version {0}")]
    OldServer(i32),
    /// The database would change the bytes of a text.
    #[error("the database has the encoding {0}")]
    Encoding(String),
    /// An answer that is not what was asked for.
    #[error("the database's answer is not understood")]
    Answer(#[source] tokio_postgres::Error),
    /// A statement has stored another number of rows than it was given.
    #[error("the database has stored another number of rows than it was given")]
    Miscount,
    /// The body of an event was altered.
    #[error("event {seq} of session {session} is not JSON")]
    Body { session: SessionId, seq: Seq },
    /// An event's part in the chain was altered.
    #[error("event {seq} of session {session} has a part in the chain that is not well formed")]
    Proof { session: SessionId, seq: Seq },
    /// Events of a session are missing or stand twice.
    #[error("event {seq} of session {session} is not there")]
    Gap { session: SessionId, seq: Seq },
    /// A row that this program cannot have written.
    #[error("a row of {0} is not well formed")]
    Row(&'static str),
    /// The system gives no random bytes.
    #[error("there are no random bytes")]
    Random(#[source] getrandom::Error),
    /// The caller's entries do not follow what is stored.
    #[error("event {got} of session {session} does not follow event {head}, its last stored one")]
    Order { session: SessionId, head: Seq, got: Seq },
    /// Another process writes for the same pair in the same epoch, or rows change under the writer's hands.
    #[error("another connection writes for the same pair")]
    Contended,
    /// The connection broke while a batch was being saved; it has been found out that nothing of it is stored.
    #[error("the connection to the database broke, and nothing was stored")]
    NothingStored(#[source] Cause),
    /// More calls wait than the queue holds (B-1).
    #[error("too many calls wait for the database")]
    QueueFull,
    /// The task that should have answered is gone.
    #[error("a task of the store has ended")]
    TaskGone,
}

impl Fault {
    /// Whether it is certain that nothing of the statement is stored. If not, the statement may be stored already, or
    /// may still be carried out by a server that has not yet noticed that nobody listens.
    pub(super) fn is_final(&self) -> bool {
        match self {
            // An error that ends the connection may come between a commit and its report: while it waits for a standby.
            Self::Server { code, ends_connection, .. } => {
                let is_unsure = *code == SqlState::TRANSACTION_RESOLUTION_UNKNOWN
                    || *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN;
                !ends_connection && !is_unsure
            }
            Self::Lost(_) | Self::Silent | Self::Answer(_) | Self::Miscount => false,
            _ => true,
        }
    }

    /// Whether the connection can be used for the next statement.
    pub(super) fn spares_connection(&self) -> bool {
        match self {
            Self::Server { code, ends_connection, .. } => {
                let is_of_connection = [
                    // Another host may take writes by now.
                    SqlState::READ_ONLY_SQL_TRANSACTION,
                    // What was prepared is gone, or fits the tables no longer.
                    SqlState::INVALID_SQL_STATEMENT_NAME,
                    SqlState::FEATURE_NOT_SUPPORTED,
                    SqlState::IN_FAILED_SQL_TRANSACTION,
                ]
                .contains(code);
                !ends_connection && !is_of_connection
            }
            Self::Lost(_) | Self::Silent | Self::Answer(_) | Self::Miscount => false,
            _ => true,
        }
    }

    /// Whether a key was there already.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Server { code, .. } if *code == SqlState::UNIQUE_VIOLATION)
    }
}

/// The table: which errors are worth another try.
impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match &fault {
            Fault::Server { code, .. } => match meaning(code) {
                Meaning::Busy => Self::Busy(Cause::new(fault)),
                Meaning::Passes => Self::Recoverable(Cause::new(fault)),
                Meaning::NeedsAPerson => Self::Failed(Cause::new(fault)),
            },
            Fault::Lost(_)
            | Fault::Silent
            | Fault::NoSuchHost(_)
            | Fault::ReadOnly
            | Fault::Order { .. }
            | Fault::Contended
            | Fault::NothingStored(_)
            | Fault::QueueFull => Self::Recoverable(Cause::new(fault)),
            Fault::Tls(_)
            | Fault::Login(_)
            | Fault::OldServer(_)
            | Fault::Encoding(_)
            | Fault::Answer(_)
            | Fault::Miscount
            | Fault::Body { .. }
            | Fault::Proof { .. }
            | Fault::Gap { .. }
            | Fault::Row(_)
            | Fault::Random(_)
            | Fault::TaskGone => Self::Failed(Cause::new(fault)),
        }
    }
}

/// What an error of the server calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Somebody holds a lock.
    Busy,
    /// Another try may succeed.
    Passes,
    /// Another try fails too, until somebody has changed something.
    NeedsAPerson,
}

fn meaning(code: &SqlState) -> Meaning {
    match code.code() {
        // lock_not_available: `lock_timeout` is over.
        "55P03" => Meaning::Busy,
        // 08: the connection. 40: rolled back for the sake of another transaction.
        code if code.starts_with("08") || code.starts_with("40") => Meaning::Passes,
        // read_only_sql_transaction: the primary of a moment ago is a standby now.
        // in_failed_sql_transaction, idle_in_transaction_session_timeout: of a connection that is given up.
        "25006" | "25P02" | "25P03" => Meaning::Passes,
        // query_canceled (`statement_timeout`, or by hand); admin_shutdown, crash_shutdown, cannot_connect_now,
        // idle_session_timeout: the server goes or comes.
        "57014" | "57P01" | "57P02" | "57P03" | "57P05" => Meaning::Passes,
        // insufficient_resources, out_of_memory, too_many_connections: others use them now. Not disk_full (53100).
        "53000" | "53200" | "53300" => Meaning::Passes,
        // object_in_use: a table is being worked on.
        "55006" => Meaning::Passes,
        // invalid_sql_statement_name, and feature_not_supported ("cached plan must not change result type"): what was
        // prepared is out of date; the next connection prepares it anew.
        "26000" | "0A000" => Meaning::Passes,
        // insufficient_privilege, undefined_table, disk_full, io_error, data_corrupted, internal errors, a password
        // that was changed (28), a database that is gone (3D), …
        _ => Meaning::NeedsAPerson,
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::from(error);
        }
        if error.is_closed() {
            return Self::Lost(io::ErrorKind::ConnectionAborted.into());
        }
        match source_of_io(&error) {
            Some(source) => Self::Lost(io::Error::new(source.kind(), source.to_string())),
            None => Self::Answer(error),
        }
    }
}

impl From<&DbError> for Fault {
    fn from(error: &DbError) -> Self {
        let ends_connection = matches!(error.parsed_severity(), None | Some(Severity::Fatal | Severity::Panic));
        Self::Server { code: error.code().clone(), message: error.message().to_owned(), ends_connection }
    }
}

/// The input or output error behind another one.
pub(super) fn source_of_io(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source().and_then(|source| source.downcast_ref::<io::Error>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: &str, ends_connection: bool) -> Fault {
        Fault::Server { code: SqlState::from_code(code), message: "a message".into(), ends_connection }
    }

    #[test]
    fn a_lock_that_is_held_is_busy() {
        assert!(matches!(server("55P03", false).into(), StoreError::Busy(_)));
    }

    #[test]
    fn what_passes_by_itself_is_recoverable() {
        let codes = [
            "08000", "08003", "08006", "40001", "40P01", "57014", "57P01", "57P02", "57P03", "53200", "53300", "25006",
            "25P03", "55006", "26000", "0A000",
        ];
        for code in codes {
            assert!(matches!(server(code, false).into(), StoreError::Recoverable(_)), "{code}");
        }
    }

    #[test]
    fn what_needs_a_person_is_a_failure() {
        let codes = [
            "53100", "58030", "42501", "42P01", "42703", "28P01", "28000", "3D000", "XX000", "XX001", "23502", "22021",
            "57P04",
        ];
        for code in codes {
            assert!(matches!(server(code, false).into(), StoreError::Failed(_)), "{code}");
        }
    }

    #[test]
    fn an_error_that_ends_the_connection_leaves_the_outcome_unknown() {
        assert!(server("23505", false).is_final() && server("57014", false).is_final());
        for unknown in [server("57P01", true), server("08007", false), server("40003", false), Fault::Silent] {
            assert!(!unknown.is_final(), "{unknown:?}");
        }
        assert!(!Fault::Lost(io::ErrorKind::ConnectionReset.into()).is_final());
    }

    #[test]
    fn a_connection_survives_errors_of_a_statement_only() {
        for spared in ["23505", "55P03", "57014", "42501", "42P01"] {
            assert!(server(spared, false).spares_connection(), "{spared}");
        }
        for lost in [server("25006", false), server("26000", false), server("57P01", true), Fault::Silent] {
            assert!(!lost.spares_connection(), "{lost:?}");
        }
    }
}
