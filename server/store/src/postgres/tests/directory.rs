//! The directory in PostgreSQL held to the contract, and what only a server can do wrong.

use tandem_protocol::{AgentId, Timestamp, archive::Amendment};

use super::server::Database;
use crate::{
    Archive, Directory, Fact, Filing, NewAccount, PostgresDirectory, Reach, StoreError,
    contract::archive::{
        holds_archive_contract,
        story::{ana, closes, comes, customer, learns, opened_by, part, places, says, session, sought, taken_by, who},
    },
    contract::directory::{
        Backend, holds_directory_contract,
        story::{agent, chat, filing, later, reply},
    },
};

holds_archive_contract!(Database);
holds_directory_contract!(Database);

impl Backend for Database {
    type Directory = PostgresDirectory;

    async fn fresh() -> Self {
        Self::with_tables().await
    }

    async fn open(&self) -> PostgresDirectory {
        PostgresDirectory::open(&self.address()).await.expect("opens")
    }
}

#[tokio::test]
async fn a_nul_in_a_text_keeps_nobody_from_his_work() {
    let directory = <Database as Backend>::fresh().await.open().await;
    let new = NewAccount { display: "An\0n".into(), ..agent("ann") };
    let ann = directory.add_account(new).await.expect("writes").expect("the name is free");
    assert_eq!(ann.display, "An\u{fffd}n");
    directory.take_chat(chat(1, ann.agent)).await.expect("writes");
    let odd = Filing { remark: Some("\0".into()), ..filing(1, ann.agent, "\0", later(1)) };
    directory.file_chat(odd).await.expect("writes");
    let odd = tandem_protocol::desk::Canned { text: "\0".into(), ..reply("r-1", "\0") };
    assert!(directory.save_canned(ann.agent, odd).await.expect("writes"));
    assert_eq!(directory.canned(ann.agent).await.expect("reads")[0].shortcut, "\u{fffd}");
}

#[tokio::test]
async fn a_nul_in_what_was_said_keeps_nobody_from_reading_on() {
    let archive = <Database as Backend>::fresh().await.open().await;
    let mut odd = opened_by(1, &[customer("17")]);
    if let Fact::Opened { subject, .. } = &mut odd.fact {
        *subject = Some("\0".into());
    }
    learns(&archive, vec![odd, comes(1, "A\0na"), says(1, 3, "one\0two")]).await;
    assert_eq!(places(&archive, sought("two one")).await, [(1, 3)]);
    let known = who(&archive, &customer("17")).await.expect("is known");
    assert_eq!(known.name, "A\u{fffd}na");
    let attributes = [("k\0".to_owned(), Some("\0".to_owned()))].into();
    let change = Amendment { name: Some("\0".into()), attributes, ..Amendment::default() };
    let amended = archive.amend(known.contact, change).await.expect("writes").expect("is known");
    assert_eq!((amended.name.as_str(), amended.attributes["k\0"].as_str()), ("\u{fffd}", "\0"));
    assert_eq!(archive.contacts("\0", Reach::All, 9).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn altered_rows_of_the_archive_are_a_failure_and_never_a_panic() {
    let damages = [
        "UPDATE contacts SET attributes = '{'",
        "UPDATE identities SET identity = '{'",
        "UPDATE past_participants SET agent = -1",
        "UPDATE past_chats SET pair = 'Not A Name'",
        "DROP TABLE past_messages",
    ];
    for damage in damages {
        let database = Database::with_tables().await;
        let archive = PostgresDirectory::open(&database.address()).await.expect("opens");
        learns(&archive, vec![opened_by(1, &[ana()]), taken_by(1, AgentId(1), "Ben"), says(1, 4, "hello")]).await;
        learns(&archive, vec![closes(1)]).await;
        database.run(damage).await;
        let outcomes = [
            archive.contacts("", Reach::All, 9).await.err(),
            archive.chat(session(1), Reach::All).await.err(),
            archive.search(sought("hello")).await.err(),
            archive.to_erase(Some(Timestamp(u64::MAX / 4)), None, 9).await.err(),
        ];
        let failed = outcomes.iter().flatten().all(|error| matches!(error, StoreError::Failed(_)));
        assert!(failed && outcomes.iter().any(Option::is_some), "{damage}: {outcomes:?}");
    }
}

#[tokio::test]
async fn a_stopped_writer_of_the_archive_makes_others_busy_and_reading_goes_on() {
    let database = Database::with_tables().await;
    let archive = PostgresDirectory::open(&database.address()).await.expect("opens");
    learns(&archive, vec![opened_by(1, &[ana()])]).await;
    let stopped = database.warden().await;
    stopped.batch_execute("BEGIN; SELECT id FROM archive_guard FOR UPDATE").await.expect("locks");
    let refused = archive.learn(part(&archive, vec![closes(1)]).await).await;
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    assert!(who(&archive, &ana()).await.is_some());
    stopped.batch_execute("ROLLBACK").await.expect("unlocks");
    learns(&archive, vec![closes(1)]).await;
}
