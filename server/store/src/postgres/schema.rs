//! The versions of the tables, and how a database gets from an older one to the newest.
//!
//! A table of its own says which migrations a database has seen. Migrations are only ever added to the list. Any number
//! of processes open a database at the same time, a fresh one too: one of them makes the tables, the others find them
//! made.

use super::{
    connection::{Connection, SCHEMA},
    fault::Fault,
};

/// Each takes a database from the version of its place in the list to the next.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/0001-log-and-leases.sql"),
    include_str!("migrations/0002-accounts-and-chats.sql"),
    include_str!("migrations/0003-chain-and-places.sql"),
    include_str!("migrations/0004-archive.sql"),
    include_str!("migrations/0005-journal.sql"),
];

/// The version that this program writes.
pub(super) const NEWEST: usize = MIGRATIONS.len();

/// How many foreign tables a refusal names.
const FOUND_MAX: i64 = 5;

/// Begins a migration: alone, whoever else is at it. The number of the lock reads "Tndm". Waiting for it is bounded by
/// more than a connection's usual limit, since a migration takes its time; so is the migration itself
/// ([`Connection::migrate`]), which may have to write a large table anew.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '8s'; SET LOCAL statement_timeout = '1h';
    SELECT pg_advisory_xact_lock(x'546e646d'::bigint)";

/// The table that says which migrations a database has seen.
const VERSIONS: &str = "CREATE TABLE schema_versions (
    version    bigint NOT NULL PRIMARY KEY,
    reached_at timestamptz NOT NULL DEFAULT now()
);
";

/// What stands in the way of using a database; nothing has been changed in it.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// A newer Tandem has written it.
    Newer { found: usize },
    /// An older Tandem has written it, or nobody, and who only looks changes nothing.
    Older { found: usize },
    /// The schema is somebody else's; some of its tables.
    Foreign { found: Vec<String> },
}

/// What a database says of itself.
#[derive(Debug, Default)]
struct State {
    has_schema: bool,
    /// None without the table that says it.
    version: Option<usize>,
    /// The names of tables in the schema.
    tables: Vec<String>,
}

/// Checks first, then changes. The inner error is a decision, the outer one the database's.
pub(super) async fn bring_up(connection: &mut Connection) -> Result<Result<(), Obstacle>, Fault> {
    let state = State::of(connection).await?;
    match state.obstacle() {
        Some(obstacle) => Ok(Err(obstacle)),
        // Takes no lock: a database in use opens while somebody stands still in a migration of another process.
        None if state.version == Some(NEWEST) => Ok(Ok(())),
        None => migrate(connection).await,
    }
}

/// As [`bring_up`] for who only looks: changes nothing.
pub(super) async fn look(connection: &mut Connection) -> Result<Result<(), Obstacle>, Fault> {
    let state = State::of(connection).await?;
    let version = state.version.unwrap_or(0);
    let is_older = (version < NEWEST).then_some(Obstacle::Older { found: version });
    Ok(state.obstacle().or(is_older).map_or(Ok(()), Err))
}

async fn migrate(connection: &mut Connection) -> Result<Result<(), Obstacle>, Fault> {
    connection.batch(BEGIN).await?;
    // Another process may have done it, or have done more, since the first look.
    let state = State::of(connection).await?;
    if let Some(obstacle) = state.obstacle() {
        connection.batch("ROLLBACK").await?;
        return Ok(Err(obstacle));
    }
    connection.migrate(&script(&state)).await?;
    Ok(Ok(()))
}

/// The rest of the transaction, in one round trip.
fn script(state: &State) -> String {
    let mut script = String::new();
    if !state.has_schema {
        script.push_str(&format!("CREATE SCHEMA {SCHEMA};\n"));
    }
    if state.version.is_none() {
        script.push_str(VERSIONS);
    }
    for (version, migration) in (1..).zip(MIGRATIONS).skip(state.version.unwrap_or(0)) {
        script.push_str(migration);
        script.push_str(&format!("INSERT INTO schema_versions (version) VALUES ({version});\n"));
    }
    script.push_str("COMMIT");
    script
}

impl State {
    async fn of(connection: &mut Connection) -> Result<Self, Fault> {
        let found = connection
            .query(
                "SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.schema_versions') IS NOT NULL,
                    ARRAY (SELECT tablename::text FROM pg_tables WHERE schemaname = $1 ORDER BY tablename LIMIT $2)",
                &[&SCHEMA, &FOUND_MAX],
            )
            .await?;
        let row = found.first().ok_or(Fault::Row("pg_tables"))?;
        let mut state = Self { has_schema: row.try_get(0)?, version: None, tables: row.try_get(2)? };
        if row.try_get(1)? {
            let versions = connection.query("SELECT coalesce(max(version), 0) FROM schema_versions", &[]).await?;
            let version: i64 = versions.first().ok_or(Fault::Row("schema_versions"))?.try_get(0)?;
            // A negative version is none of ours; as a very new one it is refused.
            state.version = Some(usize::try_from(version).unwrap_or(usize::MAX));
        }
        Ok(state)
    }

    fn obstacle(&self) -> Option<Obstacle> {
        match self.version {
            Some(found) if found > NEWEST => Some(Obstacle::Newer { found }),
            None if !self.tables.is_empty() => Some(Obstacle::Foreign { found: self.tables.clone() }),
            _ => None,
        }
    }
}
