//! `[links]`: what the links between roles prove themselves with. Every role that has links reads it, and so does a command
//! that speaks to a pair. There is no flag for any of it: a command line can be read by everybody.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use tandem_credentials::{MutualFiles, ServerName};

use super::values::{FilePath, Text, Written};

/// The key that holds a secret.
pub(super) const KEY: &str = "links.key";

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct LinksSection {
    /// The key that all processes of an installation share. It is better kept in `key-file`, or given in the environment.
    pub(crate) key: Option<LinksKey>,
    /// The file with that key in its first line. A second line is a key that is accepted too, while one takes the place of
    /// another.
    pub(crate) key_file: Option<Text<FilePath>>,
    /// The file with this process's certificate, and those between it and the authority, in PEM. With it, links are
    /// encrypted.
    pub(crate) certificate: Option<Text<FilePath>>,
    /// The file with the certificate's private key, in PEM.
    pub(crate) private_key: Option<Text<FilePath>>,
    /// The file with the certificates of the authorities whose certificates are believed of others, in PEM.
    pub(crate) authorities: Option<Text<FilePath>>,
    /// The name that an engine's certificate must have, where it is not the address that is dialled.
    pub(crate) server_name: Option<Text<CertificateName>>,
    /// Names of which the other side's certificate must have one. None: any certificate of the authorities will do.
    pub(crate) peers: Vec<Text<CertificateName>>,
}

impl LinksSection {
    /// Whether nobody makes a link who has not proven himself.
    pub(crate) fn is_guarded(&self) -> bool {
        self.key.is_some() || self.key_file.is_some() || self.certificate.is_some()
    }

    /// Where certificates are read, if links have some; [`super::check`] has seen that the files are named together.
    pub(crate) fn mutual(&self) -> Option<MutualFiles> {
        let path = |file: &Option<Text<FilePath>>| -> Option<PathBuf> { file.as_ref().map(|file| file.0.0.clone()) };
        Some(MutualFiles {
            certificate: path(&self.certificate)?,
            private_key: path(&self.private_key)?,
            authorities: path(&self.authorities)?,
            server_name: self.server_name.as_ref().map(|name| name.0.0.clone()),
            peers: self.peers.iter().map(|name| name.0.0.clone()).collect(),
        })
    }
}

/// The text of `links.key`; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LinksKey(pub(crate) String);

impl fmt::Debug for LinksKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinksKey(…)")
    }
}

/// A name that a certificate can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateName(pub(crate) ServerName<'static>);

impl FromStr for CertificateName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        ServerName::try_from(text.to_owned()).map(Self).map_err(drop)
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_str())
    }
}

impl Written for CertificateName {
    const ALLOWED: &'static str = "the name of a host or an IP address, such as \"engine-a.example.net\"";
}
