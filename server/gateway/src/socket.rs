//! The WebSocket route `/api/v1/ws`: what a handshake must bring, and the life of a connection in three steps:
//! hello, connection, farewell.
//!
//! An idle client must cost little: its buffers are small, one task does everything, and the futures of the rare
//! steps are boxed so that the task is only as large as the common one.

mod connection;
mod farewell;
mod hello;
mod pace;

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::Response,
};
use tandem_protocol::limits::CLIENT_SUBPROTOCOL;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::{
    app::Shared,
    origin,
    problem::{Ending, Kind, Problem},
};

/// Bytes asked for in one read, and kept for it: most frames of a chat are shorter. The library's 128 KiB would be
/// nearly all the memory of an idle client.
const READ_BYTES: usize = 1024;

/// Bytes gathered before they are written although there is more to come; the buffer keeps about this much.
const WRITE_BYTES: usize = 2 * 1024;

/// Times `frame-bytes-max` that are still read, so that the client of a frame too large hears why: what is larger
/// yet ends the connection without a word that is sure to arrive.
const POLITE_FACTOR: usize = 4;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client is gone.
    Gone,
    /// The gateway ends it.
    By(Ending),
}

/// `GET /api/v1/ws`.
pub(crate) async fn upgrade(
    State(app): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| Problem::new(Kind::UpgradeRequired, rejection.body_text()))?;
    if !origin::is_allowed(&headers, &app.settings.allowed_origins) {
        return Err(Problem::new(Kind::ForeignOrigin, "Add the origin to allowed-origins if its pages may chat here."));
    }
    if !upgrade.requested_protocols().any(|offered| offered == CLIENT_SUBPROTOCOL) {
        return Err(Problem::new(Kind::SubprotocolRequired, "Offer it in Sec-WebSocket-Protocol."));
    }
    let permit = app.sockets.clone().try_acquire_owned().ok();
    let owned = app.tasks.token();
    let bytes_max = app.settings.frame_bytes_max * POLITE_FACTOR;
    Ok(upgrade
        .protocols([CLIENT_SUBPROTOCOL])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| serve(app, socket, permit, owned)))
}

async fn serve(app: Shared, mut socket: WebSocket, permit: Option<OwnedSemaphorePermit>, owned: TaskTrackerToken) {
    let end = match permit {
        Some(_) => converse(&app, &mut socket).await,
        // Told over the WebSocket: a browser shows no page the status of a refused handshake.
        None => End::By(Ending::Busy),
    };
    tracing::debug!(?end, "a client's connection ends");
    Box::pin(farewell::say(socket, end, app.settings.reconnect_spread)).await;
    drop((permit, owned));
}

async fn converse(app: &Shared, socket: &mut WebSocket) -> End {
    match Box::pin(hello::receive(app, socket)).await {
        Ok(reading) => connection::Connection::new(app, socket, reading).run().await,
        Err(end) => end,
    }
}
