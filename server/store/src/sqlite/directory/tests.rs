//! The SQLite directory held to the contract, and what only a file can do wrong.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

use rusqlite::Connection;
use tandem_protocol::{AgentId, ContactId, PairName, Timestamp};
use tempfile::TempDir;

use super::SqliteDirectory;
use crate::{
    Archive, Directory, OpenError, Reach, SqliteStore, StoreError,
    contract::archive::{
        holds_archive_contract,
        story::{ana, closes, comes, learns, opened_by, says, session, sought, taken_by, who},
    },
    contract::directory::{
        Backend, holds_directory_contract,
        story::{NOW, added, agent, chat, name, reply},
    },
};

holds_archive_contract!(DataDir);
holds_directory_contract!(DataDir);

/// A data directory that goes with the test.
struct DataDir(TempDir);

impl DataDir {
    fn new() -> Self {
        Self(TempDir::new().expect("the temporary directory is writable"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join("directory.db")
    }

    fn directory(&self) -> SqliteDirectory {
        SqliteDirectory::open(self.path()).expect("opens")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path(), &PairName::new("main").expect("is a name")).expect("opens")
    }

    /// A connection of another program to the same file.
    fn intruder(&self) -> Connection {
        Connection::open(self.file()).expect("opens")
    }

    fn refusal(&self) -> OpenError {
        SqliteDirectory::open(self.path()).expect_err("is refused")
    }
}

impl Backend for DataDir {
    type Directory = SqliteDirectory;

    async fn fresh() -> Self {
        Self::new()
    }

    async fn open(&self) -> SqliteDirectory {
        self.directory()
    }
}

#[tokio::test]
async fn its_files_are_for_its_owner_alone() {
    let dir = DataDir::new();
    let inner = dir.path().join("deep/data");
    let directory = SqliteDirectory::open(&inner).expect("opens");
    added(&directory, "ann").await;
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    for name in ["directory.db", "directory.db-wal", "directory.db-shm"] {
        assert_eq!(mode(&inner.join(name)), 0o600, "{name}");
    }
}

#[test]
fn several_processes_open_a_fresh_directory_at_the_same_time() {
    for _ in 0..20 {
        let dir = DataDir::new();
        let start = Barrier::new(4);
        let open = || {
            start.wait();
            SqliteDirectory::open(dir.path()).map(drop)
        };
        thread::scope(|scope| {
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            for opener in openers {
                opener.join().expect("does not panic").expect("opens");
            }
        });
    }
}

#[test]
fn log_and_directory_open_in_either_order() {
    let dir = DataDir::new();
    assert!(!SqliteDirectory::is_in(dir.path()));
    drop(dir.directory());
    assert!(SqliteDirectory::is_in(dir.path()));
    drop(dir.store());
    let dir = DataDir::new();
    let log = dir.store();
    assert!(!SqliteDirectory::is_in(dir.path()));
    drop(dir.directory());
    drop(log);
}

#[test]
fn a_data_directory_with_something_of_the_operators_gets_its_directory() {
    let dir = DataDir::new();
    drop(dir.store());
    fs::write(dir.path().join("notes.txt"), "x").expect("writes");
    drop(dir.directory());
}

#[test]
fn a_foreign_directory_is_refused_and_left_alone() {
    let dir = DataDir::new();
    fs::write(dir.path().join("holiday.jpg"), "x").expect("writes");
    let refusal = dir.refusal();
    assert!(matches!(&refusal, OpenError::ForeignDirectory { found, .. } if found == &["holiday.jpg"]), "{refusal}");
    assert_eq!(fs::read_dir(dir.path()).expect("reads").count(), 1);
}

#[test]
fn a_log_in_the_place_of_the_directory_is_refused_and_left_alone() {
    let dir = DataDir::new();
    drop(dir.store());
    fs::rename(dir.path().join("tandem.db"), dir.file()).expect("renames");
    let before = fs::read(dir.file()).expect("reads");
    let refusal = dir.refusal();
    let expected = format!(
        "{} was not made by Tandem under this name: its tables are events, leases, progress, sessions",
        dir.file().display()
    );
    assert_eq!(refusal.to_string(), expected);
    assert_eq!(fs::read(dir.file()).expect("reads"), before);
}

#[test]
fn a_file_of_another_program_or_none_is_refused() {
    let dir = DataDir::new();
    dir.intruder().execute_batch("CREATE TABLE invoices (id INTEGER)").expect("writes");
    let refusal = dir.refusal();
    assert!(matches!(&refusal, OpenError::ForeignFile { found, .. } if found == &["invoices"]), "{refusal}");
    fs::write(dir.file(), "Dear diary, ".repeat(1_000)).expect("writes");
    let refusal = dir.refusal();
    assert_eq!(refusal.to_string(), format!("{} is not a database", dir.file().display()));
}

#[test]
fn a_newer_schema_is_refused_with_both_versions() {
    let dir = DataDir::new();
    drop(dir.directory());
    dir.intruder().pragma_update(None, "user_version", 99).expect("writes");
    let refusal = dir.refusal();
    assert!(matches!(refusal, OpenError::NewerSchema { found: 99, known: 2, .. }));
    assert!(refusal.to_string().ends_with("use a newer Tandem"), "{refusal}");
}

#[test]
fn a_damaged_file_is_refused() {
    let dir = DataDir::new();
    drop(dir.directory());
    let mut bytes = fs::read(dir.file()).expect("reads");
    // The schema's page behind the file header: no such kind of page exists.
    bytes[100..200].fill(0xff);
    fs::write(dir.file(), bytes).expect("writes");
    let refusal = dir.refusal();
    assert_eq!(refusal.to_string(), format!("{} is damaged", dir.file().display()));
}

#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    // Not even the superuser creates anything here.
    let refusal = SqliteDirectory::open(Path::new("/proc/tandem")).expect_err("is refused");
    assert_eq!(refusal.to_string(), "/proc/tandem is not writable for this user");
}

#[tokio::test]
async fn a_file_left_by_a_kill_opens_with_all_that_was_answered() {
    let (dir, left) = (DataDir::new(), DataDir::new());
    let directory = dir.directory();
    let account = added(&directory, "ann").await;
    // What a kill leaves: the files as they are, nothing of the write-ahead log copied into the database.
    for name in ["directory.db", "directory.db-wal", "directory.db-shm"] {
        fs::copy(dir.path().join(name), left.path().join(name)).expect("copies");
    }
    assert_eq!(left.directory().accounts().await.expect("reads"), [account]);
}

#[tokio::test]
async fn a_stopped_writer_makes_others_busy_and_reading_goes_on() {
    let dir = DataDir::new();
    let directory = dir.directory();
    let account = added(&directory, "ann").await;
    let stopped = dir.intruder();
    stopped.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let refused = directory.set_disabled(&name("ann"), true).await;
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    assert_eq!(directory.accounts().await.expect("reads"), [account]);
    drop(dir.directory());
    // The stopped process is killed: its lock goes with it.
    drop(stopped);
    directory.set_disabled(&name("ann"), true).await.expect("writes").expect("is there");
}

#[tokio::test]
async fn a_writer_waits_for_another_that_is_at_it() {
    let dir = DataDir::new();
    let directory = dir.directory();
    let other = dir.intruder();
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let add = directory.add_account(agent("ann"));
    let finish = async { other.execute_batch("COMMIT").expect("unlocks") };
    let (added, ()) = tokio::join!(add, finish);
    assert!(added.expect("writes").is_some());
}

#[tokio::test]
async fn altered_rows_are_a_failure_and_never_a_panic() {
    let damages = [
        "UPDATE accounts SET name = 'Not A Name'",
        "UPDATE accounts SET role = 'king'",
        "UPDATE accounts SET skills = '{'",
        "UPDATE accounts SET capacity = -1",
        "UPDATE secrets SET secret = x'00'",
        "UPDATE takings SET session = x'00'",
        "UPDATE replies SET id = 'two words'",
        "DROP TABLE logins",
    ];
    for damage in damages {
        let dir = DataDir::new();
        let directory = dir.directory();
        let account = added(&directory, "ann").await;
        directory.secret().await.expect("writes");
        directory.take_chat(chat(1, account.agent)).await.expect("writes");
        directory.save_canned(account.agent, reply("r-1", "hello")).await.expect("writes");
        dir.intruder().execute_batch(damage).expect("damages");
        let outcomes = [
            directory.accounts().await.err(),
            directory.secret().await.err(),
            directory.unfiled().await.err(),
            directory.canned(account.agent).await.err(),
            directory.logins(NOW).await.err(),
        ];
        let failed = outcomes.iter().flatten().all(|error| matches!(error, StoreError::Failed(_)));
        assert!(failed && outcomes.iter().any(Option::is_some), "{damage}: {outcomes:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let account = agent("ann");
    assert!(!format!("{account:?}").contains("argon2id"), "{account:?}");
    let directory = DataDir::new().directory();
    assert!(!format!("{directory:?}").contains("argon2id"));
}

#[tokio::test]
async fn an_erased_text_is_not_in_the_files_any_more() {
    let dir = DataDir::new();
    let directory = dir.directory();
    let mut lessons = vec![opened_by(1, &[ana()]), comes(1, "Zebulonia"), closes(1)];
    lessons.extend((3..300).map(|seq| says(1, seq, &format!("the unmistakable{seq} secret"))));
    learns(&directory, lessons).await;
    learns(&directory, vec![opened_by(2, &[]), says(2, 3, "what stays")]).await;
    let holds = |text: &str| {
        let files = ["directory.db", "directory.db-wal"].map(|name| fs::read(dir.path().join(name)).expect("reads"));
        files.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    // The index keeps of a word only what is not as in the one before it.
    let sought = ["unmistakable", "mistakable", "Zebulonia", "subject 1", "ana@example.org"];
    assert!(sought.iter().all(|text| holds(text)), "the test looks in the right place");
    let contact = who(&directory, &ana()).await.expect("is known").contact;
    directory.erase_contact(contact).await.expect("writes");
    directory.chat_erased(session(1)).await.expect("writes");
    for text in sought {
        assert!(!holds(text), "{text}");
    }
    assert!(holds("what stays"));
}

#[tokio::test]
async fn altered_rows_of_the_archive_are_a_failure_and_never_a_panic() {
    let damages = [
        "UPDATE contacts SET attributes = '{'",
        "UPDATE identities SET identity = '{'",
        "UPDATE past_participants SET agent = -1",
        "UPDATE past_chats SET session = x'00'",
        "UPDATE past_chats SET pair = 'Not A Name'",
        "DROP TABLE past_messages",
        "DROP TABLE past_words",
    ];
    for damage in damages {
        let dir = DataDir::new();
        let directory = dir.directory();
        learns(&directory, vec![opened_by(1, &[ana()]), taken_by(1, AgentId(1), "Ben"), says(1, 4, "hello")]).await;
        learns(&directory, vec![closes(1)]).await;
        dir.intruder().execute_batch(damage).expect("damages");
        let contact = ContactId(1);
        let outcomes = [
            directory.contacts("", Reach::All, 9).await.err(),
            directory.chats(contact, None, 9).await.err(),
            directory.search(sought("hello")).await.err(),
            directory.to_erase(Some(Timestamp(u64::MAX / 4)), None, 9).await.err(),
        ];
        let failed = outcomes.iter().flatten().all(|error| matches!(error, StoreError::Failed(_)));
        assert!(failed && outcomes.iter().any(Option::is_some), "{damage}: {outcomes:?}");
    }
}
