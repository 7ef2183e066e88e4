//! The writing half of a connection: everything that waits is written, then flushed once; silence is filled with
//! heartbeats.

use std::{collections::VecDeque, fmt, time::Duration};

use futures_util::{SinkExt, stream::SplitSink};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::{ConnectionSettings, Socket, frame::HEARTBEAT};
use crate::outbox::{Drain, Drained};

/// Writes what the outbox of its connection holds. The owner of the connection drives [`Writer::run`] on a task.
#[must_use = "nothing is written unless `run` is driven"]
pub struct Writer {
    sink: SplitSink<Socket, Message>,
    drain: Drain,
    heartbeat: Duration,
    goodbye_max: Duration,
}

impl Writer {
    pub(super) fn new(sink: SplitSink<Socket, Message>, drain: Drain, settings: &ConnectionSettings) -> Self {
        Self { sink, drain, heartbeat: settings.heartbeat, goodbye_max: settings.silence_max }
    }

    /// Runs until the outbox ends or is cut, or a write fails; in each case the connection is cut when it returns.
    pub async fn run(mut self) {
        let mut batch = VecDeque::new();
        loop {
            match timeout(self.heartbeat, self.drain.next(&mut batch)).await {
                Ok(Drained::Frames) => {}
                Ok(Drained::End) => return self.say_goodbye().await,
                Ok(Drained::Cut) => return,
                Err(_quiet) => batch.push_back(HEARTBEAT),
            }
            let written = tokio::select! {
                biased;
                written = write(&mut self.sink, &mut batch) => written.is_ok(),
                () = self.drain.until_cut() => false,
            };
            // The reader sees the same failure, and tells it.
            if !written {
                return;
            }
        }
    }

    async fn say_goodbye(&mut self) {
        // A reader who does not take the last bytes is left to itself; nothing depends on them.
        let _ = timeout(self.goodbye_max, self.sink.close()).await;
    }
}

async fn write(
    sink: &mut SplitSink<Socket, Message>,
    batch: &mut VecDeque<Utf8Bytes>,
) -> Result<(), tungstenite::Error> {
    for text in batch.drain(..) {
        sink.feed(Message::Text(text)).await?;
    }
    sink.flush().await
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
