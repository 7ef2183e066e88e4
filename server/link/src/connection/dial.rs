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
    tungstenite::{self, ClientRequestBuilder, http::Uri},
};

use super::{ConnectionError, ConnectionSettings, Reader, Writer, frame, socket_config, split};
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

/// Connects to an engine at `host:port`.
pub async fn dial(address: &str, hello: Hello, settings: &ConnectionSettings) -> Result<Dialled, ConnectionError> {
    let socket = timeout(settings.handshake_max, shake_hands(address)).await.unwrap_or(Err(ConnectionError::Late))?;
    let (reader, outbox, writer) = split(socket, settings);
    outbox.push(frame(&ToEngine::Hello(hello))).map_err(|_| ConnectionError::Cut)?;
    Ok(Dialled { reader, outbox, writer })
}

async fn shake_hands(address: &str) -> Result<super::Socket, ConnectionError> {
    let uri: Uri = format!("ws://{address}/").parse().map_err(|error: tungstenite::http::uri::InvalidUri| {
        ConnectionError::Unreachable(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
    })?;
    let tcp = TcpStream::connect(address).await.map_err(ConnectionError::Unreachable)?;
    tcp.set_nodelay(true).map_err(ConnectionError::Unreachable)?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(LINK_SUBPROTOCOL);
    let (socket, _response) = client_async_with_config(request, tcp, Some(socket_config())).await?;
    Ok(socket)
}
