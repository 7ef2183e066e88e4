//! What the writer thread is asked to do, and the queue by which it is asked.
//!
//! It exists so that all writes of a process stand in one line: their order is the order of the calls.

use std::sync::mpsc::{SyncSender, TrySendError};

use tandem_protocol::{Epoch, SessionId, Timestamp};
use tokio::sync::oneshot;

use super::fault::Fault;
use crate::{Entry, Erased, Holder, StoreError, Taken};

/// Calls that may wait for the writer thread. The engine's own bounds lie far below; a call beyond it is refused as
/// recoverable rather than made to wait, since a waiting call could be overtaken by a later one.
pub(super) const COMMANDS_MAX: usize = 16_384;

/// Where the answer to a call goes. A caller who no longer waits is nobody's loss.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One call.
#[derive(Debug)]
pub(super) enum Command {
    /// What an engine does within its epoch; such calls share a transaction.
    Fenced(Fenced),
    /// A takeover; it has a transaction of its own, since the epoch differs before and after it.
    Take(Take),
    /// An erasure; its pieces have transactions of their own, between the others.
    Erase(Erase),
}

/// See [`Command::Fenced`].
#[derive(Debug)]
pub(super) struct Fenced {
    pub(super) epoch: Epoch,
    pub(super) work: Work,
    pub(super) reply: Reply<()>,
}

/// What is done once the epoch has been compared.
#[derive(Debug)]
pub(super) enum Work {
    Append(Vec<Entry>),
    Renew(Timestamp),
    Release,
    /// Nothing but having the heads of this epoch in memory.
    Prepare,
}

/// See [`Command::Take`].
#[derive(Debug)]
pub(super) struct Take {
    pub(super) seen: Epoch,
    pub(super) holder: Holder,
    pub(super) now: Timestamp,
    pub(super) reply: Reply<Taken>,
}

/// See [`Command::Erase`].
#[derive(Debug)]
pub(super) struct Erase {
    pub(super) epoch: Epoch,
    pub(super) session: SessionId,
    pub(super) reply: Reply<Erased>,
}

/// The callers' end of the queue.
#[derive(Debug)]
pub(super) struct Queue(pub(super) SyncSender<Command>);

impl Queue {
    /// Puts a call in line and waits until it is done.
    pub(super) async fn call<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(command(reply)).map_err(|error| match error {
            TrySendError::Full(_) => Fault::QueueFull,
            TrySendError::Disconnected(_) => Fault::ThreadGone,
        })?;
        answer.await.map_err(|_| Fault::ThreadGone)?
    }

    /// As [`Queue::call`] for what is done within an epoch.
    pub(super) async fn fenced(&self, epoch: Epoch, work: Work) -> Result<(), StoreError> {
        self.call(|reply| Command::Fenced(Fenced { epoch, work, reply })).await
    }
}
