//! The engine's side of a new connection: handshake and hello, both within a bound.
//!
//! What the hello deserves is the engine's to decide: it welcomes, holds the hello while it is taking over, or turns
//! the link away.

use std::net::SocketAddr;

use tandem_protocol::{
    limits::LINK_SUBPROTOCOL,
    link::{FromEngine, Hello, ToEngine},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        handshake::server::{ErrorResponse, Request, Response},
        http::{
            HeaderValue, StatusCode,
            header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL},
        },
    },
};

use super::{ConnectionError, ConnectionSettings, Reader, Writer, frame, socket_config, split};
use crate::outbox::Outbox;

/// A connection that has said hello and waits for its answer.
///
/// Drive [`Writer::run`] on a task before the hello is held: its heartbeats tell the other side that somebody is here.
#[derive(Debug)]
pub struct Accepted {
    /// Who connects.
    pub hello: Hello,
    /// From where.
    pub peer: SocketAddr,
    /// What it says next.
    pub reader: Reader<ToEngine>,
    /// Where the answer goes.
    pub outbox: Outbox,
    /// Writes what the outbox holds.
    pub writer: Writer,
}

impl Accepted {
    /// Says the last frame, `NotPrimary` or `Refused`, and ends the connection once the other side has it or has been
    /// silent for too long. For a connection whose writer does not run yet.
    pub async fn turn_away(self, last: &FromEngine) {
        // A push can fail only when the connection has ended by itself, which is what is wanted.
        let _ = self.outbox.end(Some(frame(last)));
        tokio::join!(self.writer.run_to_the_end(), self.reader.discard());
    }
}

/// Makes a link's connection of an accepted TCP connection.
pub async fn accept(tcp: TcpStream, settings: &ConnectionSettings) -> Result<Accepted, ConnectionError> {
    timeout(settings.handshake_max, shake_hands(tcp, settings)).await.unwrap_or(Err(ConnectionError::Late))
}

async fn shake_hands(tcp: TcpStream, settings: &ConnectionSettings) -> Result<Accepted, ConnectionError> {
    let peer = tcp.peer_addr().map_err(ConnectionError::Unreachable)?;
    tcp.set_nodelay(true).map_err(ConnectionError::Unreachable)?;
    let socket = accept_hdr_async_with_config(tcp, check_handshake, Some(socket_config())).await?;
    let (mut reader, outbox, writer) = split(socket, settings);
    match reader.next().await? {
        Some(ToEngine::Hello(hello)) => Ok(Accepted { hello, peer, reader, outbox, writer }),
        _ => Err(ConnectionError::OutOfTurn),
    }
}

/// Only links speak here: they name the subprotocol (RFC 6455 §4.2.2) and have no origin. A browser always sends one,
/// so that no web page of whatever host can reach an engine through its visitor's browser.
#[expect(clippy::result_large_err, reason = "the WebSocket library asks for this type")]
fn check_handshake(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if request.headers().contains_key(ORIGIN) {
        return Err(refuse(StatusCode::FORBIDDEN, "This is the link of a chat engine; it is not for browsers.\n"));
    }
    let asked = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !asked.flat_map(|value| value.split(',')).any(|name| name.trim() == LINK_SUBPROTOCOL) {
        return Err(refuse(StatusCode::BAD_REQUEST, "The WebSocket subprotocol must be tandem.link.v1.\n"));
    }
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(LINK_SUBPROTOCOL));
    Ok(response)
}

fn refuse(status: StatusCode, sentence: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(sentence.to_owned()));
    *response.status_mut() = status;
    response
}
