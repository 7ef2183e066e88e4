//! A database of a test on the shared server of `tandem-postgres`, as the store sees it: with addresses that are parsed,
//! and with tables.

use std::{ops::Deref, sync::Arc};

pub(super) use tandem_postgres::{GUARDED, PASSWORD, Server, USER, eventually, free_port, within};

use crate::{
    PostgresAddress, PostgresStore,
    postgres::{
        connection::{Connection, Connector, Purpose},
        tests::pair,
    },
};

/// A database of one test.
pub(super) struct Database(tandem_postgres::Database);

impl Deref for Database {
    type Target = tandem_postgres::Database;

    fn deref(&self) -> &tandem_postgres::Database {
        &self.0
    }
}

impl Database {
    /// An empty one on the shared server.
    pub(super) async fn empty() -> Self {
        Self(tandem_postgres::Database::empty().await)
    }

    /// One that has the tables.
    pub(super) async fn with_tables() -> Self {
        Self::with_tables_on(&Server::shared()).await
    }

    /// As [`Database::with_tables`] on another server.
    pub(super) async fn with_tables_on(server: &Arc<Server>) -> Self {
        let make_tables = async |template: &tandem_postgres::Database| {
            drop(PostgresStore::open(&parsed(&template.by_socket()), &pair()).await.expect("opens"));
        };
        Self(server.copy(make_tables).await)
    }

    /// By the server's socket.
    pub(super) fn address(&self) -> PostgresAddress {
        parsed(&self.by_socket())
    }

    /// By the network, as `who` and with parameters.
    pub(super) fn network(&self, who: &str, parameters: &str) -> PostgresAddress {
        parsed(&self.by_network(who, parameters))
    }

    /// A connection of the kind that stores use.
    pub(super) async fn like_a_store(&self) -> Connection {
        let connector = Connector::new(self.address(), Purpose::Log).expect("no certificates are asked for");
        connector.connect().await.expect("connects")
    }

    /// Another one on the same server.
    pub(super) async fn another(&self, options: &str) -> Self {
        Self(self.server().database(options).await)
    }
}

/// An address that is known to be one.
pub(super) fn parsed(address: &str) -> PostgresAddress {
    address.parse().unwrap_or_else(|error| panic!("{address}: {error}"))
}
