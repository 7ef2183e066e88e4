//! Opens a database: connects, refuses what is not Tandem's or too new, brings the tables up.
//!
//! It must never change a database before it knows that the tables in it are Tandem's.

use std::sync::Arc;

use super::{
    address::PostgresAddress,
    connection::{Connection, Connector, Purpose, SharedConnector},
    open_error::{PostgresOpenError, refusal},
    schema::{self, Obstacle},
};

/// Makes the database ready. Gives what makes connections to it, and the one that was made for this.
pub(super) async fn prepare(
    address: &PostgresAddress,
    purpose: Purpose,
) -> Result<(SharedConnector, Connection), PostgresOpenError> {
    let (connector, mut connection) = connect(address, purpose).await?;
    let brought_up = schema::bring_up(&mut connection).await.map_err(|fault| refusal(address, fault))?;
    brought_up.map_err(|obstacle| obstructed(address, obstacle))?;
    Ok((connector, connection))
}

/// As [`prepare`] for who only looks: changes nothing.
pub(super) async fn look(
    address: &PostgresAddress,
    purpose: Purpose,
) -> Result<(SharedConnector, Connection), PostgresOpenError> {
    let (connector, mut connection) = connect(address, purpose).await?;
    let looked = schema::look(&mut connection).await.map_err(|fault| refusal(address, fault))?;
    looked.map_err(|obstacle| obstructed(address, obstacle))?;
    Ok((connector, connection))
}

async fn connect(
    address: &PostgresAddress,
    purpose: Purpose,
) -> Result<(SharedConnector, Connection), PostgresOpenError> {
    let connector = Connector::new(address.clone(), purpose)
        .map_err(|fault| PostgresOpenError::Certificates { address: address.clone(), reason: fault.to_string() })?;
    let connection = connector.connect().await.map_err(|fault| refusal(address, fault))?;
    Ok((Arc::new(connector), connection))
}

fn obstructed(address: &PostgresAddress, obstacle: Obstacle) -> PostgresOpenError {
    let address = address.clone();
    match obstacle {
        Obstacle::Older { found } => PostgresOpenError::OlderSchema { address, found, needed: schema::NEWEST },
        Obstacle::Newer { found } => PostgresOpenError::NewerSchema { address, found, known: schema::NEWEST },
        Obstacle::Foreign { found } => PostgresOpenError::ForeignSchema { address, found },
    }
}
