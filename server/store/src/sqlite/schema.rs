//! The versions of the schema, and how a file gets from an older one to the newest.
//!
//! A file says which program it belongs to (`application_id`) and how many migrations it has seen (`user_version`).
//! Migrations are only ever added to the list. `open.rs` is the caller.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Marks a file as Tandem's: "Tndm".
pub(super) const APPLICATION_ID: i32 = 0x546E_646D;

/// Each takes a file from the version of its place in the list to the next.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001-log-and-leases.sql")];

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

    /// A file that somebody has just created and not yet filled, perhaps the other engine at this very moment.
    pub(super) fn is_fresh(&self) -> bool {
        self.application_id == 0 && self.version == 0 && self.tables.is_empty()
    }

    /// Whether Tandem made it.
    pub(super) fn is_ours(&self) -> bool {
        self.application_id == APPLICATION_ID
    }
}

/// The version that this program writes.
pub(super) fn newest() -> usize {
    MIGRATIONS.len()
}

/// Applies what is missing, all or nothing. Of two processes that come at once, the second finds it done.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let version = Identity::of(&transaction)?.version;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    if version < newest() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i32::try_from(newest()).expect("the list is short"))?;
    }
    transaction.commit()
}
