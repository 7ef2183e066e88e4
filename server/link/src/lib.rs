//! One logical connection to a pair of chat engines: connect, follow the pair, resend, reattach, back off.
//!
//! [`Link`] is what a gateway or a bot holds: requests go in, each is answered exactly once however many engines
//! die in between (D-2, D-3), and after a loss all sessions are attached again before anyone asks.
//! [`connection`] is the wire beneath it, used by both sides; the engine accepts with it. This crate must never know
//! a database, axum or what an engine does with a request.

mod attachments;
mod attempt;
mod backoff;
mod cache;
pub mod connection;
mod credentials;
mod entrance;
mod follow;
mod incoming;
mod link;
mod measures;
mod outbox;
mod room;
mod search;
mod settings;
mod state;
mod task;
#[cfg(test)]
mod testing;
mod unacked;

pub use credentials::Credentials;
pub use entrance::{begins_tls, say_last};
pub use incoming::{Incoming, Owner};
pub use link::{Full, Link, LinkStatus, LinkTask};
pub use outbox::{Drain, Drained, Outbox, OutboxBounds, PushError};
pub use room::{Place, Room};
pub use settings::LinkSettings;
/// The text of one frame; cloning it shares the bytes.
pub use tokio_tungstenite::tungstenite::Utf8Bytes;
