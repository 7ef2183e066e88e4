//! A backup that ends in an orderly way for whoever supervises it to start it again, because an operator asks its primary
//! for it. The primary passes the word on; it never ends itself, for then nobody would serve.

use tandem_protocol::{
    ErrorCode, Refusal, RequestId,
    control::Told,
    link::{Answer, FromEngine, Outcome},
};
use tandem_session::LinkId;
use tracing::info;

use super::Service;

impl Service {
    pub(super) fn on_restart_asked(&mut self, link: LinkId, id: RequestId, pid: u32) {
        let outcome = match self.pass_on_restart(pid) {
            Ok(()) => Outcome::Done(Answer::Control(Told::Done)),
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.answer(link, id, outcome);
    }

    /// A process that does not stand by has been restarted already, or has become primary: a repeat does nothing.
    fn pass_on_restart(&self, pid: u32) -> Result<(), Refusal> {
        let Some((backup, peer)) = self.backup.as_ref().filter(|(_, peer)| peer.pid == pid) else { return Ok(()) };
        if !self.switching.is_idle() {
            return Err(Refusal::new(ErrorCode::Busy, "a switchover is under way, which needs the backup"));
        }
        info!(backup = %peer.name, pid, "the backup is told to end, to be started again");
        self.say(*backup, &FromEngine::Restart);
        Ok(())
    }

    /// The primary has passed it on. Whoever runs this engine ends it.
    pub(super) fn on_told_to_restart(&self) {
        info!("the primary wants this engine to end and to be started again");
        self.restart.notify_one();
    }
}
