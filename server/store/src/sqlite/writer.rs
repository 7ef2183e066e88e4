//! The writer thread: takes whatever waits, makes one transaction of it, and answers after the commit (D-1).
//!
//! It exists because an fsync costs as much for one message as for a thousand. It alone writes to the file for this
//! process, and it alone changes the heads. It ends when the store is dropped and the queue is empty.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tandem_protocol::PairName;

use super::{
    checkpoint::{Checkpoints, WriteTurn},
    command::{Command, Erase, Fenced, Reply, Take},
    erase::{Erasure, Piece},
    fault::Fault,
    group,
    heads::{BEHIND_FOR_MAX, Heads},
    lease,
};
use crate::{StoreError, Taken};

/// Calls that share a transaction. Beyond some thousand rows a transaction gains nothing more from its size, and
/// those at its front wait for those at its end.
const GROUP_CALLS_MAX: usize = 4_096;

/// Pause after the index could not be brought up.
const INDEX_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Erasures that may be under way; each is for one caller who waits, and a further one is refused as recoverable.
const ERASURES_MAX: usize = 1_024;

/// All that the thread owns.
pub(super) struct Writer {
    pub(super) pair: PairName,
    pub(super) connection: Connection,
    pub(super) queue: Receiver<Command>,
    pub(super) heads: Arc<Mutex<Heads>>,
    pub(super) turn: WriteTurn,
    pub(super) checkpoints: Checkpoints,
    /// Keeps an index that cannot be written from being tried without a pause.
    pub(super) index_not_before: Instant,
    /// What was met while a group was being gathered and does not belong to it; it comes right after the group.
    pub(super) next: Option<Command>,
    /// In the order in which they were asked for; the first is worked at, a piece after each turn.
    pub(super) erasures: VecDeque<Erasure>,
}

/// What the thread does next.
enum Turn {
    Group(Vec<Fenced>),
    Take(Take),
    Erase(Erase),
    /// Nothing waits but an erasure.
    Nothing,
    /// Nothing waits, and the index has been behind for long enough.
    Index,
    End,
}

impl Writer {
    /// The thread's life.
    pub(super) fn run(mut self) {
        loop {
            match self.wait() {
                // Its callers have been told.
                Turn::Group(calls) => drop(self.group(calls, Instant::now())),
                Turn::Take(take) => self.take(take),
                Turn::Erase(erase) => self.begin_erasure(erase),
                Turn::Nothing => {}
                Turn::Index => self.index(),
                // Who waits for an erasure hears that it is broken off.
                Turn::End => return self.end(),
            }
            self.erase_piece();
        }
    }

    fn wait(&mut self) -> Turn {
        let received = match self.next.take() {
            Some(command) => Ok(command),
            None => self.receive(),
        };
        match received {
            Ok(Command::Fenced(call)) => self.gather(call),
            Ok(Command::Take(take)) => Turn::Take(take),
            Ok(Command::Erase(erase)) => Turn::Erase(erase),
            Err(RecvTimeoutError::Timeout) if !self.erasures.is_empty() => Turn::Nothing,
            Err(RecvTimeoutError::Timeout) => Turn::Index,
            Err(RecvTimeoutError::Disconnected) => Turn::End,
        }
    }

    /// Waits for a command, for as long as nothing else is to be done.
    fn receive(&self) -> Result<Command, RecvTimeoutError> {
        if !self.erasures.is_empty() {
            return self.queue.recv_timeout(Duration::ZERO);
        }
        match self.due_at() {
            None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due_at) => {
                let due_at = due_at.max(self.index_not_before);
                self.queue.recv_timeout(due_at.saturating_duration_since(Instant::now()))
            }
        }
    }

    /// Takes everything else that waits, up to the next command of another kind.
    fn gather(&mut self, first: Fenced) -> Turn {
        let mut calls = vec![first];
        while calls.len() < GROUP_CALLS_MAX {
            match self.queue.try_recv() {
                Ok(Command::Fenced(call)) => calls.push(call),
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        Turn::Group(calls)
    }

    /// One transaction for all of them; without any, for the index alone.
    fn group(&mut self, calls: Vec<Fenced>, now: Instant) -> Result<(), StoreError> {
        let (works, replies): (Vec<_>, Vec<_>) =
            calls.into_iter().map(|call| ((call.epoch, call.work), call.reply)).unzip();
        let committed = {
            let _turn = self.turn.lock().expect("a thread does not panic while it holds the turn");
            group::commit(&mut self.connection, &self.pair, &self.heads, works, now)
        };
        match committed {
            Ok(committed) => {
                self.checkpoints.committed(committed.pages);
                answer(replies, committed.verdicts);
                Ok(())
            }
            Err(error) => {
                answer(replies, std::iter::repeat_with(|| Err(error.clone())));
                Err(error)
            }
        }
    }

    /// Brings the index up while nobody waits. A failure harms nobody: the log has everything, and the calls that
    /// meet the same cause report it.
    fn index(&mut self) {
        if let Err(error) = self.group(Vec::new(), Instant::now()) {
            tracing::debug!(%error, "the index of sessions stays behind the log for now");
            self.index_not_before = Instant::now() + INDEX_RETRY_PAUSE;
        }
    }

    /// Leaves an index that is up with the log, so that the next start has nothing to scan.
    fn end(&mut self) {
        // With age all that is behind becomes due.
        let later = Instant::now() + BEHIND_FOR_MAX;
        while self.due_at().is_some() && self.group(Vec::new(), later).is_ok() {}
    }

    fn due_at(&self) -> Option<Instant> {
        self.heads.lock().expect("nobody panics while he holds the heads").due_at()
    }

    fn take(&mut self, take: Take) {
        let outcome = self.try_take(&take);
        // A caller who no longer waits will read the lease.
        let _ = take.reply.send(outcome);
    }

    fn try_take(&mut self, take: &Take) -> Result<Taken, StoreError> {
        let _turn = self.turn.lock().expect("a thread does not panic while it holds the turn");
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)?;
        let taken = lease::take(&transaction, &self.pair, take.seen, &take.holder, take.now)?;
        transaction.commit()?;
        self.checkpoints.committed(1);
        Ok(taken)
    }

    fn begin_erasure(&mut self, erase: Erase) {
        if self.erasures.len() >= ERASURES_MAX {
            let _ = erase.reply.send(Err(Fault::QueueFull.into()));
        } else {
            self.erasures.push_back(Erasure::new(erase));
        }
    }

    /// Goes on with the first erasure, if there is one, and answers it when it is done.
    fn erase_piece(&mut self) {
        let Some(erasure) = self.erasures.front_mut() else { return };
        let piece = {
            let _turn = self.turn.lock().expect("a thread does not panic while it holds the turn");
            erasure.advance(&mut self.connection, &self.pair, &self.heads)
        };
        let outcome = match piece {
            Ok(Piece { outcome, rows }) => {
                // Each row may lie in a page of its own.
                self.checkpoints.committed(rows as u64 + 1);
                match outcome {
                    None => return,
                    Some(outcome) => Ok(outcome),
                }
            }
            Err(error) => Err(error),
        };
        let done = self.erasures.pop_front().expect("it was just worked at");
        let _ = done.asked.reply.send(outcome);
    }
}

/// A caller who no longer waits is nobody's loss.
fn answer(replies: Vec<Reply<()>>, verdicts: impl IntoIterator<Item = Result<(), StoreError>>) {
    for (reply, verdict) in replies.into_iter().zip(verdicts) {
        let _ = reply.send(verdict);
    }
}
