//! A drill from its beginning to its end, whatever happens on the way: its sessions are erased and what it came to is
//! written down also where it is called off or somebody does not come back.

mod crowd;
mod record;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_protocol::{
    Blocker, EngineName, Epoch, SwitchoverOutcome,
    control::{Drill, DrillFailure, Failing},
};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use self::{crowd::Crowd, record::Record};
use crate::{
    ask::{Asker, Unanswered},
    briefing::brief,
    judge::{Verdict, judge},
    phase::{Phase, Progress},
    plan::Plan,
    transport::Gateway,
};

/// How long a primary hangs: well beyond the expiry of a lease with the default settings.
pub(crate) const HANG: Duration = Duration::from_secs(15);

/// How long opening and connecting may take: a gateway is reached at once or not at all.
const OPEN_MAX: Duration = Duration::from_secs(30);

/// Messages of each session that are acknowledged before anything fails.
const STEADY_MESSAGES: usize = 3;

/// How long they may take, beside the time between them.
const STEADY_MAX: Duration = Duration::from_secs(10);

/// How long it may take, once another engine serves, until every session has gone on.
const RECOVER_MAX: Duration = Duration::from_secs(60);

/// How long the pair may take to be complete again; the drill is passed all the same, but it says so.
const COMPLETE_MAX: Duration = Duration::from_secs(60);

/// How long what was said last may take to be acknowledged.
const FINISH_MAX: Duration = Duration::from_secs(15);

/// How often it is looked whether something waited for is there.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often the pair is asked whether it is complete; it writes to the store to find out.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Why nothing was begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// For all of these reasons.
    #[error("{}", .0.join("; "))]
    Blocked(Vec<String>),
    /// The primary is another one than was agreed to.
    #[error("the primary has changed since: what was agreed to was said of epoch {agreed}, and this is epoch {found}")]
    Changed {
        /// The epoch that was agreed to.
        agreed: Epoch,
        /// The epoch that it is.
        found: Epoch,
    },
    /// Nobody says how the pair stands.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

/// What a drill came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// As it is written down.
    pub drill: Drill,
    /// What else is to be said of it, a sentence each.
    pub remarks: Vec<String>,
}

/// Why a drill that had begun was not carried through.
struct Aborted(String);

/// A drill that is to be carried out.
pub struct Rehearsal {
    plan: Plan,
    asker: Asker,
    gateway: Arc<dyn Gateway>,
    progress: watch::Sender<Progress>,
    cancel: CancellationToken,
}

/// What is known of a drill that has begun.
struct Course {
    record: Record,
    crowd: Crowd,
    /// When the primary was made to fail, and when its successor first answered.
    failed: Option<(Instant, Instant)>,
}

impl Rehearsal {
    /// Prepares nothing yet. Whoever cancels it is still to wait for its report: it clears up first.
    pub fn new(
        plan: Plan,
        asker: Asker,
        gateway: Arc<dyn Gateway>,
        progress: watch::Sender<Progress>,
        cancel: CancellationToken,
    ) -> Self {
        Self { plan, asker, gateway, progress, cancel }
    }

    /// Carries it out, if nothing is in the way and the primary is still that of the epoch that was agreed to.
    pub async fn run(self, agreed: Epoch) -> Result<Report, NotBegun> {
        self.tell(Phase::Checking, 0, 0);
        let briefing = brief(&self.plan, &self.asker, &*self.gateway).await?;
        if briefing.epoch != agreed {
            return Err(NotBegun::Changed { agreed, found: briefing.epoch });
        }
        if !briefing.blockers.is_empty() {
            return Err(NotBegun::Blocked(briefing.blockers));
        }
        let mut record = Record::begin(&self.plan, self.asker.by().clone(), briefing.from, briefing.epoch);
        record.announce(&self.asker).await;
        let mut course = Course { record, crowd: Crowd::new(&self.plan), failed: None };
        let went = self.go(&mut course).await;
        if let Err(Aborted(why)) = went {
            course.record.abort(why);
        }
        Ok(self.end(course).await)
    }

    async fn go(&self, course: &mut Course) -> Result<(), Aborted> {
        self.open(course).await?;
        course.crowd.speak();
        self.be_steady(course).await?;
        self.fail(course).await?;
        self.recover(course).await?;
        self.complete(course).await
    }

    async fn open(&self, course: &mut Course) -> Result<(), Aborted> {
        let total = course.crowd.len();
        self.tell(Phase::Opening, 0, total);
        let opening = course.crowd.open(&self.asker, self.plan.id);
        self.unless_cancelled(opening)
            .await?
            .map_err(|why| Aborted(format!("a session could not be opened: {why}")))?;
        course.crowd.connect(&self.gateway, self.plan.every);
        let there = self.until(Phase::Opening, course, OPEN_MAX, |page| page.is_welcome || page.stopped.is_some());
        let missing = there.await?;
        if missing > 0 {
            return Err(Aborted(format!("{missing} of {total} synthetic customers could not connect to the gateway")));
        }
        Ok(())
    }

    async fn be_steady(&self, course: &mut Course) -> Result<(), Aborted> {
        let max = STEADY_MAX + self.plan.every * u32::try_from(STEADY_MESSAGES).expect("a small number");
        let is_heard = |page: &crate::customer::Page| page.acknowledged() >= STEADY_MESSAGES;
        let missing = self.until(Phase::Steady, course, max, is_heard).await?;
        if missing > 0 {
            return Err(Aborted(format!("{missing} sessions got no answers although nothing had failed yet")));
        }
        Ok(())
    }

    async fn fail(&self, course: &mut Course) -> Result<(), Aborted> {
        self.tell(Phase::Failing, 0, 0);
        let (epoch, began) = (course.record.epoch(), Instant::now());
        // Not cancelled: once the word is out the failure takes its course, and its end is what is to be seen.
        match self.plan.failure {
            DrillFailure::Kill => self.asker.fail(epoch, Failing::Kill).await,
            DrillFailure::Hang => {
                let for_ms = u64::try_from(HANG.as_millis()).expect("a small number");
                self.asker.fail(epoch, Failing::Hang { for_ms }).await
            }
            DrillFailure::Switchover => return self.switch_over(course, began).await,
        }
        .map_err(|why| Aborted(format!("the primary was not made to fail, or nobody took over: {why}")))?;
        course.failed = Some((began, Instant::now()));
        course.record.succeeded_by(self.successor(epoch).await?);
        Ok(())
    }

    async fn switch_over(&self, course: &mut Course, began: Instant) -> Result<(), Aborted> {
        let outcome = self.asker.switchover(course.record.epoch(), false).await;
        match outcome.map_err(|why| Aborted(format!("nobody says what became of the switchover: {why}")))? {
            SwitchoverOutcome::Done(switched) => {
                course.failed = Some((began, Instant::now()));
                course.record.succeeded_by((switched.to, switched.epoch));
                Ok(())
            }
            SwitchoverOutcome::Overtaken { .. } => {
                Err(Aborted("the primary was lost during the switchover".to_owned()))
            }
            SwitchoverOutcome::GivenUp(cause) => Err(Aborted(format!("the switchover was given up: {cause}"))),
            SwitchoverOutcome::Blocked(blockers) => {
                Err(Aborted(format!("the switchover was blocked: {}", Blocker::listed(&blockers))))
            }
            SwitchoverOutcome::Clear { .. } => Err(Aborted(Unanswered::Strange.to_string())),
        }
    }

    /// Who serves after this epoch.
    async fn successor(&self, failed: Epoch) -> Result<(EngineName, Epoch), Aborted> {
        let outcome = self.asker.switchover(failed, true).await;
        match outcome.map_err(|why| Aborted(format!("nobody says who has taken over: {why}")))? {
            SwitchoverOutcome::Done(switched) => Ok((switched.to, switched.epoch)),
            SwitchoverOutcome::Overtaken { primary, epoch } => Ok((primary, epoch)),
            _ => Err(Aborted("the primary did not fail, although it was told to".to_owned())),
        }
    }

    async fn recover(&self, course: &mut Course) -> Result<(), Aborted> {
        let Some((_, succeeded_at)) = course.failed else { return Ok(()) };
        let goes_on = |page: &crate::customer::Page| page.went_on_after(succeeded_at).is_some();
        let missing = self.until(Phase::Recovering, course, RECOVER_MAX, goes_on).await?;
        if missing > 0 {
            let total = course.crowd.len();
            let sentence = match course.crowd.ended() {
                0 => format!("{missing} of {total} sessions did not go on within {} s", RECOVER_MAX.as_secs()),
                ended => format!("{missing} of {total} sessions did not go on: the gateway ended {ended} of them"),
            };
            return Err(Aborted(sentence));
        }
        Ok(())
    }

    /// Waits for the backup, so that nobody goes home while a second failure would stop everything.
    async fn complete(&self, course: &mut Course) -> Result<(), Aborted> {
        self.tell(Phase::Completing, 0, 0);
        let Some(epoch) = course.record.succeeded_in() else { return Ok(()) };
        let until = Instant::now() + COMPLETE_MAX;
        let mut in_the_way = "the primary does not answer".to_owned();
        while Instant::now() < until {
            match self.unless_cancelled(self.asker.switchover(epoch, true)).await? {
                Ok(SwitchoverOutcome::Clear { .. }) => return Ok(()),
                Ok(SwitchoverOutcome::Blocked(blockers)) => in_the_way = Blocker::listed(&blockers),
                Ok(_) => return Err(Aborted("the primary has failed once more".to_owned())),
                Err(_) => {}
            }
            self.unless_cancelled(sleep(ASK_EVERY)).await?;
        }
        let waited = COMPLETE_MAX.as_secs();
        course.record.remark(format!("The pair was not complete again within {waited} s: {in_the_way}."));
        Ok(())
    }

    /// Waits until something holds for all customers; for how many it does not after `max`, or because they have been
    /// ended by the gateway.
    async fn until(
        &self,
        phase: Phase,
        course: &Course,
        max: Duration,
        holds: impl Fn(&crate::customer::Page) -> bool,
    ) -> Result<usize, Aborted> {
        let (total, until) = (course.crowd.len(), Instant::now() + max);
        loop {
            let (done, ended) = course.crowd.count(&holds);
            self.tell(phase, done, total);
            if done + ended >= total || Instant::now() >= until {
                return Ok(total - done);
            }
            self.unless_cancelled(sleep(LOOK_EVERY)).await?;
        }
    }

    async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, Aborted> {
        self.cancel.run_until_cancelled(work).await.ok_or_else(|| Aborted("called off by the operator".to_owned()))
    }

    /// Judges what there is to judge, clears up, and writes it down.
    async fn end(&self, mut course: Course) -> Report {
        course.crowd.finish(FINISH_MAX).await;
        let broken = course.crowd.hang_up().await;
        if course.failed.is_some() {
            let verdict = self.judge(&mut course).await;
            let gaps =
                course.failed.map(|(failed, succeeded)| course.crowd.gaps(failed, succeeded)).unwrap_or_default();
            course.record.judged(verdict, broken, &gaps);
        }
        let total = course.crowd.len();
        self.tell(Phase::Cleaning, 0, total);
        let left = course.crowd.erase(&self.asker).await;
        if left > 0 {
            course.record.remark(format!("{left} of {total} synthetic sessions could not be erased."));
        }
        let report = course.record.write_down(&self.asker).await;
        self.tell(Phase::Over, 0, 0);
        report
    }

    async fn judge(&self, course: &mut Course) -> Verdict {
        let total = course.crowd.len();
        self.tell(Phase::Judging, 0, total);
        let mut all = Verdict::default();
        for (customer, transcript) in course.crowd.transcripts(&self.asker).await {
            match transcript {
                Ok(transcript) => all.add(customer.with(|page| judge(page, &transcript))),
                Err(why) => {
                    course.record.abort(format!("a transcript could not be read: {why}"));
                }
            }
        }
        all
    }

    fn tell(&self, phase: Phase, done: usize, total: usize) {
        self.progress.send_if_modified(|progress| {
            let next = Progress::new(phase, done, total);
            let is_new = next != *progress;
            *progress = next;
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_may_be_carried_out_by_a_task() {
        fn is_sent<T: Send>(_: impl FnOnce(Rehearsal) -> T) {}
        is_sent(|rehearsal| rehearsal.run(Epoch(1)));
    }
}
