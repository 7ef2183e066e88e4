//! What an operator can set about sessions; the names on the outside are those of `[engine.settings]`.

use std::time::Duration;

/// The settings of the session core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// `client-disconnect-timeout`: a customer gone this long (no connection, no request) leaves the session.
    pub client_disconnect_timeout: Duration,
    /// `limit-for-sessions`: open sessions; more are refused, these go on (O-1).
    pub sessions_max: usize,
    /// `limit-for-clients`: attachments of participants; more are refused, these go on (O-1).
    pub clients_max: usize,
    /// `message-bytes-max`: bytes of UTF-8 of one message's text.
    pub message_bytes_max: usize,
    /// `session-restoration-mode`: what becomes of the sessions that a new primary inherits.
    pub restoration: Restoration,
}

/// `session-restoration-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoration {
    /// A session dies with its engine: whoever comes next ends it, and its readers are told.
    None,
    /// Sessions go on.
    Simple,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            client_disconnect_timeout: Duration::from_secs(60),
            sessions_max: 100_000,
            clients_max: 200_000,
            message_bytes_max: 16_384,
            restoration: Restoration::Simple,
        }
    }
}
