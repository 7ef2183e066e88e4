//! The end of a connection: a `bye` that says when to come back, the close frame, and the client's own.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::time::timeout;

use super::End;
use crate::frames;

/// How long a client may take for its side of the closing handshake (RFC 6455 §7.1.1). It matters to a client that
/// still sends: to drop its socket with bytes unread would take the close frame back from it.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Ends the connection, politely where the client still listens.
pub(super) async fn say(mut socket: WebSocket, end: End, spread: Duration) {
    let polite = async {
        if let End::By(ending) = end {
            let close = CloseFrame { code: ending.code(), reason: Utf8Bytes::from_static("") };
            socket.send(Message::Text(frames::bye(ending, spread))).await?;
            socket.send(Message::Close(Some(close))).await?;
        }
        // Reading also writes the answer to a close frame of the client's.
        while socket.recv().await.transpose()?.is_some() {}
        Ok::<_, axum::Error>(())
    };
    // Whatever goes wrong now, the connection is over and the client knows how to come back.
    let _ = timeout(CLOSING_MAX, polite).await;
}
