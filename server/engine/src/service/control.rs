//! What operators ask of the primary, beside a switchover ([`super::switching`]).

use tandem_protocol::{
    ErrorCode, Refusal, RequestId,
    control::{Control, ControlAsk},
    link::{LinkRole, Outcome},
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
            Control::Fail { from, how } => self.on_fail_asked(link, id, from, how),
            Control::RestartBackup { pid } => self.on_restart_asked(link, id, asked.by, pid),
            act @ (Control::Restorations { .. }
            | Control::Takeovers { .. }
            | Control::Acts { .. }
            | Control::Drills { .. }
            | Control::Note(_)) => self.ask_journal(link, id, act),
            Control::Status | Control::Sessions { .. } => {
                let refusal = Refusal::new(ErrorCode::Unavailable, "this engine does not know of it yet");
                self.answer(link, id, Outcome::Refused(refusal));
            }
        }
    }
}
