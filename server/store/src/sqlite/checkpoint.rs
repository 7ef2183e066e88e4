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
            Ok(()) => failing = false,
            // Said once until it works again; commits fail for the same reason and are reported by their callers.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "the write-ahead log could not be copied into the database");
            }
            Err(_) => {}
        }
    }
}

fn checkpoint(connection: &Connection, turn: &WriteTurn) -> rusqlite::Result<()> {
    let pages = step(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    if pages > RESTART_PAGES {
        let _turn = turn.lock().expect("a thread does not panic while it holds the turn");
        // What is left is what came in during the passive one. Busy readers make it end early; then it comes again.
        step(connection, "PRAGMA wal_checkpoint(RESTART)")?;
    }
    Ok(())
}

/// Runs one and says how many pages are in the write-ahead log. That it stopped early at a reader is no error.
fn step(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| row.get(1))
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
}
