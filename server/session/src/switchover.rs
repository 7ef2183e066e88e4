//! A planned switchover as the primary goes through it: find out what is in the way, let the backup prepare itself,
//! take nothing more in, wait for the store, hand the lease over, go.
//!
//! Until the lease is handed over every step can be given up, and the primary goes on where it was; from then on the
//! epoch is the backup's and nothing can be taken back (F-1). Nobody waits before the hold begins, and the hold has a
//! bound. Whoever asked is told by the primary as long as it is one, and by its successor afterwards.
//!
//! The runtime calls [`Switching::handle`] with what it saw and does what is returned, in the order given.

use std::time::Duration;

use tandem_protocol::{Blocker, EngineName, Epoch, GivenUp, RequestId, SwitchoverOutcome, control::Failing};

use crate::LinkId;

/// How long the store may take to show that it can be written. Nobody but the asking side waits.
const TEST_MAX: Duration = Duration::from_secs(5);

/// How long the backup may take to prepare itself: it reads as many histories as the primary has in memory. Nobody but
/// the asking side waits.
const PREPARE_MAX: Duration = Duration::from_secs(30);

/// How long requests are held for the store to save what it has been given. Beyond it the primary goes on: senders have
/// then waited as long as for a failover, and shall not wait longer for something that was planned.
const HOLD_MAX: Duration = Duration::from_millis(500);

/// Who asks for a switchover, and is told what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A request of a link.
    Link(LinkId, RequestId),
    /// A request of a link that wants this engine to fail, once it is known that nothing is in the way: it asks by a dry
    /// run only.
    Drill(LinkId, RequestId, Failing),
    /// Whoever signalled the process: he reads the log.
    Signal,
}

/// The engine that stands by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its link.
    pub link: LinkId,
    /// Its name.
    pub name: EngineName,
    /// The version of its program; none while it has not said it.
    pub software: Option<String>,
}

/// What there is at the moment in which a switchover is judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The engine that stands by, if any does.
    pub backup: Option<Backup>,
    /// The names of links that have not acknowledged the pair as it is.
    pub unaware: Vec<String>,
    /// The store has just taken a write, and everything is on it that should be.
    pub is_writable: bool,
}

/// What the primary sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwitchInput {
    /// Somebody asks.
    Asked {
        /// Who.
        by: Asker,
        /// Only to find out what is in the way.
        dry_run: bool,
    },
    /// The answer to [`SwitchEffect::Test`].
    Tested(Circumstances),
    /// This backup is prepared.
    Prepared(LinkId),
    /// The store has saved all that it was given. Call it whenever that is so while requests are held.
    Drained {
        /// Whether something was told that is not saved.
        is_behind: bool,
    },
    /// The answer to [`SwitchEffect::HandOver`]: the lease is the backup's, in this epoch.
    HandedOver(Epoch),
    /// The answer to [`SwitchEffect::HandOver`]: it is not.
    NotHandedOver,
    /// A link is gone.
    LinkDown(LinkId),
    /// The engine is being stopped.
    Stopping,
    /// Time has passed.
    Tick,
}

/// What the primary is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwitchEffect {
    /// Write something to the store that changes nothing, and look around; answer with [`SwitchInput::Tested`].
    Test,
    /// Tell the backup to prepare itself; answer with [`SwitchInput::Prepared`].
    Prepare(LinkId),
    /// Take in nothing more from the links, and let nothing be numbered.
    Hold,
    /// Write the lease for the backup; answer with `HandedOver` or `NotHandedOver`.
    HandOver(LinkId),
    /// The lease is handed over: tell the backup, then send everybody to it.
    Leave {
        /// The backup.
        to: LinkId,
        /// Its epoch.
        epoch: Epoch,
    },
    /// Tell the backup that it is not to take over.
    CallOff(LinkId),
    /// Go on, with what was held first.
    Resume(GivenUp),
    /// Tell whoever asked.
    Answer(Asker, SwitchoverOutcome),
}

#[derive(Debug)]
enum Stage {
    Idle,
    Testing {
        since: Duration,
    },
    Preparing {
        backup: LinkId,
        since: Duration,
    },
    Draining {
        backup: LinkId,
        since: Duration,
    },
    /// Whether the lease has changed is not known; no bound ends this but the store's own.
    HandingOver {
        backup: LinkId,
    },
    /// It has changed.
    Left,
}

/// See the module.
#[derive(Debug)]
pub struct Switching {
    name: EngineName,
    software: String,
    stage: Stage,
    /// Those who want to know what is in the way.
    curious: Vec<Asker>,
    /// Those who want it done.
    waiting: Vec<Asker>,
}

impl Switching {
    /// Of the engine of this name, whose program has this version.
    #[must_use]
    pub fn new(name: EngineName, software: impl Into<String>) -> Self {
        Self { name, software: software.into(), stage: Stage::Idle, curious: Vec::new(), waiting: Vec::new() }
    }

    /// Whether none is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    /// Whether nothing may be taken in from links, nor numbered.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        matches!(self.stage, Stage::Draining { .. } | Stage::HandingOver { .. } | Stage::Left)
    }

    /// Whether [`SwitchInput::Drained`] is waited for.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        matches!(self.stage, Stage::Draining { .. })
    }

    /// When [`SwitchInput::Tick`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Testing { since } => Some(since + TEST_MAX),
            Stage::Preparing { since, .. } => Some(since + PREPARE_MAX),
            Stage::Draining { since, .. } => Some(since + HOLD_MAX),
            Stage::Idle | Stage::HandingOver { .. } | Stage::Left => None,
        }
    }

    /// Decides. `now` is the time since some fixed point of this process.
    pub fn handle(&mut self, now: Duration, input: SwitchInput) -> Vec<SwitchEffect> {
        match input {
            SwitchInput::Asked { by, dry_run } => self.asked(now, by, dry_run),
            SwitchInput::Tested(found) => self.tested(now, &found),
            SwitchInput::Prepared(link) => self.prepared(now, link),
            SwitchInput::Drained { is_behind } => self.drained(is_behind),
            SwitchInput::HandedOver(epoch) => self.handed_over(epoch),
            SwitchInput::NotHandedOver => match self.stage {
                Stage::HandingOver { .. } => self.give_up(GivenUp::LeaseNotHanded),
                _ => Vec::new(),
            },
            SwitchInput::LinkDown(link) => self.link_down(link),
            SwitchInput::Stopping => match self.stage {
                Stage::Preparing { .. } | Stage::Draining { .. } => self.give_up(GivenUp::Stopping),
                _ => Vec::new(),
            },
            SwitchInput::Tick => self.tick(now),
        }
    }

    fn asked(&mut self, now: Duration, by: Asker, dry_run: bool) -> Vec<SwitchEffect> {
        match (&self.stage, dry_run) {
            (Stage::Idle | Stage::Testing { .. }, true) => self.curious.push(by),
            (_, true) => return vec![SwitchEffect::Answer(by, SwitchoverOutcome::Blocked(vec![Blocker::UnderWay]))],
            (_, false) => self.waiting.push(by),
        }
        if matches!(self.stage, Stage::Idle) {
            self.stage = Stage::Testing { since: now };
            return vec![SwitchEffect::Test];
        }
        Vec::new()
    }

    fn tested(&mut self, now: Duration, found: &Circumstances) -> Vec<SwitchEffect> {
        if !matches!(self.stage, Stage::Testing { .. }) {
            return Vec::new();
        }
        self.stage = Stage::Idle;
        let blockers = self.blockers(found);
        let (curious, waiting) = (std::mem::take(&mut self.curious), !self.waiting.is_empty());
        let (outcome, backup) = match &found.backup {
            Some(backup) if blockers.is_empty() => {
                let (from, to) = (self.name.clone(), backup.name.clone());
                (SwitchoverOutcome::Clear { from, to }, backup.link)
            }
            _ => {
                let all = curious.into_iter().chain(std::mem::take(&mut self.waiting));
                return tell(all, &SwitchoverOutcome::Blocked(blockers));
            }
        };
        let mut effects = tell(curious, &outcome);
        if waiting {
            self.stage = Stage::Preparing { backup, since: now };
            effects.push(SwitchEffect::Prepare(backup));
        }
        effects
    }

    /// What would be in the way of a switchover that is asked for now, under these circumstances.
    #[must_use]
    pub fn in_the_way(&self, found: &Circumstances) -> Vec<Blocker> {
        match self.stage {
            Stage::Idle | Stage::Testing { .. } => self.blockers(found),
            _ => vec![Blocker::UnderWay],
        }
    }

    fn blockers(&self, found: &Circumstances) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        match &found.backup {
            None => blockers.push(Blocker::NoBackup),
            Some(backup) if is_older(backup.software.as_deref(), &self.software) => {
                let backup = backup.software.clone().unwrap_or_else(|| "unknown".into());
                blockers.push(Blocker::BackupOlder { backup, primary: self.software.clone() });
            }
            Some(_) => {}
        }
        if !found.is_writable {
            blockers.push(Blocker::StoreNotWritable);
        }
        blockers.extend(found.unaware.iter().map(|link| Blocker::LinkUnaware { link: link.clone() }));
        blockers
    }

    fn prepared(&mut self, now: Duration, link: LinkId) -> Vec<SwitchEffect> {
        match self.stage {
            Stage::Preparing { backup, .. } if backup == link => {
                self.stage = Stage::Draining { backup, since: now };
                vec![SwitchEffect::Hold]
            }
            _ => Vec::new(),
        }
    }

    fn drained(&mut self, is_behind: bool) -> Vec<SwitchEffect> {
        match self.stage {
            Stage::Draining { .. } if is_behind => self.give_up(GivenUp::NotSaved),
            Stage::Draining { backup, .. } => {
                self.stage = Stage::HandingOver { backup };
                vec![SwitchEffect::HandOver(backup)]
            }
            _ => Vec::new(),
        }
    }

    /// Those who wait are told by the successor, whom they ask again.
    fn handed_over(&mut self, epoch: Epoch) -> Vec<SwitchEffect> {
        let Stage::HandingOver { backup: to } = self.stage else { return Vec::new() };
        self.stage = Stage::Left;
        vec![SwitchEffect::Leave { to, epoch }]
    }

    /// While the lease is being written the answer decides: where the backup has died meanwhile, its epoch is taken over
    /// like any other.
    fn link_down(&mut self, link: LinkId) -> Vec<SwitchEffect> {
        let is_of = |asker: &Asker| matches!(asker, Asker::Link(of, _) | Asker::Drill(of, ..) if *of == link);
        self.curious.retain(|asker| !is_of(asker));
        self.waiting.retain(|asker| !is_of(asker));
        match self.stage {
            Stage::Preparing { backup, .. } | Stage::Draining { backup, .. } if backup == link => {
                self.give_up(GivenUp::BackupLost)
            }
            _ => Vec::new(),
        }
    }

    fn tick(&mut self, now: Duration) -> Vec<SwitchEffect> {
        if self.next_deadline().is_none_or(|at| now < at) {
            return Vec::new();
        }
        match self.stage {
            Stage::Testing { .. } => self.tested(now, &Circumstances::default()),
            Stage::Preparing { .. } => self.give_up(GivenUp::BackupLate),
            Stage::Draining { .. } => self.give_up(GivenUp::StoreLate),
            Stage::Idle | Stage::HandingOver { .. } | Stage::Left => Vec::new(),
        }
    }

    /// The primary goes on. A backup that is gone hears nothing of it, and does not need to.
    fn give_up(&mut self, cause: GivenUp) -> Vec<SwitchEffect> {
        let (backup, was_holding) = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Preparing { backup, .. } => (backup, false),
            Stage::Draining { backup, .. } | Stage::HandingOver { backup } => (backup, true),
            Stage::Idle | Stage::Testing { .. } | Stage::Left => return Vec::new(),
        };
        let mut effects = vec![SwitchEffect::CallOff(backup)];
        if was_holding {
            effects.push(SwitchEffect::Resume(cause));
        }
        effects.extend(tell(std::mem::take(&mut self.waiting), &SwitchoverOutcome::GivenUp(cause)));
        effects
    }
}

fn tell(askers: impl IntoIterator<Item = Asker>, outcome: &SwitchoverOutcome) -> Vec<SwitchEffect> {
    askers.into_iter().map(|asker| SwitchEffect::Answer(asker, outcome.clone())).collect()
}

/// Whether a version is older than another one; one that is not said, or not understood, counts as older.
fn is_older(version: Option<&str>, than: &str) -> bool {
    let numbers = |version: &str| -> Option<Vec<u64>> {
        let release = version.split(['-', '+']).next().unwrap_or_default();
        release.split('.').map(|number| number.parse().ok()).collect()
    };
    let version = version.and_then(numbers);
    version.is_none() || version < numbers(than)
}

#[cfg(test)]
mod tests;
