//! The connection of a desk: connects, says hello, carries frames both ways, and connects again after a pause.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use tandem_protocol::{desk::ClientFrame, limits::DESK_SUBPROTOCOL};

use super::Shared;
use crate::{
    deadline::pause,
    socket::{BROKEN, Socket, connect, say},
};

/// The pause before a desk connects again, plus as much again by chance; a `bye` may ask for another.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// How often the desk says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Keeps the desk connected until the gateway stops it for good.
pub(super) async fn keep(shared: Arc<Shared>) {
    while !shared.with(|desk| desk.is_stopped()) {
        if !shared.with(|desk| desk.is_online) {
            shared.wake.notified().await;
            continue;
        }
        let code = match connect(&shared.address, "/api/v1/desk", DESK_SUBPROTOCOL).await {
            Ok(socket) => carry(&shared, socket).await,
            Err(_) => BROKEN,
        };
        let pause_ms = shared.with(|desk| {
            desk.on_closed(code);
            desk.come_back_ms.take()
        });
        shared.changed.notify_waiters();
        pause(pause_ms.map_or(RECONNECT_PAUSE.mul_f64(1.0 + fastrand::f64()), Duration::from_millis)).await;
    }
}

/// Says hello and carries frames until the connection ends; the close code.
async fn carry(shared: &Shared, mut socket: Socket) -> u16 {
    let hello = ClientFrame::Hello { token: shared.token.clone() };
    if say(&mut socket, &[hello]).await.is_err() {
        return BROKEN;
    }
    let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    while shared.with(|desk| desk.is_online) {
        // Every arm is cancel safe: a frame is read whole or not at all, a permit and a tick stay until they are taken.
        let due = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(message)) => match crate::socket::text_of(message) {
                    Ok(Some(text)) => {
                        shared.with(|desk| desk.on_frame(&text));
                        shared.changed.notify_waiters();
                        shared.with(super::view::Desk::due)
                    }
                    Ok(None) => Vec::new(),
                    Err(code) => return code,
                },
                Some(Err(_)) | None => return BROKEN,
            },
            () = shared.wake.notified() => shared.with(super::view::Desk::due),
            _ = heartbeat.tick() => vec![ClientFrame::Heartbeat],
        };
        if say(&mut socket, &due).await.is_err() {
            return BROKEN;
        }
    }
    // Gone without a word, as a browser that crashes: the socket is dropped.
    BROKEN
}
