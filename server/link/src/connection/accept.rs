//! The engine's side of a new connection: encryption, handshake, proof and hello, all within one bound.
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
        handshake::server::{Callback, ErrorResponse, Request, Response},
        http::{
            HeaderValue, StatusCode,
            header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL},
        },
    },
};

use super::{
    ConnectionError, ConnectionSettings, Reader, Unproven, Writer, frame,
    proof::{self, Nonce, Nonces},
    socket_config, split, tls,
};
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
    let mut stream = tls::accept(tcp, settings.credentials.mutual().as_deref()).await?;
    let keys = settings.credentials.keys();
    if keys.is_some() {
        stream.distrust();
    }
    let mut check = Check { nonce: keys.is_some().then(Nonce::new), dialler: None, unproven: None };
    let shaken = accept_hdr_async_with_config(stream, &mut check, Some(socket_config())).await;
    if let Some(unproven) = check.unproven {
        return Err(unproven.into());
    }
    let mut socket = shaken?;
    let (hello, reader, outbox, writer) = match (keys, check.nonce.zip(check.dialler)) {
        (Some(keys), Some((engine, dialler))) => {
            let hello = proof::demand(&mut socket, &keys, Nonces { dialler, engine }).await?;
            socket.get_mut().trust();
            let (reader, outbox, writer) = split(socket, settings);
            (serde_json::from_str(&hello).map(Some)?, reader, outbox, writer)
        }
        _ => {
            let (mut reader, outbox, writer) = split(socket, settings);
            (reader.next().await?, reader, outbox, writer)
        }
    };
    match hello {
        Some(ToEngine::Hello(hello)) => Ok(Accepted { hello, peer, reader, outbox, writer }),
        _ => Err(ConnectionError::OutOfTurn),
    }
}

/// What is wanted of a handshake and what was found in it.
struct Check {
    /// The engine's, where a proof is wanted.
    nonce: Option<Nonce>,
    dialler: Option<Nonce>,
    unproven: Option<Unproven>,
}

impl Callback for &mut Check {
    /// Only links speak here: they name the subprotocol (RFC 6455 §4.2.2) and have no origin. A browser always sends one,
    /// so that no web page of whatever host can reach an engine through its visitor's browser.
    fn on_request(self, request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
        if request.headers().contains_key(ORIGIN) {
            return Err(refuse(StatusCode::FORBIDDEN, "This is the link of a chat engine; it is not for browsers.\n"));
        }
        let asked = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
        if !asked.flat_map(|value| value.split(',')).any(|name| name.trim() == LINK_SUBPROTOCOL) {
            return Err(refuse(StatusCode::BAD_REQUEST, "The WebSocket subprotocol must be tandem.link.v1.\n"));
        }
        self.dialler = Nonce::of(request.headers());
        match (self.nonce, self.dialler) {
            (Some(nonce), Some(_)) => drop(response.headers_mut().insert(proof::NONCE, nonce.header())),
            (None, None) => {}
            (Some(_), None) => {
                self.unproven = Some(Unproven::NoKey);
                return Err(refuse(StatusCode::UNAUTHORIZED, "This engine asks for a shared key.\n"));
            }
            (None, Some(_)) => {
                self.unproven = Some(Unproven::KeyUnwanted);
                return Err(refuse(StatusCode::PRECONDITION_FAILED, "This engine has no shared key.\n"));
            }
        }
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(LINK_SUBPROTOCOL));
        Ok(response)
    }
}

fn refuse(status: StatusCode, sentence: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(sentence.to_owned()));
    *response.status_mut() = status;
    response
}
