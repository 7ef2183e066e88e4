//! A planned switchover as the primary's runtime carries it out; what is decided is `tandem-session`'s.
//!
//! While requests are held nothing of the links reaches the core, nor does time, what was read from the store or what
//! became of an erasure, which the new epoch may have refused: the inputs wait here, in order, and are taken in when the
//! primary goes on. When it does not, they are dropped with the core: links keep what was not answered and ask the
//! successor (D-3).

use std::time::Duration;

use tandem_link::connection::frame;
use tandem_protocol::{
    Blocker, Epoch, ErrorCode, Pair, Refusal, RequestId, SessionId, Switched, Switchover, SwitchoverOutcome,
    link::{Answer, FromEngine, LinkRole, Outcome, Request, ToEngine},
};
use tandem_session::{
    Asker, AutoSave, Backup, Circumstances, LeaseInput, LinkId, SwitchEffect, SwitchInput, Switching,
};
use tandem_store::{Holder, StoreError, Taken};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Input, Service, journal::Askers};
use crate::clock::wall;

/// Inputs that are held, each a batch of one link's frames at most, before links have to wait themselves (B-1).
pub(super) const HELD_MAX: usize = 4_096;

/// Sessions named in one frame to the backup.
const NAMED_MAX: usize = 10_000;

/// A batch that has been at the store for so long is not being saved, whatever else the store may take.
const SAVING_LATE: Duration = Duration::from_secs(1);

/// How this engine came by its epoch, when the primary before it handed over.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) from: tandem_protocol::EngineName,
    pub(super) epoch: Epoch,
    /// How long the other one had held requests.
    pub(super) held_us: u64,
    /// When its word was heard here.
    pub(super) at: Instant,
}

impl Service {
    /// A machine for the planned switchover of an engine that begins to serve.
    pub(super) fn new_switching(&self) -> Switching {
        Switching::new(self.settings.name.clone(), self.settings.software.clone())
    }

    /// Whether this input is to wait. What the backup says, and what the store says of writes, is what ends the hold.
    pub(super) fn is_to_wait(&self, input: &Input) -> bool {
        if !self.switching.is_holding() {
            return false;
        }
        let is_of_backup = |link: &LinkId| self.backup.as_ref().is_some_and(|(backup, _)| backup == link);
        match input {
            Input::LinkUp { .. } | Input::Loaded { .. } | Input::PageRead { .. } | Input::Erased { .. } => true,
            Input::Frames { link, .. } | Input::LinkDown { link } => !is_of_backup(link),
            _ => false,
        }
    }

    /// Takes what a link says of the pair; gives back what is for the core.
    pub(super) fn heed_about_pair(&mut self, link: LinkId, frame: ToEngine) -> Option<ToEngine> {
        match frame {
            ToEngine::Request { id, body: Request::Switchover(asked), .. } => self.on_switchover_asked(link, id, asked),
            ToEngine::Request { id, body: Request::Control(asked), .. } => self.on_control_asked(link, id, asked),
            ToEngine::Knows(pair) => {
                if let Some(linked) = self.links.get_mut(&link) {
                    linked.knows = Some(pair);
                }
            }
            ToEngine::StandsBy(deputy) => {
                if self.backup.as_ref().is_some_and(|(backup, _)| *backup == link) {
                    self.deputy = Some(deputy);
                }
            }
            ToEngine::Prepared => self.switch(SwitchInput::Prepared(link)),
            other => return Some(other),
        }
        None
    }

    fn on_switchover_asked(&mut self, link: LinkId, id: RequestId, asked: Switchover) {
        let Some((epoch, _)) = self.core else { return };
        let role = self.links.get(&link).map(|linked| &linked.hello.role);
        if !matches!(role, Some(LinkRole::Gateway | LinkRole::Control)) {
            let refusal = Refusal::new(ErrorCode::Forbidden, "only a gateway or an operator asks for a switchover");
            return self.answer(link, id, Outcome::Refused(refusal));
        }
        if asked.from >= epoch {
            if !asked.dry_run {
                self.note_asked(link, id, asked.by);
            }
            return self.switch(SwitchInput::Asked { by: Asker::Link(link, id), dry_run: asked.dry_run });
        }
        // A repeat that has come with its link, or somebody whose knowledge is old.
        let outcome = match &self.switched {
            Some(switched) if asked.from.next() == epoch => SwitchoverOutcome::Done(switched.clone()),
            _ => SwitchoverOutcome::Overtaken { primary: self.settings.name.clone(), epoch },
        };
        if !asked.dry_run {
            self.note_repeated(link, asked.by, asked.from, &outcome);
        }
        self.answer(link, id, Outcome::Done(Answer::Switchover(outcome)));
    }

    /// Somebody has signalled the process.
    pub(super) fn on_switchover_signalled(&mut self) {
        if self.core.is_some() {
            self.note_signalled();
            self.switch(SwitchInput::Asked { by: Asker::Signal, dry_run: false });
        } else {
            warn!("this engine is not primary: there is nothing to hand over");
        }
    }

    /// Tells the machine, and does what it decides.
    pub(super) fn switch(&mut self, input: SwitchInput) {
        let now = self.clock.now().elapsed;
        for effect in self.switching.handle(now, input) {
            self.carry_out_switch(effect);
        }
    }

    fn carry_out_switch(&mut self, effect: SwitchEffect) {
        match effect {
            SwitchEffect::Test => self.test_store(),
            SwitchEffect::Prepare(link) => self.name_sessions(link),
            SwitchEffect::Hold => {
                self.held_since = Instant::now();
                if let Some((_, core)) = &mut self.core {
                    core.save_backlogs();
                }
            }
            SwitchEffect::HandOver(_) => self.on_lease(LeaseInput::HandOver),
            SwitchEffect::Leave { to, epoch } => self.leave(to, epoch),
            SwitchEffect::CallOff(link) => self.say(link, &FromEngine::CalledOff),
            SwitchEffect::Resume(cause) => self.resume(cause),
            SwitchEffect::Answer(Asker::Link(link, id), outcome) => {
                self.note_outcome(link, id, &outcome);
                self.answer(link, id, Outcome::Done(Answer::Switchover(outcome)));
            }
            SwitchEffect::Answer(Asker::Drill(link, id, how), outcome) => {
                self.on_drill_judged(link, id, how, &outcome);
            }
            SwitchEffect::Answer(Asker::Signal, outcome) => {
                self.note_outcome_of_signal(&outcome);
                log_outcome(&outcome);
            }
        }
    }

    /// A renewal of the lease is a write that changes nothing.
    fn test_store(&mut self) {
        let Some((epoch, _)) = self.core else { return };
        let store = self.store.clone();
        self.report(async move { Input::StoreTested(epoch, store.renew_lease(epoch, wall()).await) });
    }

    pub(super) fn on_store_tested(&mut self, epoch: Epoch, tested: &Result<(), StoreError>) {
        if self.core.as_ref().is_none_or(|(of, _)| *of != epoch) {
            return;
        }
        let found = self.circumstances(tested.is_ok());
        self.switch(SwitchInput::Tested(found));
        if matches!(tested, Err(StoreError::Stale { .. })) {
            self.on_lease(LeaseInput::Fenced);
        }
    }

    /// What there is at this moment; whether the store takes what is written is for the caller to say.
    pub(super) fn circumstances(&self, is_store_well: bool) -> Circumstances {
        let Some((_, core)) = &self.core else { return Circumstances::default() };
        let is_at_end = self.settings.sessions.auto_save == AutoSave::AtEnd;
        let is_behind = (core.sessions_behind() > 0 && !is_at_end) || core.sessions_condemned() > 0;
        let is_late = self.saving_since.is_some_and(|since| since.elapsed() >= SAVING_LATE);
        let (is_writable, pair) = (is_store_well && !is_behind && !is_late, self.pair());
        let backup = self.backup.as_ref().map(|(link, peer)| Backup {
            link: *link,
            name: peer.name.clone(),
            software: self.deputy.as_ref().map(|deputy| deputy.software.clone()),
        });
        // The backup is told otherwise, and an operator's command goes nowhere.
        let is_told = |role: &LinkRole| !matches!(role, LinkRole::Standby(_) | LinkRole::Control);
        let unaware = self.links.values().filter(|linked| linked.is_welcome && is_told(&linked.hello.role));
        let unaware = unaware.filter(|linked| linked.knows != pair).map(|linked| linked.hello.name.clone());
        Circumstances { backup, unaware: unaware.collect(), is_writable }
    }

    /// The backup is to read the sessions that have readers: those are asked for first.
    fn name_sessions(&mut self, backup: LinkId) {
        let Some((_, core)) = &self.core else { return };
        let sessions: Vec<SessionId> = core.attached_sessions();
        info!(sessions = sessions.len(), "a switchover begins: the backup prepares itself");
        let mut chunks = sessions.chunks(NAMED_MAX).peekable();
        if chunks.peek().is_none() {
            self.say(backup, &FromEngine::Prepare { sessions: Vec::new(), is_last: true });
        }
        while let Some(chunk) = chunks.next() {
            let is_last = chunks.peek().is_none();
            self.say(backup, &FromEngine::Prepare { sessions: chunk.to_vec(), is_last });
        }
    }

    /// Whether the store has saved everything, while that is waited for.
    pub(super) fn look_whether_drained(&mut self) {
        let Some((_, core)) = &self.core else { return };
        if self.switching.is_draining() && !core.waits_for_store() {
            let is_behind = core.sessions_behind() + core.sessions_condemned() > 0;
            self.switch(SwitchInput::Drained { is_behind });
            // Given up, what was held was taken in only now.
            self.let_out();
        }
    }

    /// The lease as it is to be: the backup's, as that one would have written it itself.
    pub(super) fn give_away(&mut self, epoch: Epoch) {
        let (Some((_, peer)), Some(deputy)) = (&self.backup, &self.deputy) else {
            return self.not_handed_over();
        };
        let holder = Holder {
            name: peer.name.clone(),
            address: peer.address.clone(),
            host: deputy.host.clone(),
            pid: peer.pid,
            pid_started: deputy.pid_started,
        };
        self.heir = Some(peer.clone());
        let store = self.store.clone();
        self.report(async move { Input::LeaseGiven(epoch, store.take_lease(epoch, holder, wall()).await) });
    }

    pub(super) fn on_lease_given(&mut self, epoch: Epoch, given: Result<Taken, StoreError>) {
        if self.keeper.primary_epoch() != Some(epoch) {
            return;
        }
        match given {
            Ok(Taken::Held(next)) => {
                self.switch(SwitchInput::HandedOver(next));
                self.on_lease(LeaseInput::HandedOver(next));
            }
            Ok(Taken::Lost(lease)) => {
                self.lease = Some(lease);
                self.on_lease(LeaseInput::Fenced);
            }
            // If it was written all the same, the next write is refused, and the backup reads it (F-1).
            Err(error) => {
                warn!(%epoch, %error, "the lease was not handed over");
                self.not_handed_over();
            }
        }
    }

    fn not_handed_over(&mut self) {
        self.on_lease(LeaseInput::NotHandedOver);
        self.switch(SwitchInput::NotHandedOver);
    }

    /// First the backup, which needs time to begin; then everybody else, each after all that was written to him.
    fn leave(&mut self, to: LinkId, epoch: Epoch) {
        let held_us = u64::try_from(self.held_since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let primary = self.heir.take().expect("the lease was written for somebody");
        self.dispatch();
        let (from, sessions) = self.core.take().map_or((Epoch::ZERO, 0), |(from, core)| (from, core.counts().open));
        self.note_handed_over(from);
        // It may have gone already; then nobody is there to be told, and this engine finds out by the lease.
        if let Some(linked) = self.links.remove(&to) {
            let _ = linked.outbox.end(Some(frame(&FromEngine::HandedOver { epoch, held_us })));
        }
        info!(%epoch, to = %primary.name, sessions, held_ms = held_us / 1_000, "handed over, as planned");
        let pair = Pair { name: self.settings.pair.clone(), epoch, primary, backup: Some(self.this()) };
        (self.lease, self.backup) = (None, None);
        self.traces.leave();
        self.stop_deposing();
        let moved = frame(&FromEngine::Moved(pair.clone()));
        let waits = frame(&FromEngine::NotPrimary(Some(pair)));
        for (_, linked) in self.links.drain() {
            let last = if linked.is_welcome { &moved } else { &waits };
            let _ = linked.outbox.end(Some(last.clone()));
        }
        self.end_switching();
    }

    /// The primary goes on.
    fn resume(&mut self, cause: tandem_protocol::GivenUp) {
        let held_ms = self.held_since.elapsed().as_millis() as u64;
        warn!(%cause, held_ms, "the switchover was given up: this engine goes on as primary");
        for input in std::mem::take(&mut self.held) {
            self.take_in(input);
        }
    }

    /// This engine is no longer primary. What was held is of no more use to it: new links have to be told, and gone
    /// ones to be forgotten.
    pub(super) fn end_switching(&mut self) {
        self.switching = self.new_switching();
        (self.deputy, self.heir, self.saving_since) = (None, None, None);
        self.askers = Askers::default();
        for input in std::mem::take(&mut self.held) {
            if matches!(input, Input::LinkUp { .. } | Input::LinkDown { .. }) {
                self.take_in(input);
            }
        }
    }

    /// What is to be told of the way in which this engine has become primary.
    pub(super) fn note_switched(&mut self, epoch: Epoch) {
        self.switched = self.given.take().filter(|given| given.epoch == epoch).map(|given| {
            let since_us = u64::try_from(given.at.elapsed().as_micros()).unwrap_or(u64::MAX);
            let held_us = given.held_us.saturating_add(since_us);
            Switched { from: given.from, to: self.settings.name.clone(), epoch, held_us }
        });
    }

    pub(super) fn answer(&self, link: LinkId, id: RequestId, outcome: Outcome) {
        self.say(link, &FromEngine::Answer { id, outcome });
    }

    /// Says it where the link knows the word. An outbox that is full or ended shows as the link's end.
    pub(super) fn say(&self, link: LinkId, word: &FromEngine) {
        if let Some(linked) = self.links.get(&link).filter(|linked| word.since() <= linked.speaks) {
            let _ = linked.outbox.push(frame(word));
        }
    }
}

fn log_outcome(outcome: &SwitchoverOutcome) {
    match outcome {
        SwitchoverOutcome::Blocked(blockers) => {
            let blockers = Blocker::listed(blockers);
            warn!(blockers, "a switchover was asked for by a signal and is blocked");
        }
        SwitchoverOutcome::GivenUp(cause) => warn!(%cause, "the switchover asked for by a signal was given up"),
        // Said by this engine's own log, or by the successor's.
        SwitchoverOutcome::Clear { .. } | SwitchoverOutcome::Done(_) | SwitchoverOutcome::Overtaken { .. } => {}
    }
}
