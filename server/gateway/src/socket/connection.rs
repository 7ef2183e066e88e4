//! A connection from its hello to its end: writes what the mailbox holds, reads what the other side may say, keeps the
//! times. What is talked of is the [`Talk`]'s: a session's client has one, a desk another.
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
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite;

use super::{End, pace::Pace};
use crate::{app::Shared, problem::Ending};

/// Frames read before others get a turn and what they caused is written.
const READ_FRAMES_MAX: usize = 64;

/// How long a write may make no progress at all before the client counts as a slow reader.
const STALL_MAX: Duration = Duration::from_secs(30);

/// What is said over a connection, and what comes of it. Nothing of it waits.
pub(super) trait Talk {
    /// What to write next. The connection's task is woken whenever there may be more.
    fn next(&mut self, cx: &Context<'_>) -> Next;

    /// All that was to be written is out, for [`Next::Flush`].
    fn flushed(&mut self) {}

    /// Why the connection is to be ended, if it is.
    fn ending(&self) -> Option<Ending>;

    /// Whether the other side has been let in; it is not read before.
    fn is_welcome(&self) -> bool;

    /// Whether as much of what was heard is answered as must be before more is read.
    fn has_room(&self) -> bool;

    /// The other side says something, within `frame-bytes-max`.
    fn hears(&mut self, text: &str) -> Result<Heard, Ending>;

    /// The frame that says nothing but that the gateway is alive.
    fn heartbeat(&self) -> Utf8Bytes;
}

/// See [`Talk::next`].
pub(super) enum Next {
    /// Write this.
    Frame(Utf8Bytes),
    /// Say when all is written and flushed.
    Flush,
    /// End the connection.
    End(Ending),
    /// Wait.
    Idle,
}

/// See [`Talk::hears`].
pub(super) enum Heard {
    /// It is done, or on its way.
    Taken,
    /// It asks for a heartbeat.
    Heartbeat,
}

/// See the module.
pub(super) struct Connection<'a, T> {
    app: &'a Shared,
    socket: &'a mut WebSocket,
    talk: T,
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

impl<'a, T: Talk> Connection<'a, T> {
    pub(super) fn new(app: &'a Shared, socket: &'a mut WebSocket, talk: T) -> Self {
        let (settings, now) = (&app.settings, Instant::now());
        let heartbeat_at = now + settings.heartbeat;
        Self {
            app,
            socket,
            talk,
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
        let welcome_by = (!self.talk.is_welcome()).then_some(self.welcome_by);
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
            match self.next(cx) {
                Next::Frame(frame) => {
                    if self.socket.start_send_unpin(Message::Text(frame)).is_err() {
                        return Poll::Ready(End::Gone);
                    }
                    self.unflushed = true;
                }
                Next::Flush => {
                    if let Some(end) = ready!(self.poll_flush(cx)) {
                        return Poll::Ready(end);
                    }
                    self.talk.flushed();
                }
                Next::End(ending) => return Poll::Ready(End::By(ending)),
                Next::Idle => {
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
        match self.talk.ending() {
            None | Some(Ending::Ended) => Poll::Pending,
            Some(ending) => Poll::Ready(End::By(ending)),
        }
    }

    fn next(&mut self, cx: &Context<'_>) -> Next {
        match self.talk.next(cx) {
            Next::Idle if std::mem::take(&mut self.heartbeat_due) => Next::Frame(self.talk.heartbeat()),
            next => next,
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
        self.paused_until.is_none() && self.talk.is_welcome() && self.talk.has_room()
    }

    fn on_message(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Gone),
            message => {
                let text = text_of(message, self.app.settings.frame_bytes_max)?;
                match self.talk.hears(&text).map_err(End::By)? {
                    Heard::Taken => {}
                    Heard::Heartbeat => self.heartbeat_due = true,
                }
                Ok(())
            }
        }
    }
}

/// The text of a frame: all frames are text, within a bound.
pub(super) fn text_of(message: Message, bytes_max: usize) -> Result<Utf8Bytes, End> {
    match message {
        Message::Text(text) if text.len() > bytes_max => Err(End::By(Ending::FrameTooLarge)),
        Message::Text(text) => Ok(text),
        _ => Err(End::By(Ending::BadFrame)),
    }
}

/// What an error of the WebSocket means.
pub(super) fn end_of(error: axum::Error) -> End {
    match error.into_inner().downcast::<tungstenite::Error>().map(|error| *error) {
        Ok(tungstenite::Error::Capacity(_)) => End::By(Ending::FrameTooLarge),
        Ok(tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_)) => End::By(Ending::BadFrame),
        _ => End::Gone,
    }
}
