//! What is read, when, and what stays in use when it cannot be.

use std::{fs, path::Path};

use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::{Keys, Mutual, MutualFiles, client_side, server_side};

const OLD: &str = "an old key, long enough to be one";
const NEW: &str = "a new key, long enough to be one too";

fn keys(file: &Path) -> Watched<Keys> {
    let path = file.to_owned();
    Watched::read("the key", vec![path.clone()], move || Keys::in_file(&path)).expect("is a file of keys")
}

#[test]
fn a_file_that_changes_is_read_anew_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("key");
    fs::write(&file, OLD).expect("is written");
    let watched = keys(&file);
    let [old, new] = [OLD, NEW].map(|text| Keys::of(text).expect("is a key"));
    watched.look();
    assert_eq!(*watched.current(), old);
    fs::write(&file, "short").expect("is written");
    for told in [Some(false), Some(true), Some(true)] {
        watched.look();
        assert_eq!(*watched.current(), old);
        let seen = watched.seen.lock().expect("nobody panics");
        assert_eq!(seen.refused.as_ref().map(|refused| refused.is_told), told);
    }
    fs::write(&file, NEW).expect("is written");
    watched.look();
    assert_eq!(*watched.current(), new);
    // As a rename over it, which is how a file is replaced as a whole.
    let draft = folder.path().join("draft");
    fs::write(&draft, OLD).expect("is written");
    fs::rename(&draft, &file).expect("is renamed");
    watched.look();
    assert_eq!(*watched.current(), old);
    fs::remove_file(&file).expect("is removed");
    watched.look();
    assert_eq!(*watched.current(), old);
}

/// Writes a certificate for this name, and its key.
fn write_certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([name.to_owned()]).expect("is a name").self_signed(&key).expect("signs");
    let files = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&files.0, certificate.pem()).expect("is written");
    fs::write(&files.1, key.serialize_pem()).expect("is written");
    files
}

#[test]
fn a_certificate_whose_key_is_still_to_come_is_waited_for() {
    let folder = tempfile::tempdir().expect("a directory");
    let (certificate, key) = write_certificate(folder.path(), "gateway.example");
    let (first, second) = (certificate.clone(), key.clone());
    let watched =
        Watched::read("the certificate", vec![first.clone(), second.clone()], move || server_side(&first, &second));
    let watched = watched.expect("go together");
    let before = watched.current();
    assert!(before.expiry().is_some());
    let key_before = fs::read(&key).expect("is there");
    write_certificate(folder.path(), "gateway.example");
    let key_after = fs::read(&key).expect("is there");
    fs::write(&key, key_before).expect("is written");
    watched.look();
    assert!(Arc::ptr_eq(&before, &watched.current()), "the two do not go together");
    fs::write(&key, key_after).expect("is written");
    watched.look();
    assert!(!Arc::ptr_eq(&before, &watched.current()));
}

#[test]
fn what_is_no_certificate_is_refused_by_its_file_and_nothing_of_it_is_repeated() {
    let folder = tempfile::tempdir().expect("a directory");
    let (certificate, key) = write_certificate(folder.path(), "engine.example");
    let odd = folder.path().join("odd.pem");
    let missing = folder.path().join("missing.pem");
    fs::write(&odd, "hunter2").expect("is written");
    let files = |certificate: &Path, private_key: &Path, authorities: &Path| MutualFiles {
        certificate: certificate.to_owned(),
        private_key: private_key.to_owned(),
        authorities: authorities.to_owned(),
        server_name: None,
        peers: Vec::new(),
    };
    assert!(Mutual::read(&files(&certificate, &key, &certificate)).is_ok());
    let refused = |files: &MutualFiles| Mutual::read(files).expect_err("is refused").to_string();
    let cases = [
        (refused(&files(&odd, &key, &certificate)), format!("{odd:?} holds no certificate")),
        (refused(&files(&certificate, &odd, &certificate)), format!("{odd:?} cannot be read as PEM: it holds none")),
        (refused(&files(&certificate, &key, &missing)), format!("{missing:?} cannot be read: No such file")),
        (refused(&files(&certificate, &key, &key)), format!("{key:?} holds no certificate")),
        (client_side(Some(&odd)).expect_err("is refused").to_string(), format!("{odd:?} holds no certificate")),
    ];
    for (refusal, expected) in cases {
        assert!(refusal.starts_with(&expected), "{refusal}");
        assert!(!refusal.contains("hunter"), "{refusal}");
    }
}
