//! The encryption of a connection, where the process has a certificate; both sides show theirs, and each says in a sentence
//! why it does not believe the other's.

use std::io;

use tandem_credentials::Mutual;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, rustls};

use super::{ConnectionError, Unproven, stream::Stream};
use crate::entrance::{begins_tls, say_last};

/// A fatal alert, `handshake_failure` (RFC 8446 §6), to one who speaks TLS where nobody does.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];

/// What one who does not encrypt is told, in its own language.
const UPGRADE: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3\r\nConnection: Upgrade, close\r\n\
    Content-Type: text/plain\r\nContent-Length: 39\r\n\r\nThe links of this engine are encrypted\n";

/// What one is told whose certificate is good and who is not one of the peers.
const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\
    Content-Type: text/plain\r\nContent-Length: 38\r\n\r\nThis certificate is none of a peer's.\n";

/// Encrypts a connection to the engine at `address`.
pub(super) async fn dial(tcp: TcpStream, address: &str, mutual: Option<&Mutual>) -> Result<Stream, ConnectionError> {
    let Some(mutual) = mutual else { return Ok(Stream::plain(tcp)) };
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = mutual.server_name(host).ok_or(Unproven::NoServerName)?;
    let tls = TlsConnector::from(mutual.client.clone()).connect(name, tcp).await.map_err(|error| {
        match rustls_error(&error) {
            // No TLS at all, or the alert of an engine that has none.
            Some(
                rustls::Error::InvalidMessage(_)
                | rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure),
            ) => Unproven::NoTlsThere.into(),
            _ => ConnectionError::of_io(error),
        }
    })?;
    if !mutual.is_peer(tls.get_ref().1.peer_certificates()) {
        return Err(Unproven::NoPeer.into());
    }
    Ok(Stream::encrypted(tls))
}

/// Encrypts a connection that an engine has accepted.
pub(super) async fn accept(tcp: TcpStream, mutual: Option<&Mutual>) -> Result<Stream, ConnectionError> {
    // None: whoever only looks whether somebody listens here.
    let is_tls = begins_tls(&tcp).await.map_err(ConnectionError::of_io)?.ok_or(ConnectionError::OutOfTurn)?;
    match mutual {
        None if is_tls => {
            say_last(tcp, &ALERT).await;
            Err(Unproven::TlsUnwanted.into())
        }
        None => Ok(Stream::plain(tcp)),
        Some(_) if !is_tls => {
            say_last(tcp, UPGRADE).await;
            Err(Unproven::Plain.into())
        }
        Some(mutual) => {
            let accepting = TlsAcceptor::from(mutual.server.clone()).accept(tcp).into_fallible();
            let tls = match accepting.await {
                Ok(tls) => tls,
                Err((error, tcp)) => {
                    say_last(tcp, &[]).await;
                    return Err(ConnectionError::of_io(error));
                }
            };
            if !mutual.is_peer(tls.get_ref().1.peer_certificates()) {
                say_last(tls, FORBIDDEN).await;
                return Err(Unproven::NoPeer.into());
            }
            Ok(Stream::encrypted(tls))
        }
    }
}

/// What TLS says is wrong, where it is that.
pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests;
