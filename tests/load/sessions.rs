//! Opens sessions of Tandem for the load and connects their parties.

use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use tandem_protocol::{Seq, client::ClientFrame, limits::CLIENT_SUBPROTOCOL};
use tandem_tests::{Rest, System, rest::Ticket, system::Builder};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{ClientRequestBuilder, Error, Message, protocol::WebSocketConfig},
};

use crate::party::{Socket, Two};

/// Sessions opened and connected at the same time: enough to keep both processors busy.
const AT_ONCE: usize = 16;

/// A small read buffer: the idle clients are many.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The most that a gateway may be told to take from one client in a second.
const RATE: i64 = 1_000_000;

/// A system whose rate limits are no hindrance: they are the gateway's defence against one client among thousands, and
/// here few clients play thousands. Its limits of memory stay.
pub(crate) fn roomy() -> Builder {
    System::builder().setting("gateway.frames-per-second", RATE).setting("gateway.frames-burst", RATE)
}

/// Opens sessions and connects both parties of each.
pub(crate) async fn open(rest: &Rest, sessions: usize) -> Vec<Two> {
    let opened = stream::iter(0..sessions).map(|_| async {
        let customer = rest.open("customer").await;
        let other = rest.join(&customer, "other").await;
        let sockets = [connect(rest.address(), &customer).await?, connect(rest.address(), &other).await?];
        Ok::<Two, Error>(Two { sockets, is_saved: true })
    });
    opened.buffer_unordered(AT_ONCE).try_collect().await.expect("the gateway takes every party")
}

/// Opens sessions and connects their customers only.
pub(crate) async fn open_idle(rest: &Rest, sessions: usize) -> Vec<Socket> {
    let opened = stream::iter(0..sessions).map(|_| async {
        let customer = rest.open("customer").await;
        connect(rest.address(), &customer).await
    });
    opened.buffer_unordered(AT_ONCE).try_collect().await.expect("the gateway takes every client")
}

/// Connects a party and waits until it is welcomed.
async fn connect(address: &str, ticket: &Ticket) -> Result<Socket, Error> {
    let mut socket = open_socket(&format!("ws://{address}/api/v1/ws"), Some(CLIENT_SUBPROTOCOL)).await?;
    let (session, token) = (ticket.session, ticket.token.clone());
    let hello = ClientFrame::Hello { session, token, after: Seq::ZERO, save_notices: false };
    socket.send(Message::text(serde_json::to_string(&hello).expect("a frame serialises"))).await?;
    loop {
        match socket.next().await.ok_or(Error::ConnectionClosed)?? {
            Message::Text(text) if text.starts_with("{\"type\":\"welcome\"") => return Ok(socket),
            Message::Close(close) => panic!("not welcomed: {close:?}"),
            _ => {}
        }
    }
}

/// Opens a WebSocket.
pub(crate) async fn open_socket(url: &str, subprotocol: Option<&str>) -> Result<Socket, Error> {
    let request = ClientRequestBuilder::new(url.parse().expect("an address makes a URI"));
    let request = subprotocol.into_iter().fold(request, |request, name| request.with_sub_protocol(name));
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    connect_async_with_config(request, Some(config), true).await.map(|(socket, _)| socket)
}
