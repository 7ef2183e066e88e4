//! The embedded files and the names under which browsers get them.
//!
//! A file has two names. `client/tandem.js` is the one that integrators write down; its content may change with the
//! next release, so a browser asks each time and gets it by `ETag`. `v-<release>/client/tandem.js` is the one our
//! pages use; the release is a digest of all files, so its content never changes and modules that import each other
//! by relative path always come from one release.

use std::{borrow::Cow, sync::LazyLock};

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../static"]
struct Files;

/// A file as it is to be served.
#[derive(Debug, Clone)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// For `ETag`, with its quotes (RFC 9110 §8.8.3).
    pub etag: String,
    /// Whether the name can never mean another content, so that a browser need not ask again.
    pub immutable: bool,
}

impl Asset {
    /// For `Cache-Control`.
    #[must_use]
    pub fn cache_control(&self) -> &'static str {
        if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// The file below `/static/` with this path; `None` for a name that there is not.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let (release_asked, name) = match path.split_once('/') {
        Some((first, rest)) if first.starts_with("v-") => (Some(first), rest),
        _ => (None, path),
    };
    let content_type = content_type(name)?;
    let file = Files::get(name)?;
    // A page of another release asks while gateways are being replaced: it gets what there is, and asks again.
    let immutable = release_asked == Some(release());
    Some(Asset { etag: format!("\"{}\"", digest(&file)), bytes: file.data, content_type, immutable })
}

/// The path segment that stands for exactly these files.
pub(crate) fn release() -> &'static str {
    static RELEASE: LazyLock<String> = LazyLock::new(|| {
        let mut names: Vec<_> = Files::iter().collect();
        names.sort();
        // FNV-1a over names and digests: it tells releases apart and protects nothing.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for name in names {
            let file = Files::get(&name).expect("the name was just listed");
            for byte in name.bytes().chain(file.metadata.sha256_hash()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("v-{hash:016x}")
    });
    &RELEASE
}

/// Half of the file's SHA-256 in hexadecimal: more than enough to tell contents apart.
fn digest(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The few kinds there are; a file of another kind is not served until it is added here, which a test demands.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "md" => Some("text/markdown; charset=utf-8"),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) fn names() -> Vec<String> {
    Files::iter().map(Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_served() {
        for name in names() {
            assert!(asset(&name).is_some(), "{name} is embedded but has no content type");
        }
    }

    #[test]
    fn the_documented_name_is_asked_for_each_time() {
        let file = asset("client/tandem.js").expect("is the library's entry");
        assert!(!file.immutable);
        assert_eq!(file.cache_control(), "no-cache");
        assert_eq!(file.content_type, "text/javascript; charset=utf-8");
        assert_eq!(file.etag.len(), 34, "a strong entity tag of 32 digits in quotes");
    }

    #[test]
    fn the_name_of_a_release_is_kept_for_ever_and_that_of_another_is_not() {
        let ours = asset(&format!("{}/client/tandem.js", release())).expect("is there");
        assert!(ours.immutable);
        let other = asset("v-0000000000000000/client/tandem.js").expect("is there too");
        assert!(!other.immutable);
        assert_eq!(ours.etag, other.etag);
    }

    #[test]
    fn a_name_outside_the_files_is_nothing() {
        for path in ["", "/", "client", "client/", "../Cargo.toml", "v-1/../client/tandem.js", "client/tandem.js/"] {
            assert!(asset(path).is_none(), "{path:?} was served");
        }
    }
}
