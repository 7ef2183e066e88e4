//! Certificates and private keys as PEM files hold them (RFC 7468).

use std::{path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};

use crate::{CredentialError, file};

/// Everything is encrypted by the same library.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What a process shows: a chain of certificates, its own first, and the private key of that.
pub(crate) fn identity(certificate: &Path, private_key: &Path) -> Result<Arc<CertifiedKey>, CredentialError> {
    let chain = certificates(certificate)?;
    let bytes = file::read_secret(private_key)?;
    // What the parser says of a file that has no key in it must not repeat what it has.
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| bad_pem(private_key, &error))?;
    let identity = CertifiedKey::from_der(chain, key, &provider());
    let unfit =
        |why| CredentialError::Unfit { certificate: certificate.to_owned(), private_key: private_key.to_owned(), why };
    identity.map(Arc::new).map_err(unfit)
}

/// Whose certificates are believed.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, CredentialError> {
    let mut store = RootCertStore::empty();
    add_authorities(path, &mut store)?;
    Ok(store)
}

/// Those of a file, beside others.
pub(crate) fn add_authorities(path: &Path, store: &mut RootCertStore) -> Result<(), CredentialError> {
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|why| CredentialError::BadCertificate { path: path.to_owned(), why })?;
    }
    Ok(())
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    let bytes = file::read(path)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = read.map_err(|error| bad_pem(path, &error))?;
    if certificates.is_empty() {
        return Err(CredentialError::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}

fn bad_pem(path: &Path, error: &pem::Error) -> CredentialError {
    let why = match error {
        pem::Error::NoItemsFound => "it holds none of what is looked for",
        pem::Error::MissingSectionEnd { .. } => "a part of it has no end",
        pem::Error::IllegalSectionStart { .. } => "a part of it has a malformed beginning",
        pem::Error::Base64Decode(_) => "a part of it is not base64",
        _ => "it is damaged",
    };
    CredentialError::BadPem { path: path.to_owned(), why: why.to_owned() }
}
