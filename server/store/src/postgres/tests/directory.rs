//! The directory in PostgreSQL held to the contract, and what only a server can do wrong.

use super::server::Database;
use crate::{
    PostgresDirectory,
    contract::directory::{Backend, holds_directory_contract},
};

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
