//! What a store holds, in the words that its backends share.
//!
//! A column stands here if it cannot be derived from others. Whoever adds a table or a column in a migration adds it
//! here; a test of each backend compares this with its schema.

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, the same in every backend.
    pub name: &'static str,
    /// What it belongs to.
    pub holds: Holds,
    /// Its columns, those of the key first.
    pub columns: &'static [Column],
    /// How many columns the key has.
    pub key: usize,
}

/// What a table belongs to: the three are files of their own in the embedded store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Transcripts and leases.
    Log,
    /// Accounts and what belongs to them.
    Directory,
    /// What has happened, and what operators have done.
    Journal,
}

/// One column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands in it, where it is not empty.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of 64 bits.
    Integer,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A session's id, or another UUID.
    Session,
    /// True or false.
    Truth,
}

macro_rules! table {
    ($holds:ident $name:literal ($($key:literal $key_kind:ident),*) $($column:literal $kind:ident),*) => {
        Table {
            name: $name,
            holds: Holds::$holds,
            columns: &[
                $(Column { name: $key, kind: Kind::$key_kind },)*
                $(Column { name: $column, kind: Kind::$kind },)*
            ],
            key: [$($key),*].len(),
        }
    };
}

/// The events; where a pair's events stand in its log is kept, since the archive counts on it.
static EVENTS: Table = table!(Log "events" ("pair" Text, "id" Integer)
    "session" Session, "seq" Integer, "at" Integer, "closes" Truth, "secret" Bytes, "proof" Bytes, "link" Bytes,
    "body" Text);

pub(super) static LEASES: Table = table!(Log "leases" ("pair" Text)
    "epoch" Integer, "name" Text, "address" Text, "host" Text, "pid" Integer, "pid_started" Integer,
    "renewed_at" Integer, "released" Truth);

static ACCOUNTS: Table = table!(Directory "accounts" ("agent" Integer)
    "name" Text, "display" Text, "role" Text, "capacity" Integer, "skills" Text, "disabled" Truth, "password" Text);

static LOGINS: Table = table!(Directory "logins" ("token" Bytes) "agent" Integer, "expires_at" Integer);

static CHOICES: Table = table!(Directory "choices" ("agent" Integer) "state" Text, "since" Integer);

static TAKINGS: Table = table!(Directory "takings" ("id" Integer)
    "session" Session, "agent" Integer, "unfiled" Truth, "disposition" Text, "remark" Text, "filed_at" Integer);

static REPLIES: Table = table!(Directory "replies" ("id" Text) "owner" Integer, "shortcut" Text, "text" Text);

static SECRETS: Table = table!(Directory "secrets" ("id" Integer) "secret" Bytes);

static LIVES: Table = table!(Directory "lives" ("id" Integer) "count" Integer);

/// How far the archive has read each pair's log; it goes on there, since places are kept.
static ARCHIVE_PROGRESS: Table = table!(Directory "archive_progress" ("pair" Text) "through" Integer);

static CONTACTS: Table = table!(Directory "contacts" ("contact" Integer)
    "name" Text, "folded" Text, "attributes" Text, "since" Integer, "erasing" Truth);

static IDENTITIES: Table = table!(Directory "identities" ("identity" Text) "folded" Text, "contact" Integer);

static SIMILAR_CONTACTS: Table = table!(Directory "similar_contacts" ("contact" Integer, "other" Integer));

static MERGED_CONTACTS: Table = table!(Directory "merged_contacts" ("contact" Integer) "whole" Integer);

static ERASED_CONTACTS: Table = table!(Directory "erased_contacts" ("contact" Integer) "chats" Integer);

static PAST_CHATS: Table = table!(Directory "past_chats" ("session" Session)
    "pair" Text, "opened_at" Integer, "closed_at" Integer, "subject" Text, "customer" Text, "contact" Integer,
    "erased" Truth);

static PAST_PARTICIPANTS: Table = table!(Directory "past_participants" ("session" Session, "participant" Integer)
    "name" Text, "agent" Integer);

/// What the full text is made of; its index of words is derived.
static PAST_MESSAGES: Table = table!(Directory "past_messages" ("id" Integer)
    "session" Session, "seq" Integer, "visibility" Integer, "participant" Integer, "text" Text);

static TAKEOVERS: Table = table!(Journal "takeovers" ("pair" Text, "epoch" Integer)
    "at" Integer, "from_engine" Text, "to_engine" Text, "cause" Text, "took_us" Integer, "sessions" Integer);

static GAPS: Table = table!(Journal "gaps" ("pair" Text, "epoch" Integer) "gap_ms" Integer);

static ACTS: Table = table!(Journal "acts" ("id" Session)
    "at" Integer, "who" Text, "source" Text, "act" Text, "about" Text, "outcome" Text);

static DRILLS: Table = table!(Journal "drills" ("id" Session) "pair" Text, "at" Integer, "told" Text);

static RESTORATIONS: Table = table!(Journal "restorations" ("session" Session, "epoch" Integer, "at" Integer)
    "engine" Text, "how" Text, "events" Integer, "took_us" Integer);

/// Every table. The leases come first: a target may ask them which pairs there are.
pub static TABLES: [&Table; 23] = [
    &LEASES,
    &EVENTS,
    &ACCOUNTS,
    &LOGINS,
    &CHOICES,
    &TAKINGS,
    &REPLIES,
    &SECRETS,
    &LIVES,
    &ARCHIVE_PROGRESS,
    &CONTACTS,
    &IDENTITIES,
    &SIMILAR_CONTACTS,
    &MERGED_CONTACTS,
    &ERASED_CONTACTS,
    &PAST_CHATS,
    &PAST_PARTICIPANTS,
    &PAST_MESSAGES,
    &TAKEOVERS,
    &GAPS,
    &ACTS,
    &DRILLS,
    &RESTORATIONS,
];

impl Table {
    /// The names of the columns with a comma between them.
    pub(crate) fn list(&self) -> String {
        names(self.columns)
    }

    /// As [`Table::list`], of the key.
    pub(crate) fn key_list(&self) -> String {
        names(&self.columns[..self.key])
    }

    /// Where a column stands in a row.
    pub(crate) fn place(&self, column: &str) -> usize {
        self.columns.iter().position(|own| own.name == column).expect("the table has the column that its user names")
    }

    /// Whether these are the events.
    #[must_use]
    pub fn is_events(&self) -> bool {
        *self == EVENTS
    }

    /// Whether these are the messages whose words are indexed.
    pub(crate) fn is_full_text(&self) -> bool {
        *self == PAST_MESSAGES
    }

    /// Whether these are the leases.
    #[must_use]
    pub fn is_leases(&self) -> bool {
        *self == LEASES
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}
