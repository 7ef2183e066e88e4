//! What a process proves itself with: shared keys and certificates, read from files and read anew when they change.
//!
//! It turns files into values that a handshake can use ([`Keys`], [`Mutual`], [`server_side`], [`client_side`]) and keeps them
//! current ([`Watched`], [`watch`]), and tells in time that one expires ([`Expires`]). It must never open a socket, know a
//! frame, or let a secret reach a log, an error or a `Debug`. The link crate proves links with it, the gateway encrypts
//! with it, the executable reads the files by it.

mod certificates;
mod error;
mod expiry;
mod file;
mod keys;
mod mutual;
mod tls;
mod watched;

pub use error::CredentialError;
pub use expiry::{Expires, Expiry};
pub use keys::{KEY_BYTES_MAX, KEY_BYTES_MIN, KEYS_MAX, Key, Keys, MAC_BYTES};
/// What a client's side of TLS is set up by.
pub use rustls::ClientConfig;
/// A name in a certificate: of a host, or an IP address.
pub use rustls::pki_types::ServerName;

pub use mutual::{Mutual, MutualFiles};
pub use tls::{ServerSide, client_side, server_side};
pub use watched::{Look, WATCH_PERIOD, Watched, Watching, watch};
