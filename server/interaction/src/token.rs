//! The tokens with which agents' pages connect to their chats.
//!
//! Derived and not kept: every view of an agent brings them, also one of a later process, and they are the same
//! (HMAC-SHA-256 under the installation's secret). Pure.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tandem_protocol::{AgentId, Secret, SessionId, TokenHash};

/// What the tokens are derived for, so that nothing else derived of the secret is ever one.
const PURPOSE: &[u8] = b"chat token";

/// Derives tokens. It has no `Debug`, so the secret cannot reach a log.
pub(crate) struct ChatTokens([u8; 32]);

impl ChatTokens {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The token of an agent in a session: the same however often he comes, since the engine takes it for the last
    /// participant who has it.
    pub(crate) fn of(&self, session: SessionId, agent: AgentId) -> Secret {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(PURPOSE);
        // Both have a fixed length, so that no two pairs read the same.
        mac.update(session.0.as_bytes());
        mac.update(&agent.0.to_be_bytes());
        Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// What the engine knows of it.
    pub(crate) fn hash_of(&self, session: SessionId, agent: AgentId) -> TokenHash {
        TokenHash(Sha256::digest(self.of(session, agent).reveal().as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_agents_in_this_session_alone() {
        let tokens = ChatTokens::new([7; 32]);
        let session =
            |number: u32| format!("0198c5a2-0000-7000-8000-{number:012}").parse::<SessionId>().expect("is an id");
        assert_eq!(tokens.of(session(1), AgentId(2)), ChatTokens::new([7; 32]).of(session(1), AgentId(2)));
        assert_ne!(tokens.of(session(1), AgentId(2)), tokens.of(session(1), AgentId(3)));
        assert_ne!(tokens.of(session(1), AgentId(2)), tokens.of(session(2), AgentId(2)));
        assert_ne!(tokens.of(session(1), AgentId(2)), ChatTokens::new([8; 32]).of(session(1), AgentId(2)));
        assert_eq!(tokens.of(session(1), AgentId(2)).reveal().len(), 43);
        let hashed: String = tokens.hash_of(session(1), AgentId(2)).into();
        assert!(!hashed.contains(tokens.of(session(1), AgentId(2)).reveal()));
    }
}
