//! The steps of a rolling restart. Each waits for what it needs with a bound, and whatever does not come ends the restart:
//! at every moment one engine is primary, so there is nothing to take back.

use std::{fmt, time::Duration};

use serde::Serialize;
use tandem_protocol::{
    EngineName, Epoch, Pair, Peer, Switched, Switchover, SwitchoverOutcome,
    control::{Control, Told},
    link::{Answer, Request},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    commands::switchover::in_words,
    operator::{Operator, Unanswered},
};

/// How long links may take to hear of a new backup, before they are in the way of a switchover.
const CLEAR_MAX: Duration = Duration::from_secs(10);

/// Between two looks at what is in the way.
const CLEAR_PAUSE: Duration = Duration::from_millis(100);

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// An engine is told to end.
    Restarting { engine: EngineName, pid: u32 },
    /// It stands by, as another process.
    Restarted { engine: EngineName, was: u32, is: u32, took_ms: u64 },
    /// The primary is asked to hand over.
    SwitchingOver { from: EngineName, to: EngineName },
    /// It has.
    Switched(Switched),
}

/// What is the case in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Done {
    pub(super) primary: EngineName,
    pub(super) backup: EngineName,
    pub(super) epoch: Epoch,
}

/// Why it went no further.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("{0}")]
    InTheWay(String),
    #[error("engine {0} was not told to end: {1}")]
    NotTold(EngineName, Unanswered),
    #[error(
        "nobody has started engine {engine} again within {} s: start it, or look at its log, and call this again",
        wait.as_secs()
    )]
    NotBack { engine: EngineName, wait: Duration },
    #[error("the primary was lost meanwhile; engine {primary} took over as after any failure, epoch {epoch}")]
    Overtaken { primary: EngineName, epoch: Epoch },
    #[error(transparent)]
    Unanswered(Unanswered),
}

impl Step {
    /// Whether nothing is waited for.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Restarted { .. } | Self::Switched(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restarting { engine, pid } => write!(f, "engine {engine} (process {pid}) ends, to be started again"),
            Self::Restarted { engine, was, is, took_ms } => {
                let took = Duration::from_millis(*took_ms).as_secs_f64();
                write!(f, "engine {engine} stands by again: process {is} in place of {was}, after {took:.1} s")
            }
            Self::SwitchingOver { from, to } => write!(f, "engine {from} hands over to engine {to}"),
            Self::Switched(switched) => f.write_str(&in_words(&SwitchoverOutcome::Done(switched.clone())).1),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { primary, backup, epoch } = self;
        write!(f, "both engines are restarted: {primary} is primary, {backup} stands by, epoch {epoch}")
    }
}

/// See the module.
pub(super) struct Rolling<'a> {
    operator: &'a Operator,
    pairs: watch::Receiver<Option<Pair>>,
    wait: Duration,
}

impl<'a> Rolling<'a> {
    pub(super) fn new(operator: &'a Operator, wait: Duration) -> Self {
        Self { operator, pairs: operator.pairs(), wait }
    }

    /// Restarts both, and with `is_back` lets the one that was primary be it again.
    pub(super) async fn carry_out(&self, is_back: bool, say: impl Fn(&Step)) -> Result<Done, Stop> {
        self.restart_backup(self.operator.met().epoch, &say).await?;
        let mut epoch = self.switch_over(&say).await?;
        self.restart_backup(epoch, &say).await?;
        if is_back {
            epoch = self.switch_over(&say).await?;
        }
        let (primary, backup) = self.is_complete(epoch).await?;
        Ok(Done { primary: primary.name, backup: backup.name, epoch })
    }

    /// The pair as last heard.
    fn pair(&self) -> Pair {
        self.pairs.borrow().clone().unwrap_or_else(|| self.operator.met().clone())
    }

    /// How things stand, in a sentence.
    pub(super) fn now(&self) -> String {
        let Pair { name, epoch, primary, backup } = self.pair();
        match backup {
            Some(backup) => format!(
                "now: engine {} of pair {name} is primary, epoch {epoch}, {} stands by",
                primary.name, backup.name
            ),
            None => format!(
                "now: engine {} of pair {name} is primary, epoch {epoch}, and goes on without a backup",
                primary.name
            ),
        }
    }

    /// Has the backup end, and waits until it stands by as another process.
    async fn restart_backup(&self, epoch: Epoch, say: &impl Fn(&Step)) -> Result<(), Stop> {
        let (_, Peer { name, pid, .. }) = self.is_complete(epoch).await?;
        say(&Step::Restarting { engine: name.clone(), pid });
        let begun = Instant::now();
        let mut pairs = self.pairs.clone();
        match self.operator.control(Control::RestartBackup { pid }).await {
            Ok(Told::Done) => {}
            Ok(_) => return Err(Unanswered::Strange.into()),
            Err(unanswered) => return Err(Stop::NotTold(name, unanswered)),
        }
        // In a container its next process may well have the same number: what tells them apart is that it was away.
        let is_away = |pair: &Option<Pair>| {
            let Some(pair) = pair else { return false };
            pair.epoch > epoch || pair.backup.as_ref().is_none_or(|backup| backup.pid != pid)
        };
        match timeout(self.wait, pairs.wait_for(is_away)).await {
            Ok(Ok(_)) => {}
            // It does not end, or the link has, which nobody but this command ends.
            Ok(Err(_)) | Err(_) => return Err(Stop::NotBack { engine: name, wait: self.wait }),
        }
        let (_, Peer { pid: is, .. }) = self.is_complete(epoch).await?;
        say(&Step::Restarted { engine: name, was: pid, is, took_ms: begun.elapsed().as_millis() as u64 });
        Ok(())
    }

    /// Waits until both engines are there.
    async fn is_complete(&self, epoch: Epoch) -> Result<(Peer, Peer), Stop> {
        self.stands_by(epoch, |_| true).await
    }

    /// Waits until such a backup stands by the primary of this epoch. A later one is that of an engine that took over
    /// unasked.
    async fn stands_by(&self, epoch: Epoch, is_it: impl Fn(&Peer) -> bool) -> Result<(Peer, Peer), Stop> {
        let mut pairs = self.pairs.clone();
        let is_over = |pair: &Option<Pair>| {
            pair.as_ref().is_some_and(|pair| pair.epoch > epoch || pair.backup.as_ref().is_some_and(&is_it))
        };
        let heard = match timeout(self.wait, pairs.wait_for(is_over)).await {
            Ok(Ok(pair)) => pair.clone(),
            // In vain, or the link has ended, which nobody but this command ends.
            Ok(Err(_)) | Err(_) => None,
        };
        match heard {
            Some(Pair { epoch: later, primary, .. }) if later > epoch => {
                Err(Stop::Overtaken { primary: primary.name, epoch: later })
            }
            Some(Pair { primary, backup: Some(backup), .. }) => Ok((primary, backup)),
            _ => Err(Stop::NotBack { engine: self.away(), wait: self.wait }),
        }
    }

    /// The engine that is not primary, as it was known at first.
    fn away(&self) -> EngineName {
        let (met, primary) = (self.operator.met(), self.pair().primary.name);
        let known = met.backup.iter().chain([&met.primary]).find(|peer| peer.name != primary);
        known.map_or(primary.clone(), |peer| peer.name.clone())
    }

    /// Waits until nothing is in the way of a switchover: links hear of a new backup a moment after it is there.
    pub(super) async fn is_clear(&self) -> Result<(), Stop> {
        let until = Instant::now() + CLEAR_MAX;
        loop {
            let outcome = self.ask(true).await?;
            match outcome {
                SwitchoverOutcome::Clear { .. } => return Ok(()),
                SwitchoverOutcome::Overtaken { primary, epoch } => return Err(Stop::Overtaken { primary, epoch }),
                // Nobody comes for that in some seconds.
                SwitchoverOutcome::Blocked(blockers) if blockers.contains(&tandem_protocol::Blocker::NoBackup) => {
                    return Err(Stop::InTheWay(in_words(&SwitchoverOutcome::Blocked(blockers)).1));
                }
                other if Instant::now() >= until => return Err(Stop::InTheWay(in_words(&other).1)),
                _ => sleep(CLEAR_PAUSE).await,
            }
        }
    }

    /// Returns the epoch that it begins.
    async fn switch_over(&self, say: &impl Fn(&Step)) -> Result<Epoch, Stop> {
        self.is_clear().await?;
        let Pair { primary, backup, .. } = self.pair();
        let to = backup.map_or_else(|| self.away(), |backup| backup.name);
        say(&Step::SwitchingOver { from: primary.name, to });
        match self.ask(false).await? {
            SwitchoverOutcome::Done(switched) => {
                let epoch = switched.epoch;
                say(&Step::Switched(switched));
                Ok(epoch)
            }
            other => Err(Stop::InTheWay(in_words(&other).1)),
        }
    }

    async fn ask(&self, dry_run: bool) -> Result<SwitchoverOutcome, Stop> {
        let asked = Switchover { from: self.pair().epoch, dry_run, by: Some(self.operator.by().clone()) };
        match self.operator.ask(Request::Switchover(asked)).await? {
            Answer::Switchover(outcome) => Ok(outcome),
            _ => Err(Unanswered::Strange.into()),
        }
    }
}
