//! Keys and certificates of a test, in files as an operator has them.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tandem_credentials::{Keys, Mutual, MutualFiles, Watched};
use tandem_link::Credentials;
use uuid::Uuid;

/// What the links of one system prove themselves with: a key, certificates or both; and what its gateway shows.
#[derive(Debug)]
pub struct Guard {
    folder: tempfile::TempDir,
    has_key: bool,
    is_certified: bool,
}

impl Guard {
    /// A shared key.
    ///
    /// # Panics
    /// When the temp folder is not writable, as with all here.
    #[must_use]
    pub fn by_key() -> Self {
        let guard = Self { folder: folder(), has_key: true, is_certified: false };
        guard.has_keys(&[&Self::new_key()]);
        guard
    }

    /// A certificate of a private authority, for this machine.
    #[must_use]
    pub fn by_certificate() -> Self {
        let mut guard = Self { folder: folder(), has_key: false, is_certified: false };
        guard.changes_authority();
        guard
    }

    /// Both.
    #[must_use]
    pub fn by_both() -> Self {
        let mut guard = Self::by_key();
        guard.changes_authority();
        guard
    }

    /// A key that nobody has yet.
    #[must_use]
    pub fn new_key() -> String {
        format!("{}-{}", Uuid::now_v7(), Uuid::now_v7())
    }

    /// From now on these are the lines of the key's file.
    pub fn has_keys(&self, keys: &[&str]) {
        write(&self.key_file(), &keys.join("\n"));
    }

    /// The lines of the key's file.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let text = fs::read_to_string(self.key_file()).expect("the key's file is there");
        text.lines().map(str::to_owned).collect()
    }

    /// A new authority, and a certificate of it. Between the first file and the last they do not go together, so that no
    /// process takes some of them for all.
    pub fn changes_authority(&mut self) {
        self.certifies(params());
    }

    /// As [`Guard::changes_authority`], with a certificate that is good for so long.
    pub fn changes_authority_for(&mut self, time: Duration) {
        let mut own = params();
        own.not_after = (SystemTime::now() + time).into();
        self.certifies(own);
    }

    fn certifies(&mut self, own: CertificateParams) {
        let mut root = CertificateParams::new(Vec::new()).expect("no name is a list of names");
        root.distinguished_name.push(DnType::CommonName, Uuid::now_v7().to_string());
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().expect("a key")).expect("signs");
        let key = KeyPair::generate().expect("a key");
        let certificate = own.signed_by(&key, &root).expect("signs");
        write(&self.certificate(), &certificate.pem());
        write(&self.authorities(), &root.pem());
        write(&self.private_key(), &key.serialize_pem());
        self.is_certified = true;
    }

    /// The file of the key.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("links.key")
    }

    /// The file of the authority's certificate.
    #[must_use]
    pub fn authorities(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The file of the certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// The file of its private key.
    #[must_use]
    pub fn private_key(&self) -> PathBuf {
        self.folder.path().join("private.pem")
    }

    /// The settings of the links.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.to_str().expect("a temp folder has a plain name").to_owned();
        let key = self.has_key.then(|| ("links.key-file", text(self.key_file())));
        let files = self.is_certified.then(|| {
            [
                ("links.certificate", text(self.certificate())),
                ("links.private-key", text(self.private_key())),
                ("links.authorities", text(self.authorities())),
            ]
        });
        key.into_iter().chain(files.into_iter().flatten()).collect()
    }

    /// What a link of the test itself proves itself with, as the files are now.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        let keys = self.has_key.then(|| Watched::fixed("key", Keys::in_file(&self.key_file()).expect("has a key")));
        let mutual = self.is_certified.then(|| {
            let files = MutualFiles {
                certificate: self.certificate(),
                private_key: self.private_key(),
                authorities: self.authorities(),
                server_name: None,
                peers: Vec::new(),
            };
            Watched::read("certificate", Vec::new(), move || Mutual::read(&files)).expect("go together")
        });
        Credentials::new(keys, mutual)
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("tandem-test-").tempdir().expect("the temp folder is writable")
}

/// Replaces a file as a whole, readable by its owner only.
fn write(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&draft).expect("is writable");
    file.write_all(text.as_bytes()).expect("is writable");
    fs::rename(&draft, path).expect("is writable");
}

/// Of a certificate for this machine.
fn params() -> CertificateParams {
    CertificateParams::new(["127.0.0.1", "localhost"].map(str::to_owned)).expect("are names")
}
