//! The [`Archive`] trait: what is derived from the log for people who look back. Contacts, their chats, full text.
//!
//! It exists so that looking back costs the log nothing: what is asked here is answered from tables of their own, which
//! lie where the [`crate::Directory`] lies. They are brought up behind the log, in its order, and say themselves how far
//! they are, in the same transaction: whoever dies, nothing is missed and nothing counted twice. What an event means is
//! the caller's business; he says it as [`Lesson`]s. The interaction server is the only caller.

mod contact;
mod excerpt;
mod words;

use async_trait::async_trait;
use tandem_protocol::{
    AgentId, ContactId, PairName, ParticipantId, Seq, SessionId, Timestamp, Visibility,
    archive::{Amendment, Contact, Erasure, Hit, Hits, Identity, PastChat},
    desk::EarlierChat,
};

pub use self::{contact::Unchanged, words::Words};
pub(crate) use self::{
    contact::{amend, merge, stored_attributes},
    excerpt::excerpt,
    words::{fold, joined},
};
use crate::{LogPlace, StoreError};

/// What one event of the log taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The session.
    pub session: SessionId,
    /// The event.
    pub seq: Seq,
    /// When it was numbered.
    pub at: Timestamp,
    /// What it says.
    pub fact: Fact,
}

/// See [`Lesson`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A chat began.
    Opened {
        /// What it is about.
        subject: Option<String>,
        /// By what its customer is known, in their normal forms, the strongest first.
        identities: Vec<Identity>,
    },
    /// Somebody joined, perhaps again, to be seen by more.
    Joined {
        /// Who.
        participant: ParticipantId,
        /// What he is called.
        name: String,
        /// He is a customer.
        is_customer: bool,
        /// The account that takes the chat with it; none for a customer, and for one who is not seen by all.
        takes: Option<AgentId>,
    },
    /// Somebody said something.
    Said {
        /// Who.
        participant: ParticipantId,
        /// Who may read it.
        visibility: Visibility,
        /// What.
        text: String,
    },
    /// The chat ended.
    Closed,
    /// What stood there was erased before it was read.
    Erased,
}

/// A part of a pair's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The pair.
    pub pair: PairName,
    /// The place after which it was read.
    pub after: LogPlace,
    /// The place of its last event.
    pub through: LogPlace,
    /// What it taught, in order.
    pub lessons: Vec<Lesson>,
}

/// Whose chats somebody may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's.
    All,
    /// Those that this agent took, and the other chats of their customers.
    Of(AgentId),
}

impl Reach {
    /// Whether a chat that these agents took is within it for that alone.
    #[must_use]
    pub fn is_of(self, agents: &[AgentId]) -> bool {
        self.agent().is_none_or(|agent| agents.contains(&agent))
    }

    /// The agent as a database compares him; none for no bound.
    pub(crate) fn agent(self) -> Option<AgentId> {
        match self {
            Self::All => None,
            Self::Of(agent) => Some(agent),
        }
    }
}

/// What is sought in the full text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The words; a message has all of them.
    pub words: Words,
    /// Only in chats of this contact.
    pub contact: Option<ContactId>,
    /// Only what was said at this moment or later.
    pub from: Option<Timestamp>,
    /// Only what was said before this moment.
    pub until: Option<Timestamp>,
    /// Only what comes after this one, which is older.
    pub after: Option<MessageId>,
    /// At most so many.
    pub limit: u32,
    /// In whose chats.
    pub reach: Reach,
    /// Nothing that is more hidden.
    pub sees: Visibility,
}

impl Sought {
    /// The answer, of what was found in order: at most so many, with one more where there are more.
    pub(crate) fn page(&self, mut found: Vec<(MessageId, Hit)>) -> Hits {
        let is_whole = found.len() <= self.limit as usize;
        found.truncate(self.limit as usize);
        let last = found.last().filter(|_| !is_whole).map(|(id, _)| id.0.to_string());
        Hits { hits: found.into_iter().map(|(_, hit)| hit).collect(), next: last }
    }
}

/// A message in the full text. Greater ones were said later: it is the moment, and a count within the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId(pub i64);

impl MessageId {
    /// Bits of the count: two million messages in a millisecond, and moments until the year 2109.
    const COUNT_BITS: u32 = 21;

    /// As [`Hits::next`] has it; none for what is no such thing.
    #[must_use]
    pub fn of(next: &str) -> Option<Self> {
        next.parse().ok().map(Self)
    }

    /// The first of a millisecond.
    pub(crate) fn first_at(at: Timestamp) -> Self {
        let at = i64::try_from(at.0).unwrap_or(i64::MAX).min(i64::MAX >> Self::COUNT_BITS);
        Self(at << Self::COUNT_BITS)
    }

    /// When it was said.
    pub(crate) fn at(self) -> Timestamp {
        Timestamp((self.0 >> Self::COUNT_BITS).cast_unsigned())
    }
}

/// What became of a change.
pub type Changed = Result<Contact, Unchanged>;

/// See the module. Each call sees or makes one state, whole; what it has written is durable when it returns. After an
/// error it may have happened or not, so calls are repeatable: asked again, they change nothing and answer the same. A
/// contact that was merged into another is that one in every question.
#[async_trait]
pub trait Archive: Send + Sync {
    /// How far a pair's log has been read.
    async fn place(&self, pair: &PairName) -> Result<LogPlace, StoreError>;

    /// Takes in a part of the log. False, and nothing is changed, when the log has not been read exactly as far as where
    /// the part begins: somebody else was faster.
    async fn learn(&self, batch: Batch) -> Result<bool, StoreError>;

    /// A chat, if it is within reach.
    async fn chat(&self, session: SessionId, reach: Reach) -> Result<Option<PastChat>, StoreError>;

    /// A contact, if one of his chats is within reach.
    async fn contact(&self, contact: ContactId, reach: Reach) -> Result<Option<Contact>, StoreError>;

    /// The contact who is known by this, a normal form, if one of his chats is within reach.
    async fn contact_by(&self, identity: &Identity, reach: Reach) -> Result<Option<Contact>, StoreError>;

    /// The contacts within reach whose name or identity contains the text, newest first, at most `limit`.
    async fn contacts(&self, text: &str, reach: Reach, limit: u32) -> Result<Vec<Contact>, StoreError>;

    /// A contact's chats, those that began before a moment where one is given, newest first, at most `limit`.
    async fn chats(
        &self,
        contact: ContactId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<PastChat>, StoreError>;

    /// The other chats of a session's customer, newest first, at most `limit`; each with what was filed last and the
    /// agent who had it last. A session that has not been read yet has the customer of the first of these identities
    /// that is known.
    async fn earlier(
        &self,
        session: SessionId,
        identities: &[Identity],
        limit: u32,
    ) -> Result<Vec<EarlierChat>, StoreError>;

    /// Finds messages, the newest first.
    async fn search(&self, sought: Sought) -> Result<Hits, StoreError>;

    /// Changes a contact. Identities are in their normal forms.
    async fn amend(&self, contact: ContactId, change: Amendment) -> Result<Changed, StoreError>;

    /// Makes `from` a part of `into`: all that he has becomes the other's, who keeps what both have.
    async fn merge(&self, into: ContactId, from: ContactId) -> Result<Changed, StoreError>;

    /// Begins to erase a contact, or says how far that is. By what he was known and all that was noted of him is gone at
    /// once, and whoever comes with it later is somebody new; his chats are listed by [`Archive::to_erase`], and after
    /// the last of them nothing is left but his number. None for a number that nobody has had.
    async fn erase_contact(&self, contact: ContactId) -> Result<Option<Erasure>, StoreError>;

    /// Chats that have ended and are to be erased, after this one in the order of their ids, at most `limit`, each with the
    /// pair whose it is: those of contacts being erased, and those that ended before a moment where one is given.
    async fn to_erase(
        &self,
        closed_before: Option<Timestamp>,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<(PairName, SessionId)>, StoreError>;

    /// What was said in a chat is erased in the log: nothing of it is left here either, full text, names, subject and
    /// remarks.
    async fn chat_erased(&self, session: SessionId) -> Result<(), StoreError>;
}
