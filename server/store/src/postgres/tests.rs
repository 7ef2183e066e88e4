//! PostgreSQL held to the contract, and what only a server can do wrong. Every test has a database of its own on a real
//! server that this process starts (`tests/server.rs`).

mod checking;
mod directory;
mod faults;
mod fencing;
mod journal;
mod opening;
mod outcomes;
mod proxy;
mod server;
mod transcripts;
mod transfer;

use tandem_protocol::PairName;

use self::server::Database;
use super::{PostgresStore, PostgresTranscripts};
use crate::contract::{Backend, holds_contract};

holds_contract!(Database);

impl Backend for Database {
    type Store = PostgresStore;
    type Transcripts = PostgresTranscripts;

    async fn fresh() -> Self {
        Self::with_tables().await
    }

    async fn open(&self, pair: &str) -> PostgresStore {
        PostgresStore::open(&self.address(), &PairName::new(pair).expect("is a name")).await.expect("opens")
    }

    async fn transcripts(&self) -> PostgresTranscripts {
        PostgresTranscripts::open(&self.address()).await.expect("opens")
    }
}

fn pair() -> PairName {
    PairName::new("main").expect("is a name")
}
