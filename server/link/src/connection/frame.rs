//! A frame's text: serialised once, then shared by however many outboxes it is pushed to.

use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// What both sides send when they have nothing to say; `ToEngine::Heartbeat` and `FromEngine::Heartbeat` alike.
pub(super) const HEARTBEAT: Utf8Bytes = Utf8Bytes::from_static("\"heartbeat\"");

/// Room for a frame with a message of usual length, so that the text is not moved while it grows.
const FRAME_BYTES: usize = 512;

/// Serialises a frame of the link protocol.
#[must_use]
pub fn frame<T: Serialize>(frame: &T) -> Utf8Bytes {
    let mut text = Vec::with_capacity(FRAME_BYTES);
    serde_json::to_writer(&mut text, frame).expect("frames have only string keys and finite numbers");
    String::from_utf8(text).expect("JSON is UTF-8").into()
}

#[cfg(test)]
mod tests {
    use tandem_protocol::link::{FromEngine, ToEngine};

    use super::*;

    #[test]
    fn both_sides_write_the_same_heartbeat() {
        assert_eq!(frame(&ToEngine::Heartbeat), HEARTBEAT);
        assert_eq!(frame(&FromEngine::Heartbeat), HEARTBEAT);
    }
}
