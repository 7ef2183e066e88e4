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

/// What a table belongs to: the two are files of their own in the embedded store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Transcripts and leases.
    Log,
    /// Accounts and what belongs to them.
    Directory,
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
    /// A session's id.
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

static CHATS: Table =
    table!(Directory "chats" ("session" Session) "opened_at" Integer, "subject" Text, "customer" Text);

static TAKINGS: Table = table!(Directory "takings" ("id" Integer)
    "session" Session, "agent" Integer, "unfiled" Truth, "disposition" Text, "remark" Text, "filed_at" Integer);

static REPLIES: Table = table!(Directory "replies" ("id" Text) "owner" Integer, "shortcut" Text, "text" Text);

static SECRETS: Table = table!(Directory "secrets" ("id" Integer) "secret" Bytes);

static LIVES: Table = table!(Directory "lives" ("id" Integer) "count" Integer);

/// Every table. The leases come first: a target may ask them which pairs there are.
pub static TABLES: [&Table; 10] =
    [&LEASES, &EVENTS, &ACCOUNTS, &LOGINS, &CHOICES, &CHATS, &TAKINGS, &REPLIES, &SECRETS, &LIVES];

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

    /// Whether these are the leases.
    #[must_use]
    pub fn is_leases(&self) -> bool {
        *self == LEASES
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}
