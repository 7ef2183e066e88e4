//! The reading half of a connection: text frames become values, silence becomes an error.
//!
//! Heartbeats end here. Everything that one read brought is handed over in one batch, so that whoever handles frames
//! wakes once for many.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{StreamExt, stream::SplitStream};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep, sleep, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::{ConnectionError, Heard, Socket, frame::HEARTBEAT};
use crate::outbox::CutSignal;

/// Frames in one batch; beyond it others get a turn first.
const BATCH_FRAMES_MAX: usize = 1_024;

/// Reads frames of type `T`. When it returns the end or an error the connection is cut for its writer, too.
pub struct Reader<T> {
    stream: SplitStream<Socket>,
    cut: CutSignal,
    silence_max: Duration,
    heard_at: Instant,
    heard: Heard,
    /// Fires no earlier than the silence is too long; put off only when it fires, not at each frame.
    silence: Pin<Box<Sleep>>,
    /// Read in a batch but not yet asked for by `next`.
    waiting: VecDeque<T>,
    /// How the stream ended, told after the frames before it.
    end: Option<Result<(), ConnectionError>>,
}

impl<T: DeserializeOwned> Reader<T> {
    pub(super) fn new(stream: SplitStream<Socket>, cut: CutSignal, silence_max: Duration) -> Self {
        let (heard_at, silence) = (Instant::now(), Box::pin(sleep(silence_max)));
        let (heard, waiting) = (Heard::now(), VecDeque::new());
        Self { stream, cut, silence_max, heard_at, heard, silence, waiting, end: None }
    }

    /// Tells whoever asks when something was last heard, now and from now on.
    #[must_use]
    pub fn heard(&self) -> Heard {
        self.heard.clone()
    }

    /// The next frame; `None` when the other side said goodbye or is gone. Cancel safe.
    pub async fn next(&mut self) -> Result<Option<T>, ConnectionError> {
        if self.waiting.is_empty() {
            let mut batch = Vec::new();
            if !self.next_batch(&mut batch).await? {
                return Ok(None);
            }
            self.waiting.extend(batch);
        }
        Ok(self.waiting.pop_front())
    }

    /// Appends all frames that can be had without waiting, or waits for the first; false at the end. Cancel safe:
    /// frames are appended in the very step in which this returns.
    pub async fn next_batch(&mut self, batch: &mut Vec<T>) -> Result<bool, ConnectionError> {
        if !self.waiting.is_empty() {
            batch.extend(self.waiting.drain(..));
            return Ok(true);
        }
        let Self { stream, cut, silence_max, heard_at, heard, silence, end, .. } = self;
        let mut half = Half { stream, silence_max: *silence_max, heard_at, heard, silence, end };
        let read = tokio::select! {
            biased;
            read = std::future::poll_fn(|cx| half.poll_batch(cx, batch)) => read,
            () = cut.until_cut() => Err(ConnectionError::Cut),
        };
        if !matches!(read, Ok(true)) {
            cut.cut();
        }
        read
    }

    /// Reads and drops whatever comes until the end, for a side that has said its last frame: closing while bytes
    /// arrive would take that frame back from the other side. Takes at most as long as a silence may.
    pub async fn discard(mut self) {
        let mut batch = Vec::new();
        let until = Instant::now() + self.silence_max;
        while let Ok(Ok(true)) = timeout_at(until, self.next_batch(&mut batch)).await {
            batch.clear();
        }
    }
}

/// The reader without its queue and cut signal, which are borrowed elsewhere while it is polled.
struct Half<'a> {
    stream: &'a mut SplitStream<Socket>,
    silence_max: Duration,
    heard_at: &'a mut Instant,
    heard: &'a Heard,
    silence: &'a mut Pin<Box<Sleep>>,
    end: &'a mut Option<Result<(), ConnectionError>>,
}

impl Half<'_> {
    fn poll_batch<T: DeserializeOwned>(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Vec<T>,
    ) -> Poll<Result<bool, ConnectionError>> {
        let (had, mut heard) = (batch.len(), false);
        while self.end.is_none() && batch.len() - had < BATCH_FRAMES_MAX {
            match self.stream.poll_next_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(message) => self.take(message, batch),
            }
            heard = true;
        }
        if heard {
            *self.heard_at = Instant::now();
            self.heard.note(*self.heard_at);
        }
        if batch.len() > had {
            return Poll::Ready(Ok(true));
        }
        if self.end.is_none() {
            return self.poll_silence(cx).map(Err);
        }
        // An error is told once; asked again, it is the end.
        let end = self.end.replace(Ok(()));
        Poll::Ready(end.expect("it was just seen").map(|()| false))
    }

    fn take<T: DeserializeOwned>(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
        batch: &mut Vec<T>,
    ) {
        match message {
            Some(Ok(Message::Text(text))) if text == HEARTBEAT => {}
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(frame) => batch.push(frame),
                Err(error) => *self.end = Some(Err(error.into())),
            },
            // Pings are answered by the WebSocket itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => *self.end = Some(Ok(())),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => *self.end = Some(Err(ConnectionError::OutOfTurn)),
            Some(Err(error)) => *self.end = Some(Err(error.into())),
        }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionError> {
        while self.silence.as_mut().poll(cx).is_ready() {
            let silent_at = *self.heard_at + self.silence_max;
            if silent_at <= Instant::now() {
                return Poll::Ready(ConnectionError::Silent);
            }
            self.silence.as_mut().reset(silent_at);
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("waiting", &self.waiting.len()).finish()
    }
}
