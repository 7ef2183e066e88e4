//! TLS where both sides show certificates of the same authorities, as links use it.

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, ServerConfig,
    client::{Resumption, verify_server_name},
    pki_types::{CertificateDer, ServerName},
    server::{ParsedCertificate, WebPkiClientVerifier},
    sign::SingleCertAndKey,
    version::TLS13,
};

use crate::{
    CredentialError,
    certificates::{authorities, identity, provider},
    expiry::{Expires, Expiry},
};

/// Where it is read from, and whom to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutualFiles {
    /// This process's chain of certificates, its own first.
    pub certificate: PathBuf,
    /// The private key of its own.
    pub private_key: PathBuf,
    /// Whose certificates are believed of others.
    pub authorities: PathBuf,
    /// The name that a server's certificate must have, where that is not the address dialled.
    pub server_name: Option<ServerName<'static>>,
    /// Names of which another's certificate must have one; empty for any certificate of the authorities.
    pub peers: Vec<ServerName<'static>>,
}

impl MutualFiles {
    /// The files, to be watched.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        vec![self.certificate.clone(), self.private_key.clone(), self.authorities.clone()]
    }
}

/// What both sides need.
pub struct Mutual {
    /// For who accepts.
    pub server: Arc<ServerConfig>,
    /// For who dials.
    pub client: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    peers: Vec<ServerName<'static>>,
    expiry: Option<Expiry>,
}

impl Expires for Mutual {
    fn expiry(&self) -> Option<&Expiry> {
        self.expiry.as_ref()
    }
}

impl Mutual {
    /// Reads the files.
    ///
    /// Only TLS 1.3 is spoken, since both ends are ours, and no connection is resumed: each one shows its certificates, so
    /// that one which is not believed any more gets nowhere.
    pub fn read(files: &MutualFiles) -> Result<Self, CredentialError> {
        let identity = identity(&files.certificate, &files.private_key)?;
        let expiry = Expiry::of(&files.certificate, &identity.cert);
        let identity = Arc::new(SingleCertAndKey::from(identity));
        let trusted = Arc::new(authorities(&files.authorities)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(trusted.clone(), provider())
            .build()
            .expect("there is an authority, and no list of what is revoked");
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .expect("ring knows TLS 1.3")
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(identity.clone());
        server.send_tls13_tickets = 0;
        let mut client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .expect("ring knows TLS 1.3")
            .with_root_certificates(trusted)
            .with_client_cert_resolver(identity);
        client.resumption = Resumption::disabled();
        let (server, client) = (Arc::new(server), Arc::new(client));
        Ok(Self { server, client, server_name: files.server_name.clone(), peers: files.peers.clone(), expiry })
    }

    /// The name that the certificate of whoever answers at `host` must have.
    #[must_use]
    pub fn server_name(&self, host: &str) -> Option<ServerName<'static>> {
        self.server_name.clone().or_else(|| ServerName::try_from(host.to_owned()).ok())
    }

    /// Whether one with this chain, which has been verified, is one of the peers.
    #[must_use]
    pub fn is_peer(&self, chain: Option<&[CertificateDer<'_>]>) -> bool {
        let own = chain.and_then(|chain| chain.first()).and_then(|own| ParsedCertificate::try_from(own).ok());
        let has = |name| own.as_ref().is_some_and(|own| verify_server_name(own, name).is_ok());
        self.peers.is_empty() || self.peers.iter().any(has)
    }
}

impl fmt::Debug for Mutual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutual")
            .field("server_name", &self.server_name)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}
