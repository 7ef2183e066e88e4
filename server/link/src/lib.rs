//! One logical connection to a pair of chat engines: connect, follow the pair, resend, reattach, back off.
//!
//! [`connection`] is the wire, used by both sides; the engine accepts with it. This crate must never know a database,
//! axum or what an engine does with a request.

pub mod connection;
mod outbox;

pub use outbox::{Drain, Drained, Outbox, OutboxBounds, PushError};
/// The text of one frame; cloning it shares the bytes.
pub use tokio_tungstenite::tungstenite::Utf8Bytes;
