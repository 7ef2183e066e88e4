//! The way in of encrypted connections: TLS first, within bounds of number and time, and a connection of those that are
//! counted only then (B-1).
//!
//! Whoever connects and never finishes its handshake takes no connection from others: handshakes have a bound of their own,
//! and where it is reached the one that has taken longest gives way. A browser's is over after two round trips, so those who
//! give way are those who do not mean it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tandem_credentials::{ServerSide, Watched};
use tandem_link::{Room, begins_tls, say_last};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Handshakes at one time, and those that wait for a connection after it.
pub(super) const HANDSHAKES_MAX: usize = 1_024;

/// How long one may take, and the wait after it: a slow phone's is done in a tenth.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// To one who speaks HTTP where HTTPS is spoken. It stands before all HTTP, so it is no problem document.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\
    Content-Length: 49\r\n\r\nThis port speaks HTTPS; begin with https or wss.\n";

/// What the gateway encrypts with; new connections use what is current.
pub(crate) type Certificate = Arc<Watched<ServerSide>>;

/// See the module.
pub(super) struct Doorway {
    certificate: Certificate,
    connections: Arc<Semaphore>,
    room: Room,
}

impl Doorway {
    pub(super) fn new(certificate: Certificate, connections: Arc<Semaphore>) -> Self {
        Self { certificate, connections, room: Room::new(HANDSHAKES_MAX) }
    }

    /// Lets one in, or not. To be awaited on a task of its own.
    pub(super) fn enter(
        &mut self,
        tcp: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = Option<(TlsStream<TcpStream>, OwnedSemaphorePermit)>> + Send + use<> {
        let place = self.room.enter();
        let acceptor = TlsAcceptor::from(self.certificate.current().config.clone());
        let connections = self.connections.clone();
        async move {
            let entering = async {
                let tls = encrypt(tcp, &acceptor).await?;
                let permit = connections.acquire_owned().await.expect("it is never closed");
                io::Result::Ok((tls, permit))
            };
            let entered = place.meanwhile(timeout(HANDSHAKE_MAX, entering)).await;
            let entered = entered.unwrap_or_else(|| Ok(Err(io::Error::other("too many are at it"))));
            let entered = entered.unwrap_or_else(|late| Err(late.into()));
            entered.inspect_err(|error| tracing::debug!(%peer, %error, "no encrypted connection is made")).ok()
        }
    }
}

async fn encrypt(tcp: TcpStream, acceptor: &TlsAcceptor) -> io::Result<TlsStream<TcpStream>> {
    // Whoever says nothing is gone, which the handshake finds out.
    if begins_tls(&tcp).await?.unwrap_or(true) {
        return acceptor.accept(tcp).await;
    }
    say_last(tcp, PLAIN).await;
    Err(io::Error::other("it does not speak TLS"))
}
