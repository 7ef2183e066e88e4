//! Why a file gives no credential, in one line that names the file and never what is in it.

use std::{io, path::PathBuf};

use crate::keys::{KEY_BYTES_MAX, KEY_BYTES_MIN, KEYS_MAX};

/// See the module; whoever reads it has to change a file.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The file cannot be read.
    #[error("{path:?} cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file is no file of keys.
    #[error("{path:?} is refused: {why}")]
    BadKeys {
        /// The file.
        path: PathBuf,
        /// Why.
        why: BadKeys,
    },
    /// The file is not in PEM, or what is in it is damaged.
    #[error("{path:?} cannot be read as PEM: {why}")]
    BadPem {
        /// The file.
        path: PathBuf,
        /// As the parser puts it.
        why: String,
    },
    /// The file has no certificate.
    #[error("{path:?} holds no certificate")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A certificate in the file cannot be used.
    #[error("{path:?} has a certificate that cannot be used: {why}")]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// Why.
        why: rustls::Error,
    },
    /// The certificate and the private key are not of one making.
    #[error("{certificate:?} and {private_key:?} do not go together: {why}")]
    Unfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the private key.
        private_key: PathBuf,
        /// Why.
        why: rustls::Error,
    },
    /// The system trusts nobody.
    #[error("this system has no certificates to trust; name a file with the authority's")]
    NoneTrusted,
}

/// Why a text gives no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Nothing is in it.
    #[error("it has no key in its first line")]
    None,
    /// One could be guessed.
    #[error("a key has {KEY_BYTES_MIN} to {KEY_BYTES_MAX} characters; `tandem keys generate FILE` makes one")]
    Length,
    /// It is something else than a list of keys.
    #[error("it has more than {KEYS_MAX} lines; the first is the key in use, the second one that is accepted too")]
    TooMany,
}
