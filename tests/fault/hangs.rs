//! A primary that hangs: SIGSTOP is the worst of silences, since the process still owns its sockets, files and locks.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use tandem_tests::{Engine, Primary, Role, System, eventually, usage};

use crate::chatter::Chatter;

/// F-1, F-2: a deposed primary that wakes up cannot write, says so once, and becomes backup.
#[tokio::test]
async fn a_stopped_primary_is_succeeded_and_becomes_backup_when_it_wakes() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 8).await;
    chatter.goes_on_for(50).await;
    let hung = system.which(Primary).await;
    stop_when(&mut system, hung, false).await;
    let successor = other(hung);
    is_primary(&system, successor).await;
    chatter.goes_on_for(200).await;
    system.expect_log("deposed");
    system.cont(hung).await;
    eventually("the woken engine is backup", async || {
        matches!(system.role_of(hung).await, Role::Backup(_)).then_some(())
    })
    .await;
    system.engine_logs(hung, "deposed").await;
    assert_eq!(system.engine_log(hung, "deposed").await.len(), 1, "one WARN");
    system.is_complete().await;
    chatter.goes_on_for(100).await;
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// F-1: also when it sleeps only so long that nobody has noticed: the same primary goes on, nobody is deposed.
#[tokio::test]
async fn a_primary_that_stops_for_a_moment_goes_on() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 4).await;
    chatter.goes_on_for(50).await;
    let hung = system.stop(Primary).await;
    system.cont(hung).await;
    chatter.goes_on_for(100).await;
    is_primary(&system, hung).await;
    assert_eq!(system.engine_log(hung, "deposed").await.len(), 0);
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// The successor ends the recorded process, checked by id and start time, when nothing else gives up the lock.
#[tokio::test]
async fn a_primary_stopped_while_it_holds_the_write_lock_does_not_block_takeover() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 16).await;
    chatter.goes_on_for(50).await;
    let hung = system.which(Primary).await;
    stop_when(&mut system, hung, true).await;
    let successor = other(hung);
    system.expect_log("killed the hung primary");
    system.expect_log("another process holds the store's write lock");
    is_primary(&system, successor).await;
    chatter.goes_on_for(200).await;
    assert!(!system.is_running(hung).await, "the hung process was ended");
    assert_eq!(system.engine_log(successor, "killed the hung primary").await.len(), 1);
    system.forget(hung).await;
    system.restart(hung).await;
    system.is_complete().await;
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// Stops an engine at a moment when it does, or does not, hold the store's write lock. Under load one stop in some
/// tens catches it there.
async fn stop_when(system: &mut System, engine: Engine, holds_lock: bool) {
    let data = system.data().to_owned();
    eventually("the engine is stopped at the wanted moment", async || {
        system.stop(engine).await;
        let pid = system.pid_of(engine).await;
        eventually("it is stopped", async || (usage::state(pid) == Some('T')).then_some(())).await;
        if holds_write_lock(pid, &data) == holds_lock {
            return Some(());
        }
        system.cont(engine).await;
        None
    })
    .await;
}

/// The engine that is not this one.
pub(crate) fn other(engine: Engine) -> Engine {
    if engine == Engine::A { Engine::B } else { Engine::A }
}

pub(crate) async fn is_primary(system: &System, engine: Engine) {
    eventually("the right engine is primary", async || {
        matches!(system.role_of(engine).await, Role::Primary(_)).then_some(())
    })
    .await;
}

/// Whether a process holds SQLite's write lock on a database in this directory: in write-ahead mode an exclusive
/// lock of byte 120 of the shared-memory file (SQLite's walIndex format, `WAL_WRITE_LOCK`).
fn holds_write_lock(pid: u32, data: &Path) -> bool {
    let locks = fs::read_to_string("/proc/locks").expect("the kernel lists its locks");
    let files = fs::read_dir(data).expect("the data directory is there");
    let inodes: Vec<u64> = files
        .map(|entry| entry.expect("a folder can be read to its end"))
        .filter(|entry| entry.file_name().to_string_lossy().ends_with("-shm"))
        .map(|entry| entry.metadata().expect("the file is there").ino())
        .collect();
    assert!(!inodes.is_empty(), "the store runs in write-ahead mode");
    locks.lines().any(|line| is_write_lock(line, pid, &inodes))
}

/// A line such as `1: POSIX  ADVISORY  WRITE 4711 08:01:131 120 120`.
fn is_write_lock(line: &str, pid: u32, inodes: &[u64]) -> bool {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, "POSIX", _, "WRITE", owner, file, "120", _] = fields.as_slice() else { return false };
    let inode = file.rsplit(':').next().and_then(|inode| inode.parse().ok());
    owner.parse() == Ok(pid) && inode.is_some_and(|inode: u64| inodes.contains(&inode))
}
