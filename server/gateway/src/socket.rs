//! The WebSocket routes `/api/v1/ws` and `/api/v1/desk`: what a handshake must bring, and the life of a connection in
//! three steps: hello, connection, farewell.
//!
//! An idle client must cost little: its buffers are small, one task does everything, and the futures of the rare
//! steps are boxed so that the task is only as large as the common one.

mod chat;
mod connection;
mod desk;
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
use tandem_protocol::limits::{CLIENT_SUBPROTOCOL, DESK_SUBPROTOCOL};
use tandem_telemetry::GATEWAY;
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

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To take part in a session.
    Chat,
    /// To work.
    Desk,
}

impl Purpose {
    /// As figures call it.
    fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Desk => "desk",
        }
    }

    /// What bounds how many there are.
    fn limit(self) -> &'static str {
        match self {
            Self::Chat => "clients",
            Self::Desk => "desks",
        }
    }
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `GET /api/v1/ws`.
pub(crate) async fn chat(State(app): State<Shared>, headers: HeaderMap, upgrade: Upgrade) -> Result<Response, Problem> {
    shake_hands(app, &headers, upgrade, Purpose::Chat)
}

/// `GET /api/v1/desk`.
pub(crate) async fn desk(State(app): State<Shared>, headers: HeaderMap, upgrade: Upgrade) -> Result<Response, Problem> {
    shake_hands(app, &headers, upgrade, Purpose::Desk)
}

fn shake_hands(app: Shared, headers: &HeaderMap, upgrade: Upgrade, purpose: Purpose) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| Problem::new(Kind::UpgradeRequired, rejection.body_text()))?;
    origin::check(headers, &app.settings.allowed_origins, app.is_encrypted)?;
    let (subprotocol, permits) = match purpose {
        Purpose::Chat => (CLIENT_SUBPROTOCOL, &app.sockets),
        Purpose::Desk => (DESK_SUBPROTOCOL, &app.desks),
    };
    if !upgrade.requested_protocols().any(|offered| offered == subprotocol) {
        let detail = format!("Offer {subprotocol} in Sec-WebSocket-Protocol.");
        return Err(Problem::new(Kind::SubprotocolRequired, detail));
    }
    let permit = permits.clone().try_acquire_owned().ok();
    let owned = app.tasks.token();
    let bytes_max = app.settings.frame_bytes_max * POLITE_FACTOR;
    Ok(upgrade
        .protocols([subprotocol])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| serve(app, socket, purpose, permit, owned)))
}

async fn serve(
    app: Shared,
    mut socket: WebSocket,
    purpose: Purpose,
    permit: Option<OwnedSemaphorePermit>,
    owned: TaskTrackerToken,
) {
    let _counted = GATEWAY.sockets.of([purpose.word()]).one_more();
    if permit.is_none() {
        GATEWAY.limits.of([purpose.limit()]).inc();
    }
    let end = match (&permit, purpose) {
        (Some(_), Purpose::Chat) => chat::converse(&app, &mut socket).await,
        (Some(_), Purpose::Desk) => Box::pin(desk::converse(&app, &mut socket)).await,
        // Told over the WebSocket: a browser shows no page the status of a refused handshake.
        (None, _) => End::By(Ending::Busy),
    };
    count(purpose, end);
    tracing::debug!(?purpose, ?end, "a connection ends");
    Box::pin(farewell::say(socket, end, app.settings.reconnect_spread)).await;
    drop((permit, owned));
}

fn count(purpose: Purpose, end: End) {
    match end {
        End::By(Ending::SlowReader) => GATEWAY.slow_readers.of([purpose.word()]).inc(),
        End::By(Ending::FrameTooLarge) => GATEWAY.limits.of(["frame_bytes"]).inc(),
        End::Gone | End::By(_) => {}
    }
}
