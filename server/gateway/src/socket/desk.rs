//! What is said over `/api/v1/desk`: an agent's workspace, or a bot, gets its view and does things.

use std::task::Context;

use axum::extract::ws::{Utf8Bytes, WebSocket};
use serde::Deserialize;
use tandem_protocol::{ClientId, ErrorCode, Refusal, desk::ClientFrame};

use super::{
    End,
    connection::{Connection, Heard, Next, Talk},
    hello,
};
use crate::{app::Shared, engine::Presence, frames, problem::Ending, registry::DeskStep, secret};

/// From the hello to the end, with which the presence ends too.
pub(super) async fn converse(app: &Shared, socket: &mut WebSocket) -> End {
    match sit_down(app, socket).await {
        Ok(presence) => Connection::new(app, socket, AtDesk { app, presence }).run().await,
        Err(end) => end,
    }
}

/// Waits for the hello and asks the interaction server to let the desk in; the answer comes into its mailbox.
async fn sit_down(app: &Shared, socket: &mut WebSocket) -> Result<Presence, End> {
    let first = hello::receive(app, socket).await?;
    let ClientFrame::Hello { token } = serde_json::from_str(&first).map_err(|_| End::By(Ending::BadFrame))? else {
        return Err(End::By(Ending::NoHello));
    };
    if app.engine.is_all_unreachable() {
        return Err(End::By(Ending::Unavailable));
    }
    app.engine.sit_down(secret::hash_of(&token), app.settings.queue_bytes_max).map_err(End::By)
}

/// See the module.
struct AtDesk<'a> {
    app: &'a Shared,
    presence: Presence,
}

impl Talk for AtDesk<'_> {
    fn next(&mut self, cx: &Context<'_>) -> Next {
        match self.presence.next(cx) {
            DeskStep::Welcome(view) => Next::Frame(frames::desk::welcome(&view, &self.app.settings)),
            DeskStep::View(view) => Next::Frame(frames::desk::view(&view)),
            DeskStep::Frame(frame) => Next::Frame(frame),
            DeskStep::End(ending) => Next::End(ending),
            DeskStep::Idle => Next::Idle,
        }
    }

    fn ending(&self) -> Option<Ending> {
        self.presence.ending()
    }

    fn is_welcome(&self) -> bool {
        self.presence.is_welcome()
    }

    /// An action too many is refused and not waited for: who acts wants to know.
    fn has_room(&self) -> bool {
        true
    }

    fn hears(&mut self, text: &str) -> Result<Heard, Ending> {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Do { id, action }) => self.presence.does(id, action),
            Ok(ClientFrame::Heartbeat) => return Ok(Heard::Heartbeat),
            Ok(ClientFrame::Hello { .. }) => return Err(Ending::BadFrame),
            Err(error) => {
                let id = id_of(text).ok_or(Ending::BadFrame)?;
                let refusal = Refusal::new(ErrorCode::BadRequest, format!("The action is not understood: {error}."));
                self.presence.says(frames::desk::refused(id, &refusal));
            }
        }
        Ok(Heard::Taken)
    }

    fn heartbeat(&self) -> Utf8Bytes {
        frames::desk::heartbeat()
    }
}

/// Which action a frame that was not understood was to be: it alone is refused, so that a workspace of another release
/// loses one button and not its connection.
fn id_of(text: &str) -> Option<ClientId> {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Frame {
        Do { id: ClientId },
    }
    let Frame::Do { id } = serde_json::from_str(text).ok()?;
    Some(id)
}
