//! What the writer task is asked to do, and the queue by which it is asked.
//!
//! It exists so that all writes of a store stand in one line: their order is the order of the calls.

use tandem_protocol::{Epoch, Timestamp};
use tokio::sync::{
    mpsc::{Sender, error::TrySendError},
    oneshot,
};

use super::fault::Fault;
use crate::{Entry, Holder, StoreError, Taken};

/// Calls that may wait for the writer task. The engine's own bounds lie far below; a call beyond it is refused as
/// recoverable rather than made to wait, since a waiting call could be overtaken by a later one.
pub(super) const COMMANDS_MAX: usize = 16_384;

/// Where the answer to a call goes. A caller who no longer waits is nobody's loss.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One call.
#[derive(Debug)]
pub(super) enum Command {
    /// Such calls share a statement when they wait together.
    Append(Append),
    Renew {
        epoch: Epoch,
        now: Timestamp,
        reply: Reply<()>,
    },
    Release {
        epoch: Epoch,
        reply: Reply<()>,
    },
    Take(Take),
}

/// See [`Command::Append`].
#[derive(Debug)]
pub(super) struct Append {
    pub(super) epoch: Epoch,
    pub(super) entries: Vec<Entry>,
    pub(super) reply: Reply<()>,
}

/// A takeover.
#[derive(Debug)]
pub(super) struct Take {
    pub(super) seen: Epoch,
    pub(super) holder: Holder,
    pub(super) now: Timestamp,
    pub(super) reply: Reply<Taken>,
}

/// The callers' end of the queue.
#[derive(Debug)]
pub(super) struct Queue(pub(super) Sender<Command>);

impl Queue {
    /// Puts a call in line and waits until it is done.
    pub(super) async fn call<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(command(reply)).map_err(|error| match error {
            TrySendError::Full(_) => Fault::QueueFull,
            TrySendError::Closed(_) => Fault::TaskGone,
        })?;
        answer.await.map_err(|_| Fault::TaskGone)?
    }
}
