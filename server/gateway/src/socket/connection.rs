//! A client's connection from its hello to its end: writes what the mailbox holds, reads what the client may say,
//! keeps the times.
//!
//! It is polled as one: all that is ready is written before one flush, and nothing that waits (for the socket, for
//! the mailbox, for a time) keeps the rest from going on. It reads only while the client is let in, within its rate
//! and within its window of unacknowledged messages; otherwise TCP holds the client back and nothing is lost.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tandem_protocol::{ErrorCode, Refusal, client::ClientFrame};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite;

use super::{End, pace::Pace};
use crate::{
    app::Shared,
    engine::Reading,
    frames,
    problem::Ending,
    registry::{Arrival, Step},
};

/// Frames read before others get a turn and what they caused is written.
const READ_FRAMES_MAX: usize = 64;

/// Bytes of history in one frame. The socket's write buffer keeps the size of the largest frame it ever held, so
/// this is what a client costs after it has caught up.
const HISTORY_FRAME_BYTES: usize = 4 * 1024;

/// How long a write may make no progress at all before the client counts as a slow reader.
const STALL_MAX: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Connection<'a> {
    app: &'a Shared,
    socket: &'a mut WebSocket,
    reading: Reading,
    /// A page on its way out.
    history: Option<History>,
    /// Something is written but not flushed.
    unflushed: bool,
    /// Since when a write has been waiting for the client.
    stalled_since: Option<Instant>,
    pace: Pace,
    /// Until when nothing is read because the client was too fast.
    paused_until: Option<Instant>,
    heard_at: Instant,
    heartbeat_at: Instant,
    heartbeat_due: bool,
    /// By when the engine must have let the client in.
    welcome_by: Instant,
    /// Set to the earliest of the times above that matters.
    timer: Pin<Box<Sleep>>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(app: &'a Shared, socket: &'a mut WebSocket, reading: Reading) -> Self {
        let (settings, now) = (&app.settings, Instant::now());
        let heartbeat_at = now + settings.heartbeat;
        Self {
            app,
            socket,
            reading,
            history: None,
            unflushed: false,
            stalled_since: None,
            pace: Pace::new(settings.frames_per_second, settings.frames_burst, now),
            paused_until: None,
            heard_at: now,
            heartbeat_at,
            heartbeat_due: false,
            welcome_by: now + app.engine.wait_max(),
            timer: Box::pin(sleep_until(heartbeat_at)),
        }
    }

    /// Lives until the end of the connection and says why it ends.
    pub(super) async fn run(mut self) -> End {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Poll::Ready(end) = self.poll_write(cx) {
                return Poll::Ready(end);
            }
            // Tokio's budget makes the socket say "pending" now and then, so this loop does not starve others.
            match self.poll_read(cx) {
                Poll::Ready(Some(end)) => return Poll::Ready(end),
                Poll::Ready(None) => continue,
                Poll::Pending => {}
            }
            // Last, since reading decides when it goes on.
            if let Some(ending) = ready!(self.poll_times(cx)) {
                return Poll::Ready(End::By(ending));
            }
        }
    }

    /// Ready when a time has come: with the end that it means, or to look at everything again.
    fn poll_times(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ending>> {
        let welcome_by = (!self.reading.is_welcome()).then_some(self.welcome_by);
        let next = [welcome_by, self.paused_until].into_iter().flatten().fold(self.heartbeat_at, Instant::min);
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        ready!(self.timer.as_mut().poll(cx));
        let now = Instant::now();
        if welcome_by.is_some_and(|by| now >= by) {
            return Poll::Ready(Some(Ending::Unavailable));
        }
        if now < self.heartbeat_at {
            return Poll::Ready(None);
        }
        self.heartbeat_at = now + self.app.settings.heartbeat;
        self.heartbeat_due = true;
        Poll::Ready(self.overdue(now))
    }

    /// Whether the client has been silent, or has not read, for too long. Looked at once a heartbeat.
    fn overdue(&self, now: Instant) -> Option<Ending> {
        if self.stalled_since.is_some_and(|since| now - since >= STALL_MAX) {
            return Some(Ending::SlowReader);
        }
        (now - self.heard_at >= self.app.settings.silence_max).then_some(Ending::Silent)
    }

    /// Writes all that is ready, then flushes; ready only at the connection's end.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            match self.socket.poll_ready_unpin(cx) {
                Poll::Ready(Ok(())) => self.stalled_since = None,
                Poll::Ready(Err(_)) => return Poll::Ready(End::Gone),
                Poll::Pending => return self.stalled(),
            }
            match self.next_step(cx) {
                Step::Frame(frame) => {
                    if self.socket.start_send_unpin(Message::Text(frame)).is_err() {
                        return Poll::Ready(End::Gone);
                    }
                    self.unflushed = true;
                }
                Step::Arrival(arrival) => self.history = Some(History::new(arrival)),
                Step::Advance => {
                    // Only when the last page is out: history is read as fast as the client reads it (B-1).
                    if let Some(end) = ready!(self.poll_flush(cx)) {
                        return Poll::Ready(end);
                    }
                    self.reading.advance();
                }
                Step::End(ending) => return Poll::Ready(End::By(ending)),
                Step::Idle => {
                    return match ready!(self.poll_flush(cx)) {
                        Some(end) => Poll::Ready(end),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }

    /// Ready with none when all is flushed.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        if !self.unflushed {
            return Poll::Ready(None);
        }
        match self.socket.poll_flush_unpin(cx) {
            Poll::Ready(Ok(())) => {
                (self.unflushed, self.stalled_since) = (false, None);
                Poll::Ready(None)
            }
            Poll::Ready(Err(_)) => Poll::Ready(Some(End::Gone)),
            Poll::Pending => self.stalled().map(Some),
        }
    }

    /// The client does not take what was written: it is waited for, unless it is to be ended anyway.
    fn stalled(&mut self) -> Poll<End> {
        self.stalled_since.get_or_insert_with(Instant::now);
        // One whose session has ended still gets the last events.
        match self.reading.ending() {
            None | Some(Ending::Ended) => Poll::Pending,
            Some(ending) => Poll::Ready(End::By(ending)),
        }
    }

    fn next_step(&mut self, cx: &Context<'_>) -> Step {
        if let Some(history) = &mut self.history {
            if let Some(frame) = history.next(&self.reading, &self.app.settings) {
                return Step::Frame(frame);
            }
            self.history = None;
        }
        match self.reading.next(cx) {
            Step::Idle if std::mem::take(&mut self.heartbeat_due) => {
                Step::Frame(frames::heartbeat(self.reading.given()))
            }
            step => step,
        }
    }

    /// Reads some frames; ready with none when it has read some, which may have left something to write.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        for read in 0..READ_FRAMES_MAX {
            let message = match self.poll_message(cx) {
                Poll::Ready(Ok(message)) => message,
                Poll::Ready(Err(end)) => return Poll::Ready(Some(end)),
                Poll::Pending if read > 0 => break,
                Poll::Pending => return Poll::Pending,
            };
            if let Err(end) = self.on_message(message) {
                return Poll::Ready(Some(end));
            }
        }
        Poll::Ready(None)
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, End>> {
        let now = Instant::now();
        if !self.may_read(now) {
            self.heard_at = now; // It cannot be blamed for what is not read.
            return Poll::Pending; // The mailbox or the timer wakes this task.
        }
        let message = ready!(self.socket.poll_next_unpin(cx)).ok_or(End::Gone)?.map_err(end_of)?;
        self.heard_at = now;
        self.pace.take(now);
        Poll::Ready(Ok(message))
    }

    fn may_read(&mut self, now: Instant) -> bool {
        self.paused_until = Some(self.pace.ready_at()).filter(|ready_at| *ready_at > now);
        self.paused_until.is_none()
            && self.reading.is_welcome()
            && self.reading.unacked() < self.app.settings.unacked_messages_max
    }

    fn on_message(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Gone),
            message => self.on_frame(frame_of(message, self.app.settings.frame_bytes_max)?),
        }
    }

    fn on_frame(&mut self, frame: ClientFrame) -> Result<(), End> {
        match frame {
            ClientFrame::Hello { .. } => return Err(End::By(Ending::BadFrame)),
            ClientFrame::Message { client_id, text, .. } if text.len() > self.app.settings.message_bytes_max => {
                let refusal = Refusal::new(ErrorCode::MessageTooLong, "The text is longer than message_bytes_max.");
                self.reading.says(frames::refused(Some(client_id), &refusal));
            }
            ClientFrame::Message { client_id, text, visibility } => self.reading.send(client_id, text, visibility),
            ClientFrame::Typing { on } => self.reading.typing(on),
            ClientFrame::Leave => self.reading.leave(),
            ClientFrame::Resume { after } => {
                self.history = None;
                self.reading.resumes(after);
            }
            ClientFrame::Heartbeat => self.heartbeat_due = true,
        }
        Ok(())
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

    fn next(&mut self, reading: &Reading, settings: &crate::GatewaySettings) -> Option<Utf8Bytes> {
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

/// The client's frame in a message.
pub(super) fn frame_of(message: Message, bytes_max: usize) -> Result<ClientFrame, End> {
    let Message::Text(text) = message else { return Err(End::By(Ending::BadFrame)) };
    if text.len() > bytes_max {
        return Err(End::By(Ending::FrameTooLarge));
    }
    serde_json::from_str(&text).map_err(|_| End::By(Ending::BadFrame))
}

/// What an error of the WebSocket means.
pub(super) fn end_of(error: axum::Error) -> End {
    match error.into_inner().downcast::<tungstenite::Error>().map(|error| *error) {
        Ok(tungstenite::Error::Capacity(_)) => End::By(Ending::FrameTooLarge),
        Ok(tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_)) => End::By(Ending::BadFrame),
        _ => End::Gone,
    }
}
