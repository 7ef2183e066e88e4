//! What integrators and agents look up in what is over: contacts, transcripts, full text.
//!
//! A gateway passes a question to the interaction server as [`crate::desk::DeskAsk::Look`], with the token of the
//! asker's login; who may see what is decided there. Each question may come twice after a failover and is then answered
//! the same: those that change something say how things are to be, not what to do. The same questions are asked over
//! REST; `server/PROTOCOL.md` shows each with an example.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AgentId, ContactId, ParticipantId, RawEvent, Seq, SessionId, Timestamp};

/// Hits or chats in one answer.
pub const LOOK_MAX: u32 = 100;

/// Characters of a search.
pub const SEARCH_CHARS_MAX: usize = 256;

/// Attributes of a contact; keys and values are bounded as the properties of a session are.
pub const ATTRIBUTES_MAX: usize = 64;

/// Ways in which one contact is known.
pub const IDENTITIES_MAX: usize = 32;

/// Bytes of an identity.
pub const IDENTITY_BYTES_MAX: usize = 254;

/// Digits of a phone number at least; what has fewer is an extension, or no number at all.
pub const PHONE_DIGITS_MIN: usize = 5;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub enum Look {
    /// Finds what was said. → [`Hits`]
    Search(Search),
    /// A part of a transcript, live or ended. → [`TranscriptPage`]
    Transcript {
        /// The session.
        session: SessionId,
        /// Events after this one.
        after: Seq,
    },
    /// The contact of a session; null for a stranger's. → [`Contact`]
    ContactOf {
        /// The session.
        session: SessionId,
    },
    /// A contact by number; one that was merged into another answers as that. → [`Contact`]
    Contact {
        /// The contact.
        contact: ContactId,
    },
    /// The contact that is known by this; null for nobody. → [`Contact`]
    ContactBy {
        /// By what.
        identity: Identity,
    },
    /// Contacts whose name or identity contains this. → list of [`Contact`], newest first
    Contacts {
        /// The text; empty for all.
        text: String,
        /// At most so many, and at most [`LOOK_MAX`].
        limit: u32,
    },
    /// A contact's chats, newest first. → list of [`PastChat`]
    Chats {
        /// The contact.
        contact: ContactId,
        /// Only those that began before; none for the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_ms: Option<Timestamp>,
        /// At most so many, and at most [`LOOK_MAX`].
        limit: u32,
    },
    /// Changes a contact. Refused `taken` where an identity is another contact's. → [`Contact`]
    Amend {
        /// The contact.
        contact: ContactId,
        /// What becomes of it.
        change: Amendment,
    },
    /// Makes one contact of two: `from` becomes a part of `into`. → [`Contact`]
    Merge {
        /// Who stays.
        into: ContactId,
        /// Who is no longer one of his own.
        from: ContactId,
    },
    /// Erases a contact: all that was said in his chats and by what he was known. It goes on by itself until all is
    /// done; a chat that is still open is erased when it has ended. → [`Erasure`]
    Erase {
        /// The contact.
        contact: ContactId,
    },
}

/// By what a customer is known again. Compared in a normal form: an e-mail address in lower case, a phone number as
/// its digits, with `+` before them where it is international (written with `+` or `00`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Identity {
    /// The integrator's own id for him: a session's property `customer`.
    Customer(String),
    /// The property `email`.
    Email(String),
    /// The property `phone`.
    Phone(String),
}

impl Identity {
    /// The form in which it is compared; none for what identifies nobody, such as an address without `@`, a number with
    /// fewer than [`PHONE_DIGITS_MIN`] digits, or what is longer than [`IDENTITY_BYTES_MAX`].
    #[must_use]
    pub fn normal(&self) -> Option<Self> {
        let normal = match self {
            Self::Customer(id) => Self::Customer(id.trim().to_owned()),
            Self::Email(address) => Self::Email(address.trim().to_lowercase()),
            Self::Phone(number) => Self::Phone(dialled(number)),
        };
        let identifies = match &normal {
            Self::Customer(id) => !id.is_empty() && !id.contains('\0'),
            Self::Email(address) => is_address(address),
            Self::Phone(number) => number.trim_start_matches('+').len() >= PHONE_DIGITS_MIN,
        };
        (identifies && normal.value().len() <= IDENTITY_BYTES_MAX).then_some(normal)
    }

    /// What stands behind the kind.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Customer(value) | Self::Email(value) | Self::Phone(value) => value,
        }
    }
}

/// The digits of a number; what begins with `+` or `00` is international.
fn dialled(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match (number.trim_start().starts_with('+'), digits.strip_prefix("00")) {
        (true, _) => format!("+{digits}"),
        (false, Some(international)) => format!("+{international}"),
        (false, None) => digits,
    }
}

fn is_address(text: &str) -> bool {
    let has_ends = text.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    has_ends && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// One person, however often he comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// His number.
    pub contact: ContactId,
    /// What he calls himself, or was named.
    pub name: String,
    /// By what he is known.
    pub identities: Vec<Identity>,
    /// The integrator's data of him.
    pub attributes: BTreeMap<String, String>,
    /// When he came first.
    pub since_ms: Timestamp,
    /// How many chats he has had.
    pub chats: u64,
    /// Others who may be the same person: known by something that he named too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similar: Vec<ContactId>,
    /// He is being erased.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erasing: bool,
}

/// See [`Look::Amend`]. What is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// His name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Attributes to set; null removes one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Option<String>>,
    /// By what he is known from now on, all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identities: Option<Vec<Identity>>,
}

/// A chat as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastChat {
    /// The session.
    pub session: SessionId,
    /// When it began.
    pub opened_at_ms: Timestamp,
    /// When it ended; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at_ms: Option<Timestamp>,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The customer, as he called himself there.
    pub customer: String,
    /// His contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The agents who took it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentId>,
    /// What came of it, as filed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// What was said in it is erased.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

/// See [`Look::Search`]. All words must occur in one message; the last one may be a beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// The words.
    pub text: String,
    /// Only in chats of this contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Only what was said at this moment or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<Timestamp>,
    /// Only what was said before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<Timestamp>,
    /// Goes on after an earlier answer: its [`Hits::next`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many, and at most [`LOOK_MAX`].
    pub limit: u32,
}

/// What was found, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hits {
    /// Messages.
    pub hits: Vec<Hit>,
    /// Goes on with those after them; none when there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The chat.
    pub chat: PastChat,
    /// The message.
    pub seq: Seq,
    /// When it was said.
    pub at_ms: Timestamp,
    /// Who said it.
    pub name: String,
    /// A part of the text around the first word found.
    pub excerpt: String,
    /// Where the words stand in the excerpt, as pairs of the first character and the one after the last, counted in
    /// UTF-16 code units as browsers count.
    pub marks: Vec<(u32, u32)>,
}

/// See [`Look::Transcript`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TranscriptPage {
    /// The chat.
    pub chat: PastChat,
    /// The last event that the asker may read.
    pub head: Seq,
    /// Events, in order; empty only at the end.
    pub events: Vec<RawEvent>,
    /// What participants are called.
    pub names: BTreeMap<ParticipantId, String>,
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Chats of his that were there.
    pub chats: u64,
    /// Those that are erased. When all are, the contact is gone.
    pub erased: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(identity: Identity) -> Option<String> {
        identity.normal().map(|identity| identity.value().to_owned())
    }

    #[test]
    fn the_same_address_or_number_has_one_form() {
        assert_eq!(normal(Identity::Email(" Ana@Example.org ".into())).as_deref(), Some("ana@example.org"));
        assert_eq!(normal(Identity::Phone("+49 (171) 23-45".into())).as_deref(), Some("+491712345"));
        assert_eq!(normal(Identity::Phone("0049 171 2345".into())).as_deref(), Some("+491712345"));
        assert_eq!(normal(Identity::Phone("0171 2345".into())).as_deref(), Some("01712345"));
        assert_eq!(normal(Identity::Customer(" A-17 ".into())).as_deref(), Some("A-17"));
    }

    #[test]
    fn what_identifies_nobody_is_no_identity() {
        for address in ["", "none", "@", "a@", "@b", "a b@c"] {
            assert_eq!(normal(Identity::Email(address.into())), None, "{address:?}");
        }
        assert_eq!(normal(Identity::Phone("n/a".into())), None);
        assert_eq!(normal(Identity::Phone("+0 12".into())), None);
        assert_eq!(normal(Identity::Customer(" ".into())), None);
        assert_eq!(normal(Identity::Customer("x".repeat(IDENTITY_BYTES_MAX + 1))), None);
    }

    #[test]
    fn what_an_amendment_leaves_out_stays() {
        let change: Amendment = serde_json::from_str(r#"{"attributes":{"tier":"gold","old":null}}"#).expect("parses");
        assert_eq!(change.name, None);
        assert_eq!(change.attributes["old"], None);
        assert!(serde_json::from_str::<Amendment>(r#"{"nmae":"Ana"}"#).is_err());
    }

    #[test]
    fn a_question_says_what_it_looks_for() {
        let look = Look::ContactBy { identity: Identity::Email("ana@example.org".into()) };
        let json = r#"{"look":"contact_by","identity":{"kind":"email","value":"ana@example.org"}}"#;
        assert_eq!(serde_json::to_string(&look).expect("serialises"), json);
        assert_eq!(serde_json::from_str::<Look>(json).expect("parses"), look);
    }
}
