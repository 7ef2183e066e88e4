//! The one task that owns an engine's sessions and lease. Inputs come in order, effects go out in the order given.
//!
//! It never waits for anything but its inputs: the store is asked by tasks that report back, links are written to
//! through outboxes that never block. Whatever is ready is taken in before anything goes out, so that under load one
//! commit and one write serve many messages.

mod control;
mod dispatch;
mod failing;
mod journal;
mod leasing;
mod links;
mod measuring;
mod preparing;
mod restarting;
mod storing;
mod switching;
mod traces;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tandem_link::Outbox;
use tandem_protocol::{
    Epoch, LinkVersion, Pair, Peer, RawEvent, RequestId, SessionId, Switched,
    control::Told,
    link::{Deputy, Hello, ToEngine},
};
use tandem_session::{Core, Effect, LeaseInput, LeaseKeeper, LinkId, ReadId, SwitchInput, Switching};
use tandem_store::{Erased, Journal, Lease, Loaded, OpenSession, Store, StoreError, Taken};
use tokio::{
    sync::{Notify, Semaphore, mpsc, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::{journal::Askers, preparing::Preparing, switching::Given, traces::Traces};
use crate::{EngineRole, EngineSettings, clock::Clock, process::Process, recorder::Recorder, saver::SaveOutcome};

/// Inputs that may wait for the service in either channel, each a batch of one link's frames or a report; beyond it
/// links and tasks wait (B-1).
const INPUTS_MAX: usize = 1_024;

/// Records that may wait for the store before links have to wait too, rather than be refused: some batches' worth.
const UNSAVED_HIGH: usize = 16_384;

/// Inputs taken in before anything goes out.
const INPUTS_BATCH_MAX: usize = 256;

/// How long an engine that ends waits for its last records to be saved.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// The least time that giving up the lease gets after that.
const RELEASE_MIN: Duration = Duration::from_secs(1);

/// What the service is told.
#[derive(Debug)]
pub(crate) enum Input {
    /// A link has said hello and waits for its answer.
    LinkUp {
        link: LinkId,
        hello: Hello,
        outbox: Outbox,
    },
    /// Frames of a link, in order.
    Frames {
        link: LinkId,
        frames: Vec<ToEngine>,
    },
    /// A link is gone.
    LinkDown {
        link: LinkId,
    },
    /// A held hello has been held long enough.
    HoldOver {
        link: LinkId,
    },
    /// Whoever has signalled the process wants it to hand over.
    SwitchoverSignalled,
    /// What became of a write that shows whether the store takes any.
    StoreTested(Epoch, Result<(), StoreError>),
    /// What became of handing the lease of this epoch over.
    LeaseGiven(Epoch, Result<Taken, StoreError>),
    /// The primary has welcomed this engine as its backup; what goes to it.
    Following(Outbox),
    /// The primary tells its backup something.
    FromPrimary(FromPrimary),
    /// Beginnings of histories were read.
    Previewed(Result<Vec<Loaded>, StoreError>),
    /// What followed them was.
    CaughtUp {
        epoch: Epoch,
        loaded: Result<Vec<Loaded>, StoreError>,
    },
    /// Something about the lease.
    Lease(LeaseInput),
    /// The lease as read from the store; or what became of renewing or taking it.
    LeaseRead(Result<Option<Lease>, StoreError>),
    LeaseRenewed(Result<(), StoreError>),
    LeaseTaken(Result<Taken, StoreError>),
    /// The sessions to inherit.
    OpenSessions {
        epoch: Epoch,
        took: Duration,
        open: Result<Vec<OpenSession>, StoreError>,
    },
    /// What became of the batch at the store.
    Saved {
        epoch: Epoch,
        outcome: SaveOutcome,
    },
    /// Sessions were read.
    Loaded {
        epoch: Epoch,
        took: Duration,
        sessions: Vec<SessionId>,
        loaded: Result<Vec<Loaded>, StoreError>,
    },
    /// A page was read.
    PageRead {
        epoch: Epoch,
        read: ReadId,
        page: Result<Vec<RawEvent>, StoreError>,
    },
    /// What the journal says, for whoever asked.
    JournalAsked {
        link: LinkId,
        id: RequestId,
        told: Result<Told, String>,
    },
    /// What became of an erasure.
    Erased {
        epoch: Epoch,
        session: SessionId,
        erased: Result<Erased, StoreError>,
    },
}

/// What a primary says to the engine that stands by.
#[derive(Debug)]
pub(crate) enum FromPrimary {
    Prepare { sessions: Vec<SessionId>, is_last: bool },
    CalledOff,
    HandedOver { epoch: Epoch, held_us: u64 },
    Restart,
}

/// A link that has said hello.
#[derive(Debug)]
struct Linked {
    hello: Hello,
    outbox: Outbox,
    /// The version of the protocol that both sides know: nothing newer is said to it.
    speaks: LinkVersion,
    is_welcome: bool,
    /// The pair as it has said that it knows it.
    knows: Option<Pair>,
}

/// See the module.
pub(crate) struct Service {
    settings: EngineSettings,
    store: Arc<dyn Store>,
    journal: Arc<dyn Journal>,
    /// Where notes for the journal are left.
    recorder: Recorder,
    /// Questions about the journal that are being looked up.
    journal_asked: usize,
    process: Process,
    clock: Clock,
    stop: CancellationToken,
    /// From the links: comings, frames and goings, each link's in order.
    inputs: mpsc::Receiver<Input>,
    /// From the tasks that report back. Taken in first: what is saved must not queue behind what is to be saved.
    reported: mpsc::Receiver<Input>,
    reports: mpsc::Sender<Input>,
    /// Everything that reports back; awaited at the end.
    tasks: JoinSet<()>,
    /// Reads of the store at one time.
    reading: Arc<Semaphore>,
    /// Erasures at one time: one, so that readers have the store too.
    erasing: Arc<Semaphore>,
    keeper: LeaseKeeper,
    role: watch::Sender<EngineRole>,
    /// Whoever runs this engine is told by it to start it again.
    restart: Arc<Notify>,
    /// The lease as last read: whom to follow, whom to kill when it hangs.
    lease: Option<Lease>,
    /// The task that follows the primary, while this engine is backup.
    follower: Option<tokio::task::AbortHandle>,
    is_follow_fresh: bool,
    /// The task that tells the former primary, until that one stands by.
    deposing: Option<tokio::task::AbortHandle>,
    /// When this engine's takeover began, for the log.
    taking_since: Option<(Instant, tandem_session::TakeCause)>,
    /// Whether the lease could not be read or written when that was tried last.
    is_lease_lost: bool,
    links: HashMap<LinkId, Linked>,
    /// The sessions, while this engine is primary and knows which it inherits.
    core: Option<(Epoch, Core)>,
    /// The backup, while it stands by.
    backup: Option<(LinkId, Peer)>,
    /// What the backup has said of itself, which is needed to hand over to it.
    deputy: Option<Deputy>,
    /// The planned switchover, while this engine is primary.
    switching: Switching,
    /// Who is to be noted with what becomes of it.
    askers: Askers,
    /// Who is being written into the lease; he may be gone by the time that is done.
    heir: Option<Peer>,
    /// What is not taken in while requests are held, in order, and since when they are.
    held: Vec<Input>,
    held_since: Instant,
    /// Since when the batch at the store has been there.
    saving_since: Option<Instant>,
    /// How many messages are in it.
    saving_messages: usize,
    /// What is asked that somebody traces.
    traces: Traces,
    /// To the primary, while this engine is its backup.
    primary: Option<Outbox>,
    /// What this engine has read because it is to take over.
    preparing: Preparing,
    /// The word by which it was handed over, until it serves; and what is told of it from then on.
    given: Option<Given>,
    switched: Option<Switched>,
    /// Reused between rounds.
    effects: Vec<Effect>,
    next_lease_tick: Instant,
}

impl Service {
    pub(crate) fn new(
        settings: EngineSettings,
        store: Arc<dyn Store>,
        journal: Arc<dyn Journal>,
        process: Process,
        stop: CancellationToken,
        restart: Arc<Notify>,
    ) -> (Self, watch::Receiver<EngineRole>, mpsc::Sender<Input>) {
        let (from_links, inputs) = mpsc::channel(INPUTS_MAX);
        let (reports, reported) = mpsc::channel(INPUTS_MAX);
        let (role, role_seen) = watch::channel(EngineRole::Undecided);
        let service = Self {
            keeper: LeaseKeeper::new(settings.name.clone(), settings.lease),
            store,
            recorder: Recorder::start(journal.clone()),
            journal,
            journal_asked: 0,
            process,
            clock: Clock::start(),
            stop,
            inputs,
            reported,
            reports,
            tasks: JoinSet::new(),
            reading: Arc::new(Semaphore::new(storing::READS_MAX)),
            erasing: Arc::new(Semaphore::new(1)),
            role,
            restart,
            lease: None,
            follower: None,
            is_follow_fresh: true,
            deposing: None,
            taking_since: None,
            is_lease_lost: false,
            links: HashMap::new(),
            core: None,
            backup: None,
            deputy: None,
            switching: Switching::new(settings.name.clone(), settings.software.clone()),
            askers: Askers::default(),
            heir: None,
            held: Vec::new(),
            held_since: Instant::now(),
            saving_since: None,
            saving_messages: 0,
            traces: Traces::default(),
            primary: None,
            preparing: Preparing::default(),
            given: None,
            switched: None,
            effects: Vec::new(),
            next_lease_tick: Instant::now(),
            settings,
        };
        (service, role_seen, from_links)
    }

    /// Runs until it is told to stop.
    pub(crate) async fn run(mut self) {
        let stop = self.stop.clone();
        let mut batch = Vec::with_capacity(INPUTS_BATCH_MAX);
        while !stop.is_cancelled() {
            let (deadline, has_room) = (self.next_deadline(), self.has_room());
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(report) = self.reported.recv() => batch.push(report),
                Some(ended) = self.tasks.join_next() => heed(ended),
                () = sleep_until(deadline) => {}
                Some(input) = self.inputs.recv(), if has_room => batch.push(input),
            }
            self.take_ready(&mut batch);
            self.round(&mut batch);
        }
        self.end(batch).await;
    }

    /// Adds what is there already, so that a busy channel does not keep the other waiting.
    fn take_ready(&mut self, batch: &mut Vec<Input>) {
        while let Ok(report) = self.reported.try_recv() {
            batch.push(report);
        }
        while batch.len() < INPUTS_BATCH_MAX
            && self.has_room()
            && let Ok(input) = self.inputs.try_recv()
        {
            batch.push(input);
        }
    }

    fn has_room(&self) -> bool {
        self.held.len() < switching::HELD_MAX
            && self.core.as_ref().is_none_or(|(_, core)| core.unsaved() < UNSAVED_HIGH)
    }

    /// Takes in what is ready, then lets out what follows from it.
    fn round(&mut self, batch: &mut Vec<Input>) {
        for input in batch.drain(..) {
            self.take_in(input);
        }
        self.tick();
        self.let_out();
        // After everything that was saved has been told: D-1 and D-4 reach over the move.
        self.look_whether_drained();
    }

    fn take_in(&mut self, input: Input) {
        if self.is_to_wait(&input) {
            return self.held.push(input);
        }
        match input {
            Input::Frames { link, frames } => self.on_frames(link, frames),
            Input::LinkUp { link, hello, outbox } => self.on_link_up(link, hello, outbox),
            Input::LinkDown { link } => self.on_link_down(link),
            Input::HoldOver { link } => self.on_hold_over(link),
            Input::SwitchoverSignalled => self.on_switchover_signalled(),
            Input::StoreTested(epoch, tested) => self.on_store_tested(epoch, &tested),
            Input::LeaseGiven(epoch, given) => self.on_lease_given(epoch, given),
            Input::Following(outbox) => self.on_following(outbox),
            Input::FromPrimary(word) => self.on_word_of_primary(word),
            Input::Previewed(previewed) => self.on_previewed(previewed),
            Input::CaughtUp { epoch, loaded } => self.on_caught_up(epoch, loaded),
            Input::Lease(input) => self.on_lease(input),
            Input::LeaseRead(read) => self.on_lease_read(read),
            Input::LeaseRenewed(renewed) => self.on_lease_renewed(renewed),
            Input::LeaseTaken(taken) => self.on_lease_taken(taken),
            Input::OpenSessions { epoch, took, open } => self.on_open_sessions(epoch, took, open),
            Input::Saved { epoch, outcome } => self.on_saved(epoch, outcome),
            Input::Loaded { epoch, took, sessions, loaded } => self.on_loaded(epoch, took, &sessions, loaded),
            Input::PageRead { epoch, read, page } => self.on_page_read(epoch, read, page),
            Input::JournalAsked { link, id, told } => self.on_journal_asked(link, id, told),
            Input::Erased { epoch, session, erased } => self.on_erased(epoch, session, erased),
        }
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        if Instant::now() >= self.next_lease_tick {
            self.next_lease_tick = Instant::now() + self.settings.lease.renew;
            self.on_lease(LeaseInput::Tick);
            self.measure();
        }
        if self.switching.next_deadline().is_some_and(|at| at <= now.elapsed) {
            self.switch(SwitchInput::Tick);
        }
        if let Some((_, core)) = &mut self.core
            && !self.switching.is_holding()
            && core.next_deadline().is_some_and(|at| at <= now.elapsed)
        {
            core.tick(now, &mut self.effects);
        }
    }

    fn next_deadline(&self) -> Instant {
        let core = self.core.as_ref().filter(|_| !self.switching.is_holding());
        let core = core.and_then(|(_, core)| core.next_deadline());
        let deadlines = core.into_iter().chain(self.switching.next_deadline());
        deadlines.map(|at| self.clock.at(at)).fold(self.next_lease_tick, Instant::min)
    }

    /// Effects to the links, and the next batch to the store.
    fn let_out(&mut self) {
        self.dispatch();
        self.save_next();
    }

    /// The orderly end of this process: save and answer what was sent, give up the lease, send the links away.
    async fn end(mut self, mut batch: Vec<Input>) {
        let until = Instant::now() + DRAIN_MAX;
        self.switch(SwitchInput::Stopping);
        if let Some((_, core)) = &mut self.core {
            core.save_backlogs();
            self.save_next();
        }
        while self.core.as_ref().is_some_and(|(_, core)| core.waits_for_store()) {
            tokio::select! {
                Some(report) = self.reported.recv() => batch.push(report),
                () = sleep_until(until) => {
                    self.warn_of_unsaved();
                    break;
                }
            }
            // New requests are not taken any more: their senders keep them and ask the next primary.
            batch.retain(|input| matches!(input, Input::Saved { .. }));
            self.round(&mut batch);
        }
        if let Some((epoch, core)) = self.core.take() {
            match timeout_at(until.max(Instant::now() + RELEASE_MIN), self.store.release_lease(epoch)).await {
                Ok(Ok(())) => info!(%epoch, sessions = core.counts().open, "gave up the lease"),
                Ok(Err(error)) => warn!(%epoch, %error, "could not give up the lease; it will expire"),
                Err(_late) => warn!(%epoch, "could not give up the lease in time; it will expire"),
            }
        }
        self.send_all_away(None);
        self.tasks.shutdown().await;
        self.recorder.end().await;
    }

    fn warn_of_unsaved(&self) {
        let Some((_, core)) = &self.core else { return };
        if core.unsaved() > 0 {
            warn!("ending although some messages are not saved; their senders were not answered");
        }
        let sessions = core.sessions_behind();
        if sessions > 0 {
            error!(sessions, "ending although something that was told of these sessions is not saved: it is lost");
        }
    }
}

/// A panic beside the service becomes its own: an engine that has lost a save or a read must end, so that the other
/// one takes over, and not go on without it.
fn heed(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
