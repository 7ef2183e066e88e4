//! Keys that two processes share, and what is signed with them: HMAC-SHA-256 (RFC 2104, FIPS 180-4).

use std::{fmt, path::Path};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    CredentialError,
    error::BadKeys,
    expiry::{Expires, Expiry},
    file,
};

/// The shortest key. A stranger who dials can make an engine's peer sign something and try keys on it at leisure, so a
/// key must be beyond guessing: as long as the hash.
pub const KEY_BYTES_MIN: usize = 32;

/// The longest key; far more than any that helps.
pub const KEY_BYTES_MAX: usize = 1024;

/// Keys that are valid at a time: the one in use, and the one before it or the one to come.
pub const KEYS_MAX: usize = 2;

/// Bytes of what is signed with a key.
pub const MAC_BYTES: usize = 32;

/// One key. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// Signs the parts, one after the other. Whoever calls it makes sure that no two lists of parts read the same.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Whether this key has signed the parts so; takes as long whether or not it has.
    #[must_use]
    pub fn has_signed(&self, parts: &[&[u8]], signed: &[u8]) -> bool {
        self.mac(parts).verify_slice(signed).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The keys that are valid: the first is used, all are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

impl Expires for Keys {
    fn expiry(&self) -> Option<&Expiry> {
        None
    }
}

impl Keys {
    /// One key, as a variable gives it.
    pub fn of(text: &str) -> Result<Self, BadKeys> {
        Self::parse(text.as_bytes())
    }

    /// The lines of a file; see the type.
    pub fn in_file(path: &Path) -> Result<Self, CredentialError> {
        let bytes = file::read_secret(path)?;
        Self::parse(&bytes).map_err(|why| CredentialError::BadKeys { path: path.to_owned(), why })
    }

    fn parse(bytes: &[u8]) -> Result<Self, BadKeys> {
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let mut lines: Vec<&[u8]> = lines.collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        match lines[..] {
            [] | [b"", ..] => Err(BadKeys::None),
            _ if lines.len() > KEYS_MAX => Err(BadKeys::TooMany),
            _ if lines.iter().any(|line| !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&line.len())) => {
                Err(BadKeys::Length)
            }
            _ => Ok(Self(lines.into_iter().map(|line| Key(line.to_vec())).collect())),
        }
    }

    /// The key that this side signs with.
    #[must_use]
    pub fn first(&self) -> &Key {
        &self.0[0]
    }

    /// The key that has signed the parts so, if it is a valid one.
    #[must_use]
    pub fn signer(&self, parts: &[&[u8]], signed: &[u8]) -> Option<&Key> {
        self.0.iter().find(|key| key.has_signed(parts, signed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old key, long enough to be one";
    const NEW: &str = "a new key, long enough to be one too";

    #[test]
    fn the_first_key_signs_and_both_are_accepted() {
        let [old, new] = [OLD, NEW].map(|text| Keys::of(text).expect("is a key"));
        let both = Keys::of(&format!("{NEW}\r\n{OLD}\n\n")).expect("are two keys");
        let parts: &[&[u8]] = &[b"what ", b"is said"];
        assert_eq!(both.first().sign(parts), new.first().sign(parts));
        for keys in [&old, &new] {
            let signed = keys.first().sign(parts);
            assert_eq!(both.signer(parts, &signed), Some(keys.first()));
            assert_eq!(both.signer(&[b"something else"], &signed), None);
            assert_eq!(both.signer(parts, &signed[1..]), None);
        }
        assert_eq!(old.signer(parts, &both.first().sign(parts)), None);
    }

    /// RFC 4231, test case 6: a key longer than the hash's block.
    #[test]
    fn what_is_signed_is_hmac_sha_256() {
        let signed = Key(vec![0xaa; 131]).sign(&[b"Test Using Larger Than Block-Size Key", b" - Hash Key First"]);
        let hex: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let long = "k".repeat(KEY_BYTES_MAX + 1);
        let cases = [
            ("", BadKeys::None),
            ("\n\n", BadKeys::None),
            (&format!("\n{OLD}"), BadKeys::None),
            ("hunter2", BadKeys::Length),
            (&format!("{OLD}\nhunter2"), BadKeys::Length),
            (&long, BadKeys::Length),
            (&format!("{OLD}\n{NEW}\n{OLD}"), BadKeys::TooMany),
        ];
        for (text, expected) in cases {
            assert_eq!(Keys::of(text), Err(expected), "{text:?}");
            assert!(!expected.to_string().contains("hunter"));
        }
        assert!(!format!("{:?}", Keys::of(OLD)).contains("old"));
    }
}
