//! Encrypted connections: which servers are trusted, by what the address asks.
//!
//! It exists so that the one place in which a certificate is deliberately not checked can be seen at a glance. Rustls
//! with ring does the work; no other file of the store sees either.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{self, CryptoProvider},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::TlsMode;

/// Why encryption cannot be set up, for whoever wrote the address.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum TlsFault {
    #[error("{path} cannot be read as certificates: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{0} holds no certificate")]
    Empty(String),
    #[error("this system has no certificates to trust; name some with sslrootcert")]
    NoneTrusted,
}

/// What the driver is told of the mode.
pub(super) fn mode(tls: &TlsMode) -> SslMode {
    match tls {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyFull { .. } => SslMode::Require,
    }
}

/// Makes what encrypts. Reads the certificates to trust; blocks for as long as that takes.
pub(super) fn connector(tls: &TlsMode) -> Result<MakeRustlsConnect, TlsFault> {
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring knows the protocol versions that rustls has by default");
    let config = match tls {
        TlsMode::VerifyFull { root } => config.with_root_certificates(trusted(root.as_deref())?),
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            config.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
        }
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn trusted(root: Option<&Path>) -> Result<RootCertStore, TlsFault> {
    let mut store = RootCertStore::empty();
    let Some(path) = root else {
        // Some of a system's certificates may be too odd for rustls; what counts is that there are others.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if store.is_empty() { Err(TlsFault::NoneTrusted) } else { Ok(store) };
    };
    let unreadable = |reason: String| TlsFault::Unreadable { path: path.display().to_string(), reason };
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        store.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if store.is_empty() { Err(TlsFault::Empty(path.display().to_string())) } else { Ok(store) }
}

/// Accepts whichever certificate a server shows, as `sslmode=prefer` and `require` say: the connection is encrypted,
/// with nobody knows whom. That the server has the key of its certificate is still checked.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
