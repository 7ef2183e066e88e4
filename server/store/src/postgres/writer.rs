//! The writer task: takes whatever waits, makes one statement of it, and answers after its commit (D-1).
//!
//! It exists because a round trip and a flush cost as much for one message as for a thousand. It alone writes the
//! events of its store, one statement after the other: a statement is sent when the one before is known to have
//! happened or not. If that cannot be known because the connection broke, it is found out on another connection before
//! anybody is answered. It ends when the store is dropped and the queue is empty.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    time::Duration,
};

use tandem_protocol::{Epoch, PairName, Seq, SessionId};
use tokio::{sync::mpsc::Receiver, time::sleep};

use super::{
    append,
    command::{Append, Command, Take},
    connection::{Connection, SharedConnector},
    fault::Fault,
    lease::{self, Outcome, WriterId},
    plan::{Heads, Plan},
};
use crate::{Cause, Entry, StoreError, Taken, chain::Salts};

/// Entries that share a statement, one call's more at most. Beyond some thousand rows a statement gains nothing more
/// from its size, and those at its front wait for those at its end.
const GROUP_ENTRIES_MAX: usize = 4_096;

/// As [`GROUP_ENTRIES_MAX`] in bytes of JSON: what a server takes in well under its limit for a statement.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Times that a group is begun anew because what this task believed was out of date: the claim, then the heads.
const TRIES_MAX: usize = 4;

/// Pause between looks for what became of a statement whose connection broke. There is no bound on their number but the
/// store's life: any answer before would be a guess. Those who come later wait in the queue, which is bounded.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(200);

/// What each call of a group is told.
type Verdicts = Vec<Result<(), StoreError>>;

/// All that the task owns.
pub(super) struct Writer {
    pub(super) pair: PairName,
    pub(super) connector: SharedConnector,
    pub(super) queue: Receiver<Command>,
    /// None after a fault that the connection did not survive.
    pub(super) seat: Option<Seat>,
    /// What was met while a group was being gathered and does not belong to it; it comes right after.
    pub(super) next: Option<Command>,
}

/// A connection to write over, and what it may write.
pub(super) struct Seat {
    connection: Connection,
    claim: Option<Claim>,
}

/// The right to write in an epoch; it goes with the connection for which it was obtained.
struct Claim {
    epoch: Epoch,
    writer: WriterId,
    heads: Heads,
}

/// What became of rows whose connection broke.
#[derive(Debug, Clone, Copy)]
enum Found {
    Stored,
    Nothing,
    NothingAndDeposed { current: Epoch },
}

impl Seat {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, claim: None }
    }
}

impl Writer {
    /// The task's life.
    pub(super) async fn run(mut self) {
        while let Some(command) = self.wait().await {
            // A caller who no longer waits is nobody's loss.
            match command {
                Command::Append(first) => self.append(first).await,
                Command::Renew { epoch, now, reply } => {
                    let done =
                        self.on_lease(async |connection, pair| lease::renew(connection, pair, epoch, now).await).await;
                    drop(reply.send(done));
                }
                Command::Release { epoch, reply } => {
                    let done =
                        self.on_lease(async |connection, pair| lease::release(connection, pair, epoch).await).await;
                    drop(reply.send(done));
                }
                Command::Take(take) => {
                    let taken = self.take(&take).await;
                    drop(take.reply.send(taken));
                }
            }
        }
    }

    async fn wait(&mut self) -> Option<Command> {
        match self.next.take() {
            Some(command) => Some(command),
            None => self.queue.recv().await,
        }
    }

    /// Takes the appends of the same epoch that wait behind the first, and answers them all.
    async fn append(&mut self, first: Append) {
        let epoch = first.epoch;
        let (mut entries, mut bytes) = size(&first.entries);
        let (mut calls, mut replies) = (vec![first.entries], vec![first.reply]);
        while entries < GROUP_ENTRIES_MAX && bytes < GROUP_BYTES_MAX {
            match self.queue.try_recv() {
                Ok(Command::Append(call)) if call.epoch == epoch => {
                    let (more_entries, more_bytes) = size(&call.entries);
                    (entries, bytes) = (entries + more_entries, bytes + more_bytes);
                    calls.push(call.entries);
                    replies.push(call.reply);
                }
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let outcome = self.store(epoch, &calls).await;
        let verdicts = outcome.unwrap_or_else(|error| vec![Err(error); replies.len()]);
        for (reply, verdict) in replies.into_iter().zip(verdicts) {
            drop(reply.send(verdict));
        }
    }

    /// Stores what can be stored of the calls. An error is the fate of all of them: nothing of them is stored.
    async fn store(&mut self, epoch: Epoch, calls: &[Vec<Entry>]) -> Result<Verdicts, StoreError> {
        let mut trusts_first = true;
        for _ in 0..TRIES_MAX {
            self.claim(epoch).await?;
            let (plan, verdicts) = self.plan(calls, trusts_first).await?;
            match self.write(&plan).await {
                Ok(true) => {
                    // Durable and visible to every reader; only now may anything be told or remembered (D-1).
                    self.remember(plan);
                    return Ok(verdicts);
                }
                // The fence: another epoch, which the next claim tells, or another writer in this one.
                Ok(false) => self.forget_claim(),
                // A session that was taken for new has events.
                Err(fault) if fault.is_duplicate() => {
                    self.forget_heads();
                    trusts_first = false;
                }
                Err(fault) if fault.is_final() => return Err(self.refusal(fault)),
                Err(fault) => {
                    let outcome = self.settle(epoch, plan.rows(), fault).await;
                    return Ok(verdicts.into_iter().map(|verdict| verdict.and(outcome.clone())).collect());
                }
            }
        }
        Err(Fault::Contended.into())
    }

    /// Makes sure that there is a connection, and that it is the one that may write in this epoch.
    async fn claim(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        self.seat().await?;
        let seat = self.seat.as_mut().expect("it was just made sure of");
        if seat.claim.as_ref().is_some_and(|claim| claim.epoch == epoch) {
            return Ok(());
        }
        let claimed = async {
            let writer = WriterId::draw()?;
            if lease::claim(&mut seat.connection, &self.pair, epoch, writer).await? {
                seat.claim = Some(Claim { epoch, writer, heads: Heads::default() });
                return Ok(None);
            }
            lease::epoch(&mut seat.connection, &self.pair).await.map(Some)
        };
        match claimed.await {
            Ok(None) => Ok(()),
            Ok(Some(current)) => Err(StoreError::Stale { current }),
            Err(fault) => Err(self.refusal(fault)),
        }
    }

    /// Plans the calls, after looking up where those of their sessions stand that are not known. A session's first
    /// event spares the look if it can be trusted to be that; the table's key finds out if it is not.
    async fn plan<'e>(
        &mut self,
        calls: &'e [Vec<Entry>],
        trusts_first: bool,
    ) -> Result<(Plan<'e>, Verdicts), StoreError> {
        let (connection, claim, pair) = self.claimed();
        let mut before = HashMap::new();
        let mut seen = HashSet::new();
        let mut unknown: Vec<SessionId> = Vec::new();
        for entry in calls.iter().flatten().filter(|entry| seen.insert(entry.session)) {
            match claim.heads.get(&entry.session) {
                Some(head) => drop(before.insert(entry.session, head)),
                None if trusts_first && entry.event.seq == Seq::ZERO.next() => {}
                None => unknown.push(entry.session),
            }
        }
        if !unknown.is_empty() {
            match append::heads(connection, pair, &unknown).await {
                Ok(found) => before.extend(found),
                Err(fault) => return Err(self.refusal(fault)),
            }
        }
        let salts = Salts::draw(calls.iter().map(Vec::len).sum()).map_err(Fault::Random)?;
        let mut plan = Plan::new(before, salts);
        let verdicts = calls.iter().map(|call| plan.add(call).map_err(StoreError::from)).collect();
        Ok((plan, verdicts))
    }

    /// Sends the statement. Without rows it only asks the fence: whoever is deposed is to hear that before anything
    /// else.
    async fn write(&mut self, plan: &Plan<'_>) -> Result<bool, Fault> {
        let (connection, claim, pair) = self.claimed();
        if plan.rows().is_empty() {
            return lease::stands(connection, pair, claim.epoch, claim.writer).await;
        }
        append::write(connection, pair, claim.epoch, claim.writer, plan).await
    }

    /// Finds out what became of rows whose connection broke after they were sent. A fresh claim comes first: it waits
    /// until a transaction that still stores them has ended, and shuts out a server process that has yet to read the
    /// statement. Its commit also waits for the standbys that a commit of the rows would have waited for.
    async fn settle(&mut self, epoch: Epoch, rows: &[&Entry], fault: Fault) -> Result<(), StoreError> {
        tracing::warn!(rows = rows.len(), %fault, "the connection broke while saving: looking up what became of it");
        let mut looks = 0_u64;
        loop {
            self.seat = None;
            looks += 1;
            match self.look_up(epoch, rows).await {
                Ok(found) => {
                    tracing::info!(rows = rows.len(), ?found, "it is known what became of the rows");
                    return match found {
                        Found::Stored => Ok(()),
                        Found::Nothing => Err(Fault::NothingStored(Cause::new(fault)).into()),
                        Found::NothingAndDeposed { current } => Err(StoreError::Stale { current }),
                    };
                }
                // Nobody waits any more: the store is dropped.
                Err(error) if self.queue.is_closed() => return Err(error),
                // Said once: somebody may have to look, since nothing is saved before this is known.
                Err(error) if looks == 1 => {
                    let cause = error.source().map(tracing::field::display);
                    tracing::warn!(cause, "it cannot be looked up yet");
                }
                Err(_) => {}
            }
            sleep(LOOK_UP_PAUSE).await;
        }
    }

    async fn look_up(&mut self, epoch: Epoch, rows: &[&Entry]) -> Result<Found, StoreError> {
        let nothing = match self.claim(epoch).await {
            Ok(()) => Found::Nothing,
            // The takeover has shut out the old statement just as a claim does.
            Err(StoreError::Stale { current }) => Found::NothingAndDeposed { current },
            Err(error) => return Err(error),
        };
        let seat = self.seat.as_mut().expect("a claim that is decided has a connection");
        match append::holds(&mut seat.connection, &self.pair, rows).await {
            Ok(is_stored) => Ok(if is_stored { Found::Stored } else { nothing }),
            Err(fault) => Err(self.refusal(fault)),
        }
    }

    /// Takes the lease, until it is known whether it is taken.
    async fn take(&mut self, take: &Take) -> Result<Taken, StoreError> {
        let writer = WriterId::draw()?;
        let mut is_unsure = false;
        loop {
            let refusal = match self.seat().await {
                Err(refusal) => refusal,
                Ok((connection, pair)) => match lease::take(connection, pair, take, writer).await {
                    Ok(outcome) => return self.taken(outcome, writer),
                    Err(fault) => {
                        is_unsure |= !fault.is_final();
                        self.refusal(fault)
                    }
                },
            };
            if !is_unsure || self.queue.is_closed() {
                return Err(refusal);
            }
            self.seat = None;
            sleep(LOOK_UP_PAUSE).await;
        }
    }

    fn taken(&mut self, outcome: Outcome, writer: WriterId) -> Result<Taken, StoreError> {
        match outcome {
            Outcome::Held(epoch) => {
                // Whoever takes the lease for itself need not claim it again.
                if let Some(seat) = &mut self.seat {
                    seat.claim = Some(Claim { epoch, writer, heads: Heads::default() });
                }
                Ok(Taken::Held(epoch))
            }
            Outcome::Lost(lease) => Ok(Taken::Lost(lease)),
            // Nothing may go on from an epoch that nobody remembers.
            Outcome::Gone => Err(StoreError::Stale { current: Epoch::ZERO }),
        }
    }

    /// Changes the lease row; false of the change: its epoch is another. Both changes may be made twice, so that an
    /// outcome that is not known is an error like others.
    async fn on_lease(
        &mut self,
        change: impl AsyncFnOnce(&mut Connection, &PairName) -> Result<bool, Fault>,
    ) -> Result<(), StoreError> {
        let (connection, pair) = self.seat().await?;
        let changed = match change(connection, pair).await {
            Ok(true) => Ok(None),
            Ok(false) => lease::epoch(connection, pair).await.map(Some),
            Err(fault) => Err(fault),
        };
        match changed {
            Ok(None) => Ok(()),
            Ok(Some(current)) => Err(StoreError::Stale { current }),
            Err(fault) => Err(self.refusal(fault)),
        }
    }

    /// A connection that is not known to be broken; nothing has been sent over it if there is none.
    async fn seat(&mut self) -> Result<(&mut Connection, &PairName), StoreError> {
        if self.seat.as_ref().is_none_or(|seat| seat.connection.is_closed()) {
            self.seat = None;
            self.seat = Some(Seat::new(self.connector.connect().await?));
        }
        Ok((&mut self.seat.as_mut().expect("it was just put there").connection, &self.pair))
    }

    /// What is needed to write, after [`Writer::claim`].
    fn claimed(&mut self) -> (&mut Connection, &mut Claim, &PairName) {
        let Seat { connection, claim } = self.seat.as_mut().expect("a claim was just obtained");
        (connection, claim.as_mut().expect("a claim was just obtained"), &self.pair)
    }

    fn remember(&mut self, plan: Plan<'_>) {
        self.claimed().1.heads.remember(plan.into_after());
    }

    fn forget_heads(&mut self) {
        self.claimed().1.heads.clear();
    }

    fn forget_claim(&mut self) {
        if let Some(seat) = &mut self.seat {
            seat.claim = None;
        }
    }

    /// Gives a connection up that did not survive, and says what the fault means.
    fn refusal(&mut self, fault: Fault) -> StoreError {
        if !fault.spares_connection() {
            self.seat = None;
        }
        fault.into()
    }
}

/// Entries and bytes.
fn size(entries: &[Entry]) -> (usize, usize) {
    (entries.len(), entries.iter().map(|entry| entry.event.len_bytes()).sum())
}
