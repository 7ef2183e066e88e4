//! One engine: the pure parts, and the operations it has asked of the disk that are not yet done or not yet reported.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tandem_protocol::{
    EngineName, Epoch, RawEvent, Seq, SessionId, Timestamp,
    link::{Answer, Deliver, FromEngine, Outcome, ToEngine},
    routing::Changed,
};
use tandem_session::{
    AutoSave, Core, Effect, LeaseEffect, LeaseInput, LeaseKeeper, LeaseTimes, LinkId, LoadedSession, Now, OnSaveError,
    ReadId, Record, SeenLease, SessionSettings,
};

use crate::{
    disk::{Disk, Lease, Process},
    switching::{Handover, Held},
};

/// What an engine asks of the disk.
#[derive(Debug)]
pub(crate) enum Operation {
    ReadLease,
    Take(Epoch),
    /// Writes the lease for the other engine's process.
    Give(Epoch, Process),
    Preview(Vec<SessionId>),
    CatchUp(Epoch, Vec<(SessionId, Seq)>, Vec<(SessionId, Seq)>),
    Renew(Epoch),
    ReadOpen(Epoch),
    Append(Epoch, Vec<Record>),
    Load(Epoch, Vec<SessionId>),
    ReadPage(Epoch, ReadId, SessionId, Seq, usize),
}

/// What the disk has done and the engine does not know yet.
#[derive(Debug)]
pub(crate) enum Report {
    Lease(LeaseInput),
    Given(Epoch),
    Previewed(Vec<LoadedSession>),
    Open(Epoch, Vec<(SessionId, Seq)>),
    CaughtUp(Epoch, Vec<LoadedSession>, Vec<(SessionId, Seq)>),
    Saved(Epoch),
    NotSaved(Epoch),
    Loaded(Epoch, Vec<LoadedSession>),
    Page(Epoch, ReadId, Vec<RawEvent>),
}

/// A running engine.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) me: Process,
    pub(crate) settings: SessionSettings,
    keeper: LeaseKeeper,
    pub(crate) core: Option<(Epoch, Core)>,
    pub(crate) handover: Handover,
    pub(crate) operations: VecDeque<Operation>,
    reports: VecDeque<Report>,
    /// To each link, in order; lost with the engine.
    pub(crate) outgoing: HashMap<LinkId, VecDeque<FromEngine>>,
    /// A stopped process: its connections stay, it does nothing.
    pub(crate) is_stopped: bool,
    pub(crate) takeovers: u64,
    pub(crate) deposed: u64,
    pub(crate) handed_over: u64,
}

pub(crate) fn name(node: usize) -> EngineName {
    EngineName::new(["a", "b"][node]).expect("valid")
}

fn seen(lease: Lease, me: Process, running: &[Option<Process>; 2]) -> SeenLease {
    let holder = lease.holder;
    SeenLease {
        epoch: lease.epoch,
        holder: name(holder.node),
        address: name(holder.node).to_string(),
        renewed_at: lease.renewed_at,
        is_released: false,
        is_holder_gone: running[holder.node] != Some(holder),
        is_own: holder == me,
    }
}

impl Node {
    pub(crate) fn new(me: Process, settings: SessionSettings) -> Self {
        Self {
            me,
            settings,
            keeper: LeaseKeeper::new(name(me.node), LeaseTimes::default()),
            core: None,
            handover: Handover::new(me),
            operations: VecDeque::new(),
            reports: VecDeque::new(),
            outgoing: HashMap::new(),
            is_stopped: false,
            takeovers: 0,
            deposed: 0,
            handed_over: 0,
        }
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.core.is_some()
    }

    pub(crate) fn is_idle(&self) -> bool {
        let is_behind = |(_, core): &(Epoch, Core)| core.waits_for_store();
        self.operations.is_empty() && self.reports.is_empty() && !self.core.as_ref().is_some_and(is_behind)
    }

    pub(crate) fn tick(&mut self, now: Now, disk: &Disk) {
        self.lease(now, LeaseInput::Tick, disk);
        self.switching_ticks(now, disk);
        let mut effects = Vec::new();
        if let Some((_, core)) = &mut self.core
            && !self.handover.switching.is_holding()
            && core.next_deadline().is_some_and(|at| at <= now.elapsed)
        {
            core.tick(now, &mut effects);
        }
        self.let_out(effects, disk);
    }

    /// The other engine is gone and its address refuses connections.
    pub(crate) fn other_is_gone(&mut self, now: Now, disk: &Disk) {
        self.lease(now, LeaseInput::FollowLost { is_refused: true }, disk);
    }

    /// Carries out the oldest operation on the disk; the engine does not know yet.
    pub(crate) fn operate(&mut self, now: Now, disk: &mut Disk, running: &[Option<Process>; 2]) {
        let Some(operation) = self.operations.pop_front() else { return };
        let current = disk.epoch();
        let fenced = Report::Lease(LeaseInput::Fenced);
        let report = match operation {
            Operation::ReadLease => {
                Report::Lease(LeaseInput::Read(disk.lease.map(|lease| seen(lease, self.me, running))))
            }
            Operation::Take(epoch) => match disk.take(epoch, self.me, now.wall) {
                Ok(epoch) => Report::Lease(LeaseInput::Taken(epoch)),
                Err(lease) => Report::Lease(LeaseInput::LostRace(seen(lease, self.me, running))),
            },
            Operation::Give(epoch, to) => disk.take(epoch, to, now.wall).map_or(fenced, Report::Given),
            Operation::Preview(sessions) => Report::Previewed(disk.preview(&sessions)),
            Operation::CatchUp(epoch, behind, open) if epoch == current => {
                Report::CaughtUp(epoch, disk.load_after(&behind), open)
            }
            Operation::Renew(epoch) if disk.renew(epoch, now.wall) => Report::Lease(LeaseInput::Renewed),
            Operation::Append(epoch, _) if disk.is_full && epoch == current => Report::NotSaved(epoch),
            Operation::Append(epoch, records) if disk.append(epoch, &records) => Report::Saved(epoch),
            Operation::ReadOpen(epoch) if epoch == current => Report::Open(epoch, disk.open_sessions()),
            Operation::Load(epoch, sessions) if epoch == current => Report::Loaded(epoch, disk.load(&sessions)),
            Operation::ReadPage(epoch, read, session, after, max) if epoch == current => {
                Report::Page(epoch, read, disk.read(session, after, max))
            }
            // F-1: whatever a deposed engine asks, it is refused.
            _ => fenced,
        };
        self.reports.push_back(report);
    }

    /// Tells the engine what the disk has done.
    pub(crate) fn report(&mut self, now: Now, disk: &Disk) {
        let Some(report) = self.reports.pop_front() else { return };
        self.heed(now, report, disk);
    }

    /// Takes in what the disk has done, unless it is to wait for the end of a hold.
    pub(crate) fn heed(&mut self, now: Now, report: Report, disk: &Disk) {
        let mut effects = Vec::new();
        match report {
            Report::Lease(input) => return self.lease(now, input, disk),
            Report::Given(next) => return self.is_given_away(now, next, disk),
            Report::Previewed(loaded) => return self.is_previewed(loaded),
            Report::Open(epoch, open) if self.keeper.primary_epoch() == Some(epoch) => {
                return self.catch_up(now, epoch, open, disk);
            }
            Report::CaughtUp(epoch, loaded, open) if self.keeper.primary_epoch() == Some(epoch) => {
                return self.is_caught_up(now, epoch, loaded, &open, disk);
            }
            Report::Open(..) | Report::CaughtUp(..) => {}
            report @ (Report::Loaded(..) | Report::Page(..)) if self.handover.switching.is_holding() => {
                return self.handover.held.push_back(Held::Report(report));
            }
            Report::Saved(epoch) => {
                if let Some(core) = self.core_of(epoch) {
                    core.saved(now, &mut effects);
                }
            }
            Report::NotSaved(epoch) => {
                if let Some(core) = self.core_of(epoch) {
                    core.not_saved(now, &mut effects);
                }
            }
            Report::Loaded(epoch, loaded) => {
                if let Some(core) = self.core_of(epoch) {
                    let unreadable = core.loaded(now, loaded, &mut effects);
                    assert_eq!(unreadable, [], "R-2: what was saved can be restored");
                }
            }
            Report::Page(epoch, read, events) => {
                if let Some(core) = self.core_of(epoch) {
                    core.page_read(read, events, &mut effects);
                }
            }
        }
        self.let_out(effects, disk);
    }

    fn core_of(&mut self, epoch: Epoch) -> Option<&mut Core> {
        self.core.as_mut().filter(|(of, _)| *of == epoch).map(|(_, core)| core)
    }

    pub(crate) fn link_up(&mut self, link: LinkId) {
        if let Some((_, core)) = &mut self.core {
            core.link_up(link);
            self.outgoing.insert(link, VecDeque::new());
        }
    }

    pub(crate) fn link_down(&mut self, now: Now, link: LinkId) {
        self.outgoing.remove(&link);
        if self.handover.switching.is_holding() {
            return self.handover.held.push_back(Held::LinkDown(link));
        }
        if let Some((_, core)) = &mut self.core {
            let mut effects = Vec::new();
            core.link_down(now, link, &mut effects);
            assert!(effects.is_empty(), "nothing but the relay has anything to say, and nobody asks it here");
        }
    }

    pub(crate) fn receive(&mut self, now: Now, link: LinkId, frame: ToEngine, disk: &Disk) {
        if self.handover.switching.is_holding() {
            return self.handover.held.push_back(Held::Frame(link, frame));
        }
        let mut effects = Vec::new();
        if let (Some((_, core)), ToEngine::Request { id, body, .. }) = (&mut self.core, frame) {
            core.request(now, link, id, body, &mut effects);
        }
        self.let_out(effects, disk);
    }

    pub(crate) fn lease(&mut self, now: Now, input: LeaseInput, disk: &Disk) {
        for effect in self.keeper.handle(now.elapsed, input) {
            match effect {
                LeaseEffect::Read => self.operations.push_back(Operation::ReadLease),
                LeaseEffect::Take { seen, .. } => self.operations.push_back(Operation::Take(seen)),
                LeaseEffect::Renew(epoch) => self.operations.push_back(Operation::Renew(epoch)),
                LeaseEffect::GiveAway(epoch) => self.give_away(epoch),
                LeaseEffect::Serve(epoch) => self.operations.push_back(Operation::ReadOpen(epoch)),
                LeaseEffect::StepDown(epoch) => {
                    assert!(disk.epoch() > epoch, "F-2: only a newer epoch deposes");
                    self.core = None;
                    self.outgoing.clear();
                    self.handover = Handover::new(self.me);
                    self.deposed += 1;
                }
                LeaseEffect::Follow(_) => self.handover.forget_preparation(),
                LeaseEffect::KillHolder => {}
            }
        }
    }

    /// Effects become frames; whatever they tell must be on the disk already.
    pub(crate) fn let_out(&mut self, effects: Vec<Effect>, disk: &Disk) {
        let tells_first = tells_first(&self.settings);
        let Some((epoch, core)) = &mut self.core else { return };
        for effect in effects {
            let frames: Vec<(LinkId, FromEngine)> = match effect {
                Effect::Answer { link, id, outcome } => vec![(link, FromEngine::Answer { id, outcome })],
                Effect::Deliver { links, deliver } => {
                    if !tells_first {
                        check_deliver(&deliver, disk);
                    }
                    links.iter().map(|link| (*link, FromEngine::Deliver(deliver.clone()))).collect()
                }
                Effect::Load { sessions } => {
                    self.operations.push_back(Operation::Load(*epoch, sessions));
                    continue;
                }
                Effect::Read { read, session, after, events_max } => {
                    self.operations.push_back(Operation::ReadPage(*epoch, read, session, after, events_max));
                    continue;
                }
                Effect::Changed { links, changed } => {
                    let is_saved = |changed: &Changed| disk.has(changed.session, changed.head);
                    assert!(
                        tells_first || changed.iter().all(is_saved),
                        "D-1: a follower is told of what is not saved"
                    );
                    links.iter().map(|link| (*link, FromEngine::Changed(changed.clone()))).collect()
                }
                Effect::Notice { links, session, notice } => {
                    let frame = |link: &LinkId| (*link, FromEngine::Notice { session, notice: notice.clone() });
                    links.iter().map(frame).collect()
                }
                Effect::Typing { .. } | Effect::Opened { .. } => continue,
                Effect::Place { .. }
                | Effect::Asked { .. }
                | Effect::GatewayGone { .. }
                | Effect::Desk { .. }
                | Effect::InteractionGone { .. }
                | Effect::Erase { .. }
                | Effect::EnterAgain { .. } => panic!("there is no interaction server here: {effect:?}"),
            };
            for (link, frame) in frames {
                if let Some(queue) = self.outgoing.get_mut(&link) {
                    queue.push_back(frame);
                }
            }
        }
        if let Some(batch) = core.take_batch() {
            self.operations.push_back(Operation::Append(*epoch, batch));
        }
    }
}

/// Whether something may be told before it is saved. Whoever is told is told so: the clients look at that.
pub(crate) fn tells_first(settings: &SessionSettings) -> bool {
    settings.on_save_error == OnSaveError::Continue || settings.auto_save == AutoSave::AtEnd
}

fn check_deliver(deliver: &Deliver, disk: &Disk) {
    for event in &deliver.events {
        assert!(disk.has(deliver.session, event.seq), "D-1: delivered before it is durable");
    }
}

/// The number an answer vouches for.
pub(crate) fn acknowledged(outcome: &Outcome) -> Option<Seq> {
    match outcome {
        Outcome::Done(Answer::Saved { seq, .. } | Answer::Joined { seq, .. }) => Some(*seq),
        _ => None,
    }
}

pub(crate) fn moment(elapsed: Duration) -> Now {
    Now { elapsed, wall: Timestamp(elapsed.as_millis() as u64) }
}
