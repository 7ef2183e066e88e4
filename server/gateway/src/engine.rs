//! The chat engine as the rest of the gateway sees it: something to ask, and something to read along with.
//!
//! Behind it are the link and the registry. Which engine answers, and whether one died meanwhile, is not seen here:
//! a request waits for its answer until the bound, and a reader stays. Through the engine goes also what is asked of
//! the interaction server: a login, and somebody's presence at a desk.

mod presence;

use std::{ops::Deref, sync::Arc, time::Duration};

use tandem_link::{Link, LinkStatus};
use tandem_protocol::{
    ClientId, ParticipantId, Seq, SessionId, TokenHash, Visibility,
    limits::PAGE_EVENTS_MAX,
    link::{Answer, Attach, Credential, Outcome, Request, Send},
};
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use presence::Presence;

use crate::{
    frames,
    problem::{Ending, Problem},
    registry::{Client, ReaderKind, Registry, Step, Tag},
};

/// Cheap to clone: one for each reader.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Inner>);

struct Inner {
    link: Link<Registry>,
    registry: Arc<Registry>,
    /// How long a request may wait.
    wait_max: Duration,
    /// Owns what a reader leaves to be done when it goes before it was let in.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Engine {
    pub(crate) fn new(
        link: Link<Registry>,
        registry: Arc<Registry>,
        wait_max: Duration,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) -> Self {
        registry.reach(link.clone());
        Self(Arc::new(Inner { link, registry, wait_max, tasks, stopping }))
    }

    /// Asks and waits for the answer, through failovers, up to the bound.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, Problem> {
        let (reply, answer) = oneshot::channel();
        self.0.link.submit(request, Tag::Reply(reply)).map_err(|full| Problem::from(full.refusal))?;
        match tokio::time::timeout(self.0.wait_max, answer).await {
            Ok(Ok(Outcome::Done(answer))) => Ok(answer),
            Ok(Ok(Outcome::Refused(refusal))) => Err(refusal.into()),
            // Too late, or the link was stopped under us.
            Ok(Err(_)) | Err(_) => Err(Problem::unavailable()),
        }
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
        let submit = || self.0.link.submit(attach, tag).map_err(|full| full.refusal.code.into());
        self.0.registry.add(&client, submit)?;
        Ok(Reading { engine: self.clone(), client })
    }

    /// How the link stands.
    pub(crate) fn status(&self) -> LinkStatus {
        self.0.link.status()
    }

    /// Whether a new reader would wait in vain: no engine for as long as it would be ready to wait.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.0.registry.is_unreachable_for(self.0.wait_max)
    }

    /// How long a request or a hello may wait.
    pub(crate) fn wait_max(&self) -> Duration {
        self.0.wait_max
    }

    /// Ends all readers and desks.
    pub(crate) fn stop_readers(&self) {
        self.0.registry.stop();
    }

    /// Ends the link; whatever still waits for an answer gets none.
    pub(crate) fn stop_link(&self) {
        self.0.link.stop();
    }

    /// Sessions that are read on this gateway.
    pub(crate) fn session_count(&self) -> usize {
        self.0.registry.session_count()
    }

    /// Desks that are at this gateway.
    pub(crate) fn desk_count(&self) -> usize {
        self.0.registry.desks.count()
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
        let inner = &self.engine.0;
        let Some((participant, after)) = inner.registry.advance(&self.client) else { return };
        let by = Credential::Participant(participant);
        let read = Request::Read { session: self.session, by, after, limit: PAGE_EVENTS_MAX as u32 };
        if let Err(full) = inner.link.submit(read, Tag::Page(self.client.clone(), after)) {
            self.client.end(full.refusal.code.into());
        }
    }

    /// Says something; the mailbox gets the acknowledgement.
    pub(crate) fn send(&self, client_id: ClientId, text: String, visibility: Visibility) {
        let Some(by) = self.credential() else { return };
        let send = Request::Send(Send { session: self.session, by, client_id: client_id.clone(), text, visibility });
        self.client.sends();
        if let Err(full) = self.engine.0.link.submit(send, Tag::Message(self.client.clone(), client_id.clone())) {
            self.client.is_answered(frames::refused(Some(client_id), &full.refusal));
        }
    }

    /// Leaves the session.
    pub(crate) fn leave(&self) {
        let Some(by) = self.credential() else { return };
        let leave = Request::Leave { session: self.session, by };
        if let Err(full) = self.engine.0.link.submit(leave, Tag::Leave(self.client.clone())) {
            self.client.says(frames::refused(None, &full.refusal));
        }
    }

    /// Types, or stopped.
    pub(crate) fn typing(&self, on: bool) {
        if let Some(participant) = self.participant() {
            self.engine.0.link.typing(self.session, participant, on);
        }
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
    let detach = |participant: ParticipantId| engine.0.link.detach(client.session, Some(participant));
    engine.0.registry.remove(client, detach);
}
