//! [`Database`]: a database of one test, with what a test needs to look into it and to stand in its way.

use std::sync::Arc;

use tokio_postgres::Client;

use crate::{USER, server::Server, waiting::eventually};

/// See [`Database::gate`]. A client's own limit does not count for the wait.
const GATE: &str = "
    CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;
    CREATE TRIGGER gate AFTER INSERT ON events EXECUTE FUNCTION pass()";

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// An empty one on the shared server.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine.
    pub async fn empty() -> Self {
        Server::shared().database("").await
    }

    pub(crate) fn new(server: Arc<Server>, name: String) -> Self {
        Self { server, name }
    }

    /// Its server.
    #[must_use]
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address by the server's socket, for [`USER`].
    #[must_use]
    pub fn by_socket(&self) -> String {
        let folder = self.server.folder().display().to_string().replace('/', "%2F");
        format!("postgres://{USER}@{folder}:{}/{}", self.server.port(), self.name)
    }

    /// Its address by the network, for `who` and with parameters.
    #[must_use]
    pub fn by_network(&self, who: &str, parameters: &str) -> String {
        self.at(who, &[self.server.port()], parameters)
    }

    /// Its address at ports of 127.0.0.1, for `who` and with parameters.
    #[must_use]
    pub fn at(&self, who: &str, ports: &[u16], parameters: &str) -> String {
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("postgres://{who}@{}/{}{parameters}", hosts.join(","), self.name)
    }

    /// A connection that may do everything; it finds Tandem's tables.
    ///
    /// # Panics
    /// When the server does not run.
    pub async fn warden(&self) -> Client {
        let warden = self.server.warden(&self.name).await;
        warden.batch_execute("SET search_path = tandem").await.expect("sets");
        warden
    }

    /// Cuts every connection of Tandem's.
    ///
    /// # Panics
    /// When the server does not run.
    pub async fn cut_off(&self) {
        self.run(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    }

    /// Closes a gate in the middle of the statement that stores events.
    ///
    /// # Panics
    /// When there are no tables yet.
    pub async fn gate(&self) -> Gate {
        self.run(GATE).await;
        let gate = self.warden().await;
        gate.batch_execute("SELECT pg_advisory_lock(7)").await.expect("locks");
        Gate(gate)
    }

    /// Waits until somebody waits for a lock.
    ///
    /// # Panics
    /// When nobody does.
    pub async fn waits_for_a_lock(&self) {
        self.until("somebody waits for a lock", "wait_event_type = 'Lock'", true).await;
    }

    /// Waits until nobody of Tandem's is connected.
    ///
    /// # Panics
    /// When somebody stays.
    pub async fn is_left_alone(&self) {
        self.until("nobody is connected", &format!("usename = '{USER}'"), false).await;
    }

    async fn until(&self, what: &str, condition: &str, expected: bool) {
        let warden = self.warden().await;
        let sql =
            format!("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND ({condition})");
        eventually(what, async || {
            let row = warden.query_one(&sql, &[]).await.expect("reads");
            (row.get::<_, bool>(0) == expected).then_some(())
        })
        .await;
    }

    /// Runs statements that may do everything.
    ///
    /// # Panics
    /// When one fails.
    pub async fn run(&self, sql: &str) {
        self.warden().await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A number that a query gives.
    ///
    /// # Panics
    /// When it fails.
    pub async fn number(&self, sql: &str) -> i64 {
        self.warden().await.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }
}

/// Closed, it keeps every insert into the log from going on, for as long as it takes.
pub struct Gate(Client);

impl Gate {
    /// Lets go on what waits, and all that comes.
    ///
    /// # Panics
    /// When the server does not run.
    pub async fn open(self) {
        self.0.batch_execute("SELECT pg_advisory_unlock(7)").await.expect("unlocks");
    }
}
