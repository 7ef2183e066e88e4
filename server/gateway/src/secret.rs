//! Tokens: made, hashed, and derived for creations that may be repeated.
//!
//! A creation with an idempotency key must answer its repeat with the same session and token, also after a failover,
//! a restart or on another gateway (D-3), and yet no token is kept anywhere. So both are derived: HMAC-SHA-256 under
//! the installation's secret over the key and all that was asked for. Whoever knows the key and the whole request
//! could ask again and get the token; that is what repeating means, and why the key must be long and kept secret.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tandem_protocol::{SessionId, TokenHash};
use uuid::Uuid;

/// The name of the file beside the link's cache of the pair.
const FILE: &str = "gateway-secret";

/// Bytes of a token and of a secret made here: beyond guessing.
const RANDOM_BYTES: usize = 32;

/// Why a gateway has no secret.
#[derive(Debug, thiserror::Error)]
#[error("the gateway's secret in {path}: {cause}")]
pub struct SecretError {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// The key of everything that is derived. It has no `Debug`, so it cannot reach a log.
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// The configured secret, or that of the file beside `cache` (made if there is none), or one for this run only.
    pub(crate) fn load(configured: Option<&str>, cache: Option<&Path>) -> Result<Self, SecretError> {
        match (configured, cache) {
            (Some(configured), _) => Ok(Self(configured.as_bytes().to_vec())),
            (None, Some(cache)) => {
                let path = cache.with_file_name(FILE);
                Self::from_file(&path).map_err(|cause| SecretError { path, cause })
            }
            (None, None) => Ok(Self(random_text().into_bytes())),
        }
    }

    fn from_file(path: &Path) -> io::Result<Self> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(random_text().as_bytes())?;
        file.sync_all()?;
        // A link, not a rename: of two gateways that start at once, both then read the one that was first.
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => read(path),
        }
    }

    /// What the id of the session that this request names is made of.
    pub(crate) fn id_of(&self, key: &str, request: &[u8]) -> Uuid {
        uuid_of(self.derive("session", &[key.as_bytes(), request]))
    }

    /// The token of its customer.
    pub(crate) fn customer_token_of(&self, key: &str, request: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("customer token", &[key.as_bytes(), request]))
    }

    /// The token of a participant whom the holder of `by` adds under this client id.
    pub(crate) fn participant_token_of(&self, session: SessionId, by: &TokenHash, client_id: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("participant token", &[session.0.as_bytes(), &by.0, client_id.as_bytes()]))
    }

    fn derive(&self, what: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in std::iter::once(what.as_bytes()).chain(parts.iter().copied()) {
            // With its length before it, so that no two lists of parts read the same.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn read(path: &Path) -> io::Result<Secret> {
    let text = fs::read_to_string(path)?;
    if text.len() < RANDOM_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too short to be one; delete it to get another"));
    }
    Ok(Secret(text.into_bytes()))
}

/// A token that nobody can guess.
pub(crate) fn random_text() -> String {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).expect("Linux always has random bytes once it has started");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An id of what was derived, a UUID of version 8 (RFC 9562 §5.8) since its bits are ours.
pub(crate) fn uuid_of(derived: [u8; 32]) -> Uuid {
    let (bytes, _) = derived.split_first_chunk().expect("a hash has 32 bytes, an id 16");
    uuid::Builder::from_custom_bytes(*bytes).into_uuid()
}

/// What engines and the store know of a token.
pub(crate) fn hash_of(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_repeat_derives_the_same_and_another_request_something_else() {
        let secret = Secret::load(Some("a secret of the installation, 32+"), None).expect("is configured");
        assert_eq!(secret.id_of("key", b"{}"), secret.id_of("key", b"{}"));
        assert_ne!(secret.id_of("key", b"{}"), secret.id_of("key", b"{ }"));
        assert_ne!(secret.id_of("ab", b"c"), secret.id_of("a", b"bc"));
        assert_eq!(secret.id_of("key", b"{}").get_version_num(), 8);
        assert_eq!(secret.customer_token_of("key", b"{}").len(), 43);
        let other = Secret::load(None, None).expect("is made");
        assert_ne!(secret.customer_token_of("key", b"{}"), other.customer_token_of("key", b"{}"));
    }

    #[test]
    fn a_restart_and_a_second_gateway_read_the_secret_that_the_first_made() {
        let folder = tempfile::tempdir().expect("is writable");
        let cache = folder.path().join("state/pair.json");
        let first = Secret::load(None, Some(&cache)).expect("is made");
        let again = Secret::load(None, Some(&cache)).expect("is read");
        assert!(first.0 == again.0, "the second is another");
        let file = fs::metadata(cache.with_file_name(FILE)).expect("is there");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(cache.parent().expect("has one")).expect("is there").count(), 1);
    }

    #[test]
    fn a_file_that_was_cut_short_is_refused() {
        let folder = tempfile::tempdir().expect("is writable");
        fs::write(folder.path().join(FILE), "short").expect("is writable");
        let error = Secret::load(None, Some(&folder.path().join("pair.json"))).err().expect("is refused");
        assert!(error.to_string().contains("gateway-secret"), "{error}");
    }
}
