//! The checkpoint thread: copies the write-ahead log into the database file, so that no commit waits for it.
//!
//! It exists because checkpoints inside commits make the slowest saves several times slower. The writer thread wakes
//! it; it ends when the writer thread does.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

/// The writer wakes the thread after about this many pages (of 4 KiB) have gone into the write-ahead log.
const WAKE_PAGES: u64 = 1_000;

/// With more pages than this in the write-ahead log, writing pauses for the rest of a checkpoint, and the log begins
/// again at its start. Bounds the file: 32 MiB, and what is written while a checkpoint runs.
const RESTART_PAGES: i64 = 8_000;

/// Held during a write transaction, and during the part of a checkpoint that excludes them. With it the writer waits
/// in line for its own process; without, it would take its own checkpoint for a stopped process (SQLITE_BUSY).
/// Taken before the heads' lock.
pub(super) type WriteTurn = Arc<Mutex<()>>;

/// The writer thread's end.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// One place: a wake-up that finds it taken is contained in the one that waits.
    wake: SyncSender<()>,
    pages: u64,
}

impl Checkpoints {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, turn: WriteTurn) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (wake, woken) = sync_channel(1);
        let thread =
            thread::Builder::new().name("store-checkpoint".into()).spawn(move || run(&connection, &turn, &woken))?;
        Ok((Self { wake, pages: 0 }, thread))
    }

    /// Counts what a commit has added, as well as it can be estimated: it only decides when to look.
    pub(super) fn committed(&mut self, pages: u64) {
        self.pages += pages;
        if self.pages >= WAKE_PAGES {
            self.pages = 0;
            match self.wake.try_send(()) {
                // If the thread is gone, the log only grows: the next start copies it.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }
}

fn run(connection: &Connection, turn: &WriteTurn, woken: &Receiver<()>) {
    let mut failing = false;
    while woken.recv().is_ok() {
        match checkpoint(connection, turn) {
            Ok(_) => failing = false,
            // Said once until it works again; commits fail for the same reason and are reported by their callers.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "the write-ahead log could not be copied into the database");
            }
            Err(_) => {}
        }
    }
}

/// Says whether the write-ahead log begins again at its start.
fn checkpoint(connection: &Connection, turn: &WriteTurn) -> rusqlite::Result<bool> {
    let first = step(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    if first.pages <= RESTART_PAGES {
        return Ok(false);
    }
    // What came in meanwhile. Where even that cannot be copied, a reader needs the log as it was, as a backup does for as
    // long as it takes: writers would wait for it in vain. The log grows until it is gone.
    let second = step(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    if second.copied < second.pages && second.copied <= first.copied {
        return Ok(false);
    }
    let _turn = turn.lock().expect("a thread does not panic while it holds the turn");
    // Little is left. Busy readers make it end early; then it comes again.
    Ok(!step(connection, "PRAGMA wal_checkpoint(RESTART)")?.is_early)
}

/// What a checkpoint has come to. That it stopped early at a reader is no error.
struct Step {
    is_early: bool,
    /// In the write-ahead log.
    pages: i64,
    /// Of these, in the database too.
    copied: i64,
}

fn step(connection: &Connection, sql: &str) -> rusqlite::Result<Step> {
    connection.query_row(sql, [], |row| Ok(Step { is_early: row.get(0)?, pages: row.get(1)?, copied: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sqlite::{connection, open, schema};

    /// Writes some 4,200 pages in a transaction.
    fn write(connection: &Connection) {
        connection.execute_batch("INSERT INTO filler VALUES (zeroblob(17000000)); DELETE FROM filler").expect("writes");
    }

    #[test]
    fn the_write_ahead_log_begins_again_once_it_is_long() {
        let dir = tempfile::TempDir::new().expect("the temporary directory is writable");
        let file = open::prepare(dir.path(), &schema::LOG).expect("opens");
        let (writer, checkpointer) = (connection::writer(&file).expect("opens"), connection::checkpointer(&file));
        let (checkpointer, turn) = (checkpointer.expect("opens"), WriteTurn::default());
        writer.execute_batch("CREATE TABLE filler (x)").expect("writes");
        let length = || fs::metadata(dir.path().join("tandem.db-wal")).expect("is there").len();
        write(&writer);
        write(&writer);
        let longest = length();
        for _ in 0..5 {
            checkpoint(&checkpointer, &turn).expect("copies");
            write(&writer);
        }
        assert!(length() <= longest, "{} bytes, then {}", longest, length());
    }

    /// A backup reads for as long as it takes, and nobody waits for it.
    #[test]
    fn writers_do_not_wait_for_a_reader_that_needs_the_log_as_it_was() {
        let dir = tempfile::TempDir::new().expect("the temporary directory is writable");
        let file = open::prepare(dir.path(), &schema::LOG).expect("opens");
        let (writer, checkpointer) = (connection::writer(&file).expect("opens"), connection::checkpointer(&file));
        let (checkpointer, turn) = (checkpointer.expect("opens"), WriteTurn::default());
        writer.execute_batch("CREATE TABLE filler (x)").expect("writes");
        write(&writer);
        let reader = connection::reader(&file).expect("opens");
        reader.execute_batch("BEGIN; SELECT * FROM leases").expect("reads");
        for _ in 0..3 {
            write(&writer);
            // Held by somebody else, it would wait for ever if it asked for its turn.
            let writing = turn.lock().expect("nobody panics");
            assert!(!checkpoint(&checkpointer, &turn).expect("copies what it can"));
            drop(writing);
        }
        drop(reader);
        assert!(checkpoint(&checkpointer, &turn).expect("copies"));
    }
}
