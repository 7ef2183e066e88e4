//! What one side of a link says to prove that it has the shared key; how it is made is in `server/PROTOCOL.md`.

use serde::{Deserialize, Serialize};

/// The first frame of each side, before the hello and before the answer to it, where links have a shared key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// An HMAC-SHA-256, in base64 for URLs without padding.
    pub proof: String,
}
