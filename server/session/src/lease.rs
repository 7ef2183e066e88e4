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
    /// The holder is this very process.
    pub is_own: bool,
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
    /// The lease is to be handed over to the backup.
    HandOver,
    /// The lease was handed over; the epoch is the backup's.
    HandedOver(Epoch),
    /// The lease could not be handed over.
    NotHandedOver,
    /// The primary has handed its lease over to this engine, in this epoch.
    Given(Epoch),
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
    /// Write the lease for the backup, with the epoch after this one; answer with `HandedOver`, `NotHandedOver` or
    /// `Fenced`.
    GiveAway(Epoch),
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
    Primary { epoch: Epoch, renewed_at: Duration, is_renewing: bool, giving: Giving },
}

/// How far a primary is in handing its lease over. It does not renew meanwhile: a renewal that came after the change
/// would be refused, and look as if somebody else had taken the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giving {
    No,
    /// As soon as the renewal under way is answered.
    Due,
    UnderWay,
}

/// The other engine's lease, and since when it has looked like this.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Watched {
    lease: SeenLease,
    unchanged_since: Duration,
    /// Whether this engine was asked to follow it.
    is_followed: bool,
    /// Since when the lease has named this very process, though it has not been told.
    given_since: Option<Duration>,
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
            LeaseInput::HandOver => self.hand_over(),
            LeaseInput::HandedOver(_) => self.on_handed_over(),
            LeaseInput::NotHandedOver => self.on_not_handed_over(),
            LeaseInput::Given(epoch) => self.on_given(now, epoch),
            LeaseInput::Following => Vec::new(),
            LeaseInput::FollowLost { is_refused } => self.on_follow_lost(is_refused),
        }
    }

    fn tick(&mut self, now: Duration) -> Vec<LeaseEffect> {
        match &mut self.standing {
            Standing::Starting | Standing::Backup(_) => self.read(),
            Standing::Taking { .. } => Vec::new(),
            Standing::Primary { epoch, renewed_at, is_renewing, giving } => {
                if *is_renewing || *giving != Giving::No || now < *renewed_at + self.times.renew {
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
        if lease.is_own
            && let Standing::Backup(watched) = &mut self.standing
            && now < *watched.given_since.get_or_insert(now) + self.times.renew
        {
            // It was handed over, and the word of it is on its way. Where it does not come, somebody has died in the
            // middle, and the lease is taken like any other.
            return Vec::new();
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
        self.standing = Standing::Backup(Watched { lease, unchanged_since, is_followed: true, given_since: None });
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
        self.standing = Standing::Primary { epoch, renewed_at: now, is_renewing: false, giving: Giving::No };
        vec![LeaseEffect::Serve(epoch)]
    }

    /// The epoch is raised and committed already, by the primary before this one.
    fn on_given(&mut self, now: Duration, epoch: Epoch) -> Vec<LeaseEffect> {
        match &self.standing {
            Standing::Backup(watched) if watched.lease.epoch < epoch => self.on_taken(now, epoch),
            // It was taking the lease already: then it finds out as in any race.
            _ => Vec::new(),
        }
    }

    fn hand_over(&mut self) -> Vec<LeaseEffect> {
        let Standing::Primary { epoch, is_renewing, giving, .. } = &mut self.standing else { return Vec::new() };
        if *is_renewing {
            *giving = Giving::Due;
            return Vec::new();
        }
        *giving = Giving::UnderWay;
        vec![LeaseEffect::GiveAway(*epoch)]
    }

    fn on_handed_over(&mut self) -> Vec<LeaseEffect> {
        let Standing::Primary { .. } = self.standing else { return Vec::new() };
        self.standing = Standing::Starting;
        self.read()
    }

    fn on_not_handed_over(&mut self) -> Vec<LeaseEffect> {
        if let Standing::Primary { giving, .. } = &mut self.standing {
            *giving = Giving::No;
        }
        Vec::new()
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
        let Standing::Primary { renewed_at, is_renewing, giving, .. } = &mut self.standing else { return Vec::new() };
        *is_renewing = false;
        *renewed_at = renewed.unwrap_or(*renewed_at);
        if *giving == Giving::Due { self.hand_over() } else { Vec::new() }
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
mod tests;
