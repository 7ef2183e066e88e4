//! One connection of a link, as both sides see it: a WebSocket of JSON text frames with heartbeats.
//!
//! A connection is a [`Reader`], an [`Outbox`] to push frames to, and a [`Writer`] whose `run` its owner drives on a
//! task. It ends for both sides at once: by end of stream, by an error, by silence, by [`Outbox::end`] or by
//! [`Outbox::cut`]. It must never know what the frames mean, beyond the hello. [`accept`] is the engine's side,
//! [`dial`] the other.

mod accept;
mod dial;
mod error;
mod frame;
mod heard;
mod proof;
mod reader;
mod stream;
mod tls;
mod unproven;
mod writer;

use std::time::Duration;

use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tandem_protocol::limits::{LINK_FRAME_BYTES_MAX, LINK_HEARTBEAT, LINK_SILENCE_MAX};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::WebSocketConfig};

pub use accept::{Accepted, accept};
pub use dial::{Dialled, dial};
pub use error::ConnectionError;
pub use frame::frame;
pub use heard::Heard;
pub use reader::Reader;
pub use unproven::Unproven;
pub use writer::Writer;

use crate::{
    credentials::Credentials,
    outbox::{Outbox, OutboxBounds},
};

/// How long one side may take for the handshake, hello included. A stopped process accepts TCP connections but never
/// answers: it is left after as long as a silent one.
pub const HANDSHAKE_MAX: Duration = LINK_SILENCE_MAX;

/// Frames that may wait for one link: at 20,000 events a second more than three seconds, by when it counts as silent.
pub const OUTBOX_FRAMES_MAX: usize = 65_536;

/// Bytes that may wait for one link: room for the answers to many attach requests at once.
pub const OUTBOX_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Bytes asked for in one read: some hundred frames. Larger buffers cost more to clear than they save.
const READ_BYTES: usize = 32 * 1024;

/// Bytes gathered before they are written although there is more to come.
const WRITE_BYTES: usize = 64 * 1024;

/// How patient a connection is, how much may wait in it, and whom it believes.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// A heartbeat goes out when nothing else did for so long.
    pub heartbeat: Duration,
    /// The other side counts as hung when nothing came for so long.
    pub silence_max: Duration,
    /// The handshake and, on the engine's side, the hello take at most so long.
    pub handshake_max: Duration,
    /// How much may wait to be written.
    pub outbox: OutboxBounds,
    /// What both sides prove themselves with.
    pub credentials: Credentials,
}

impl ConnectionSettings {
    /// The defaults with these credentials.
    #[must_use]
    pub fn with(credentials: Credentials) -> Self {
        Self { credentials, ..Self::default() }
    }
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            heartbeat: LINK_HEARTBEAT,
            silence_max: LINK_SILENCE_MAX,
            handshake_max: HANDSHAKE_MAX,
            outbox: OutboxBounds { frames_max: OUTBOX_FRAMES_MAX, bytes_max: OUTBOX_BYTES_MAX },
            credentials: Credentials::default(),
        }
    }
}

type Socket = WebSocketStream<stream::Stream>;

fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        // The writer waits when the buffer is over its target, so one more frame is the most it ever holds.
        .max_write_buffer_size(WRITE_BYTES + 2 * LINK_FRAME_BYTES_MAX)
        .max_message_size(Some(LINK_FRAME_BYTES_MAX))
        .max_frame_size(Some(LINK_FRAME_BYTES_MAX))
}

fn split<T: DeserializeOwned>(socket: Socket, settings: &ConnectionSettings) -> (Reader<T>, Outbox, Writer) {
    let (sink, stream) = socket.split();
    let (outbox, drain) = Outbox::new(settings.outbox);
    let reader = Reader::new(stream, drain.cut_signal(), settings.silence_max);
    (reader, outbox, Writer::new(sink, drain, settings))
}

#[cfg(test)]
mod tests;
