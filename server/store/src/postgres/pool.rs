//! A few connections for what may be carried out twice: reads, the directory's repeatable writes, and the archive's.
//!
//! It exists so that a caller waits for the database and never for a connection to be made, and so that connections
//! that died while nobody used them are replaced without anybody hearing of it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio_postgres::Row;

use super::{
    connection::{Connection, Parameters, SharedConnector},
    fault::Fault,
};

/// Connections to the database; more callers wait in order. They are as many as the engine lets there be.
#[derive(Debug)]
pub(super) struct Pool {
    connector: SharedConnector,
    /// One permit a connection that may be in use.
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

/// What a statement gave.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    /// An earlier try may have been carried out already.
    pub(super) is_repeated: bool,
}

impl Pool {
    /// Makes connections when they are wanted.
    pub(super) fn new(connector: SharedConnector, connections_max: usize) -> Self {
        Self { connector, permits: Semaphore::new(connections_max), idle: Mutex::default() }
    }

    /// Runs a statement that may be carried out twice: once more when the connection broke under it.
    pub(super) async fn query(&self, sql: &'static str, parameters: &Parameters<'_>) -> Result<Answer, Fault> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let mut is_repeated = false;
        // Every idle connection may have died with its server; the last try is on a fresh one.
        while let Some(mut connection) = self.idle() {
            match connection.query(sql, parameters).await {
                Err(Fault::Silent) => return Err(Fault::Silent),
                Err(fault) if !fault.spares_connection() => is_repeated |= !fault.is_final(),
                outcome => {
                    self.put_back(connection);
                    return outcome.map(|rows| Answer { rows, is_repeated });
                }
            }
        }
        let mut connection = self.connector.connect().await?;
        let outcome = connection.query(sql, parameters).await;
        if outcome.as_ref().err().is_none_or(Fault::spares_connection) {
            self.put_back(connection);
        }
        outcome.map(|rows| Answer { rows, is_repeated })
    }

    /// Runs statements in one transaction, which `begin` begins; either all of it happens or nothing. An error after the
    /// connection broke at its end leaves open which, so `work` is something that may be done twice.
    pub(super) async fn transact<T>(
        &self,
        begin: &'static str,
        work: impl AsyncFnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let mut connection = self.begun(begin).await?;
        let outcome = match work(&mut connection).await {
            Ok(done) => connection.batch("COMMIT").await.map(|()| done),
            Err(fault) => Err(fault),
        };
        // A connection that is not put back is closed, which ends its transaction too.
        let is_spared = match &outcome {
            Ok(_) => true,
            Err(fault) => fault.spares_connection() && connection.batch("ROLLBACK").await.is_ok(),
        };
        if is_spared {
            self.put_back(connection);
        }
        outcome
    }

    /// A connection in a transaction that has begun. Of the idle ones, which may have died, as many are tried as there
    /// are; nothing has happened yet.
    async fn begun(&self, begin: &'static str) -> Result<Connection, Fault> {
        while let Some(mut connection) = self.idle() {
            match connection.batch(begin).await {
                Ok(()) => return Ok(connection),
                Err(fault) if fault.spares_connection() || matches!(fault, Fault::Silent) => return Err(fault),
                Err(_died) => {}
            }
        }
        let mut connection = self.connector.connect().await?;
        connection.batch(begin).await?;
        Ok(connection)
    }

    fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    /// Keeps a connection that is good for another statement.
    pub(super) fn put_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
