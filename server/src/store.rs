//! Where everything is kept that must outlive a process, and the one place that opens it, for every role and command.
//!
//! Nobody else knows which backend there is: what this returns are the store's traits, and errors that are one line for
//! whoever starts a process. A database is opened inside the runtime that then uses it.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tandem_interaction::Stores;
use tandem_protocol::PairName;
use tandem_store::{
    Directory, Journal, OpenError, PostgresAddress, PostgresDirectory, PostgresJournal, PostgresOpenError,
    PostgresStore, PostgresTranscripts, SqliteDirectory, SqliteJournal, SqliteStore, SqliteTranscripts, Store,
    Transcripts,
};

use crate::settings::StoreSection;

/// A place where sessions and accounts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Files in this data directory.
    Embedded(PathBuf),
    /// A database, with the password to get in.
    Database(PostgresAddress),
}

/// Why a place cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// The data directory is in the way.
    #[error(transparent)]
    Embedded(#[from] OpenError),
    /// The database is.
    #[error(transparent)]
    Database(Box<PostgresOpenError>),
    /// The password cannot be had.
    #[error("{key}password-file = {path:?} cannot be read: {cause}")]
    PasswordFile {
        /// What names the file, up to that word.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// There is no password.
    #[error("{key}password-file = {path:?} has no password in its first line")]
    NoPassword {
        /// As of a file that cannot be read.
        key: String,
        /// The file.
        path: PathBuf,
    },
}

impl From<PostgresOpenError> for PlaceError {
    fn from(error: PostgresOpenError) -> Self {
        Self::Database(Box::new(error))
    }
}

impl Place {
    /// The database of these settings, else the data directory. Reads the file with the password; blocks for that.
    pub(crate) fn of(store: &StoreSection, data_dir: &Path) -> Result<Self, PlaceError> {
        let Some(address) = &store.address else { return Ok(Self::Embedded(data_dir.to_owned())) };
        let address = address.0.clone();
        Ok(Self::Database(match &store.password_file {
            Some(path) => address.with_password(password_in("store.", &path.0.0)?),
            None => address,
        }))
    }

    /// Opens the log of a pair's sessions, and makes what is missing.
    pub(crate) async fn open_store(&self, pair: &PairName) -> Result<Arc<dyn Store>, PlaceError> {
        Ok(match self {
            Self::Embedded(dir) => Arc::new(SqliteStore::open(dir, pair)?),
            Self::Database(address) => Arc::new(PostgresStore::open(address, pair).await?),
        })
    }

    /// The journal. It is opened when it is first needed: nobody fails to start for it.
    pub(crate) fn open_journal(&self) -> Arc<dyn Journal> {
        match self {
            Self::Embedded(dir) => Arc::new(SqliteJournal::new(dir)),
            Self::Database(address) => Arc::new(PostgresJournal::new(address)),
        }
    }

    /// Opens the directory of accounts, and makes what is missing.
    pub(crate) async fn open_directory(&self) -> Result<Arc<dyn Directory>, PlaceError> {
        Ok(match self {
            Self::Embedded(dir) => Arc::new(SqliteDirectory::open(dir)?),
            Self::Database(address) => Arc::new(PostgresDirectory::open(address).await?),
        })
    }

    /// As [`Place::open_directory`]; none, and nothing is made, where a data directory has no accounts yet.
    pub(crate) async fn open_existing_directory(&self) -> Result<Option<Arc<dyn Directory>>, PlaceError> {
        match self {
            Self::Embedded(dir) if !SqliteDirectory::is_in(dir) => Ok(None),
            _ => self.open_directory().await.map(Some),
        }
    }

    /// Opens what was written, to look back at it; makes nothing.
    pub(crate) async fn open_transcripts(&self) -> Result<Arc<dyn Transcripts>, PlaceError> {
        Ok(match self {
            Self::Embedded(dir) => Arc::new(SqliteTranscripts::open(dir)?),
            Self::Database(address) => Arc::new(PostgresTranscripts::open(address).await?),
        })
    }

    /// As [`Place::open_transcripts`], and refuses a data directory that has none: what is proven about nothing would be
    /// believed of another directory.
    pub(crate) async fn open_existing_transcripts(&self) -> Result<Arc<dyn Transcripts>, PlaceError> {
        match self {
            Self::Embedded(dir) => Ok(Arc::new(SqliteTranscripts::open_existing(dir)?)),
            Self::Database(_) => self.open_transcripts().await,
        }
    }

    /// Opens all that an interaction server works on, and makes what is missing.
    pub(crate) async fn open_stores(&self) -> Result<Stores, PlaceError> {
        Ok(match self {
            Self::Embedded(dir) => {
                let directory = Arc::new(SqliteDirectory::open(dir)?);
                Stores::new(directory, self.open_transcripts().await?, self.open_journal())
            }
            Self::Database(address) => {
                // First the directory, which brings the tables up.
                let directory = Arc::new(PostgresDirectory::open(address).await?);
                Stores::new(directory, self.open_transcripts().await?, self.open_journal())
            }
        })
    }

    /// The same place with an absolute path, where it has one that exists.
    pub(crate) fn absolute(self) -> Self {
        match self {
            Self::Embedded(dir) => Self::Embedded(dir.canonicalize().unwrap_or(dir)),
            database => database,
        }
    }
}

impl fmt::Display for Place {
    /// For people; without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(dir) => dir.display().fmt(f),
            Self::Database(address) => address.fmt(f),
        }
    }
}

/// The first line of a file, which an editor may have ended. `key` is what the file's setting or flag begins with.
pub(crate) fn password_in(key: &str, path: &Path) -> Result<Vec<u8>, PlaceError> {
    let (key, path) = (key.to_owned(), path.to_owned());
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(cause) => return Err(PlaceError::PasswordFile { key, path, cause }),
    };
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() { Err(PlaceError::NoPassword { key, path }) } else { Ok(line.to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Given, load};

    fn section(variables: &[(&str, &str)]) -> StoreSection {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        load(&Given { environment, ..Given::default() }).expect("is fine").settings.store
    }

    fn guarded_by(file: &Path) -> StoreSection {
        let file = file.to_str().expect("is UTF-8");
        section(&[("TANDEM_STORE__ADDRESS", "postgres://u@h/d"), ("TANDEM_STORE__PASSWORD_FILE", file)])
    }

    #[test]
    fn without_an_address_everything_is_in_the_data_directory() {
        let place = Place::of(&section(&[]), Path::new("/srv/data")).expect("is a place");
        assert_eq!(place, Place::Embedded("/srv/data".into()));
        assert_eq!(place.to_string(), "/srv/data");
    }

    #[test]
    fn the_first_line_of_the_password_file_is_the_password_and_is_not_printed() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("password");
        for text in ["hunter 2", "hunter 2\n", "hunter 2\r\n", "hunter 2\nfor the database\n"] {
            std::fs::write(&file, text).expect("is written");
            let place = Place::of(&guarded_by(&file), folder.path()).expect("is a place");
            let expected: PostgresAddress = "postgres://u:hunter%202@h/d".parse().expect("is an address");
            assert_eq!(place, Place::Database(expected));
            assert_eq!(place.to_string(), "postgres://u:***@h:5432/d");
            assert!(!format!("{place:?}").contains("hunter"), "{place:?}");
        }
    }

    #[test]
    fn a_password_file_that_gives_no_password_is_refused_by_its_name() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("password");
        let refused = || Place::of(&guarded_by(&file), folder.path()).expect_err("is refused").to_string();
        let reason = "cannot be read: No such file or directory (os error 2)";
        assert_eq!(refused(), format!("store.password-file = {file:?} {reason}"));
        std::fs::write(&file, "\nhunter2").expect("is written");
        assert_eq!(refused(), format!("store.password-file = {file:?} has no password in its first line"));
    }
}
