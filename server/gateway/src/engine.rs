//! The chat engines as the rest of the gateway sees them: something to ask, and something to read along with.
//!
//! Behind it are the pairs, each with its link and its registry. Which engine answers, and whether one died meanwhile,
//! is not seen here: a request goes to the pair of its session and waits for its answer until the bound, and a reader
//! stays. Through the engines goes also what is asked of the interaction server: a login, and somebody's presence at a
//! desk.

mod opening;
mod pairs;
mod presence;

use std::{ops::Deref, sync::Arc, time::Duration};

use tandem_protocol::{
    ClientId, ErrorCode, ParticipantId, Refusal, Seq, SessionId, TokenHash, Visibility,
    desk::DeskAsk,
    limits::PAGE_EVENTS_MAX,
    link::{Answer, Attach, Credential, Outcome, Request, Send},
};
use tandem_telemetry::GATEWAY;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use opening::NewId;
pub use pairs::InvalidPairs;
pub(crate) use pairs::{Pair, Pairs, tell_gaps};
pub(crate) use presence::Presence;

use crate::{
    frames,
    problem::{Ending, Problem},
    registry::{Client, Desks, ReaderKind, Step, Tag},
};

/// Cheap to clone: one for each reader.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Inner>);

struct Inner {
    pairs: Pairs,
    desks: Arc<Desks>,
    /// How long a request may wait.
    wait_max: Duration,
    /// Owns what a reader leaves to be done when it goes before it was let in.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Engine {
    pub(crate) fn new(
        pairs: Pairs,
        desks: Arc<Desks>,
        wait_max: Duration,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner { pairs, desks, wait_max, tasks, stopping }))
    }

    /// Asks something about this session and waits for the answer, through failovers, up to the bound.
    pub(crate) async fn ask(&self, session: SessionId, request: Request) -> Result<Answer, Problem> {
        Self::ask_at(self.0.pairs.of(session), request, Instant::now() + self.0.wait_max).await
    }

    /// Asks something about a pair as a whole.
    pub(crate) async fn ask_pair(&self, pair: &Pair, request: Request, wait_max: Duration) -> Result<Answer, Problem> {
        answer_of(timeout(wait_max, pair.ask(request)).await.unwrap_or(Ok(None))?)
    }

    async fn ask_at(pair: &Pair, request: Request, until: Instant) -> Result<Answer, Problem> {
        answer_of(timeout_at(until, pair.ask(request)).await.unwrap_or(Ok(None)).map_err(counted)?)
    }

    /// Asks the interaction server something that concerns no desk, through whichever pair it is reached, and waits for
    /// the answer up to the bound.
    pub(crate) async fn ask_interaction(&self, ask: DeskAsk) -> Result<Answer, Problem> {
        let mut asking = self.0.desks.question(ask).map_err(Problem::from)?;
        answer_of(timeout(self.0.wait_max, asking.answered()).await.ok().flatten())
    }

    /// Begins to read a session; the first thing that [`Reading`] yields is the welcome or an end.
    pub(crate) fn read_along(
        &self,
        session: SessionId,
        token: TokenHash,
        after: Seq,
        kind: ReaderKind,
    ) -> Result<Reading, Ending> {
        let client = Arc::new(Client::new(session, token, after, kind));
        let attach = Request::Attach(vec![Attach { session, by: Credential::Token(token), also: Vec::new(), after }]);
        let tag = Tag::Attach(client.clone());
        let pair = self.0.pairs.of(session);
        let submit = || pair.link.submit(attach, tag).map_err(|full| full.refusal.code.into());
        pair.registry.add(&client, submit)?;
        Ok(Reading { engine: self.clone(), client })
    }

    /// The pairs.
    pub(crate) fn pairs(&self) -> &Pairs {
        &self.0.pairs
    }

    /// Whether a new reader of this session would wait in vain: no engine of its pair for as long as it would be ready
    /// to wait.
    pub(crate) fn is_unreachable(&self, session: SessionId) -> bool {
        self.0.pairs.of(session).registry.is_unreachable_for(self.0.wait_max)
    }

    /// Whether a new desk would wait in vain: no engine of any pair for so long.
    pub(crate) fn is_all_unreachable(&self) -> bool {
        self.0.pairs.iter().all(|pair| pair.registry.is_unreachable_for(self.0.wait_max))
    }

    /// How long a request or a hello may wait.
    pub(crate) fn wait_max(&self) -> Duration {
        self.0.wait_max
    }

    /// Ends all readers and desks.
    pub(crate) fn stop_readers(&self) {
        self.0.desks.stop();
        self.0.pairs.iter().for_each(|pair| pair.registry.stop());
    }

    /// Ends the links; whatever still waits for an answer gets none.
    pub(crate) fn stop_links(&self) {
        self.0.pairs.iter().for_each(|pair| pair.link.stop());
    }

    /// Desks that are at this gateway.
    pub(crate) fn desk_count(&self) -> usize {
        self.0.desks.count()
    }
}

/// What the link has not taken, counted where that is for want of room.
fn counted(refusal: Refusal) -> Refusal {
    if refusal.code == ErrorCode::Busy {
        GATEWAY.limits.of(["waiting"]).inc();
    }
    refusal
}

/// None: it is not there in time.
fn answer_of(outcome: Option<Outcome>) -> Result<Answer, Problem> {
    match outcome {
        Some(Outcome::Done(answer)) => Ok(answer),
        Some(Outcome::Refused(refusal)) => Err(refusal.into()),
        None => Err(Problem::unavailable()),
    }
}

/// A place among a session's readers, given back when it is dropped.
pub(crate) struct Reading {
    engine: Engine,
    client: Arc<Client>,
}

impl Deref for Reading {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Reading {
    /// Answers [`Step::Advance`]: the reader goes live or its next page is asked for.
    pub(crate) fn advance(&self) {
        let pair = self.pair();
        let Some((participant, after)) = pair.registry.advance(&self.client) else { return };
        let by = Credential::Participant(participant);
        let read = Request::Read { session: self.session, by, after, limit: PAGE_EVENTS_MAX as u32 };
        if let Err(full) = pair.link.submit(read, Tag::Page(self.client.clone(), after)) {
            self.client.end(full.refusal.code.into());
        }
    }

    /// Says something; the mailbox gets the acknowledgement.
    pub(crate) fn send(&self, client_id: ClientId, text: String, visibility: Visibility) {
        let Some(by) = self.credential() else { return };
        let send = Request::Send(Send { session: self.session, by, client_id: client_id.clone(), text, visibility });
        self.client.sends();
        let tag = Tag::Message(self.client.clone(), client_id.clone(), Instant::now());
        if let Err(full) = self.pair().link.submit(send, tag) {
            self.client.is_answered(frames::refused(Some(client_id), &counted(full.refusal)));
        }
    }

    /// Leaves the session.
    pub(crate) fn leave(&self) {
        let Some(by) = self.credential() else { return };
        let leave = Request::Leave { session: self.session, by };
        if let Err(full) = self.pair().link.submit(leave, Tag::Leave(self.client.clone())) {
            self.client.says(frames::refused(None, &full.refusal));
        }
    }

    /// Types, or stopped.
    pub(crate) fn typing(&self, on: bool) {
        if let Some(participant) = self.participant() {
            self.pair().link.typing(self.session, participant, on);
        }
    }

    fn pair(&self) -> &Pair {
        self.engine.0.pairs.of(self.session)
    }

    fn credential(&self) -> Option<Credential> {
        self.participant().map(Credential::Participant)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let (engine, client) = (self.engine.clone(), self.client.clone());
        if client.is_welcome() || client.ending().is_some() {
            give_back(&engine, &client);
        } else {
            // The attach is on its way and cannot be taken back: whom it attached is known by its answer only.
            let tasks = engine.0.tasks.clone();
            tasks.spawn(async move {
                let stopping = engine.0.stopping.clone();
                tokio::select! {
                    () = until_answered(&client) => {}
                    () = stopping.cancelled() => {}
                }
                give_back(&engine, &client);
            });
        }
    }
}

async fn until_answered(client: &Client) {
    while !client.is_welcome() {
        if let Step::End(_) = client.step().await {
            return;
        }
    }
}

fn give_back(engine: &Engine, client: &Arc<Client>) {
    let pair = engine.0.pairs.of(client.session);
    let detach = |participant: ParticipantId| pair.link.detach(client.session, Some(participant));
    pair.registry.remove(client, detach);
}
