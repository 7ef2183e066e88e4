//! The first frame of a connection.

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use tokio::time::timeout;

use super::{End, connection};
use crate::{app::Shared, problem::Ending};

/// Waits for it; whether it is a hello is for the caller to see.
pub(super) async fn receive(app: &Shared, socket: &mut WebSocket) -> Result<Utf8Bytes, End> {
    tokio::select! {
        first = timeout(app.settings.hello_max, first_text(app, socket)) => first.unwrap_or(Err(End::By(Ending::NoHello))),
        () = app.stopping.cancelled() => Err(End::By(Ending::GoingAway)),
    }
}

/// The first frame that says something; pings are answered by the library.
async fn first_text(app: &Shared, socket: &mut WebSocket) -> Result<Utf8Bytes, End> {
    loop {
        let message = socket.recv().await.ok_or(End::Gone)?.map_err(connection::end_of)?;
        match message {
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return Err(End::Gone),
            message => return connection::text_of(message, app.settings.frame_bytes_max),
        }
    }
}
