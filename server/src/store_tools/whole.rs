//! [`WholeStore`]: the log, the directory and the journal together, wherever they lie.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tandem_store::{
    AddressError, Journal, PostgresAddress, PostgresJournal, PostgresSource, SqliteJournal, SqliteSource,
    check::Inspect,
};

use crate::{
    lifecycle::failure::Failure,
    settings::Settings,
    store::{Place, PlaceError, password_in},
};

/// A store that may lie in two data directories, or in one database.
#[derive(Debug, Clone)]
pub(crate) enum WholeStore {
    /// Files.
    Files(Files),
    /// A database, with the password to get in.
    Database(PostgresAddress),
}

/// Where the files lie.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The directory with the log.
    pub(crate) log: PathBuf,
    /// The directory with the accounts; the same as a rule.
    pub(crate) directory: PathBuf,
}

/// An address on the command line that cannot be used.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// It is none.
    #[error("{flag} is refused: {reason}")]
    Address {
        /// The flag.
        flag: &'static str,
        /// Why.
        reason: AddressError,
    },
    /// It needs no password.
    #[error("{flag}-password-file is refused: {flag} names a directory")]
    NoPassword {
        /// The flag.
        flag: &'static str,
    },
    /// It has a password.
    #[error(
        "{flag} is refused: every process on the machine can read a password on a command line; put it into the file of \
         {flag}-password-file"
    )]
    Password {
        /// The flag.
        flag: &'static str,
    },
}

impl WholeStore {
    /// The store that the settings name. Reads the file with the password; blocks for that.
    pub(crate) fn of(settings: &Settings) -> Result<Self, PlaceError> {
        let log = settings.engine.data_dir.0.0.clone();
        Ok(match Place::of(&settings.store, &log)? {
            Place::Embedded(log) => Self::Files(Files { log, directory: settings.interaction.data_dir.0.0.clone() }),
            Place::Database(address) => Self::Database(address),
        })
    }

    /// The store that a flag names.
    pub(crate) fn given(flag: &'static str, place: &str, password_file: Option<&Path>) -> Result<Self, Failure> {
        // What looks like an address and is none is no directory either.
        if !place.contains("://") {
            if password_file.is_some() {
                return Err(Failure::usage(Refused::NoPassword { flag }));
            }
            return Ok(Self::in_dir(Path::new(place)));
        }
        let address: PostgresAddress =
            place.parse().map_err(|reason| Failure::usage(Refused::Address { flag, reason }))?;
        if address.has_password() {
            return Err(Failure::usage(Refused::Password { flag }));
        }
        let password =
            password_file.map(|path| password_in(&format!("{flag}-"), path)).transpose().map_err(Failure::runtime)?;
        Ok(Self::Database(match password {
            Some(password) => address.with_password(password),
            None => address,
        }))
    }

    /// All in one data directory.
    fn in_dir(dir: &Path) -> Self {
        Self::Files(Files { log: dir.to_owned(), directory: dir.to_owned() })
    }

    /// What is done to it is written down here: the journal lies with the log.
    pub(crate) fn journal(&self) -> Arc<dyn Journal> {
        match self {
            Self::Files(files) => Arc::new(SqliteJournal::new(&files.log)),
            Self::Database(address) => Arc::new(PostgresJournal::new(address)),
        }
    }

    /// One state of it, to be looked at; others write on.
    pub(crate) async fn snapshot(&self) -> Result<Box<dyn Inspect>, PlaceError> {
        Ok(match self {
            Self::Files(files) => Box::new(SqliteSource::snapshot(&files.log, &files.directory)?),
            Self::Database(address) => Box::new(PostgresSource::snapshot(address).await?),
        })
    }
}

impl fmt::Display for WholeStore {
    /// For people; without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(files) => files.log.display().fmt(f),
            Self::Database(address) => address.fmt(f),
        }
    }
}
