//! The bare database: the same bytes in a table without a key, in transactions of the same size, for comparison.
//!
//! It fences nothing, numbers nothing and can find nothing again; what the store's rows cost beyond it is the price of
//! the guarantees. Only the database's own time counts, not that of making the events.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tandem_store::Entry;
use tokio::task::block_in_place;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::{
    chats::{self, Chat},
    scale::Rate,
};

/// Rows of one statement on PostgreSQL.
const STATEMENT_ROWS_MAX: usize = 64;

/// One table.
pub(crate) enum Bare {
    /// By rowid, each commit flushed.
    Sqlite(Connection),
    /// Without any index, over one connection, each statement a transaction.
    Postgres(Client, Statement),
}

impl Bare {
    pub(crate) fn sqlite(folder: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(folder.join("bare.db"))?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let table = "CREATE TABLE events (id INTEGER PRIMARY KEY, session BLOB NOT NULL, seq INTEGER NOT NULL,
                                          at INTEGER NOT NULL, body TEXT NOT NULL)";
        connection.execute_batch(table)?;
        Ok(Self::Sqlite(connection))
    }

    pub(crate) async fn postgres(client: Client) -> Result<Self, tokio_postgres::Error> {
        let table = "SET synchronous_commit = on;
                     CREATE TABLE bare (session uuid NOT NULL, seq bigint NOT NULL, at bigint NOT NULL, body text NOT NULL)";
        client.batch_execute(table).await?;
        let insert = "INSERT INTO bare (session, seq, at, body)
                      SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[])";
        let insert = client.prepare(insert).await?;
        Ok(Self::Postgres(client, insert))
    }

    /// Saves batches of an event of each session, one after the other, until a slice is over.
    pub(crate) async fn saves(&mut self, chats: &mut [Chat], slice: Duration) -> Rate {
        let mut rate = Rate::default();
        while rate.took < slice {
            let entries = chats::round(chats);
            let begun = Instant::now();
            match self {
                Self::Sqlite(connection) => block_in_place(|| insert(connection, &entries)).expect("SQLite saves"),
                Self::Postgres(client, statement) => {
                    for rows in entries.chunks(STATEMENT_ROWS_MAX) {
                        send(client, statement, rows).await.expect("PostgreSQL saves");
                    }
                }
            }
            rate += Rate::since(begun, entries.len() as u64);
        }
        rate
    }
}

fn insert(connection: &mut Connection, entries: &[Entry]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO events (session, seq, at, body) VALUES (?1, ?2, ?3, ?4)")?;
        for entry in entries {
            let session = entry.session.0.as_bytes().as_slice();
            let (seq, at) = (entry.event.seq.0.cast_signed(), entry.at.0.cast_signed());
            insert.execute((session, seq, at, entry.event.event.get()))?;
        }
    }
    transaction.commit()
}

async fn send(client: &Client, statement: &Statement, rows: &[Entry]) -> Result<(), tokio_postgres::Error> {
    let sessions: Vec<Uuid> = rows.iter().map(|entry| entry.session.0).collect();
    let seqs: Vec<i64> = rows.iter().map(|entry| entry.event.seq.0.cast_signed()).collect();
    let ats: Vec<i64> = rows.iter().map(|entry| entry.at.0.cast_signed()).collect();
    let bodies: Vec<&str> = rows.iter().map(|entry| entry.event.event.get()).collect();
    client.execute(statement, &[&sessions, &seqs, &ats, &bodies]).await.map(drop)
}
