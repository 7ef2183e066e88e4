//! What operators ask of the primary, beside a switchover ([`super::switching`]).

use tandem_protocol::{
    ErrorCode, Refusal, RequestId,
    control::{Control, ControlAsk, Told},
    link::{Answer, LinkRole, Outcome},
};
use tandem_session::LinkId;

use super::Service;

impl Service {
    pub(super) fn on_control_asked(&mut self, link: LinkId, id: RequestId, asked: ControlAsk) {
        let role = self.links.get(&link).map(|linked| &linked.hello.role);
        if !matches!(role, Some(LinkRole::Gateway | LinkRole::Control)) {
            let refusal = Refusal::new(ErrorCode::Forbidden, "only a gateway or an operator asks this");
            return self.answer(link, id, Outcome::Refused(refusal));
        }
        match asked.act {
            Control::Status => {
                let outcome = self.status().map_or_else(not_serving, |status| told(Told::Status(Box::new(status))));
                self.answer(link, id, outcome);
            }
            Control::Sessions { after, limit } => {
                let sessions = self.open_sessions(after, limit);
                self.answer(link, id, sessions.map_or_else(not_serving, |sessions| told(Told::Sessions(sessions))));
            }
            Control::Fail { from, how } => self.on_fail_asked(link, id, &asked.by, from, how),
            Control::RestartBackup { pid } => self.on_restart_asked(link, id, asked.by, pid),
            act @ (Control::Restorations { .. }
            | Control::Takeovers { .. }
            | Control::Acts { .. }
            | Control::Drills { .. }
            | Control::Note(_)) => self.ask_journal(link, id, act),
        }
    }
}

fn told(told: Told) -> Outcome {
    Outcome::Done(Answer::Control(told))
}

/// Only links that are welcome ask, and those of an engine that serves are; it may cease to between two frames.
fn not_serving() -> Outcome {
    Outcome::Refused(Refusal::new(ErrorCode::Unavailable, "this engine does not serve any more"))
}
