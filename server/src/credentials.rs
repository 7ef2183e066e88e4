//! What a process proves itself with, read from the files that the settings name, for every role and command.

use std::{sync::Arc, time::SystemTime};

use tandem_credentials::{CredentialError, Expiry, Keys, Mutual, ServerSide, Watched, server_side};
use tandem_link::Credentials;

use crate::settings::{LinksSection, Settings, TlsSection};

/// Why there is nothing to prove oneself with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialFault {
    /// A file does not do.
    #[error("[{section}]: {error}")]
    File {
        /// The section that names the file.
        section: &'static str,
        /// Why.
        error: Box<CredentialError>,
    },
    /// The key itself does not; it is not repeated.
    #[error("links.key is refused: {0}")]
    Key(String),
}

/// What links prove themselves with. Reads the files; blocks for that.
pub(crate) fn of_links(links: &LinksSection) -> Result<Credentials, CredentialFault> {
    let fault = |error| CredentialFault::File { section: "links", error: Box::new(error) };
    let keys = match (&links.key, &links.key_file) {
        (Some(key), _) => {
            let keys = Keys::of(&key.0).map_err(|why| CredentialFault::Key(why.to_string()))?;
            Some(Watched::fixed("the key of the links", keys))
        }
        (None, Some(file)) => {
            let file = file.0.0.clone();
            let read = Watched::read("the key of the links", vec![file.clone()], move || Keys::in_file(&file));
            Some(read.map_err(fault)?)
        }
        (None, None) => None,
    };
    let mutual = links.mutual().map(|files| {
        Watched::read("the certificate of the links", files.paths(), move || Mutual::read(&files)).map_err(fault)
    });
    Ok(Credentials::new(keys, mutual.transpose()?))
}

/// What the gateway encrypts with, where it does. Reads the files; blocks for that.
pub(crate) fn of_gateway(tls: &TlsSection) -> Result<Option<Arc<Watched<ServerSide>>>, CredentialFault> {
    let Some((certificate, private_key)) = tls.files() else { return Ok(None) };
    let files = vec![certificate.clone(), private_key.clone()];
    let read = Watched::read("the certificate of the gateway", files, move || server_side(&certificate, &private_key));
    let read = read.map_err(|error| CredentialFault::File { section: "gateway.tls", error: Box::new(error) })?;
    Ok(Some(Arc::new(read)))
}

/// What a person should know of the certificates that the settings name, a sentence each; nothing of a file that cannot
/// be read by whoever asks. Reads the files; blocks for that.
pub(crate) fn expiring(settings: &Settings, now: SystemTime) -> Vec<String> {
    let files = [&settings.links.certificate, &settings.gateway.place.tls.certificate].into_iter().flatten();
    files.filter_map(|file| Expiry::in_file(&file.0.0)?.concern(now)).collect()
}
