//! A private authority whose certificates engines and links show each other, in files as an operator has them.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tandem_credentials::{Look, Mutual, MutualFiles, Watched};
use tokio_rustls::rustls::pki_types::ServerName;

use crate::Credentials;

pub(crate) struct Authority {
    folder: tempfile::TempDir,
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        // Two authorities are not to be taken for each other by their names.
        root.distinguished_name.push(DnType::CommonName, uuid::Uuid::now_v7().to_string());
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.path().join("authority.pem"), root.pem()).unwrap();
        Self { folder, root }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a certificate for this name and its key, as files named after `process`.
    pub(crate) fn certifies(&self, process: &str, name: &str, is_valid: bool) -> MutualFiles {
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new([name.to_owned()]).unwrap();
        if !is_valid {
            certificate.not_after = date_time_ymd(2001, 1, 1);
        }
        let certificate = certificate.signed_by(&key, &self.root).unwrap();
        let files = MutualFiles {
            certificate: self.file(&format!("{process}.pem")),
            private_key: self.file(&format!("{process}.key")),
            authorities: self.file("authority.pem"),
            server_name: None,
            peers: Vec::new(),
        };
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.private_key, key.serialize_pem()).unwrap();
        files
    }

    /// A process with a valid certificate for this name.
    pub(crate) fn trusts(&self, process: &str, name: &str) -> Credentials {
        credentials(self.certifies(process, name, true))
    }
}

/// Credentials that are read from these files.
pub(crate) fn credentials(files: MutualFiles) -> Credentials {
    let mutual = Watched::read("the certificate", files.paths(), move || Mutual::read(&files)).unwrap();
    Credentials::new(None, Some(mutual))
}

/// The time has come to look at the files.
pub(crate) fn look(credentials: &Credentials) {
    credentials.to_watch().iter().for_each(|one| Look::look(&**one));
}

pub(crate) fn server_name(name: &'static str) -> ServerName<'static> {
    ServerName::try_from(name).unwrap()
}
