//! The first frame of a client: who it is and what it has.

use axum::extract::ws::{Message, WebSocket};
use tandem_protocol::client::ClientFrame;
use tokio::time::timeout;

use super::{End, connection};
use crate::{app::Shared, engine::Reading, problem::Ending, registry::ReaderKind, secret};

/// Waits for the hello and asks the engine to let the client in; the answer comes into the client's mailbox.
pub(super) async fn receive(app: &Shared, socket: &mut WebSocket) -> Result<Reading, End> {
    let first = tokio::select! {
        first = timeout(app.settings.hello_max, first_frame(app, socket)) => first,
        () = app.stopping.cancelled() => return Err(End::By(Ending::GoingAway)),
    };
    let ClientFrame::Hello { session, token, after } = first.unwrap_or(Err(End::By(Ending::NoHello)))? else {
        return Err(End::By(Ending::NoHello));
    };
    if app.engine.is_unreachable() {
        return Err(End::By(Ending::Unavailable));
    }
    let kind = ReaderKind::Socket { queue_bytes_max: app.settings.queue_bytes_max };
    app.engine.read_along(session, secret::hash_of(&token), after, kind).map_err(End::By)
}

/// The first frame that says something; pings are answered by the library.
async fn first_frame(app: &Shared, socket: &mut WebSocket) -> Result<ClientFrame, End> {
    loop {
        let message = socket.recv().await.ok_or(End::Gone)?.map_err(connection::end_of)?;
        match message {
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return Err(End::Gone),
            message => return connection::frame_of(message, app.settings.frame_bytes_max),
        }
    }
}
