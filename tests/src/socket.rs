//! A WebSocket to a gateway, as pages and desks use it.

use futures_util::SinkExt;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{ClientRequestBuilder, Error, Message, Utf8Bytes, protocol::WebSocketConfig},
};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A small read buffer: a drill has thousands of pages.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The code under which RFC 6455 §7.4.1 files a connection that ended without a close frame.
pub(crate) const BROKEN: u16 = 1006;

/// Opens a WebSocket.
pub(crate) async fn connect(address: &str, path: &str, subprotocol: &str) -> Result<Socket, Error> {
    let uri = format!("ws://{address}{path}").parse().expect("an address makes a URI");
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(subprotocol);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    Ok(connect_async_with_config(request, Some(config), true).await?.0)
}

/// The text of a message; none for one without; the close code when it is the last.
pub(crate) fn text_of(message: Message) -> Result<Option<Utf8Bytes>, u16> {
    match message {
        Message::Text(text) => Ok(Some(text)),
        Message::Close(close) => Err(close.map_or(BROKEN, |frame| frame.code.into())),
        _ => Ok(None),
    }
}

/// Writes all frames, then flushes once.
pub(crate) async fn say(socket: &mut Socket, frames: &[impl Serialize]) -> Result<(), Error> {
    for frame in frames {
        let json = serde_json::to_string(frame).expect("a frame serialises");
        socket.feed(Message::text(json)).await?;
    }
    if frames.is_empty() { Ok(()) } else { socket.flush().await }
}
