//! The kinds of file that Tandem keeps, the versions of each, and how a file gets from an older one to the newest.
//!
//! A file says what it is (`application_id`) and how many migrations it has seen (`user_version`). Migrations are only
//! ever added to a list. `open.rs` is the caller.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// One kind of file.
#[derive(Debug)]
pub(super) struct Schema {
    /// Its name in the data directory; SQLite puts `-wal` and `-shm` beside it.
    pub(super) file_name: &'static str,
    /// Marks a file as one of this kind.
    application_id: i32,
    /// Each takes a file from the version of its place in the list to the next.
    migrations: &'static [&'static str],
}

/// What the engines write: the log and the leases. Its mark reads "Tndm".
pub(super) const LOG: Schema = Schema {
    file_name: "tandem.db",
    application_id: 0x546E_646D,
    migrations: &[include_str!("migrations/0001-log-and-leases.sql"), include_str!("migrations/0002-chain.sql")],
};

/// What the interaction server and `tandem agent` write: the accounts and what belongs to them. Its mark reads "Tndd".
pub(super) const DIRECTORY: Schema = Schema {
    file_name: "directory.db",
    application_id: 0x546E_6464,
    migrations: &[
        include_str!("directory/migrations/0001-accounts-and-chats.sql"),
        include_str!("directory/migrations/0002-archive.sql"),
    ],
};

/// What everybody writes: what has happened, and what operators have done. Its mark reads "Tndj".
pub(super) const JOURNAL: Schema = Schema {
    file_name: "journal.db",
    application_id: 0x546E_646A,
    migrations: &[include_str!("journal/migrations/0001-journal.sql")],
};

/// All kinds; a data directory that has a file of one of them is Tandem's.
pub(super) const ALL: [&Schema; 3] = [&LOG, &DIRECTORY, &JOURNAL];

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    application_id: i32,
    pub(super) version: usize,
    /// The names of its tables.
    pub(super) tables: Vec<String>,
}

impl Identity {
    /// Reads it; takes no write lock, so that a file in use, or whose writer is stopped, opens.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
        let mut query = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
        let tables = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let version: i32 = number("user_version")?;
        // A negative version is none of ours; as a very new one it is refused.
        Ok(Self {
            application_id: number("application_id")?,
            version: usize::try_from(version).unwrap_or(usize::MAX),
            tables,
        })
    }

    /// A file that somebody has just created and not yet filled, perhaps another process at this very moment.
    pub(super) fn is_fresh(&self) -> bool {
        self.application_id == 0 && self.version == 0 && self.tables.is_empty()
    }

    /// Whether it is a file of this kind.
    pub(super) fn is(&self, schema: &Schema) -> bool {
        self.application_id == schema.application_id
    }
}

impl Schema {
    /// The version that this program writes.
    pub(super) fn newest(&self) -> usize {
        self.migrations.len()
    }

    /// Applies what is missing, all or nothing. Of two processes that come at once, the second finds it done.
    pub(super) fn migrate(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        let version = Identity::of(&transaction)?.version;
        for migration in self.migrations.iter().skip(version) {
            transaction.execute_batch(migration)?;
        }
        if version < self.newest() {
            transaction.pragma_update(None, "application_id", self.application_id)?;
            let newest = i32::try_from(self.newest()).expect("the list is short");
            transaction.pragma_update(None, "user_version", newest)?;
        }
        transaction.commit()
    }
}
