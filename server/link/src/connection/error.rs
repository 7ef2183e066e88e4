//! Why a connection of a link ended other than by a goodbye. Whatever it is, the connection is over.

use std::io;

use tokio_tungstenite::tungstenite;

use super::{Unproven, tls};

/// See the module; the variants differ by what the other side may be.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Nothing accepts connections at the address.
    #[error("nothing answers there: {0}")]
    Unreachable(#[source] io::Error),
    /// The two sides do not believe each other; a person has to change something.
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// What accepts connections there did not finish the handshake in time: it may be stopped.
    #[error("the handshake took too long")]
    Late,
    /// The other side broke off, or is no link.
    #[error("the WebSocket failed: {0}")]
    WebSocket(#[source] Box<tungstenite::Error>),
    /// A frame is no frame of this protocol. Its text is not repeated: it may hold what people said.
    #[error("a frame cannot be read, {category} at byte {column}")]
    BadFrame {
        /// Syntax, end of input or meaning.
        category: &'static str,
        /// Where in the frame.
        column: usize,
    },
    /// A frame came that cannot come now, or the connection ended before the first.
    #[error("the other side spoke out of turn")]
    OutOfTurn,
    /// Nothing was heard for too long: the other side hangs or the network does.
    #[error("nothing was heard for too long")]
    Silent,
    /// This side cut the connection, by overflow or on purpose.
    #[error("the connection was cut on this side")]
    Cut,
}

impl ConnectionError {
    /// What broke a connection that was there. TLS says through the same type why it does not believe the other side, or
    /// is not believed: with TLS 1.3 who dials may hear of it only when it reads.
    pub(super) fn of_io(error: io::Error) -> Self {
        match tls::rustls_error(&error) {
            Some(why) => Self::Unproven(Unproven::Tls(why.clone())),
            None => Self::WebSocket(Box::new(tungstenite::Error::Io(error))),
        }
    }
}

impl From<tungstenite::Error> for ConnectionError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Io(error) => Self::of_io(error),
            other => Self::WebSocket(Box::new(other)),
        }
    }
}

impl From<serde_json::Error> for ConnectionError {
    fn from(error: serde_json::Error) -> Self {
        let category = match error.classify() {
            serde_json::error::Category::Io => "input failed",
            serde_json::error::Category::Syntax => "not JSON",
            serde_json::error::Category::Data => "not as agreed",
            serde_json::error::Category::Eof => "cut short",
        };
        Self::BadFrame { category, column: error.column() }
    }
}
