//! The encryption of a connection, where the process has a certificate; both sides show theirs, and each says in a sentence
//! why it does not believe the other's.

use std::{io, time::Duration};

use tandem_credentials::Mutual;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, rustls};

use super::{ConnectionError, Unproven, stream::Stream};

/// The first byte of TLS, a handshake's record (RFC 8446 §5.1); no request of HTTP begins with it.
const HANDSHAKE_RECORD: u8 = 0x16;

/// A fatal alert, `handshake_failure` (RFC 8446 §6), to one who speaks TLS where nobody does.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];

/// What one who does not encrypt is told, in its own language.
const UPGRADE: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3\r\nConnection: Upgrade, close\r\n\
    Content-Type: text/plain\r\nContent-Length: 39\r\n\r\nThe links of this engine are encrypted\n";

/// What one is told whose certificate is good and who is not one of the peers.
const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\
    Content-Type: text/plain\r\nContent-Length: 38\r\n\r\nThis certificate is none of a peer's.\n";

/// How long a last word may take to be read. Closing while bytes arrive would take it back.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

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
    let mut first = [0];
    if tcp.peek(&mut first).await.map_err(ConnectionError::of_io)? == 0 {
        // Whoever only looks whether somebody listens here.
        return Err(ConnectionError::OutOfTurn);
    }
    let is_tls = first[0] == HANDSHAKE_RECORD;
    match mutual {
        None if is_tls => {
            leave(tcp, &ALERT).await;
            Err(Unproven::TlsUnwanted.into())
        }
        None => Ok(Stream::plain(tcp)),
        Some(_) if !is_tls => {
            leave(tcp, UPGRADE).await;
            Err(Unproven::Plain.into())
        }
        Some(mutual) => {
            let accepting = TlsAcceptor::from(mutual.server.clone()).accept(tcp).into_fallible();
            let tls = match accepting.await {
                Ok(tls) => tls,
                Err((error, tcp)) => {
                    leave(tcp, &[]).await;
                    return Err(ConnectionError::of_io(error));
                }
            };
            if !mutual.is_peer(tls.get_ref().1.peer_certificates()) {
                leave(tls, FORBIDDEN).await;
                return Err(Unproven::NoPeer.into());
            }
            Ok(Stream::encrypted(tls))
        }
    }
}

/// Says a last word and keeps the connection until the other side has ended it too, or has had the time to.
async fn leave(mut stream: impl AsyncRead + AsyncWrite + Unpin, last: &[u8]) {
    let goodbye = async {
        stream.write_all(last).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1024];
        while stream.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    };
    // Whoever does not take it is left to itself.
    let _ = timeout(LAST_WORD_MAX, goodbye).await;
}

/// What TLS says is wrong, where it is that.
pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests;
