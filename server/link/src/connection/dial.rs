//! The connecting side of a new connection: handshake within a bound, then the hello.
//!
//! Used by [`crate::Link`], and by a standby engine for its link to the primary.

use tandem_protocol::{
    limits::LINK_SUBPROTOCOL,
    link::{FromEngine, Hello, ToEngine},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{
        self, ClientRequestBuilder,
        handshake::client::Response,
        http::{StatusCode, Uri},
    },
};

use super::{
    ConnectionError, ConnectionSettings, Reader, Socket, Unproven, Writer, frame,
    proof::{self, Nonce, Nonces},
    socket_config, split, tls,
};
use crate::outbox::Outbox;

/// A connection whose hello is in its outbox; it is sent, and answered, once the writer runs.
#[derive(Debug)]
pub struct Dialled {
    /// What the engine says: the answer to the hello first.
    pub reader: Reader<FromEngine>,
    /// What goes to the engine.
    pub outbox: Outbox,
    /// Writes what the outbox holds.
    pub writer: Writer,
}

/// Connects to an engine at `host:port`. With a shared key the hello has been sent when this returns, and the engine has
/// proven itself.
pub async fn dial(address: &str, hello: Hello, settings: &ConnectionSettings) -> Result<Dialled, ConnectionError> {
    timeout(settings.handshake_max, shake_hands(address, hello, settings)).await.unwrap_or(Err(ConnectionError::Late))
}

async fn shake_hands(address: &str, hello: Hello, settings: &ConnectionSettings) -> Result<Dialled, ConnectionError> {
    let hello = frame(&ToEngine::Hello(hello));
    let Some(keys) = settings.credentials.keys() else {
        let (socket, _response) = connect(address, None, settings).await?;
        let (reader, outbox, writer) = split(socket, settings);
        outbox.push(hello).map_err(|_| ConnectionError::Cut)?;
        return Ok(Dialled { reader, outbox, writer });
    };
    let dialler = Nonce::new();
    let (mut socket, response) = connect(address, Some(dialler), settings).await?;
    let engine = Nonce::of(response.headers()).ok_or(Unproven::NoKeyThere)?;
    proof::prove(&mut socket, keys.first(), Nonces { dialler, engine }, hello).await?;
    let (reader, outbox, writer) = split(socket, settings);
    Ok(Dialled { reader, outbox, writer })
}

async fn connect(
    address: &str,
    nonce: Option<Nonce>,
    settings: &ConnectionSettings,
) -> Result<(Socket, Response), ConnectionError> {
    let uri: Uri = format!("ws://{address}/").parse().map_err(|error: tungstenite::http::uri::InvalidUri| {
        ConnectionError::Unreachable(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
    })?;
    let tcp = TcpStream::connect(address).await.map_err(ConnectionError::Unreachable)?;
    tcp.set_nodelay(true).map_err(ConnectionError::Unreachable)?;
    let stream = tls::dial(tcp, address, settings.credentials.mutual().as_deref()).await?;
    let mut request = ClientRequestBuilder::new(uri).with_sub_protocol(LINK_SUBPROTOCOL);
    if let Some(nonce) = nonce {
        request = request.with_header(proof::NONCE.as_str(), nonce.text());
    }
    client_async_with_config(request, stream, Some(socket_config())).await.map_err(refused)
}

/// Why the handshake was refused, where that is about who may connect.
fn refused(error: tungstenite::Error) -> ConnectionError {
    let status = match &error {
        tungstenite::Error::Http(response) => response.status(),
        _ => return error.into(),
    };
    match status {
        StatusCode::UNAUTHORIZED => Unproven::KeyWanted.into(),
        StatusCode::PRECONDITION_FAILED => Unproven::NoKeyThere.into(),
        StatusCode::FORBIDDEN => Unproven::NoPeerThere.into(),
        StatusCode::UPGRADE_REQUIRED => Unproven::TlsWanted.into(),
        _ => error.into(),
    }
}
