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
/// its digits, with `+` before them where it is international.
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
