//! The connection of a page: connects, says hello, carries frames both ways, and connects again after a pause.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use tandem_protocol::{client::ClientFrame, limits::CLIENT_SUBPROTOCOL};
use tokio::time::Interval;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Shared, Status};
use crate::{
    deadline::pause,
    socket::{self, BROKEN, Socket, say, text_of},
};

/// The pause before a page connects again, plus as much again by chance; a `bye` may ask for another.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// How often the page says that it is alive; the gateway drops a page that is silent for much longer.
const HEARTBEAT: Duration = Duration::from_secs(10);

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
    let mut socket = socket::connect(&shared.address, "/api/v1/ws", CLIENT_SUBPROTOCOL).await?;
    let (after, save_notices) = shared.with(|view| (view.on_open(), view.asks_for_saves));
    let (session, token) = (shared.ticket.session, shared.ticket.token.clone());
    say(&mut socket, &[ClientFrame::Hello { session, token, after, save_notices }]).await?;
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
    match text_of(message) {
        Ok(Some(text)) => {
            let frames = shared.with(|view| {
                let answer = view.on_frame(&text);
                answer.into_iter().chain(view.due()).collect::<Vec<_>>()
            });
            shared.changed.notify_waiters();
            say(socket, &frames).await?;
            Ok(None)
        }
        Ok(None) => Ok(None),
        Err(code) => Ok(Some(code)),
    }
}
