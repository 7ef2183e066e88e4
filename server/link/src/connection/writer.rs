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
        self.write_all().await;
    }

    /// As [`Writer::run`]; but after the last frame and the goodbye it keeps the connection until the other side has
    /// ended it too, within the patience for a silent one. For a side whose last frame must arrive: a connection that is
    /// cut while the other side still writes takes back what that one has not read yet. The reader must be read to its
    /// end meanwhile.
    pub async fn run_to_the_end(mut self) {
        if self.write_all().await {
            // Whoever does not end it is left to itself.
            let _ = timeout(self.goodbye_max, self.drain.until_cut()).await;
        }
    }

    /// Whether everything was written and the goodbye said.
    async fn write_all(&mut self) -> bool {
        let mut batch = VecDeque::new();
        loop {
            match timeout(self.heartbeat, self.drain.next(&mut batch)).await {
                Ok(Drained::Frames) => {}
                Ok(Drained::End) => {
                    self.say_goodbye().await;
                    return true;
                }
                Ok(Drained::Cut) => return false,
                Err(_quiet) => batch.push_back(HEARTBEAT),
            }
            let written = tokio::select! {
                biased;
                written = write(&mut self.sink, &mut batch) => written.is_ok(),
                () = self.drain.until_cut() => false,
            };
            // The reader sees the same failure, and tells it.
            if !written {
                return false;
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
