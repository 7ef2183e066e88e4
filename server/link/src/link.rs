//! The handle of a link: what a gateway or a bot calls.
//!
//! A call puts its frame into the outbox of the connection itself, so that no task stands between; see `state` for
//! what is shared and `task` for what happens beneath.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use tandem_protocol::{
    AskId, DeskId, ErrorCode, GatewayLink, Pair, ParticipantId, Refusal, RequestId, SessionId,
    desk::DeskNews,
    limits::LINK_FRAME_BYTES_MAX,
    link::{Outcome, Request, ToEngine},
    routing::Placed,
};
use tandem_telemetry::trace::Span;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    cache, connection::frame, follow::Follow, incoming::Owner, measures::Measures, settings::LinkSettings,
    state::State, task::Task, unacked::Waiting,
};

/// One logical connection to a pair of engines. A cheap handle; clones are the same link.
pub struct Link<O: Owner>(Arc<Shared<O::Tag>>);

/// The link's task; its owner awaits it after [`Link::stop`].
pub type LinkTask = JoinHandle<()>;

/// A request that was not taken: it will not be answered.
#[derive(Debug)]
pub struct Full<T> {
    /// What was given with the request.
    pub tag: T,
    /// Why, fit for a client: `Busy` at the bound, `Unavailable` when the link is stopped or the primary too old to know
    /// it, `MessageTooLong` for what no frame can carry.
    pub refusal: Refusal,
}

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// Whether a primary has welcomed it and is not lost.
    pub connected: bool,
    /// The pair as last known.
    pub pair: Option<Pair>,
    /// Requests that wait for their answer.
    pub unacked: usize,
    /// Sessions that are attached.
    pub sessions: usize,
    /// Which address made no link last, and why, where it takes a person to change that; until the next welcome.
    pub refused: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Shared<T> {
    state: Mutex<State<T>>,
    /// The last request id given out.
    requests: AtomicU64,
    /// Wakes the task to end.
    pub(crate) stop: Notify,
}

impl<O: Owner> Link<O> {
    /// Begins to connect. Must be called within a tokio runtime; reads the cache file.
    pub fn start(settings: LinkSettings, owner: Arc<O>) -> (Self, LinkTask) {
        let cached = settings.cache.as_deref().and_then(|path| cache::read(path, &settings.pair));
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(settings.unacked_max, cached.clone(), Measures::of(&settings.pair))),
            requests: AtomicU64::new(0),
            stop: Notify::new(),
        });
        let follow = Follow::new(settings.pair.clone(), settings.addresses.clone(), cached);
        let task = Task::new(settings, follow, shared.clone(), owner);
        (Self(shared), tokio::spawn(task.run()))
    }

    /// Asks something of the primary. The request is kept until it is answered and sent again, in order, to each new
    /// primary. Never waits.
    pub fn submit(&self, request: Request, tag: O::Tag) -> Result<(), Full<O::Tag>> {
        let (watch, since) = (matches!(request, Request::Watch), request.since());
        let id = self.0.next_id();
        let span = traced(&request);
        let trace = span.as_ref().map(Span::context);
        let text = frame(&ToEngine::Request { id, body: request, trace });
        if text.len() > LINK_FRAME_BYTES_MAX {
            // An engine would end the connection over it, each time anew.
            return Err(Full { tag, refusal: Refusal::new(ErrorCode::MessageTooLong, "The request is too long.") });
        }
        let mut state = self.0.lock();
        if state.stopped {
            return Err(Full { tag, refusal: Refusal::new(ErrorCode::Unavailable, "The service is ending.") });
        }
        state
            .submit(id, Waiting { text, since, tag, watch, span })
            .map_err(|(Waiting { tag, .. }, refusal)| Full { tag, refusal })
    }

    /// Takes back the requests whose tag is chosen: no later primary is asked, and no answer comes any more. One that
    /// was sent before may have been done, and may be done yet. Not for an attach, whose answer the link itself needs.
    pub fn withdraw(&self, is_chosen: impl FnMut(&O::Tag) -> bool) -> usize {
        self.0.lock().withdraw(is_chosen)
    }

    /// Ends the attachment of a participant, or with `None` of the link itself; only for one whose attach is answered.
    pub fn detach(&self, session: SessionId, participant: Option<ParticipantId>) {
        self.0.lock().detach(session, participant);
    }

    /// A participant types or stopped typing. Dropped when there is no connection.
    pub fn typing(&self, session: SessionId, participant: ParticipantId, on: bool) {
        self.send(|| ToEngine::Typing { session, participant, on });
    }

    /// Of the interaction server: answers what a gateway asked. Dropped when there is no connection, for the gateway
    /// then asks the next primary.
    pub fn reply(&self, ask: AskId, outcome: Outcome) {
        self.send(|| ToEngine::Reply { ask, outcome });
    }

    /// Of the interaction server: news for a desk. Dropped when there is no connection, for desks then enter again.
    pub fn push(&self, gateway: GatewayLink, desk: DeskId, news: DeskNews) {
        self.send(|| ToEngine::Push { gateway, desk, news });
    }

    /// Of the interaction server: where waiting sessions stand. Dropped when there is no connection.
    pub fn places(&self, places: Vec<Placed>) {
        self.send(|| ToEngine::Places(places));
    }

    /// Sends what is of use to this primary only.
    fn send(&self, told: impl FnOnce() -> ToEngine) {
        let state = self.0.lock();
        if state.is_connected() {
            state.say(&told());
        }
    }

    /// Whether a primary has welcomed it and is not lost.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.lock().is_connected()
    }

    /// How the link stands.
    #[must_use]
    pub fn status(&self) -> LinkStatus {
        let state = self.0.lock();
        LinkStatus {
            connected: state.is_connected(),
            pair: state.pair.clone(),
            unacked: state.unacked.len(),
            sessions: state.attachments.sessions(),
            refused: state.refused.clone(),
        }
    }

    /// Ends the link: what is queued is written, what waits is never answered, the owner is no longer called.
    pub fn stop(&self) {
        // First the word to the task: one that saw its outbox end without it would take that for a loss and reconnect.
        self.0.stop.notify_one();
        self.0.lock().stop();
    }
}

/// A message of somebody is what is traced: from here, where it has just come, until its answer, over failovers too.
fn traced(request: &Request) -> Option<Span> {
    let Request::Send(send) = request else { return None };
    let mut span = Span::root("message")?;
    span.set("tandem.session", send.session.to_string());
    Some(span)
}

impl<T> Shared<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("nothing panics while it is held")
    }

    pub(crate) fn next_id(&self) -> RequestId {
        RequestId(self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl<O: Owner> Clone for Link<O> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<O: Owner> fmt::Debug for Link<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("status", &self.status()).finish()
    }
}

#[cfg(test)]
mod tests;
