//! What somebody with a login did that cannot be undone, for the audit log.
//!
//! It is written down after it is done and answered: what cannot be written down is done all the same, and the log is
//! told. `looks.rs` is the caller.

use std::time::Duration;

use tandem_protocol::{
    ContactId, LoginName, Timestamp,
    archive::Look,
    control::{Act, ActKind, Actor},
};
use tandem_store::{Journal, id_of_act, note_done};

/// How long the journal may take for one: whoever looks something up next waits for it.
const JOURNAL_MAX: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A contact was erased.
    Erased(ContactId),
    /// One contact was made a part of another.
    Merged { into: ContactId, from: ContactId },
}

impl Deed {
    /// What is done with this, if it does anything that is to be written down.
    pub(crate) fn of(look: &Look) -> Option<Self> {
        match look {
            Look::Erase { contact } => Some(Self::Erased(*contact)),
            Look::Merge { into, from } => Some(Self::Merged { into: *into, from: *from }),
            _ => None,
        }
    }

    /// Writes down that it was done.
    pub(crate) async fn write_down(self, journal: &dyn Journal, by: Actor, at: Timestamp) {
        note_done(journal, self.act(by, at), JOURNAL_MAX).await;
    }

    /// Asked once more, as how far an erasure is, it is the same act.
    fn act(self, by: Actor, at: Timestamp) -> Act {
        let (act, about) = match self {
            Self::Erased(contact) => (ActKind::ContactErase, format!("contact {contact}")),
            Self::Merged { into, from } => (ActKind::ContactMerge, format!("contact {from} into contact {into}")),
        };
        let id = id_of_act([&format!("{act:?}"), &about, &by.who]);
        Act { id, at_ms: at, by, act, about, outcome: "done".into() }
    }
}

/// Somebody with this login. An older gateway does not say where he asks from.
pub(crate) fn by_account(name: &LoginName, from: Option<String>) -> Actor {
    Actor { who: name.to_string(), from: from.unwrap_or_else(|| "through a gateway".to_owned()) }
}

#[cfg(test)]
mod tests {
    use tandem_store::SqliteJournal;

    use super::*;

    #[tokio::test]
    async fn an_erasure_is_written_down_once_however_often_it_is_asked_how_far_it_is() {
        let folder = tempfile::tempdir().expect("is writable");
        let journal = SqliteJournal::new(folder.path());
        let ann = LoginName::new("ann").expect("is valid");
        let erase = Look::Erase { contact: ContactId(7) };
        for (at, from) in [(1, Some("192.0.2.7".to_owned())), (2, None)] {
            let by = by_account(&ann, from);
            Deed::of(&erase).expect("is one").write_down(&journal, by, Timestamp(at)).await;
        }
        let merge = Look::Merge { into: ContactId(1), from: ContactId(2) };
        Deed::of(&merge).expect("is one").write_down(&journal, by_account(&ann, None), Timestamp(3)).await;
        let acts = journal.acts(None, 9).await.expect("reads");
        let told: Vec<_> = acts.iter().map(|act| (act.at_ms.0, act.act, act.about.as_str())).collect();
        let expected =
            [(3, ActKind::ContactMerge, "contact 2 into contact 1"), (1, ActKind::ContactErase, "contact 7")];
        assert_eq!(told, expected);
        let from: Vec<_> = acts.iter().map(|act| act.by.from.as_str()).collect();
        assert_eq!(from, ["through a gateway", "192.0.2.7"]);
        assert!(acts.iter().all(|act| act.by.who == "ann" && act.outcome == "done"), "{acts:?}");
        assert_eq!(Deed::of(&Look::Contact { contact: ContactId(1) }), None);
    }
}
