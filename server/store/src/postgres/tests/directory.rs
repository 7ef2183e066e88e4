//! The directory in PostgreSQL held to the contract, and what only a server can do wrong.

use super::server::Database;
use crate::{
    Directory, Filing, NewAccount, PostgresDirectory,
    contract::archive::holds_archive_contract,
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
