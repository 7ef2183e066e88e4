//! The sessions of one pair that have readers on this gateway, and what the news of the link to that pair mean for them
//! and for the desks, which all pairs have in common.
//!
//! The link's task calls [`Registry::on`] for every answer and event, in order; nothing here waits. One lock guards
//! all sessions: what is done under it is short, and a reader's frames are taken out under the reader's own lock.
//! Order of locks: sessions, then a mailbox, then whatever the link locks to queue a request. A pair that is lost is told
//! of to the readers in its own registry, and so to no others.

mod client;
mod desk;
mod desks;
mod gaps;
mod session;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tandem_link::{Incoming, Owner};
use tandem_protocol::{
    ClientId, DeskId, Epoch, ErrorCode, PairName, ParticipantId, Refusal, Seq, SessionId,
    control::Noted,
    link::{Answer, Attached, Outcome, Page},
};
use tandem_telemetry::GATEWAY;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use client::Advanced;
pub(crate) use client::{Arrival, Client, ReaderKind, Step};
pub(crate) use desk::{Desk, DeskStep};
pub(crate) use desks::Desks;
use desks::QuestionId;
use gaps::Gaps;
use session::Session;

use crate::{frames, problem::Ending};

/// How long after a loss readers are told of it, if their session is not restored by then. As a rule it is, and then
/// both notices go out in one write: what a takeover is short of is processor time.
const LOSS_TOLD_AFTER: Duration = Duration::from_millis(150);

/// How long a planned move may take before it counts as a loss and readers are told: what was planned to be unnoticed
/// and takes this long has failed somewhere, and people wonder.
const MOVE_MAX: Duration = Duration::from_secs(1);

/// A pair by its place in the gateway's list, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairIndex(pub(crate) usize);

/// See the module.
#[derive(Debug)]
pub(crate) struct Registry {
    pair: PairIndex,
    /// For logs.
    name: PairName,
    sessions: Mutex<Sessions>,
    /// Since when no engine of the pair has been there; none while there is one.
    unreachable_since: Mutex<Option<Instant>>,
    /// There was a loss of which readers are to be told.
    loss: Notify,
    /// The last planned move, for as long as it may take: nobody is told of it unless it fails.
    planned_move: Mutex<Option<PlannedMove>>,
    /// There was a planned move.
    moved: Notify,
    /// What readers noticed of failovers.
    gaps: Gaps,
    /// Wakes those who wait for a primary of whichever pair.
    connected: Arc<Notify>,
    /// Has a lock of its own, which is never taken together with that of the sessions.
    desks: Arc<Desks>,
}

/// The primary has said that it hands over.
#[derive(Debug, Clone, Copy)]
struct PlannedMove {
    /// The epoch of its successor.
    to: Epoch,
    since: Instant,
}

/// No engine of the pair is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Away {
    /// For so long.
    pub(crate) time: Duration,
    /// The primary has handed over, and its successor is on its way.
    pub(crate) is_planned: bool,
}

#[derive(Debug, Default)]
struct Sessions {
    /// Only those that have readers.
    read: HashMap<SessionId, Session>,
    stopping: bool,
}

/// For whom the link keeps a request.
#[derive(Debug)]
pub(crate) enum Tag {
    /// A REST request. Its receiver may be gone: the request is done all the same, a repeat finds it (D-3).
    Reply(oneshot::Sender<Outcome>),
    /// A reader that wants to be let in.
    Attach(Arc<Client>),
    /// A reader that catches up, and the last event it had when it asked.
    Page(Arc<Client>, Seq),
    /// A message by which its sender knows it, and when it came.
    Message(Arc<Client>, ClientId, Instant),
    /// A participant who leaves; the events that follow are the answer.
    Leave(Arc<Client>),
    /// A desk that wants to be let in.
    Enter(DeskId),
    /// What was done at a desk, by the id that the desk gave it.
    Do(DeskId, ClientId),
    /// A desk that is gone; nobody waits for the answer.
    Exit,
    /// What was asked without a desk.
    Question(QuestionId),
    /// A note for the journal; nobody waits for the answer.
    Note,
}

/// What must be done for a reader that goes on; see [`Registry::advance`].
pub(crate) type ReadNext = Option<(ParticipantId, Seq)>;

impl Registry {
    /// No sessions, and no engine of the pair yet.
    pub(crate) fn new(pair: PairIndex, name: PairName, connected: Arc<Notify>, desks: Arc<Desks>) -> Self {
        Self {
            pair,
            name,
            sessions: Mutex::default(),
            unreachable_since: Mutex::new(Some(Instant::now())),
            loss: Notify::new(),
            planned_move: Mutex::new(None),
            moved: Notify::new(),
            gaps: Gaps::default(),
            connected,
            desks,
        }
    }

    /// Adds a reader and, before anything else can happen to its session, does `attach`. An error when the gateway is
    /// stopping or `attach` failed.
    pub(crate) fn add(&self, client: &Arc<Client>, attach: impl FnOnce() -> Result<(), Ending>) -> Result<(), Ending> {
        let mut sessions = self.lock();
        if sessions.stopping {
            return Err(Ending::GoingAway);
        }
        // Under the lock, so that the detach of another reader of the same participant cannot come after it.
        attach()?;
        sessions.read.entry(client.session).or_default().add(client.clone());
        Ok(())
    }

    /// Removes a reader; `detach` is done for its participant when it was the last one.
    pub(crate) fn remove(&self, client: &Arc<Client>, detach: impl FnOnce(ParticipantId)) {
        let mut sessions = self.lock();
        let Some(session) = sessions.read.get_mut(&client.session) else { return };
        if !session.has(client) {
            return;
        }
        let is_last = session.remove(client);
        if let Some(participant) = client.participant() {
            if is_last {
                detach(participant);
            } else {
                // One that is not let in yet, and may never be, answers for the attachment from now on.
                let heirs = session.clients().filter(|other| other.token.matches(&client.token));
                heirs.for_each(|heir| heir.inherits(participant));
            }
        }
        if session.is_empty() {
            sessions.read.remove(&client.session);
        }
    }

    /// A reader has been given all it asked for: it goes live, or this says what it needs next.
    pub(crate) fn advance(&self, client: &Client) -> ReadNext {
        let sessions = self.lock();
        match sessions.read.get(&client.session)?.advance(client) {
            Advanced::Stays => None,
            Advanced::Read(participant, after) => Some((participant, after)),
        }
    }

    /// Ends all readers and takes no more.
    pub(crate) fn stop(&self) {
        let mut sessions = self.lock();
        sessions.stopping = true;
        for client in sessions.read.values().flat_map(Session::clients) {
            client.end(Ending::GoingAway);
        }
    }

    /// Whether no engine of the pair has been there for so long.
    pub(crate) fn is_unreachable_for(&self, wait: Duration) -> bool {
        let since = *self.unreachable_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() >= wait)
    }

    /// How long no engine of the pair has been there; none while there is one.
    pub(crate) fn away(&self) -> Option<Away> {
        let since = *self.unreachable_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map(|since| Away { time: since.elapsed(), is_planned: self.planned_move().is_some() })
    }

    /// Sessions with readers.
    pub(crate) fn session_count(&self) -> usize {
        self.lock().read.len()
    }

    fn answered(&self, tag: Tag, outcome: Outcome) {
        match tag {
            Tag::Reply(reply) => drop(reply.send(outcome)),
            Tag::Attach(client) => self.attach_answered(&client, outcome),
            Tag::Page(client, asked) => self.page_answered(&client, asked, outcome),
            Tag::Message(client, client_id, since) => {
                GATEWAY.acknowledgement.observe(since.elapsed());
                client.is_answered(match outcome {
                    Outcome::Done(Answer::Saved { seq, at_ms, durable, .. }) => {
                        frames::ack(client_id, seq, at_ms, durable)
                    }
                    Outcome::Done(answer) => frames::refused(Some(client_id), &unexpected(&answer)),
                    Outcome::Refused(refusal) => frames::refused(Some(client_id), &refusal),
                });
            }
            Tag::Leave(client) => {
                if let Outcome::Refused(refusal) = outcome {
                    client.says(frames::refused(None, &refusal));
                }
            }
            Tag::Enter(desk) => self.desks.enter_answered(desk, outcome),
            Tag::Do(desk, id) => self.desks.action_answered(desk, id, outcome),
            Tag::Exit => {}
            Tag::Question(question) => self.desks.question_answered(question, outcome),
            Tag::Note => {
                if let Outcome::Refused(refusal) = outcome {
                    tracing::debug!(pair = %self.name, %refusal, "a gap is not written down");
                }
            }
        }
    }

    fn attach_answered(&self, client: &Arc<Client>, outcome: Outcome) {
        match outcome {
            Outcome::Done(Answer::Attached(mut attached)) if attached.len() == 1 => match attached.remove(0) {
                Attached::Live { page, .. } => {
                    self.learns(client.session, &page);
                    client.is_attached(page);
                }
                Attached::Refused { refusal, .. } => client.end(refusal.code.into()),
            },
            Outcome::Done(answer) => client.end(unexpected(&answer).code.into()),
            Outcome::Refused(refusal) => client.end(refusal.code.into()),
        }
    }

    fn page_answered(&self, client: &Client, asked: Seq, outcome: Outcome) {
        match outcome {
            Outcome::Done(Answer::Page(page)) => {
                self.learns(client.session, &page);
                client.is_read(asked, page);
            }
            Outcome::Done(answer) => client.is_not_read(unexpected(&answer).code.into()),
            Outcome::Refused(refusal) => client.is_not_read(refusal.code.into()),
        }
    }

    fn learns(&self, session: SessionId, page: &Page) {
        if let Some(session) = self.lock().read.get_mut(&session) {
            session.learns(page.head, &page.state);
        }
    }

    fn lost(&self, at: Instant, moved_to: Option<Epoch>) {
        self.unreachable_since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(at);
        let desks = self.desks.is_lost(self.pair, at, moved_to.is_some());
        let sessions = self.lock();
        let read = sessions.read.len();
        let what = if moved_to.is_some() { "the primary hands over" } else { "lost the primary" };
        tracing::info!(pair = %self.name, sessions = read, desks, "{what}; messages and actions wait");
        sessions.read.values().flat_map(Session::clients).for_each(|client| client.is_lost(moved_to.is_some()));
        drop(sessions);
        *self.planned_move() = moved_to.map(|to| PlannedMove { to, since: at });
        if moved_to.is_some() { self.moved.notify_one() } else { self.loss.notify_one() }
    }

    /// An engine is there. After a planned move it is the one that was named, or the move has become a loss.
    fn is_connected(&self, epoch: Epoch) {
        *self.unreachable_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.gaps.is_connected(epoch);
        let has_failed = self.planned_move().take_if(|planned| planned.to != epoch).is_some();
        if has_failed {
            self.counts_as_loss();
        }
        self.desks.is_connected(self.pair);
        self.connected.notify_waiters();
    }

    /// A planned move is over, or should be.
    fn move_is_over(&self) {
        let is_over = self.planned_move().take_if(|planned| planned.since.elapsed() >= MOVE_MAX).is_some();
        if is_over {
            self.counts_as_loss();
        }
    }

    /// Those whom a planned move has left without an engine are to hear of it as of any loss.
    fn counts_as_loss(&self) {
        let readers = self.lock().read.values().flat_map(Session::clients).filter(|left| left.counts_as_lost()).count();
        let desks = self.desks.counts_as_lost(self.pair);
        if readers + desks > 0 {
            tracing::info!(
                pair = %self.name, readers, desks,
                "the primary's handing over has failed or takes long: it counts as a loss"
            );
            self.loss.notify_one();
        }
    }

    fn planned_move(&self) -> MutexGuard<'_, Option<PlannedMove>> {
        // One value, always whole.
        self.planned_move.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Customers do not notice; desks go to another pair or wait, and are told as of an engine's loss.
    fn is_deserted(&self) {
        // It moves with the primary, and may come after the gateway.
        let is_planned = self.planned_move().is_some();
        let desks = self.desks.is_deserted(self.pair, Instant::now(), is_planned);
        tracing::info!(pair = %self.name, desks, "no interaction server is at the pair; actions wait");
    }

    fn enter_again(&self) {
        let desks = self.desks.enter_again(self.pair);
        tracing::info!(pair = %self.name, desks, "an interaction server has come to the pair; desks enter again");
    }

    /// What is done at its time and not at news: tells of each loss that lasts. For as long as it is polled.
    pub(crate) async fn keep_times(&self) {
        let tell_of_losses = async {
            loop {
                self.loss.notified().await;
                tokio::time::sleep(LOSS_TOLD_AFTER).await;
                self.tell_of_loss();
            }
        };
        let wait_for_moves = async {
            loop {
                self.moved.notified().await;
                tokio::time::sleep(MOVE_MAX).await;
                self.move_is_over();
            }
        };
        tokio::join!(tell_of_losses, wait_for_moves);
    }

    /// What readers noticed of the next failover, once it is over for them.
    pub(crate) async fn next_gap(&self) -> Noted {
        self.gaps.next(&self.name).await
    }

    /// Tells those who were there at a loss that is not over for them.
    fn tell_of_loss(&self) {
        let notice = frames::connection_lost();
        self.lock().read.values().flat_map(Session::clients).for_each(|client| client.is_told_of_loss(&notice));
    }

    fn reattached(&self, attached: Vec<Attached>, lost_for: Duration) {
        if self.planned_move().is_none() && attached.iter().any(|attached| matches!(attached, Attached::Live { .. })) {
            self.gaps.reattached(lost_for);
        }
        let lost = frames::connection_lost();
        let gap = GATEWAY.gap.of([if self.planned_move().is_some() { "move" } else { "loss" }]);
        let mut sessions = self.lock();
        for attached in attached {
            match attached {
                Attached::Live { session, page } => {
                    if let Some(session) = sessions.read.get_mut(&session) {
                        gap.observe(lost_for);
                        session.is_restored(&page, &lost, |page| frames::session_restored(lost_for, page));
                    }
                }
                Attached::Refused { session, refusal } => {
                    let clients = sessions.read.get(&session).into_iter().flat_map(Session::clients);
                    clients.for_each(|client| client.end(refusal.code.into()));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        // Sessions are changed one by one, each completely; a panic in between leaves none half changed.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owner for Registry {
    type Tag = Tag;

    fn on(&self, incoming: Incoming<Tag>) {
        match incoming {
            Incoming::Answered { tag, outcome } => self.answered(tag, outcome),
            Incoming::Deliver(deliver) => {
                if let Some(session) = self.lock().read.get_mut(&deliver.session) {
                    session.deliver(deliver.after, &deliver.events);
                }
            }
            Incoming::Typing { session, participant, on } => {
                if let Some(session) = self.lock().read.get(&session) {
                    let frame = frames::typing(participant, on);
                    let others = session.clients().filter(|client| client.participant() != Some(participant));
                    others.for_each(|client| client.says_if_live(frame.clone()));
                }
            }
            Incoming::Lost { at, moved_to } => self.lost(at.into(), moved_to),
            Incoming::Connected { pair } => self.is_connected(pair.epoch),
            Incoming::Reattached { attached, lost_for } => self.reattached(attached, lost_for),
            Incoming::Place { session, place } => {
                if let Some(session) = self.lock().read.get(&session) {
                    let frame = frames::queue(place);
                    session.clients().for_each(|client| client.says_if_live(frame.clone()));
                }
            }
            Incoming::Notice { session, notice } => {
                if let Some(session) = self.lock().read.get_mut(&session) {
                    session.is_told(notice);
                }
            }
            Incoming::Desk { desk, news } => self.desks.news(self.pair, desk, news),
            Incoming::InteractionGone => self.is_deserted(),
            Incoming::EnterAgain => self.enter_again(),
            // A gateway neither watches nor follows, knows the pair through its link only, and is asked nothing.
            Incoming::Opened(_)
            | Incoming::Changed(_)
            | Incoming::Pair(_)
            | Incoming::Asked { .. }
            | Incoming::GatewayGone(_) => {}
        }
    }
}

/// An answer to something else than was asked: the engine is of another kind than we believe.
pub(crate) fn unexpected(answer: &Answer) -> Refusal {
    let kind = match answer {
        Answer::Joined { .. } => "joined",
        Answer::Attached(_) => "attached",
        Answer::Saved { .. } => "saved",
        Answer::Page(_) => "page",
        Answer::Followed(_) => "followed",
        Answer::Told(_) => "told",
        Answer::Switchover(_) => "switchover",
        Answer::Control(_) => "control",
        Answer::Done => "done",
    };
    tracing::error!(kind, "the engine gave an answer to another question");
    Refusal::new(ErrorCode::Internal, "The gateway's log says what happened.")
}

#[cfg(test)]
mod tests;
