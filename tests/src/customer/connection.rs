//! The connection of a page: connects, says hello, carries frames both ways, and connects again after a pause.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tandem_protocol::{client::ClientFrame, limits::CLIENT_SUBPROTOCOL};
use tokio::{net::TcpStream, time::Interval};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{ClientRequestBuilder, Error, Message, protocol::WebSocketConfig},
};

use super::{Shared, Status};
use crate::deadline::pause;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The pause before a page connects again, plus as much again by chance; a `bye` may ask for another.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// How often the page says that it is alive; the gateway drops a page that is silent for much longer.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A small read buffer: a drill has thousands of pages.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The code under which RFC 6455 §7.4.1 files a connection that ended without a close frame.
const BROKEN: u16 = 1006;

/// Keeps the page connected until it is over or told to stop.
pub(super) async fn keep(shared: Arc<Shared>) {
    loop {
        if shared.with(|view| view.is_over || matches!(view.status, Status::Stopped(_))) {
            return;
        }
        if !shared.with(|view| view.is_online) {
            shared.wake.notified().await;
            continue;
        }
        let code = match connect(&shared).await {
            Ok(socket) => carry(&shared, socket).await,
            Err(_) => BROKEN,
        };
        let pause_ms = shared.with(|view| {
            view.on_closed(code);
            view.come_back_ms.take()
        });
        shared.changed.notify_waiters();
        pause(pause_ms.map_or(RECONNECT_PAUSE.mul_f64(1.0 + fastrand::f64()), Duration::from_millis)).await;
    }
}

async fn connect(shared: &Shared) -> Result<Socket, Error> {
    let uri = format!("ws://{}/api/v1/ws", shared.address).parse().expect("an address makes a URI");
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(CLIENT_SUBPROTOCOL);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    let (mut socket, _) = connect_async_with_config(request, Some(config), true).await?;
    let after = shared.with(super::View::on_open);
    let ticket = &shared.ticket;
    say(&mut socket, &[ClientFrame::Hello { session: ticket.session, token: ticket.token.clone(), after }]).await?;
    Ok(socket)
}

/// Carries frames until the connection ends; the close code.
async fn carry(shared: &Shared, mut socket: Socket) -> u16 {
    let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        match turn(shared, &mut socket, &mut heartbeat).await {
            Ok(None) => {}
            Ok(Some(code)) => return code,
            Err(_) => return BROKEN,
        }
    }
}

/// Waits for one thing and does what follows from it; the close code when the connection is over.
async fn turn(shared: &Shared, socket: &mut Socket, heartbeat: &mut Interval) -> Result<Option<u16>, Error> {
    let (is_off, is_asleep) = shared.with(|view| (view.is_over || !view.is_online, view.is_asleep));
    if is_off {
        socket.close(None).await?;
        return Ok(Some(BROKEN));
    }
    // Every arm is cancel safe: a frame is read whole or not at all, a permit and a tick stay until they are taken.
    tokio::select! {
        message = socket.next(), if !is_asleep => match message {
            Some(message) => on_message(shared, socket, message?).await,
            None => Ok(Some(BROKEN)),
        },
        () = shared.wake.notified() => {
            let frames = shared.with(super::View::due);
            say(socket, &frames).await?;
            Ok(None)
        }
        _ = heartbeat.tick(), if !is_asleep => {
            say(socket, &[ClientFrame::Heartbeat]).await?;
            Ok(None)
        }
    }
}

async fn on_message(shared: &Shared, socket: &mut Socket, message: Message) -> Result<Option<u16>, Error> {
    match message {
        Message::Text(text) => {
            let frames = shared.with(|view| {
                let answer = view.on_frame(&text);
                answer.into_iter().chain(view.due()).collect::<Vec<_>>()
            });
            shared.changed.notify_waiters();
            say(socket, &frames).await?;
            Ok(None)
        }
        Message::Close(close) => Ok(Some(close.map_or(BROKEN, |frame| frame.code.into()))),
        _ => Ok(None),
    }
}

/// Writes all frames, then flushes once.
async fn say(socket: &mut Socket, frames: &[ClientFrame]) -> Result<(), Error> {
    for frame in frames {
        let json = serde_json::to_string(frame).expect("a frame serialises");
        socket.feed(Message::text(json)).await?;
    }
    if frames.is_empty() { Ok(()) } else { socket.flush().await }
}
