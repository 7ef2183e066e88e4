//! What is said over `/api/v1/ws`: a client of a session gets its events and says things.

use std::task::Context;

use axum::extract::ws::{Utf8Bytes, WebSocket};
use tandem_protocol::{ErrorCode, Refusal, client::ClientFrame};
use tandem_telemetry::GATEWAY;

use super::{
    End,
    connection::{Connection, Heard, Next, Talk},
    hello,
};
use crate::{
    app::Shared,
    engine::Reading,
    frames,
    problem::Ending,
    registry::{Arrival, ReaderKind, Step},
    secret,
    settings::GatewaySettings,
};

/// Bytes of history in one frame. The socket's write buffer keeps the size of the largest frame it ever held, so
/// this is what a client costs after it has caught up.
const HISTORY_FRAME_BYTES: usize = 4 * 1024;

/// From the hello to the end.
pub(super) async fn converse(app: &Shared, socket: &mut WebSocket) -> End {
    match Box::pin(join(app, socket)).await {
        Ok(reading) => Connection::new(app, socket, Chat { app, reading, history: None }).run().await,
        Err(end) => end,
    }
}

/// Waits for the hello and asks the engine to let the client in; the answer comes into the client's mailbox.
async fn join(app: &Shared, socket: &mut WebSocket) -> Result<Reading, End> {
    let first = hello::receive(app, socket).await?;
    let ClientFrame::Hello { session, token, after, save_notices } = parse(&first).map_err(End::By)? else {
        return Err(End::By(Ending::NoHello));
    };
    if app.engine.is_unreachable(session) {
        return Err(End::By(Ending::Unavailable));
    }
    let kind = ReaderKind::Socket { queue_bytes_max: app.settings.queue_bytes_max, save_notices };
    app.engine.read_along(session, secret::hash_of(&token), after, kind).map_err(End::By)
}

fn parse(text: &str) -> Result<ClientFrame, Ending> {
    serde_json::from_str(text).map_err(|_| Ending::BadFrame)
}

/// See the module.
struct Chat<'a> {
    app: &'a Shared,
    reading: Reading,
    /// A page on its way out.
    history: Option<History>,
}

impl Talk for Chat<'_> {
    fn next(&mut self, cx: &Context<'_>) -> Next {
        loop {
            if let Some(history) = &mut self.history {
                if let Some(frame) = history.next(&self.reading, &self.app.settings) {
                    return Next::Frame(frame);
                }
                self.history = None;
            }
            match self.reading.next(cx) {
                Step::Frame(frame) => return Next::Frame(frame),
                Step::Arrival(arrival) => self.history = Some(History::new(arrival)),
                // Only when the last page is out: history is read as fast as the client reads it (B-1).
                Step::Advance => return Next::Flush,
                Step::End(ending) => return Next::End(ending),
                Step::Idle => return Next::Idle,
            }
        }
    }

    fn flushed(&mut self) {
        self.reading.advance();
    }

    fn ending(&self) -> Option<Ending> {
        self.reading.ending()
    }

    fn is_welcome(&self) -> bool {
        self.reading.is_welcome()
    }

    fn has_room(&self) -> bool {
        self.reading.unacked() < self.app.settings.unacked_messages_max
    }

    fn hears(&mut self, text: &str) -> Result<Heard, Ending> {
        match parse(text)? {
            ClientFrame::Hello { .. } => return Err(Ending::BadFrame),
            ClientFrame::Message { client_id, text, .. } if text.len() > self.app.settings.message_bytes_max => {
                let refusal = Refusal::new(ErrorCode::MessageTooLong, "The text is longer than message_bytes_max.");
                GATEWAY.limits.of(["message_bytes"]).inc();
                self.reading.says(frames::refused(Some(client_id), &refusal));
            }
            ClientFrame::Message { client_id, text, visibility } => self.reading.send(client_id, text, visibility),
            ClientFrame::Typing { on } => self.reading.typing(on),
            ClientFrame::Leave => self.reading.leave(),
            ClientFrame::Resume { after } => {
                self.history = None;
                self.reading.resumes(after);
            }
            ClientFrame::Heartbeat => return Ok(Heard::Heartbeat),
        }
        Ok(Heard::Taken)
    }

    fn heartbeat(&self) -> Utf8Bytes {
        frames::heartbeat(self.reading.given())
    }
}

/// A page of a session's history as frames of a bounded size, made one by one.
struct History {
    arrival: Box<Arrival>,
    sent: usize,
}

impl History {
    fn new(arrival: Box<Arrival>) -> Self {
        Self { arrival, sent: 0 }
    }

    fn next(&mut self, reading: &Reading, settings: &GatewaySettings) -> Option<Utf8Bytes> {
        let Arrival { page, after, welcome } = &mut *self.arrival;
        if let Some(recovered) = welcome.take() {
            return Some(frames::welcome(reading, page, recovered, settings));
        }
        let rest = &page.events[self.sent..];
        let mut bytes = 0;
        let fits = rest.iter().take_while(|event| {
            bytes += event.len_bytes();
            bytes <= HISTORY_FRAME_BYTES
        });
        let events = &rest[..fits.count().max(1).min(rest.len())];
        let last = events.last()?.seq;
        let frame = frames::events(*after, events);
        self.sent += events.len();
        *after = last;
        Some(frame)
    }
}
