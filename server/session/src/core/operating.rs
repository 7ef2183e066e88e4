//! What operators' commands may do with sessions: open some for a drill, read and end those with the token of their
//! customer, and erase them. What anybody said in any other session is none of their business.

use tandem_protocol::{
    ErrorCode, Refusal, SessionId,
    link::{Credential, Request},
    properties,
};

use super::{Core, LinkId};

impl Core {
    /// A link that is up is an operator's.
    pub fn operator_up(&mut self, link: LinkId) {
        self.operators.insert(link);
    }

    /// Refuses an operator what is not his.
    pub(super) fn check_operator(&self, link: LinkId, body: &Request) -> Result<(), Refusal> {
        if !self.operators.contains(&link) {
            return Ok(());
        }
        let is_his = match body {
            Request::Open(open) => properties::is_drill(&open.properties),
            Request::Read { by, .. } | Request::Close { by, .. } => matches!(by, Credential::Token(_)),
            Request::Erase { session } => self.is_drill_or_erased(*session),
            _ => false,
        };
        let sentence = "an operator opens, reads, ends and erases sessions of a drill only";
        is_his.then_some(()).ok_or_else(|| Refusal::new(ErrorCode::Forbidden, sentence))
    }

    /// One that is erased already says no more what it was; erasing it again changes nothing. One that is unknown may be
    /// a customer's whose history cannot be read.
    fn is_drill_or_erased(&self, session: SessionId) -> bool {
        self.live(session).is_some_and(|live| live.session.is_drill() || live.session.is_erased())
    }
}
