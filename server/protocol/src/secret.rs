//! A text that may cross a wire and must reach no log, such as a password.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Prints as nothing but the fact that it is there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; whoever asks for it must not print it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_crosses_a_wire_and_is_not_printed() {
        let json = serde_json::to_string(&Secret::new("p")).expect("serialises");
        assert_eq!(json, "\"p\"");
        assert_eq!(serde_json::from_str::<Secret>(&json).expect("reads back").reveal(), "p");
        assert_eq!(format!("{:?}", Secret::new("p")), "Secret(…)");
    }
}
