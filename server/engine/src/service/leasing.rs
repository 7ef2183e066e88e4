//! What the lease keeper decides is done here, and what comes of it is told to the keeper.

use std::{error::Error, time::Duration};

use tandem_protocol::Epoch;
use tandem_session::{AutoSave, Core, LeaseEffect, LeaseInput, SeenLease, Session, TakeCause};
use tandem_store::{Holder, Lease, OpenSession, StoreError, Taken};
use tandem_telemetry::ENGINE;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{Input, Service};
use crate::{
    EngineRole,
    clock::wall,
    standby::{Following, depose, follow},
};

impl Service {
    pub(super) fn on_lease(&mut self, input: LeaseInput) {
        match &input {
            LeaseInput::FollowLost { is_refused } => self.on_follow_lost(*is_refused),
            // Whatever the store has refused, an append, a renewal or a read, is told by this.
            LeaseInput::Fenced => ENGINE.fenced.inc(),
            _ => {}
        }
        let now = self.clock.now().elapsed;
        for effect in self.keeper.handle(now, input) {
            self.carry_out(effect);
        }
        self.publish_role();
    }

    pub(super) fn on_lease_read(&mut self, read: Result<Option<Lease>, StoreError>) {
        match read {
            Ok(lease) => {
                self.on_lease_in_reach();
                let seen = lease.as_ref().map(|lease| self.seen(lease));
                self.lease = lease;
                self.on_lease(LeaseInput::Read(seen));
            }
            Err(error) => {
                if self.is_lease_lost_now() {
                    warn!(%error, cause = cause(&error), "cannot read the lease");
                }
                self.on_lease(LeaseInput::StoreFailed);
            }
        }
    }

    pub(super) fn on_lease_renewed(&mut self, renewed: Result<(), StoreError>) {
        let input = match renewed {
            Ok(()) => {
                self.on_lease_in_reach();
                LeaseInput::Renewed
            }
            Err(StoreError::Stale { .. }) => LeaseInput::Fenced,
            Err(error) => {
                if self.is_lease_lost_now() {
                    warn!(%error, cause = cause(&error), "cannot renew the lease");
                }
                LeaseInput::RenewFailed
            }
        };
        self.on_lease(input);
    }

    /// Whether it was in reach until now. It is asked for twice a second: a person is told once, and when it is over.
    fn is_lease_lost_now(&mut self) -> bool {
        !std::mem::replace(&mut self.is_lease_lost, true)
    }

    fn on_lease_in_reach(&mut self) {
        if std::mem::take(&mut self.is_lease_lost) {
            info!("the lease is in reach again");
        }
    }

    pub(super) fn on_lease_taken(&mut self, taken: Result<Taken, StoreError>) {
        let input = match taken {
            Ok(Taken::Held(epoch)) => {
                self.on_lease_in_reach();
                LeaseInput::Taken(epoch)
            }
            Ok(Taken::Lost(lease)) => {
                self.on_lease_in_reach();
                let seen = self.seen(&lease);
                info!(primary = %seen.holder, epoch = %seen.epoch, "another engine was faster");
                self.lease = Some(lease);
                LeaseInput::LostRace(seen)
            }
            Err(StoreError::Busy(cause)) => {
                if self.is_lease_lost_now() {
                    warn!(%cause, "cannot take the lease: another process holds the store's write lock");
                }
                LeaseInput::Blocked
            }
            Err(error) => {
                if self.is_lease_lost_now() {
                    warn!(%error, cause = cause(&error), "cannot take the lease");
                }
                LeaseInput::StoreFailed
            }
        };
        // Blocked, it is still the same takeover; otherwise the next one, if any, begins anew.
        if !matches!(input, LeaseInput::Taken(_) | LeaseInput::Blocked) {
            self.taking_since = None;
        }
        self.on_lease(input);
    }

    pub(super) fn on_open_sessions(
        &mut self,
        epoch: Epoch,
        took: Duration,
        open: Result<Vec<OpenSession>, StoreError>,
    ) {
        if self.keeper.primary_epoch() != Some(epoch) {
            return;
        }
        match open {
            Ok(open) => self.catch_up(epoch, took, open),
            Err(StoreError::Stale { .. }) => self.on_lease(LeaseInput::Fenced),
            Err(error) => {
                error!(%epoch, %error, "cannot read the open sessions; trying again");
                self.read_open_sessions(epoch, self.settings.lease.renew);
            }
        }
    }

    fn carry_out(&mut self, effect: LeaseEffect) {
        match effect {
            LeaseEffect::Read => {
                let store = self.store.clone();
                self.report(async move { Input::LeaseRead(store.lease().await) });
            }
            LeaseEffect::Take { seen, cause } => self.take_lease(seen, cause),
            LeaseEffect::Renew(epoch) => {
                let store = self.store.clone();
                self.report(async move { Input::LeaseRenewed(store.renew_lease(epoch, wall()).await) });
            }
            LeaseEffect::GiveAway(epoch) => self.give_away(epoch),
            LeaseEffect::Serve(epoch) => {
                // It was stopped before the lease was taken; one that was given is still followed.
                self.stop_following();
                self.read_open_sessions(epoch, Duration::ZERO);
            }
            LeaseEffect::StepDown(epoch) => self.step_down(epoch),
            LeaseEffect::Follow(address) => self.follow(address),
            LeaseEffect::KillHolder => self.kill_holder(),
        }
    }

    fn take_lease(&mut self, seen: Epoch, cause: TakeCause) {
        self.stop_following();
        self.taking_since.get_or_insert((Instant::now(), cause));
        let holder = Holder {
            name: self.settings.name.clone(),
            address: self.settings.advertise.clone(),
            host: self.process.host.clone(),
            pid: self.process.pid,
            pid_started: self.process.started,
        };
        let store = self.store.clone();
        self.report(async move { Input::LeaseTaken(store.take_lease(seen, holder, wall()).await) });
    }

    /// The epoch is raised and committed; only now may session state be read (design section 3).
    fn read_open_sessions(&mut self, epoch: Epoch, pause: Duration) {
        let store = self.store.clone();
        self.report(async move {
            tokio::time::sleep(pause).await;
            let started = Instant::now();
            let open = store.open_sessions(epoch).await;
            Input::OpenSessions { epoch, took: started.elapsed(), open }
        });
    }

    pub(super) fn serve(&mut self, epoch: Epoch, read_took: Duration, open: &[OpenSession], prepared: Vec<Session>) {
        let sessions: Vec<_> = open.iter().map(|open| tandem_session::OpenSession { session: open.session }).collect();
        let is_given = self.given.as_ref().is_some_and(|given| given.epoch == epoch);
        let (now, settings, restored) = (self.clock.now(), self.settings.sessions.clone(), prepared.len());
        let core = Core::succeed(now, settings, &sessions, prepared, is_given, &mut self.effects);
        self.core = Some((epoch, core));
        self.switching = self.new_switching();
        self.note_switched(epoch);
        let taking = self.taking_since.take();
        let took = taking.map_or(read_took, |(since, _)| since.elapsed());
        self.note_takeover(epoch, taking.map(|(_, cause)| cause), took, open.len());
        if let Some(switched) = &self.switched {
            info!(
                %epoch, from = %switched.from, open_sessions = open.len(), restored, held_ms = switched.held_us / 1_000,
                "took over, as planned: this engine is primary; sessions were restored before, others are as they are \
                 asked for"
            );
        } else {
            let cause = taking.map_or(TakeCause::Free, |(_, cause)| cause);
            info!(
                %epoch, ?cause, open_sessions = open.len(), restored, took_ms = took.as_millis() as u64,
                "took over: this engine is primary; sessions are restored as they are asked for"
            );
        }
        if self.settings.sessions.auto_save == AutoSave::AtEnd {
            warn!(
                "transcript-auto-save = 0: transcripts are saved when their sessions end. What is said before is not on \
                 the disk (D-1), is lost with this engine (D-2), and no session is restored"
            );
        }
        self.depose_former(epoch);
        self.welcome_all();
        self.publish_role();
    }

    /// Tells the one who held the lease before, if that was another engine: it may be at work still, without the store.
    fn depose_former(&mut self, epoch: Epoch) {
        let Some(former) = self.lease.take_if(|lease| lease.holder.name != self.settings.name) else { return };
        let former = self.following(former.holder.address, epoch, Duration::ZERO);
        self.deposing = Some(self.tasks.spawn(depose(former)));
    }

    fn step_down(&mut self, epoch: Epoch) {
        let sessions = self.core.take().map_or(0, |(_, core)| core.counts().open);
        self.effects.clear();
        warn!(%epoch, sessions, "deposed: another engine has taken over; this one becomes backup");
        self.lease = None;
        self.traces.leave();
        self.stop_deposing();
        self.send_all_away(None);
        self.end_switching();
    }

    fn follow(&mut self, address: String) {
        self.stop_following();
        self.forget_preparation();
        let pause = if self.is_follow_fresh { Duration::ZERO } else { self.settings.lease.renew };
        self.is_follow_fresh = false;
        let epoch_seen = self.lease.as_ref().map_or(Epoch::ZERO, |lease| lease.epoch);
        let following = self.following(address, epoch_seen, pause);
        self.follower = Some(self.tasks.spawn(follow(following, self.reports.clone())));
        // Whoever waited for this engine to know what it is: it is backup.
        self.send_waiting_away();
    }

    fn following(&self, address: String, epoch_seen: Epoch, pause: Duration) -> Following {
        let (pair, speaks, credentials) =
            (self.settings.pair.clone(), self.settings.speaks, self.settings.credentials.clone());
        Following { address, pair, this: self.this(), speaks, epoch_seen, pause, credentials }
    }

    /// The former primary has stepped down, or this engine has.
    pub(super) fn stop_deposing(&mut self) {
        if let Some(deposing) = self.deposing.take() {
            deposing.abort();
        }
    }

    fn stop_following(&mut self) {
        self.primary = None;
        if let Some(follower) = self.follower.take() {
            follower.abort();
        }
    }

    fn on_follow_lost(&mut self, is_refused: bool) {
        (self.follower, self.primary) = (None, None);
        if let Some(lease) = &self.lease
            && self.keeper.primary_epoch().is_none()
            && self.is_follow_fresh
        {
            let (primary, epoch) = (&lease.holder.name, lease.epoch);
            warn!(%primary, %epoch, is_refused, "lost the primary");
        }
    }

    fn kill_holder(&self) {
        let Some(lease) = &self.lease else { return };
        let holder = &lease.holder;
        if self.process.kill(holder) {
            warn!(primary = %holder.name, pid = holder.pid, "killed the hung primary: it held the store's write lock");
        }
    }

    fn seen(&self, lease: &Lease) -> SeenLease {
        SeenLease {
            epoch: lease.epoch,
            holder: lease.holder.name.clone(),
            address: lease.holder.address.clone(),
            renewed_at: lease.renewed_at,
            is_released: lease.released,
            is_holder_gone: self.process.knows_gone(&lease.holder),
            is_own: self.process.is(&lease.holder),
        }
    }

    fn publish_role(&self) {
        let role = match (&self.core, &self.lease) {
            (Some((epoch, _)), _) => EngineRole::Primary { epoch: *epoch },
            (None, Some(lease)) if self.follower.is_some() => {
                EngineRole::Backup { primary: lease.holder.name.clone(), epoch: lease.epoch }
            }
            _ => EngineRole::Undecided,
        };
        self.measure();
        self.role.send_if_modified(|published| {
            let is_new = *published != role;
            *published = role;
            is_new
        });
    }

    /// Runs something that waits and reports back as an input.
    pub(super) fn report(&mut self, task: impl Future<Output = Input> + Send + 'static) {
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let input = task.await;
            // The service may have ended first; then nobody needs to know.
            let _ = reports.send(input).await;
        });
    }
}

/// What the store's backend says, for the log.
fn cause(error: &StoreError) -> Option<String> {
    error.source().map(ToString::to_string)
}
