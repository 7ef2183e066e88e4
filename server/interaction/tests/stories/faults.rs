//! A directory that hangs, and one that panics.

use std::{future::pending, sync::Arc};

use async_trait::async_trait;
use tandem_interaction::{InteractionError, Stores};
use tandem_protocol::{
    AgentId, ClientId, LoginName, Seq, SessionId, Timestamp, TokenHash,
    desk::{Action, AgentRole, Canned, ChosenState},
    link::Request,
};
use tandem_store::{Account, Chosen, Directory, Filing, Login, NewAccount, PasswordHash, StoreError, TakenChat};
use tempfile::TempDir;

use crate::{engine::Engine, session, start, stores_in, token, waiting, within};

/// A directory with one account, logged in, that does nothing well.
struct Broken {
    /// It panics when it is to keep something, and never answers otherwise.
    panics: bool,
}

impl Broken {
    fn and_the_rest_in(self, folder: &TempDir) -> Stores {
        Stores { directory: Arc::new(self), ..stores_in(folder) }
    }

    async fn fails<T>(&self) -> Result<T, StoreError> {
        assert!(!self.panics, "the directory panics, as the story wants it");
        pending().await
    }
}

#[async_trait]
impl Directory for Broken {
    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok([7; 32])
    }

    async fn begin_life(&self) -> Result<u64, StoreError> {
        Ok(1)
    }

    async fn version(&self) -> Result<u64, StoreError> {
        Ok(1)
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(vec![Account {
            agent: AgentId(1),
            name: LoginName::new("ben").expect("is valid"),
            display: "BEN".into(),
            role: AgentRole::Agent,
            capacity: 2,
            skills: Vec::new(),
            disabled: false,
        }])
    }

    async fn logins(&self, _now: Timestamp) -> Result<Vec<Login>, StoreError> {
        Ok(vec![Login { token: token(1), agent: AgentId(1), expires_at: Timestamp(u64::MAX) }])
    }

    async fn chosen(&self) -> Result<Vec<Chosen>, StoreError> {
        Ok(vec![Chosen { agent: AgentId(1), state: ChosenState::Ready, since: Timestamp(1) }])
    }

    async fn unfiled(&self) -> Result<Vec<(SessionId, AgentId)>, StoreError> {
        Ok(Vec::new())
    }

    async fn add_account(&self, _: NewAccount) -> Result<Option<Account>, StoreError> {
        self.fails().await
    }

    async fn set_disabled(&self, _: &LoginName, _: bool) -> Result<Option<Account>, StoreError> {
        self.fails().await
    }

    async fn set_password(&self, _: &LoginName, _: PasswordHash) -> Result<Option<Account>, StoreError> {
        self.fails().await
    }

    async fn credentials(&self, _: &LoginName) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        self.fails().await
    }

    async fn add_login(&self, _: Login, _: Timestamp) -> Result<(), StoreError> {
        self.fails().await
    }

    async fn login(&self, _: TokenHash, _: Timestamp) -> Result<Option<Login>, StoreError> {
        self.fails().await
    }

    async fn end_login(&self, _: TokenHash) -> Result<(), StoreError> {
        self.fails().await
    }

    async fn choose(&self, _: Chosen) -> Result<(), StoreError> {
        self.fails().await
    }

    async fn take_chat(&self, _: TakenChat) -> Result<(), StoreError> {
        self.fails().await
    }

    async fn release_chat(&self, _: SessionId, _: AgentId) -> Result<(), StoreError> {
        self.fails().await
    }

    async fn file_chat(&self, _: Filing) -> Result<(), StoreError> {
        self.fails().await
    }

    async fn canned(&self, _: AgentId) -> Result<Vec<Canned>, StoreError> {
        self.fails().await
    }

    async fn save_canned(&self, _: AgentId, _: Canned) -> Result<bool, StoreError> {
        self.fails().await
    }

    async fn delete_canned(&self, _: AgentId, _: &ClientId, _: bool) -> Result<bool, StoreError> {
        self.fails().await
    }
}

#[tokio::test]
async fn customers_do_not_wait_for_a_directory_that_hangs() {
    let engine = Engine::start().await;
    let folder = tempfile::tempdir().expect("is writable");
    let server = start(Broken { panics: false }.and_the_rest_in(&folder), &engine).await;
    let mut peer = engine.welcomes_with(&[waiting(1)]).await;
    let desk = tandem_protocol::DeskId(session(1).0);
    peer.enters(desk, token(1)).await.expect("is logged in");
    let accept = peer.starts(desk, "1", Action::Accept { session: session(1), seq: Seq(3) });
    let (id, _) = peer.asked("a join", |body| matches!(body, Request::Join(_))).await;
    peer.joined(id);
    peer.reply_to(accept).await.expect("is his");
    let refusal = peer.does(desk, "2", Action::Canned).await.expect_err("cannot be looked up");
    assert_eq!(refusal.code, tandem_protocol::ErrorCode::Unavailable);
    server.shutdown().await.expect("ends although not everything is kept");
}

#[tokio::test]
async fn a_panic_of_any_task_is_the_servers_failure() {
    let engine = Engine::start().await;
    let folder = tempfile::tempdir().expect("is writable");
    let mut server = start(Broken { panics: true }.and_the_rest_in(&folder), &engine).await;
    let mut peer = engine.welcomes_with(&[waiting(1)]).await;
    let desk = tandem_protocol::DeskId(session(1).0);
    peer.enters(desk, token(1)).await.expect("is logged in");
    peer.starts(desk, "1", Action::State(ChosenState::AfterWork));
    let failed = within("the failure", server.failed()).await;
    assert!(matches!(failed, InteractionError::Panicked));
    server.shutdown().await.expect("the rest ends in order");
}
