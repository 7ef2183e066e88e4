//! Who is primary: one engine's view of its pair's lease, and what it does about it.
//!
//! Safety rests on the epoch alone, which the store compares in each write transaction (F-1): a wrong guess here
//! costs a takeover, never a message. So the keeper acts as soon as it has a reason, on its own clock's intervals
//! only; wall clocks are never compared.
//!
//! The runtime calls [`LeaseKeeper::handle`] with what it saw and does what is returned.

use std::time::Duration;

use tandem_protocol::{EngineName, Epoch, Timestamp};

/// The lease's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// How often a primary renews and a backup looks.
    pub renew: Duration,
    /// How long a lease may stay unrenewed before its holder counts as hung.
    pub expiry: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self { renew: Duration::from_millis(500), expiry: Duration::from_secs(3) }
    }
}

/// The lease as it was read from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLease {
    /// The epoch in it.
    pub epoch: Epoch,
    /// Who holds it.
    pub holder: EngineName,
    /// Where the holder accepts links.
    pub address: String,
    /// Changes with each renewal; only ever compared with itself.
    pub renewed_at: Timestamp,
    /// The holder stopped cleanly and gave it up.
    pub is_released: bool,
    /// The holder's process is known to be gone: it ran on this host, and no process has its id and start time.
    pub is_holder_gone: bool,
}

/// What an engine sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseInput {
    /// Time has passed. Call it every [`LeaseTimes::renew`], at least.
    Tick,
    /// The lease was read; none when no engine ever held it.
    Read(Option<SeenLease>),
    /// Reading the lease, or taking it, failed: the store has trouble.
    StoreFailed,
    /// The lease was taken, in this epoch.
    Taken(Epoch),
    /// Another engine was faster.
    LostRace(SeenLease),
    /// Another process holds the store's write lock, so the lease could not be taken.
    Blocked,
    /// The lease was renewed.
    Renewed,
    /// A renewal failed for a reason other than a newer epoch. Serving goes on: only the epoch decides (F-1).
    RenewFailed,
    /// The store refused a write: there is a newer epoch (F-2).
    Fenced,
    /// The other engine says that it has taken the lease, in this epoch (F-2): a primary that has lost the store alone
    /// would not learn it from there.
    Deposed(Epoch),
    /// The standby link to the primary is up.
    Following,
    /// The standby link ended, or was never made.
    FollowLost {
        /// The primary's address refuses connections: nothing listens there any more.
        is_refused: bool,
    },
}

/// What an engine is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseEffect {
    /// Read the lease, answer with [`LeaseInput::Read`].
    Read,
    /// Take the lease if its epoch is still this one; answer with `Taken`, `LostRace`, `Blocked` or `StoreFailed`.
    Take {
        /// The epoch seen; zero for no lease at all.
        seen: Epoch,
        /// Why, for the log.
        cause: TakeCause,
    },
    /// Renew the lease, answer with `Renewed`, `RenewFailed` or `Fenced`.
    Renew(Epoch),
    /// Be primary in this epoch: read the open sessions, serve links.
    Serve(Epoch),
    /// Be primary no longer: forget all sessions, send all links away.
    StepDown(Epoch),
    /// Keep a standby link to this address, instead of any other.
    Follow(String),
    /// The holder is hung and blocks the store: end its process, if it is on this host and still the same.
    KillHolder,
}

/// Why a lease is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeCause {
    /// Nobody ever held it.
    Free,
    /// Its holder stopped cleanly.
    Released,
    /// This engine held it before its own restart.
    Own,
    /// The holder's process is gone.
    HolderGone,
    /// The link to the holder ended and its address refuses connections.
    Refused,
    /// It was not renewed for the expiry.
    Expired,
}

/// What the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// The lease has not been read yet.
    Starting,
    /// Another engine serves.
    Backup(Watched),
    /// The lease is being taken.
    Taking { seen: Epoch, cause: TakeCause },
    /// This engine serves.
    Primary { epoch: Epoch, renewed_at: Duration, is_renewing: bool },
}

/// The other engine's lease, and since when it has looked like this.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Watched {
    lease: SeenLease,
    unchanged_since: Duration,
    /// Whether this engine was asked to follow it.
    is_followed: bool,
}

/// See the module.
#[derive(Debug)]
pub struct LeaseKeeper {
    name: EngineName,
    times: LeaseTimes,
    standing: Standing,
    /// A read is under way; another would tell nothing new.
    is_reading: bool,
}

impl LeaseKeeper {
    /// An engine that knows nothing yet; the first tick starts it.
    #[must_use]
    pub fn new(name: EngineName, times: LeaseTimes) -> Self {
        Self { name, times, standing: Standing::Starting, is_reading: false }
    }

    /// The epoch in which this engine is primary.
    #[must_use]
    pub fn primary_epoch(&self) -> Option<Epoch> {
        match self.standing {
            Standing::Primary { epoch, .. } => Some(epoch),
            _ => None,
        }
    }

    /// Whether the lease is being taken at this moment: links wait for the outcome instead of being sent away.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        matches!(self.standing, Standing::Starting | Standing::Taking { .. })
    }

    /// Decides. `now` is the time since some fixed point of this process.
    pub fn handle(&mut self, now: Duration, input: LeaseInput) -> Vec<LeaseEffect> {
        match input {
            LeaseInput::Tick => self.tick(now),
            LeaseInput::Read(lease) => {
                self.is_reading = false;
                self.on_read(now, lease)
            }
            LeaseInput::StoreFailed => {
                self.is_reading = false;
                self.retake_later(now)
            }
            LeaseInput::Taken(epoch) => self.on_taken(now, epoch),
            LeaseInput::LostRace(lease) => {
                self.standing = Standing::Starting;
                self.on_read(now, Some(lease))
            }
            LeaseInput::Blocked => self.on_blocked(),
            LeaseInput::Renewed => self.on_renewal_answered(Some(now)),
            LeaseInput::RenewFailed => self.on_renewal_answered(None),
            LeaseInput::Fenced => self.on_fenced(),
            LeaseInput::Deposed(by) if self.primary_epoch().is_some_and(|own| own < by) => self.on_fenced(),
            LeaseInput::Deposed(_) => Vec::new(),
            LeaseInput::Following => Vec::new(),
            LeaseInput::FollowLost { is_refused } => self.on_follow_lost(is_refused),
        }
    }

    fn tick(&mut self, now: Duration) -> Vec<LeaseEffect> {
        match &mut self.standing {
            Standing::Starting | Standing::Backup(_) => self.read(),
            Standing::Taking { .. } => Vec::new(),
            Standing::Primary { epoch, renewed_at, is_renewing } => {
                if *is_renewing || now < *renewed_at + self.times.renew {
                    return Vec::new();
                }
                *is_renewing = true;
                vec![LeaseEffect::Renew(*epoch)]
            }
        }
    }

    fn read(&mut self) -> Vec<LeaseEffect> {
        if std::mem::replace(&mut self.is_reading, true) {
            return Vec::new();
        }
        vec![LeaseEffect::Read]
    }

    fn on_read(&mut self, now: Duration, lease: Option<SeenLease>) -> Vec<LeaseEffect> {
        if !matches!(self.standing, Standing::Starting | Standing::Backup(_)) {
            return Vec::new();
        }
        let Some(lease) = lease else { return self.take(Epoch::ZERO, TakeCause::Free) };
        if lease.is_released {
            return self.take(lease.epoch, TakeCause::Released);
        }
        if lease.holder == self.name {
            return self.take(lease.epoch, TakeCause::Own);
        }
        if lease.is_holder_gone {
            return self.take(lease.epoch, TakeCause::HolderGone);
        }
        self.watch(now, lease)
    }

    /// Another engine holds the lease: follow it, and see whether it renews.
    fn watch(&mut self, now: Duration, lease: SeenLease) -> Vec<LeaseEffect> {
        let (unchanged_since, is_followed) = match &self.standing {
            Standing::Backup(watched) => {
                let is_same = watched.lease.epoch == lease.epoch && watched.lease.renewed_at == lease.renewed_at;
                let follows = watched.is_followed && watched.lease.address == lease.address;
                (if is_same { watched.unchanged_since } else { now }, follows)
            }
            _ => (now, false),
        };
        if now >= unchanged_since + self.times.expiry {
            return self.take(lease.epoch, TakeCause::Expired);
        }
        let address = lease.address.clone();
        self.standing = Standing::Backup(Watched { lease, unchanged_since, is_followed: true });
        if is_followed { Vec::new() } else { vec![LeaseEffect::Follow(address)] }
    }

    fn on_follow_lost(&mut self, is_refused: bool) -> Vec<LeaseEffect> {
        let Standing::Backup(watched) = &mut self.standing else { return Vec::new() };
        if is_refused {
            let epoch = watched.lease.epoch;
            return self.take(epoch, TakeCause::Refused);
        }
        // Not refused and not there: whether it is silent or gone, the lease will tell.
        watched.is_followed = false;
        self.read()
    }

    fn take(&mut self, seen: Epoch, cause: TakeCause) -> Vec<LeaseEffect> {
        self.standing = Standing::Taking { seen, cause };
        vec![LeaseEffect::Take { seen, cause }]
    }

    fn on_taken(&mut self, now: Duration, epoch: Epoch) -> Vec<LeaseEffect> {
        self.standing = Standing::Primary { epoch, renewed_at: now, is_renewing: false };
        vec![LeaseEffect::Serve(epoch)]
    }

    /// The store's write lock is held by somebody. One who is merely busy lets go; one who is stopped never does, and
    /// is ended: he has not renewed for the expiry, or nothing listens at his address.
    fn on_blocked(&mut self) -> Vec<LeaseEffect> {
        let Standing::Taking { seen, cause } = self.standing else { return Vec::new() };
        let take = LeaseEffect::Take { seen, cause };
        match cause {
            TakeCause::Expired | TakeCause::Refused => vec![LeaseEffect::KillHolder, take],
            _ => vec![take],
        }
    }

    /// The store failed: a lease that was being taken is looked at anew with the next tick, and time in which nobody
    /// could see a renewal does not count against its holder.
    fn retake_later(&mut self, now: Duration) -> Vec<LeaseEffect> {
        match &mut self.standing {
            Standing::Taking { .. } => self.standing = Standing::Starting,
            Standing::Backup(watched) => watched.unchanged_since = now,
            Standing::Starting | Standing::Primary { .. } => {}
        }
        Vec::new()
    }

    fn on_renewal_answered(&mut self, renewed: Option<Duration>) -> Vec<LeaseEffect> {
        if let Standing::Primary { renewed_at, is_renewing, .. } = &mut self.standing {
            *is_renewing = false;
            *renewed_at = renewed.unwrap_or(*renewed_at);
        }
        Vec::new()
    }

    fn on_fenced(&mut self) -> Vec<LeaseEffect> {
        let Standing::Primary { epoch, .. } = self.standing else { return Vec::new() };
        self.standing = Standing::Starting;
        let mut effects = vec![LeaseEffect::StepDown(epoch)];
        effects.extend(self.read());
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper() -> LeaseKeeper {
        LeaseKeeper::new(EngineName::new("b").expect("valid"), LeaseTimes::default())
    }

    fn lease_of(holder: &str, renewed_at: u64) -> SeenLease {
        SeenLease {
            epoch: Epoch(4),
            holder: EngineName::new(holder).expect("valid"),
            address: "127.0.0.1:7301".into(),
            renewed_at: Timestamp(renewed_at),
            is_released: false,
            is_holder_gone: false,
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A keeper that stands by for engine `a`.
    fn backup() -> LeaseKeeper {
        let mut keeper = keeper();
        assert_eq!(keeper.handle(seconds(0), LeaseInput::Tick), [LeaseEffect::Read]);
        let effects = keeper.handle(seconds(0), LeaseInput::Read(Some(lease_of("a", 100))));
        assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
        keeper
    }

    #[test]
    fn the_first_engine_takes_a_lease_that_nobody_holds() {
        let mut keeper = keeper();
        keeper.handle(seconds(0), LeaseInput::Tick);
        let effects = keeper.handle(seconds(0), LeaseInput::Read(None));
        assert_eq!(effects, [LeaseEffect::Take { seen: Epoch::ZERO, cause: TakeCause::Free }]);
        assert_eq!(keeper.handle(seconds(0), LeaseInput::Taken(Epoch(1))), [LeaseEffect::Serve(Epoch(1))]);
        assert_eq!(keeper.primary_epoch(), Some(Epoch(1)));
    }

    #[test]
    fn a_backup_takes_over_at_once_when_the_primary_refuses_connections() {
        let mut keeper = backup();
        let effects = keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
        assert_eq!(effects, [LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Refused }]);
        assert!(keeper.is_undecided());
    }

    #[test]
    fn a_silent_primary_is_waited_for_until_its_lease_has_expired() {
        let mut keeper = backup();
        assert_eq!(keeper.handle(seconds(1), LeaseInput::FollowLost { is_refused: false }), [LeaseEffect::Read]);
        let effects = keeper.handle(seconds(1), LeaseInput::Read(Some(lease_of("a", 100))));
        assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
        keeper.handle(seconds(2), LeaseInput::Tick);
        assert_eq!(keeper.handle(seconds(2), LeaseInput::Read(Some(lease_of("a", 101)))), [], "it renewed");
        keeper.handle(seconds(4), LeaseInput::Tick);
        assert_eq!(keeper.handle(seconds(4), LeaseInput::Read(Some(lease_of("a", 101)))), []);
        keeper.handle(seconds(5), LeaseInput::Tick);
        let effects = keeper.handle(seconds(5), LeaseInput::Read(Some(lease_of("a", 101))));
        assert_eq!(effects, [LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Expired }]);
    }

    #[test]
    fn only_a_silent_or_unreachable_holder_of_the_write_lock_is_ended() {
        let mut keeper = keeper();
        keeper.handle(seconds(0), LeaseInput::Tick);
        keeper.handle(seconds(0), LeaseInput::Read(None));
        let again = LeaseEffect::Take { seen: Epoch::ZERO, cause: TakeCause::Free };
        assert_eq!(keeper.handle(seconds(0), LeaseInput::Blocked), [again], "somebody is busy");

        let mut keeper = backup();
        keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
        let again = LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Refused };
        assert_eq!(keeper.handle(seconds(0), LeaseInput::Blocked), [LeaseEffect::KillHolder, again]);

        let mut keeper = backup();
        keeper.handle(seconds(3), LeaseInput::Tick);
        keeper.handle(seconds(3), LeaseInput::Read(Some(lease_of("a", 100))));
        let again = LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Expired };
        assert_eq!(keeper.handle(seconds(3), LeaseInput::Blocked), [LeaseEffect::KillHolder, again]);
    }

    #[test]
    fn a_fenced_primary_steps_down_and_becomes_backup() {
        // F-2
        let mut keeper = keeper();
        keeper.handle(seconds(0), LeaseInput::Tick);
        keeper.handle(seconds(0), LeaseInput::Read(None));
        keeper.handle(seconds(0), LeaseInput::Taken(Epoch(1)));
        assert_eq!(keeper.handle(seconds(1), LeaseInput::Tick), [LeaseEffect::Renew(Epoch(1))]);
        assert_eq!(keeper.handle(seconds(2), LeaseInput::Tick), [], "one renewal at a time");
        let effects = keeper.handle(seconds(9), LeaseInput::Fenced);
        assert_eq!(effects, [LeaseEffect::StepDown(Epoch(1)), LeaseEffect::Read]);
        let effects = keeper.handle(seconds(9), LeaseInput::Read(Some(lease_of("a", 7))));
        assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
        assert_eq!(keeper.primary_epoch(), None);
    }

    #[test]
    fn a_primary_steps_down_when_its_successor_says_so_and_for_nobody_else() {
        // F-2
        let mut keeper = keeper();
        keeper.handle(seconds(0), LeaseInput::Tick);
        assert_eq!(keeper.handle(seconds(0), LeaseInput::Deposed(Epoch(9))), [], "it serves nobody");
        keeper.handle(seconds(0), LeaseInput::Read(None));
        keeper.handle(seconds(0), LeaseInput::Taken(Epoch(5)));
        assert_eq!(keeper.handle(seconds(1), LeaseInput::Deposed(Epoch(5))), [], "no newer epoch");
        let effects = keeper.handle(seconds(1), LeaseInput::Deposed(Epoch(6)));
        assert_eq!(effects, [LeaseEffect::StepDown(Epoch(5)), LeaseEffect::Read]);
        assert_eq!(keeper.handle(seconds(1), LeaseInput::Deposed(Epoch(6))), [], "it has stepped down");
    }

    #[test]
    fn a_lost_race_makes_a_backup() {
        let mut keeper = backup();
        keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
        let effects = keeper.handle(seconds(0), LeaseInput::LostRace(lease_of("c", 1)));
        assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
    }

    #[test]
    fn a_store_in_trouble_deposes_nobody_and_is_asked_again() {
        let mut keeper = backup();
        keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
        assert_eq!(keeper.handle(seconds(0), LeaseInput::StoreFailed), []);
        assert_eq!(keeper.handle(seconds(1), LeaseInput::Tick), [LeaseEffect::Read]);

        keeper.handle(seconds(1), LeaseInput::Read(None));
        keeper.handle(seconds(1), LeaseInput::Taken(Epoch(5)));
        keeper.handle(seconds(2), LeaseInput::Tick);
        assert_eq!(keeper.handle(seconds(2), LeaseInput::RenewFailed), []);
        assert_eq!(keeper.primary_epoch(), Some(Epoch(5)));
        assert_eq!(keeper.handle(seconds(3), LeaseInput::Tick), [LeaseEffect::Renew(Epoch(5))]);
    }
}
