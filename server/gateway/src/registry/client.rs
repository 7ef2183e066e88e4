//! One reader of a session: a WebSocket, or a REST request that waits for events.
//!
//! The link's task fills its mailbox, the reader's own task empties it; neither waits for the other. A reader is
//! *attaching* until the engine has let it in, then *catching up* page by page (a page is asked for only after the
//! one before has been written, so history is never buffered), then *live*. There is no task and no channel beside
//! the socket's own: a mailbox that is empty owns no memory.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::extract::ws::Utf8Bytes;
use tandem_protocol::{ParticipantId, Seq, SessionId, TokenHash, Visibility, client::Notice, link::Page};

use super::session::News;
use crate::{frames, outgoing::Outgoing, problem::Ending};

/// What a reader does with the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReaderKind {
    /// Gets them as frames; at most this many bytes wait for it (B-1).
    Socket {
        /// The bound.
        queue_bytes_max: usize,
        /// Whether it is told what is saved and what is not.
        save_notices: bool,
    },
    /// Is only woken, and reads them as a page.
    Poll,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) session: SessionId,
    pub(crate) token: TokenHash,
    kind: ReaderKind,
    /// Locked after the registry, never before it.
    mailbox: Mutex<Mailbox>,
}

#[derive(Debug, Default)]
struct Mailbox {
    /// Known from the welcome on.
    participant: Option<ParticipantId>,
    stage: Stage,
    /// How much the reader may read; as a customer until the engine has said who it is.
    sees: Visibility,
    /// Everything up to here that is for this reader was given to it. Live readers rely on it being the session's head.
    position: Seq,
    /// The last event that this reader was given, and all that it is told of the session's numbers: events that are
    /// not for it show in none.
    given: Seq,
    /// The last event that it was told to be saved.
    saved: Seq,
    /// A page is asked for and not yet here.
    reading: bool,
    arrival: Option<Box<Arrival>>,
    /// Its end takes effect once `arrival` is gone too.
    outgoing: Outgoing,
    /// Messages without acknowledgement; the socket stops reading at its window.
    unacked: usize,
    loss: Loss,
    /// The notice of the restoration, until the missed events are out.
    restored: Option<Utf8Bytes>,
}

/// What a reader knows of the engine's loss: it is told late, or together with the restoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Loss {
    #[default]
    None,
    /// The engine hands over, as planned: it is told of nothing, unless that fails.
    Planned,
    /// It is to be told.
    Unsaid,
    /// It got the notice, so it is owed the notice of the restoration.
    Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Attaching,
    CatchingUp,
    Live,
}

/// What the engine answered to an attach or a read.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The events, and the state at its head.
    pub(crate) page: Page,
    /// The event before the first of them.
    pub(crate) after: Seq,
    /// None for a further page; else this begins the reader's history: false when what it has never was.
    pub(crate) welcome: Option<bool>,
}

/// What a reader may do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Write this.
    Frame(Utf8Bytes),
    /// Write this.
    Arrival(Box<Arrival>),
    /// Ask for what is missing ([`super::Registry::advance`]): all it was given is out.
    Advance,
    /// End the connection.
    End(Ending),
    /// Wait.
    Idle,
}

/// What [`Client::advance`] decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advanced {
    /// Nothing is to be done.
    Stays,
    /// A page after this event is to be read.
    Read(ParticipantId, Seq),
}

impl Client {
    /// A reader that has `after` and is not let in yet.
    pub(crate) fn new(session: SessionId, token: TokenHash, after: Seq, kind: ReaderKind) -> Self {
        Self {
            session,
            token,
            kind,
            mailbox: Mutex::new(Mailbox { position: after, given: after, ..Mailbox::default() }),
        }
    }

    /// Who reads; none before the welcome.
    pub(crate) fn participant(&self) -> Option<ParticipantId> {
        self.lock().participant
    }

    /// Another reader of the same participant is gone, who had been let in.
    pub(super) fn inherits(&self, participant: ParticipantId) {
        self.lock().participant.get_or_insert(participant);
    }

    /// The last event the reader was given.
    pub(crate) fn given(&self) -> Seq {
        self.lock().given
    }

    /// Whether the engine has let it in.
    pub(crate) fn is_welcome(&self) -> bool {
        self.lock().stage != Stage::Attaching
    }

    /// Messages that wait for their acknowledgement.
    pub(crate) fn unacked(&self) -> usize {
        self.lock().unacked
    }

    /// A message is on its way to the engine.
    pub(crate) fn sends(&self) {
        self.lock().unacked += 1;
    }

    /// Why it is to be ended, if it is.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.lock().outgoing.ending()
    }

    /// A message was answered by this frame.
    pub(crate) fn is_answered(&self, frame: Utf8Bytes) {
        let mut mailbox = self.lock();
        mailbox.unacked = mailbox.unacked.saturating_sub(1);
        self.push(&mut mailbox, frame);
    }

    /// Puts a frame into the mailbox; a reader with too much in it is cut off.
    pub(crate) fn says(&self, frame: Utf8Bytes) {
        self.push(&mut self.lock(), frame);
    }

    /// As [`Client::says`], for what only a reader that is in step needs to know.
    pub(super) fn says_if_live(&self, frame: Utf8Bytes) {
        let mut mailbox = self.lock();
        if mailbox.stage == Stage::Live {
            self.push(&mut mailbox, frame);
        }
    }

    /// Ends the reader once it has been given what waits for it. The first reason stands.
    pub(crate) fn end(&self, ending: Ending) {
        self.lock().outgoing.end(ending);
    }

    /// The engine let it in with this page. A position beyond the head was never acknowledged to anybody: the
    /// reader is told so and starts from the beginning.
    pub(super) fn is_attached(&self, page: Page) {
        if page.participant.is_none() {
            // A token always stands for a participant; such an engine is of another kind than we believe.
            return self.end(Ending::Unavailable);
        }
        let mut mailbox = self.lock();
        mailbox.participant = page.participant;
        mailbox.sees = page.participant.map_or(Visibility::All, |participant| page.state.sees(participant));
        let recovered = mailbox.position <= page.head;
        mailbox.begin(page, recovered);
    }

    /// The page after `asked` is here.
    pub(super) fn is_read(&self, asked: Seq, page: Page) {
        let mut mailbox = self.lock();
        mailbox.reading = false;
        if mailbox.position != asked || mailbox.stage != Stage::CatchingUp {
            mailbox.outgoing.wake();
            return; // The reader has changed its place meanwhile and asks anew.
        }
        if page.head < asked {
            mailbox.begin(page, false);
        } else if page.events.is_empty() && page.head > asked {
            // Asking again would go round for ever.
            mailbox.outgoing.end(Ending::Unavailable);
        } else {
            mailbox.arrives(page, None);
        }
    }

    /// A read was refused or could not be asked.
    pub(super) fn is_not_read(&self, ending: Ending) {
        self.lock().reading = false;
        self.end(ending);
    }

    /// Gives a live reader new events, or sends it to read them.
    pub(super) fn deliver(&self, news: &mut News<'_>) {
        let mut mailbox = self.lock();
        if mailbox.stage != Stage::Live || mailbox.position >= news.last {
            return;
        }
        if mailbox.position != news.after || self.kind == ReaderKind::Poll {
            mailbox.stage = Stage::CatchingUp;
            mailbox.outgoing.wake();
            return;
        }
        mailbox.position = news.last;
        if let Some((last, frame)) = news.frame(mailbox.sees, mailbox.given) {
            mailbox.given = last;
            self.push(&mut mailbox, frame);
        }
        if news.closed || mailbox.participant.is_some_and(|participant| news.left.contains(&participant)) {
            mailbox.outgoing.end(Ending::Ended);
        }
    }

    /// Everything told is on the disk. A reader who asked is told so once for each event that it got last: what others
    /// only may read shows nowhere.
    pub(super) fn is_saved(&self) {
        let mut mailbox = self.lock();
        if self.hears_of_saves() && mailbox.stage == Stage::Live && mailbox.saved < mailbox.given {
            mailbox.saved = mailbox.given;
            let notice = frames::notice(Notice::UcsSave { seq: mailbox.given });
            self.push(&mut mailbox, notice);
        }
    }

    /// Something could not be saved.
    pub(super) fn is_not_saved(&self) {
        if self.hears_of_saves() {
            self.says_if_live(frames::notice(Notice::UcsSaveFail));
        }
    }

    fn hears_of_saves(&self) -> bool {
        matches!(self.kind, ReaderKind::Socket { save_notices: true, .. })
    }

    /// The engine is gone; a reader that was let in is to hear of it, once, though not at this moment. Of a planned
    /// handing over it is not to hear; a notice that it is still owed stays due.
    pub(super) fn is_lost(&self, is_planned: bool) {
        let mut mailbox = self.lock();
        let is_concerned = mailbox.stage != Stage::Attaching && self.kind != ReaderKind::Poll;
        if !is_planned {
            mailbox.restored = None;
        }
        mailbox.loss = match mailbox.loss {
            Loss::None if is_concerned && is_planned => Loss::Planned,
            Loss::None | Loss::Planned if is_concerned && !is_planned => Loss::Unsaid,
            known => known,
        };
    }

    /// The planned handing over has failed, or takes too long: it is a loss now, for a reader that is not restored.
    pub(super) fn counts_as_lost(&self) -> bool {
        let is_left = self.lock().loss == Loss::Planned;
        if is_left {
            self.is_lost(false);
        }
        is_left
    }

    /// Tells of a loss that this reader has not heard of.
    pub(super) fn is_told_of_loss(&self, notice: &Utf8Bytes) {
        let mut mailbox = self.lock();
        if mailbox.loss == Loss::Unsaid {
            mailbox.loss = Loss::Told;
            self.push(&mut mailbox, notice.clone());
        }
    }

    /// The session is attached again at `head`, and its missed events were delivered. The notice follows them.
    pub(super) fn is_restored(&self, head: Seq, notice: impl FnOnce(Visibility) -> Utf8Bytes) {
        let mut mailbox = self.lock();
        if mailbox.stage == Stage::Live && mailbox.position < head {
            mailbox.stage = Stage::CatchingUp;
            mailbox.outgoing.wake();
        }
        if std::mem::take(&mut mailbox.loss) != Loss::Told {
            return;
        }
        if mailbox.stage == Stage::Live {
            let notice = notice(mailbox.sees);
            self.push(&mut mailbox, notice);
        } else {
            mailbox.restored = Some(notice(mailbox.sees));
        }
    }

    /// What a reader has beyond `common` never was, or may not be what the engine knows: it starts anew.
    pub(super) fn starts_anew(&self, page: &Page, common: Seq) {
        let mut mailbox = self.lock();
        if mailbox.stage != Stage::Attaching && mailbox.position > common {
            mailbox.begin(page.clone(), false);
        }
    }

    /// The reader asks for everything after this event.
    pub(crate) fn resumes(&self, after: Seq) {
        let mut mailbox = self.lock();
        if mailbox.stage != Stage::Attaching {
            mailbox.stage = Stage::CatchingUp;
            (mailbox.position, mailbox.given) = (after, after);
            mailbox.arrival = None;
            mailbox.outgoing.wake();
        }
    }

    /// Goes live when it has everything, else says what to read. `left` are participants who are no longer in.
    pub(super) fn advance(&self, head: Seq, closed: bool, left: &[ParticipantId]) -> Advanced {
        let mut mailbox = self.lock();
        let Some(participant) = mailbox.participant else { return Advanced::Stays };
        if mailbox.stage != Stage::CatchingUp || mailbox.reading || mailbox.arrival.is_some() {
            return Advanced::Stays;
        }
        // Equal, not at least: a reader beyond the head has named an event that never was, which the read finds.
        if mailbox.position != head {
            mailbox.reading = true;
            return Advanced::Read(participant, mailbox.position);
        }
        mailbox.stage = Stage::Live;
        if let Some(notice) = mailbox.restored.take() {
            self.push(&mut mailbox, notice);
        }
        if closed || left.contains(&participant) {
            mailbox.outgoing.end(Ending::Ended);
        }
        mailbox.outgoing.wake();
        Advanced::Stays
    }

    /// What the reader is to do now. Its task is woken whenever there may be more.
    pub(crate) fn next(&self, cx: &Context<'_>) -> Step {
        let mut mailbox = self.lock();
        mailbox.outgoing.listen(cx);
        mailbox.next()
    }

    /// [`Client::next`] as a future, for a reader that has nothing else to look after.
    pub(crate) async fn step(&self) -> Step {
        std::future::poll_fn(|cx| match self.next(cx) {
            Step::Idle => Poll::Pending,
            step => Poll::Ready(step),
        })
        .await
    }

    fn push(&self, mailbox: &mut Mailbox, frame: Utf8Bytes) {
        let ReaderKind::Socket { queue_bytes_max, .. } = self.kind else { return };
        if mailbox.outgoing.push(frame, queue_bytes_max).is_err() {
            mailbox.arrival = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        // No code that holds the lock leaves a mailbox half changed, so a panic elsewhere does not spoil it.
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    fn begin(&mut self, mut page: Page, recovered: bool) {
        if !recovered {
            (self.position, self.given, self.saved) = (Seq::ZERO, Seq::ZERO, Seq::ZERO);
            page.events.clear(); // They follow something else than the beginning.
        }
        self.stage = Stage::CatchingUp;
        self.arrives(page, Some(recovered));
    }

    fn arrives(&mut self, mut page: Page, welcome: Option<bool>) {
        self.position = page.events.last().map_or(self.position, |event| event.seq);
        page.narrow(self.sees);
        let after = self.given;
        self.given = page.events.last().map_or(after, |event| event.seq);
        self.arrival = Some(Box::new(Arrival { page, after, welcome }));
        self.outgoing.wake();
    }

    fn next(&mut self) -> Step {
        if let Some(frame) = self.outgoing.pop() {
            return Step::Frame(frame);
        }
        if let Some(arrival) = self.arrival.take() {
            return Step::Arrival(arrival);
        }
        match self.outgoing.ending() {
            Some(ending) => Step::End(ending),
            None if self.stage == Stage::CatchingUp && !self.reading => Step::Advance,
            None => Step::Idle,
        }
    }
}
