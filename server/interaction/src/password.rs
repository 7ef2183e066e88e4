//! Passwords: hashed with argon2id, so that who reads the directory learns none.
//!
//! Both functions take tens of milliseconds and as many megabytes on purpose. They block: a task calls them through
//! `spawn_blocking`.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use tandem_store::PasswordHash;

/// Hashes a password with a salt of its own, with the crate's parameters, which are those that OWASP names.
#[must_use]
pub fn hash(password: &str) -> PasswordHash {
    let hashed: phc::PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).expect("any text of a login's size can be hashed");
    PasswordHash(hashed.to_string())
}

/// Whether this is the password; the hash says with which parameters it was made. A hash that cannot be read fits none.
#[must_use]
pub fn verify(password: &str, hash: &PasswordHash) -> bool {
    let Ok(hash) = phc::PasswordHash::new(&hash.0) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash_and_no_other() {
        let hashed = hash("correct horse");
        assert!(hashed.0.starts_with("$argon2id$"), "{}", hashed.0);
        assert!(verify("correct horse", &hashed));
        assert!(!verify("Correct horse", &hashed));
        assert_ne!(hash("correct horse"), hashed, "each hash has a salt of its own");
        assert!(!verify("x", &PasswordHash("not a hash".into())));
    }
}
