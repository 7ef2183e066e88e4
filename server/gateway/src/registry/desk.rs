//! The mailbox of one desk: what waits to be written to its WebSocket.
//!
//! The link's task fills it, the socket's own task empties it; neither waits for the other. Of views only the newest
//! waits (B-1): one that is not greater than the last one kept is dropped, so that no desk goes back in time, whichever
//! way a view came. Answers and notices wait in order, within a bound.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Context,
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tandem_protocol::{DeskId, TokenHash};
use tokio::time::Instant;

use crate::{frames, outgoing::Outgoing, problem::Ending};

/// See the module.
pub(crate) struct Desk {
    pub(crate) id: DeskId,
    /// Of the login behind it.
    pub(crate) token: TokenHash,
    /// Bytes of answers and notices that may wait.
    queue_bytes_max: usize,
    /// Locked after the desks, never before them.
    mailbox: Mutex<Mailbox>,
}

/// Without the mailbox: a view holds tokens.
impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Desk").field(&self.id).finish()
    }
}

#[derive(Default)]
struct Mailbox {
    welcome: Welcome,
    /// The newest view, until it is written.
    view: Option<Box<RawValue>>,
    /// Of the newest view; 0 before the first.
    version: u64,
    outgoing: Outgoing,
    loss: Loss,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Welcome {
    /// The interaction server has not let it in.
    #[default]
    Awaited,
    /// It is to be written, with the view.
    Due,
    /// It is written; views go by themselves.
    Said,
}

/// How the loss of the engine stands with this desk: it is told late, or together with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Loss {
    #[default]
    None,
    /// Since then the engine hands over, as planned: it is told of nothing, unless that fails.
    Planned(Instant),
    /// Since then; it is to be told.
    Unsaid(Instant),
    /// Since then; it is told, so its end is to be told too.
    Told(Instant),
    /// Its end is to be told once the view is out.
    Over { since: Instant, gap: Duration },
}

/// What a desk's socket may do next.
#[derive(Debug)]
pub(crate) enum DeskStep {
    /// Write the welcome with this view.
    Welcome(Box<RawValue>),
    /// Write this view.
    View(Box<RawValue>),
    /// Write this.
    Frame(Utf8Bytes),
    /// End the connection.
    End(Ending),
    /// Wait.
    Idle,
}

/// A view and its number; nothing else of it is read here.
pub(super) struct NewView {
    version: u64,
    json: Box<RawValue>,
}

impl NewView {
    /// None for what is not a view.
    pub(super) fn read(json: Box<RawValue>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Numbered {
            version: u64,
        }
        let Numbered { version } = serde_json::from_str(json.get()).ok().filter(|view: &Numbered| view.version > 0)?;
        Some(Self { version, json })
    }
}

impl Desk {
    /// A desk of this login that is not let in yet.
    pub(crate) fn new(id: DeskId, token: TokenHash, queue_bytes_max: usize) -> Self {
        Self { id, token, queue_bytes_max, mailbox: Mutex::default() }
    }

    /// Whether the interaction server has let it in.
    pub(crate) fn is_welcome(&self) -> bool {
        self.lock().welcome != Welcome::Awaited
    }

    /// Why it is to be ended, if it is.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.lock().outgoing.ending()
    }

    /// Ends it once what waits is written. The first reason stands.
    pub(super) fn end(&self, ending: Ending) {
        self.lock().outgoing.end(ending);
    }

    /// Puts an answer into the mailbox; a desk with too many in it is cut off.
    pub(crate) fn says(&self, frame: Utf8Bytes) {
        self.lock().push(frame, self.queue_bytes_max);
    }

    /// The interaction server let it in, for the first time or again, which ends a loss.
    pub(super) fn is_entered(&self, view: NewView, now: Instant) {
        let mut mailbox = self.lock();
        if mailbox.welcome == Welcome::Awaited {
            mailbox.welcome = Welcome::Due;
        }
        mailbox.tell_of_loss(&frames::desk::connection_lost(), self.queue_bytes_max);
        mailbox.loss = match mailbox.loss {
            Loss::Planned(_) => Loss::None,
            Loss::Told(since) => Loss::Over { since, gap: now.saturating_duration_since(since) },
            known => known,
        };
        mailbox.keep(view);
        mailbox.outgoing.wake();
    }

    /// Something changed.
    pub(super) fn is_shown(&self, view: NewView) {
        let mut mailbox = self.lock();
        mailbox.keep(view);
        mailbox.outgoing.wake();
    }

    /// The engine is gone since then; a desk that was let in is to hear of it, once, though not at this moment. Of a
    /// planned handing over it is not to hear.
    pub(super) fn is_lost(&self, at: Instant, is_planned: bool) {
        let mut mailbox = self.lock();
        mailbox.loss = match mailbox.loss {
            Loss::None if mailbox.welcome == Welcome::Awaited => Loss::None,
            Loss::None if is_planned => Loss::Planned(at),
            Loss::None => Loss::Unsaid(at),
            Loss::Planned(since) if !is_planned => Loss::Unsaid(since),
            // It has not heard of the end of the one before: for it they are one.
            Loss::Over { since, .. } => Loss::Told(since),
            known @ (Loss::Planned(_) | Loss::Unsaid(_) | Loss::Told(_)) => known,
        };
    }

    /// The planned handing over has failed, or takes too long: it is a loss now, for a desk that is not back.
    pub(super) fn counts_as_lost(&self) -> bool {
        let mut mailbox = self.lock();
        let Loss::Planned(since) = mailbox.loss else { return false };
        mailbox.loss = Loss::Unsaid(since);
        true
    }

    /// Tells of a loss that this desk has not heard of.
    pub(super) fn is_told_of_loss(&self, notice: &Utf8Bytes) {
        self.lock().tell_of_loss(notice, self.queue_bytes_max);
    }

    /// What is to be done now. The socket's task is woken whenever there may be more.
    pub(crate) fn next(&self, cx: &Context<'_>) -> DeskStep {
        let mut mailbox = self.lock();
        mailbox.outgoing.listen(cx);
        mailbox.next()
    }

    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        // No code that holds the lock leaves a mailbox half changed, so a panic elsewhere does not spoil it.
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    fn keep(&mut self, view: NewView) {
        if view.version > self.version {
            self.version = view.version;
            self.view = Some(view.json);
        }
    }

    fn tell_of_loss(&mut self, notice: &Utf8Bytes, queue_bytes_max: usize) {
        if let Loss::Unsaid(since) = self.loss {
            self.loss = Loss::Told(since);
            self.push(notice.clone(), queue_bytes_max);
        }
    }

    /// What finds nothing before it is always taken: a page of a transcript may be as long as the whole queue.
    fn push(&mut self, frame: Utf8Bytes, queue_bytes_max: usize) {
        let room = if self.outgoing.is_empty() { usize::MAX } else { queue_bytes_max };
        if self.outgoing.push(frame, room).is_err() {
            self.view = None;
        }
    }

    /// The welcome before anything else, and the end of a loss after the view that came with it.
    fn next(&mut self) -> DeskStep {
        if self.welcome == Welcome::Due
            && let Some(view) = self.view.take()
        {
            self.welcome = Welcome::Said;
            return DeskStep::Welcome(view);
        }
        if let Some(frame) = self.outgoing.pop() {
            return DeskStep::Frame(frame);
        }
        if self.welcome == Welcome::Said
            && let Some(view) = self.view.take()
        {
            return DeskStep::View(view);
        }
        if let Loss::Over { gap, .. } = self.loss {
            self.loss = Loss::None;
            return DeskStep::Frame(frames::desk::connection_restored(gap));
        }
        self.outgoing.ending().map_or(DeskStep::Idle, DeskStep::End)
    }
}
