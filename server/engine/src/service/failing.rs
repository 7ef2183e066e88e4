//! A primary that fails because a drill asks for it. It looks first whether anybody would take over, by what is in the
//! way of a planned switchover; it says in the log what it is about to do, and does it.
//!
//! The failure is real: nothing is saved, answered or told before it. Whoever asked asks again, as after any failure,
//! and is told by the successor.

use std::{io, process::Stdio, time::Duration};

use rustix::process::{Signal, getpid, kill_process};
use tandem_protocol::{
    Blocker, Epoch, ErrorCode, LinkVersion, Refusal, RequestId, SwitchoverOutcome,
    control::{Actor, Failing, Told},
    link::{Answer, Outcome},
    too_old,
};
use tandem_session::{Asker, LinkId, SwitchInput};
use tokio::process::Command;
use tracing::{error, info};

use super::Service;

/// How much longer than twice the lease's expiry a primary may be made to hang: whoever has forgotten his drill gets his
/// engine back.
const HANG_SPAN: Duration = Duration::from_secs(60);

impl Service {
    pub(super) fn on_fail_asked(&mut self, link: LinkId, id: RequestId, by: &Actor, from: Epoch, how: Failing) {
        let Some((epoch, _)) = self.core else { return };
        if from < epoch {
            // The one that was to fail has failed: this is its successor.
            return self.answer(link, id, Outcome::Done(Answer::Control(Told::Done)));
        }
        if let Err(refusal) = self.may_fail(from, epoch, how) {
            return self.answer(link, id, Outcome::Refused(refusal));
        }
        info!(?how, from = by.from, %epoch, "a drill asks this engine to fail");
        self.switch(SwitchInput::Asked { by: Asker::Drill(link, id, how), dry_run: true });
    }

    fn may_fail(&self, from: Epoch, epoch: Epoch, how: Failing) -> Result<(), Refusal> {
        let refuse = |code, sentence: String| Err(Refusal::new(code, sentence));
        if !self.settings.allow_drills {
            let name = &self.settings.name;
            return refuse(
                ErrorCode::Forbidden,
                format!("engine {name} allows no drills: engine.allow-drills is false"),
            );
        }
        if from != epoch {
            return refuse(ErrorCode::BadRequest, format!("this engine serves in epoch {epoch}, not {from}"));
        }
        if let Some((backup, peer)) = &self.backup
            && let Some(linked) = self.links.get(backup).filter(|linked| linked.speaks < LinkVersion::CONTROL)
        {
            // As primary it could not answer whoever asks whether this one has failed.
            return Err(too_old(&peer.name, linked.speaks));
        }
        if let Failing::Hang { for_ms } = how {
            if self.settings.waker.is_empty() {
                return refuse(ErrorCode::Forbidden, "nobody would let this engine go on after a hang".to_owned());
            }
            let least = self.settings.lease.expiry * 2;
            let bounds = (least.as_millis(), (least + HANG_SPAN).as_millis());
            if !(bounds.0..=bounds.1).contains(&u128::from(for_ms)) {
                let (least, most) = bounds;
                return refuse(
                    ErrorCode::BadRequest,
                    format!(
                        "a hang of {for_ms} ms is refused: it is {least} to {most} ms, twice the lease's expiry at least"
                    ),
                );
            }
        }
        Ok(())
    }

    /// What would be in the way of a switchover is known: then the failure follows, or the refusal.
    pub(super) fn on_drill_judged(&mut self, link: LinkId, id: RequestId, how: Failing, outcome: &SwitchoverOutcome) {
        let blockers = match outcome {
            SwitchoverOutcome::Blocked(blockers) => &blockers[..],
            // Somebody has asked for one while the store was tested.
            _ if !self.switching.is_idle() => &[Blocker::UnderWay],
            _ => &[],
        };
        if !blockers.is_empty() {
            let sentence = format!("a drill is refused: {}", Blocker::listed(blockers));
            return self.answer(link, id, Outcome::Refused(Refusal::new(ErrorCode::Busy, sentence)));
        }
        let (epoch, by) = (self.keeper.primary_epoch(), self.links.get(&link).map(|linked| linked.hello.name.clone()));
        info!(?how, ?epoch, by, "a drill: this engine is about to fail, as it was asked to");
        let failed = match how {
            Failing::Kill => kill_process(getpid(), Signal::KILL).map_err(io::Error::from),
            Failing::Hang { for_ms } => self.hang(for_ms),
        };
        if let Err(error) = failed {
            error!(%error, "a drill: this engine cannot fail as it was asked to");
            let refusal = Refusal::new(ErrorCode::Internal, "the engine could not fail; its log says why");
            self.answer(link, id, Outcome::Refused(refusal));
        }
    }

    /// This process stops a moment after it has asked for it, and goes on wherever it stopped. What has become of the pair
    /// meanwhile it finds out as after any hang.
    fn hang(&mut self, for_ms: u64) -> io::Result<()> {
        let (program, first) = self.settings.waker.split_first().expect("it was looked at before");
        let mut waker = Command::new(program)
            .args(first)
            .args([getpid().as_raw_nonzero().to_string(), for_ms.to_string()])
            // Nothing of this process is for it: neither what is secret nor what others wait to see closed.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at a terminal must not end whoever is to wake the stopped.
            .process_group(0)
            .spawn()?;
        self.tasks.spawn(async move {
            // It ends when it has let this process go on; and it must not stay behind as a dead one.
            let _ = waker.wait().await;
            info!("a drill: this engine goes on after its hang");
        });
        Ok(kill_process(getpid(), Signal::STOP)?)
    }
}
