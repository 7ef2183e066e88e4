//! TLS where only the server shows a certificate: the gateway's side, and that of whoever speaks to a gateway.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, ServerConfig, sign::SingleCertAndKey};

use crate::{
    CredentialError,
    certificates::{add_authorities, identity, provider},
    expiry::{Expires, Expiry},
};

/// The only protocol that is spoken inside (RFC 7301): a browser that is offered more would choose HTTP/2, over which
/// WebSockets are opened in another way.
const HTTP_1_1: &[u8] = b"http/1.1";

/// What a server of HTTP/1.1 and WebSockets encrypts with.
#[derive(Debug)]
pub struct ServerSide {
    /// For who accepts.
    pub config: Arc<ServerConfig>,
    expiry: Option<Expiry>,
}

impl Expires for ServerSide {
    fn expiry(&self) -> Option<&Expiry> {
        self.expiry.as_ref()
    }
}

/// Reads the files.
pub fn server_side(certificate: &Path, private_key: &Path) -> Result<ServerSide, CredentialError> {
    let identity = identity(certificate, private_key)?;
    let expiry = Expiry::of(certificate, &identity.cert);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring knows the protocol versions that rustls has by default")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(ServerSide { config: Arc::new(config), expiry })
}

/// What a client of such a server encrypts with: it believes what the system does, and the authorities of a file beside
/// them. Reads the files, which takes some milliseconds.
pub fn client_side(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, CredentialError> {
    let mut trusted = RootCertStore::empty();
    // Some of a system's certificates may be too odd for rustls; what counts is that there are others.
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = authorities {
        add_authorities(path, &mut trusted)?;
    }
    if trusted.is_empty() {
        return Err(CredentialError::NoneTrusted);
    }
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring knows the protocol versions that rustls has by default")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}
