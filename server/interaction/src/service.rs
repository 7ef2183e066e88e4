//! Brings the core, the links and the directory together: what comes is told to the core, what it decides is done.
//!
//! The core is behind one lock, taken for each input and for what follows from it, so that effects leave in the order in
//! which they were decided. Inputs of a link come from the link's own task: while the core decides, nothing more is
//! read, so nothing needs a queue (B-1). What waits, for the directory or a password, does so in tasks of its own and
//! reports back.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tandem_link::{Incoming, Link, Owner};
use tandem_protocol::{
    PairName, SessionId, Timestamp,
    link::{Outcome, Request},
};
use tandem_telemetry::INTERACTION;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    archivist::Reading,
    clerk::Job,
    clock::Clock,
    journal, logins, looks,
    routing::{Census, Core, Effect, Failed, Heard, Input, LoginAsk, LookAsk, PairIndex, Tag},
};

/// Between two counts of what is there: fresher than anybody reads them.
const CENSUS: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Service {
    /// Taken before a link's own locks, which it holds for moments. A reply is sent while it is held, so that the
    /// link cannot have been lost and found another primary since the core decided: that one numbers questions anew.
    core: Mutex<Core>,
    clock: Clock,
    /// The pairs that are linked to, in the core's order.
    pairs: Vec<PairName>,
    /// One a pair, in the same order; set right after all are started.
    links: OnceLock<Vec<Link<Ear>>>,
    /// To the clerk; when it is full the directory counts as failing.
    jobs: mpsc::Sender<Job>,
    /// The log has been told that the clerk does not keep up.
    is_behind: AtomicBool,
    /// To the task that sees to logins; when it is full they are refused.
    logins: mpsc::Sender<Box<LoginAsk>>,
    /// To the task that looks things up; when it is full they are refused.
    looks: mpsc::Sender<Box<LookAsk>>,
    /// To the archivist.
    reading: Arc<Reading>,
    /// To the eraser.
    erased: mpsc::Sender<(SessionId, Outcome)>,
    /// When the core is to be called without an input.
    deadline: watch::Sender<Option<Duration>>,
}

/// What is beside the core, and the ways to what waits there.
pub(crate) struct Beside {
    /// The pairs that are linked to, in the core's order.
    pub(crate) pairs: Vec<PairName>,
    /// To the clerk.
    pub(crate) jobs: mpsc::Sender<Job>,
    /// To the task that sees to logins.
    pub(crate) logins: mpsc::Sender<Box<LoginAsk>>,
    /// To the task that looks things up.
    pub(crate) looks: mpsc::Sender<Box<LookAsk>>,
    /// To the archivist.
    pub(crate) reading: Arc<Reading>,
    /// To the eraser.
    pub(crate) erased: mpsc::Sender<(SessionId, Outcome)>,
}

/// Whoever is told by the link to one pair.
pub(crate) struct Ear {
    pub(crate) pair: PairIndex,
    pub(crate) service: Arc<Service>,
}

impl Owner for Ear {
    type Tag = Tag;

    fn on(&self, incoming: Incoming<Tag>) {
        match &incoming {
            Incoming::Connected { .. } => self.service.reading.is_served(),
            Incoming::Changed(_) => self.service.reading.changes(),
            Incoming::Answered { tag: Tag::Erase(session), outcome } => {
                // Never full: it holds more than are asked at a time. Closed once the eraser has ended.
                let _ = self.service.erased.try_send((*session, outcome.clone()));
                return;
            }
            _ => {}
        }
        if let Some(heard) = Heard::of(incoming) {
            self.service.tell(Input::Heard(self.pair, heard));
        }
    }
}

impl Service {
    pub(crate) fn new(core: Core, clock: Clock, beside: Beside) -> Self {
        let (core, links, is_behind) = (Mutex::new(core), OnceLock::new(), AtomicBool::new(false));
        let Beside { pairs, jobs, logins, looks, reading, erased } = beside;
        let deadline = watch::Sender::new(None);
        Self { core, clock, pairs, links, jobs, is_behind, logins, looks, reading, erased, deadline }
    }

    /// The links are started.
    pub(crate) fn linked(&self, links: Vec<Link<Ear>>) {
        assert!(self.links.set(links).is_ok(), "the links are started once");
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.now().wall
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().elapsed
    }

    /// Asks a pair to erase a session; the answer goes to the eraser. False when the link is full; none when the pair is
    /// none of those linked to.
    pub(crate) fn erase(&self, pair: &PairName, session: SessionId) -> Option<bool> {
        let at = self.pairs.iter().position(|linked| linked == pair)?;
        Some(self.links.wait()[at].submit(Request::Erase { session }, Tag::Erase(session)).is_ok())
    }

    /// Something happens.
    pub(crate) fn tell(&self, input: Input) {
        let mut core = self.lock();
        core.on(self.clock.now(), input);
        self.go_on(&mut core);
    }

    /// Takes its turn at the core and does nothing there: whoever hangs while he decides keeps this from returning.
    pub(crate) fn waits_for_turn(&self) {
        drop(self.lock());
    }

    /// Has the core go on whenever one of its moments has come.
    pub(crate) async fn keep_time(&self, stop: CancellationToken) {
        let mut deadline = self.deadline.subscribe();
        while !stop.is_cancelled() {
            let at = *deadline.borrow_and_update();
            // Without a deadline the next input brings one.
            let at = at.map_or_else(|| Instant::now() + Duration::from_secs(3_600), |at| self.clock.at(at));
            tokio::select! {
                () = stop.cancelled() => {}
                _ = deadline.changed() => {}
                () = sleep_until(at) => self.go_on(&mut self.lock()),
            }
        }
    }

    /// Counts what is there, now and then, for whoever watches: with each input it would cost more than it tells.
    pub(crate) async fn keep_counts(&self, stop: CancellationToken) {
        let mut moments = interval(CENSUS);
        while stop.run_until_cancelled(moments.tick()).await.is_some() {
            let Census { waiting, ready, not_ready, attended } = self.lock().census();
            for (queue, sessions) in waiting {
                INTERACTION.waiting.of([queue.as_str()]).set(sessions);
            }
            INTERACTION.agents.of(["ready"]).set(ready);
            INTERACTION.agents.of(["not_ready"]).set(not_ready);
            INTERACTION.attended.set(attended);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().expect("no decision panics while it holds the lock")
    }

    /// Does what the core wants done.
    fn go_on(&self, core: &mut Core) {
        // A link may speak before all starts have returned; it does so from another thread.
        let links = self.links.wait();
        loop {
            let effects = core.go_on(self.clock.now());
            let inputs: Vec<Input> = effects.into_iter().filter_map(|effect| self.carry_out(links, effect)).collect();
            if inputs.is_empty() {
                break;
            }
            inputs.into_iter().for_each(|input| core.on(self.clock.now(), input));
        }
        let next = core.next_deadline();
        self.deadline.send_if_modified(|deadline| std::mem::replace(deadline, next) != next);
    }

    /// Does one thing. What cannot even be begun comes back at once.
    fn carry_out(&self, links: &[Link<Ear>], effect: Effect) -> Option<Input> {
        let link = |pair: PairIndex| &links[pair.place()];
        match effect {
            Effect::Submit { pair, request, tag } => {
                let full = link(pair).submit(*request, tag).err()?;
                return Some(Input::Heard(pair, Heard::Answered(full.tag, Outcome::Refused(full.refusal))));
            }
            Effect::Run { errand, purpose } => return self.run(Job::Run(errand, purpose)),
            Effect::Verify(login) => {
                let refused = self.logins.try_send(login).err()?.into_inner();
                return Some(Input::Verified { ask: refused.ask, verified: Err(logins::too_many()) });
            }
            Effect::Look(look) => {
                let refused = self.looks.try_send(look).err()?.into_inner();
                return Some(Input::Looked { ask: refused.ask, outcome: Outcome::Refused(looks::too_many()) });
            }
            Effect::Reply { pair, ask, outcome } => link(pair).reply(ask, outcome),
            Effect::Push { gateway, desk, news } => link(gateway.pair).push(gateway.link, desk, news),
            Effect::Places(pair, placed) => link(pair).places(placed),
            Effect::Note(note) => journal::write(&note),
        }
        None
    }

    fn run(&self, job: Job) -> Option<Input> {
        let Err(refused) = self.jobs.try_send(job) else {
            self.is_behind.store(false, Ordering::Relaxed);
            return None;
        };
        // A clerk that has ended with the server is not behind: the next server finds what is missing, as after a kill.
        let is_full = matches!(refused, mpsc::error::TrySendError::Full(_));
        if is_full && !self.is_behind.swap(true, Ordering::Relaxed) {
            warn!("the directory does not keep up; what agents choose and file away is not kept");
        }
        match refused.into_inner() {
            Job::Run(_, purpose) => Some(Input::Ran { purpose, ran: Err(Failed) }),
            Job::KeepLogin { .. } => None,
        }
    }
}
