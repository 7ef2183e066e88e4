//! A backup that ends in an orderly way for whoever supervises it to start it again, because an operator asks its primary
//! for it. The primary passes the word on; it never ends itself, for then nobody would serve.

use tandem_protocol::{
    ErrorCode, LinkVersion, Peer, Refusal, RequestId,
    control::{ActKind, Actor, Told},
    link::{Answer, FromEngine, Outcome},
    too_old,
};
use tandem_session::LinkId;
use tracing::info;

use super::Service;

impl Service {
    /// A process that does not stand by has been restarted already, or has become primary: a repeat does nothing.
    pub(super) fn on_restart_asked(&mut self, link: LinkId, id: RequestId, by: Actor, pid: u32) {
        let backup = self.backup.as_ref().filter(|(_, peer)| peer.pid == pid);
        let restarted = backup.map(|(backup, peer)| (peer.name.clone(), self.pass_on_restart(*backup, peer)));
        let (mut outcome, mut became) = (Outcome::Done(Answer::Control(Told::Done)), "done".to_owned());
        if let Some((name, passed_on)) = restarted {
            if let Err(refusal) = passed_on {
                became = refusal.to_string();
                outcome = Outcome::Refused(refusal);
            }
            let about = format!("engine {name} of pair {}, process {pid}", self.settings.pair);
            self.note_act(by, ActKind::Restart, about, became);
        }
        self.answer(link, id, outcome);
    }

    fn pass_on_restart(&self, backup: LinkId, peer: &Peer) -> Result<(), Refusal> {
        if !self.switching.is_idle() {
            return Err(Refusal::new(ErrorCode::Busy, "a switchover is under way, which needs the backup"));
        }
        let speaks = self.links.get(&backup).map_or(LinkVersion::FIRST, |linked| linked.speaks);
        if speaks < FromEngine::Restart.since() {
            return Err(too_old(&peer.name, speaks));
        }
        info!(backup = %peer.name, pid = peer.pid, "the backup is told to end, to be started again");
        self.say(backup, &FromEngine::Restart);
        Ok(())
    }

    /// The primary has passed it on. Whoever runs this engine ends it.
    pub(super) fn on_told_to_restart(&self) {
        info!("the primary wants this engine to end and to be started again");
        self.restart.notify_one();
    }
}
