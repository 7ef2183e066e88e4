//! Who may look up and change what.

use tandem_protocol::{
    AgentId, ErrorCode, Refusal, Visibility,
    archive::{Amendment, Look},
    desk::AgentRole,
};
use tandem_store::Reach;

/// What somebody may do with what is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    /// Whose chats he may look at.
    pub(super) reach: Reach,
    /// How much of them.
    pub(super) sees: Visibility,
    /// Whether he may say by what a contact is known.
    identifies: bool,
    /// Whether he may have contacts erased.
    erases: bool,
}

impl Rights {
    /// What an account of this role may do; none for bots.
    pub(super) fn of(agent: AgentId, role: AgentRole) -> Option<Self> {
        let (reach, sees, identifies, erases) = match role {
            AgentRole::Bot => return None,
            AgentRole::Agent => (Reach::Of(agent), Visibility::Int, false, false),
            AgentRole::Supervisor => (Reach::All, Visibility::Vip, true, false),
            AgentRole::Administrator => (Reach::All, Visibility::Vip, true, true),
            // A program's texts may go anywhere: what supervisors say to each other is not for it.
            AgentRole::Integrator => (Reach::All, Visibility::Int, true, true),
        };
        Some(Self { reach, sees, identifies, erases })
    }

    /// Refuses what the role may never do.
    pub(super) fn check(&self, look: &Look) -> Result<(), Refusal> {
        let sentence = match look {
            Look::Erase { .. } if !self.erases => "Only administrators and integrators erase contacts.",
            Look::Amend { change: Amendment { identities: Some(_), .. }, .. } if !self.identifies => {
                "Only supervisors and integrators change by what a contact is known."
            }
            _ => return Ok(()),
        };
        Err(Refusal::new(ErrorCode::Forbidden, sentence))
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::ContactId;

    use super::*;

    #[test]
    fn each_role_has_its_rights() {
        let contact = ContactId(1);
        let erase = Look::Erase { contact };
        let known = Look::Amend { contact, change: Amendment { identities: Some(vec![]), ..Amendment::default() } };
        let named = Look::Amend { contact, change: Amendment { name: Some("x".into()), ..Amendment::default() } };
        let merge = Look::Merge { into: contact, from: contact };
        let table = [
            (AgentRole::Agent, Reach::Of(AgentId(7)), Visibility::Int, [false, false]),
            (AgentRole::Supervisor, Reach::All, Visibility::Vip, [false, true]),
            (AgentRole::Administrator, Reach::All, Visibility::Vip, [true, true]),
            (AgentRole::Integrator, Reach::All, Visibility::Int, [true, true]),
        ];
        for (role, reach, sees, [erases, identifies]) in table {
            let rights = Rights::of(AgentId(7), role).expect("has some");
            assert_eq!((rights.reach, rights.sees), (reach, sees), "{role:?}");
            assert_eq!(rights.check(&erase).is_ok(), erases, "{role:?}");
            assert_eq!(rights.check(&known).is_ok(), identifies, "{role:?}");
            assert!(rights.check(&named).is_ok() && rights.check(&merge).is_ok(), "{role:?}");
        }
        assert_eq!(Rights::of(AgentId(7), AgentRole::Bot), None);
    }
}
