//! Why a database cannot be opened, one clear sentence each: an operator reads it at start-up.
//!
//! It is apart from [`crate::StoreError`] because whoever starts a process is there to change something. An address
//! prints itself without its password, and so do these.

use std::io;

use super::{
    address::PostgresAddress,
    connection::{SCHEMA, SERVER_VERSION_MIN},
    fault::Fault,
};
use crate::Cause;

/// See the module.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostgresOpenError {
    /// No host of the address can be looked up.
    #[error("{address}: the host is not known: check its name")]
    UnknownHost {
        /// What was given.
        address: PostgresAddress,
    },
    /// The host answers that nobody listens there.
    #[error("{address}: no database server listens there: is it started, and is the port right?")]
    NobodyListens {
        /// What was given.
        address: PostgresAddress,
    },
    /// Nothing answers in time.
    #[error("{address}: the database server cannot be reached")]
    Unreachable {
        /// What was given.
        address: PostgresAddress,
        /// What the system said.
        source: Cause,
    },
    /// The server is on its way up or down.
    #[error("{address}: the database server is starting up or shutting down: try again in a moment")]
    Starting {
        /// What was given.
        address: PostgresAddress,
    },
    /// It is not the user's password.
    #[error("{address}: the database server does not accept the password of user {}", address.user)]
    WrongPassword {
        /// What was given.
        address: PostgresAddress,
    },
    /// The server lets this user in from here in no way, or in none that works here.
    #[error("{address}: the database server does not let user {} in: {reason}", address.user)]
    NotLetIn {
        /// What was given.
        address: PostgresAddress,
        /// The server's or the driver's words.
        reason: String,
    },
    /// The server has no such database.
    #[error(
        "{address}: there is no database {database}: make it with createdb -O {user} {database}",
        database = address.database,
        user = address.user
    )]
    NoDatabase {
        /// What was given.
        address: PostgresAddress,
    },
    /// The user may not do what is needed.
    #[error("{address}: user {} lacks a right in database {}: {reason}", address.user, address.database)]
    NoPermission {
        /// What was given.
        address: PostgresAddress,
        /// The server's words.
        reason: String,
    },
    /// All connections of the server are in use.
    #[error("{address}: the database server has no connection left: raise its max_connections")]
    NoConnectionLeft {
        /// What was given.
        address: PostgresAddress,
    },
    /// No host takes writes.
    #[error("{address}: the database takes no writes: name the primary server among the hosts, or all of them")]
    ReadOnly {
        /// What was given.
        address: PostgresAddress,
    },
    /// The server is too old.
    #[error(
        "{address}: the database server is PostgreSQL {}, and Tandem needs {} or newer",
        found / 10_000,
        SERVER_VERSION_MIN / 10_000
    )]
    OldServer {
        /// What was given.
        address: PostgresAddress,
        /// Its `server_version_num`.
        found: i32,
    },
    /// The database cannot keep every text as it is.
    #[error("{address}: database {} has the encoding {found}, and Tandem needs UTF8", address.database)]
    Encoding {
        /// What was given.
        address: PostgresAddress,
        /// Its encoding.
        found: String,
    },
    /// The certificates to trust cannot be had.
    #[error("{address}: {reason}")]
    Certificates {
        /// What was given.
        address: PostgresAddress,
        /// What is wrong with them.
        reason: String,
    },
    /// The server offers no encryption, or is not who it should be.
    #[error("{address}: there is no encrypted connection to the database server: {reason}")]
    Tls {
        /// What was given.
        address: PostgresAddress,
        /// What is wrong.
        reason: String,
    },
    /// A newer Tandem has written it; this one would not understand it.
    #[error("{address} has schema version {found}, and this Tandem knows versions up to {known}: use a newer Tandem")]
    NewerSchema {
        /// What was given.
        address: PostgresAddress,
        /// Its version.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// Who only looks does not bring it up.
    #[error("{address} has schema version {found}, and this Tandem needs {needed}: start an engine of it there first")]
    OlderSchema {
        /// What was given.
        address: PostgresAddress,
        /// Its version; 0 without tables.
        found: usize,
        /// What this program reads.
        needed: usize,
    },
    /// Somebody else has a schema of the same name.
    #[error("{address}: the schema {SCHEMA} was not made by Tandem: its tables are {}", found.join(", "))]
    ForeignSchema {
        /// What was given.
        address: PostgresAddress,
        /// Some of its tables.
        found: Vec<String>,
    },
    /// Another process has kept the tables locked for longer than opening waits.
    #[error("{address}: the tables are kept locked by another process")]
    Locked {
        /// What was given.
        address: PostgresAddress,
    },
    /// Anything else.
    #[error("{address} cannot be opened")]
    Failed {
        /// What was given.
        address: PostgresAddress,
        /// What the database said.
        source: Cause,
    },
}

/// What a fault means to whoever starts a process.
pub(super) fn refusal(address: &PostgresAddress, fault: Fault) -> PostgresOpenError {
    let address = address.clone();
    match fault {
        Fault::Server { ref code, ref message, .. } => {
            let reason = message.clone();
            match code.code() {
                "28P01" => PostgresOpenError::WrongPassword { address },
                "28000" => PostgresOpenError::NotLetIn { address, reason },
                "3D000" => PostgresOpenError::NoDatabase { address },
                "42501" => PostgresOpenError::NoPermission { address, reason },
                "53300" => PostgresOpenError::NoConnectionLeft { address },
                "55P03" => PostgresOpenError::Locked { address },
                "57P03" => PostgresOpenError::Starting { address },
                _ => PostgresOpenError::Failed { address, source: Cause::new(fault) },
            }
        }
        // A socket that is not there is a server that is not there.
        Fault::Lost(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            PostgresOpenError::NobodyListens { address }
        }
        Fault::NoSuchHost(_) => PostgresOpenError::UnknownHost { address },
        Fault::Lost(_) | Fault::Silent => PostgresOpenError::Unreachable { address, source: Cause::new(fault) },
        Fault::Tls(cause) => PostgresOpenError::Tls { address, reason: cause.to_string() },
        Fault::Login(cause) => PostgresOpenError::NotLetIn { address, reason: cause.to_string() },
        Fault::ReadOnly => PostgresOpenError::ReadOnly { address },
        Fault::OldServer(found) => PostgresOpenError::OldServer { address, found },
        Fault::Encoding(found) => PostgresOpenError::Encoding { address, found },
        fault => PostgresOpenError::Failed { address, source: Cause::new(fault) },
    }
}
