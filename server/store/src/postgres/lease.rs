//! The lease row: reading it, taking it, keeping it, and choosing the one connection that may write (F-1).
//!
//! Each function is one statement. What an `UPDATE` compares stays true until it commits, because it holds the row; the
//! row is what an append holds as well (`append.rs`), so that the two exclude each other.

use tandem_protocol::{EngineName, Epoch, PairName, Timestamp};
use tokio_postgres::Row;

use super::{command::Take, connection::Connection, fault::Fault};
use crate::{Holder, Lease};

/// Names one connection as the writer of an epoch. Drawn at random, so that it is nobody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WriterId(pub(super) i64);

impl WriterId {
    /// A new one.
    pub(super) fn draw() -> Result<Self, Fault> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(Fault::Random)?;
        Ok(Self(i64::from_ne_bytes(bytes)))
    }
}

/// What became of a takeover.
#[derive(Debug)]
pub(super) enum Outcome {
    Held(Epoch),
    Lost(Lease),
    /// There is no row, although the taker has seen one.
    Gone,
}

/// Reads one lease; `pool.rs` and the functions below share it.
pub(super) const READ: &str =
    "SELECT epoch, renewed_at, released, name, address, host, pid, pid_started, writer FROM leases WHERE pair = $1";

/// The lease in a row of [`READ`].
pub(super) fn from_row(row: &Row) -> Result<Lease, Fault> {
    let malformed = || Fault::Row("leases");
    Ok(Lease {
        epoch: Epoch(row.try_get::<_, i64>(0)?.cast_unsigned()),
        renewed_at: Timestamp(row.try_get::<_, i64>(1)?.cast_unsigned()),
        released: row.try_get(2)?,
        holder: Holder {
            name: EngineName::new(row.try_get(3)?).map_err(|_| malformed())?,
            address: row.try_get(4)?,
            host: row.try_get(5)?,
            pid: u32::try_from(row.try_get::<_, i64>(6)?).map_err(|_| malformed())?,
            pid_started: row.try_get::<_, i64>(7)?.cast_unsigned(),
        },
    })
}

/// The epoch as it stands; zero if there is no lease.
pub(super) async fn epoch(connection: &mut Connection, pair: &PairName) -> Result<Epoch, Fault> {
    let rows = connection.query("SELECT epoch FROM leases WHERE pair = $1", &[&pair.as_str()]).await?;
    rows.first().map_or(Ok(Epoch::ZERO), |row| Ok(Epoch(row.try_get::<_, i64>(0)?.cast_unsigned())))
}

/// Compares and swaps; see [`crate::Store::take_lease`]. `writer` may write from then on. May be tried again with the
/// same `writer` when the outcome is not known: it finds what an earlier try has done, or makes sure that it does
/// nothing any more.
pub(super) async fn take(
    connection: &mut Connection,
    pair: &PairName,
    take: &Take,
    writer: WriterId,
) -> Result<Outcome, Fault> {
    let Take { seen, holder, now, .. } = take;
    let epoch = seen.next();
    let sql = if *seen == Epoch::ZERO {
        "INSERT INTO leases (pair, epoch, writer, name, address, host, pid, pid_started, renewed_at, released)
         SELECT $1, $3, $4, $5, $6, $7, $8, $9, $10, false WHERE $2::bigint = 0 ON CONFLICT (pair) DO NOTHING"
    } else {
        "UPDATE leases SET epoch = $3, writer = $4, name = $5, address = $6, host = $7, pid = $8, pid_started = $9,
                renewed_at = $10, released = false
         WHERE pair = $1 AND epoch = $2"
    };
    let taken = connection
        .execute(
            sql,
            &[
                &pair.as_str(),
                &seen.0.cast_signed(),
                &epoch.0.cast_signed(),
                &writer.0,
                &holder.name.as_str(),
                &holder.address,
                &holder.host,
                &i64::from(holder.pid),
                &holder.pid_started.cast_signed(),
                &now.0.cast_signed(),
            ],
        )
        .await?;
    if taken == 1 {
        return Ok(Outcome::Held(epoch));
    }
    let rows = connection.query(READ, &[&pair.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(Outcome::Gone) };
    let lease = from_row(row)?;
    let is_ours = lease.epoch == epoch && WriterId(row.try_get(8)?) == writer;
    Ok(if is_ours { Outcome::Held(epoch) } else { Outcome::Lost(lease) })
}

/// Makes `writer` the one that may write in this epoch; false if the lease stands at another. It waits for whatever the
/// writer before it has begun, and shuts out what that one may still do: after it, nobody's outcome is open.
pub(super) async fn claim(
    connection: &mut Connection,
    pair: &PairName,
    epoch: Epoch,
    writer: WriterId,
) -> Result<bool, Fault> {
    let sql = "UPDATE leases SET writer = $3 WHERE pair = $1 AND epoch = $2";
    Ok(connection.execute(sql, &[&pair.as_str(), &epoch.0.cast_signed(), &writer.0]).await? == 1)
}

/// Whether `writer` may write in this epoch, for a batch of which nothing is to be written.
pub(super) async fn stands(
    connection: &mut Connection,
    pair: &PairName,
    epoch: Epoch,
    writer: WriterId,
) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM leases WHERE pair = $1 AND epoch = $2 AND writer = $3";
    Ok(!connection.query(sql, &[&pair.as_str(), &epoch.0.cast_signed(), &writer.0]).await?.is_empty())
}

/// Moves `renewed_at`; false if the lease stands at another epoch.
pub(super) async fn renew(
    connection: &mut Connection,
    pair: &PairName,
    epoch: Epoch,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sql = "UPDATE leases SET renewed_at = $3 WHERE pair = $1 AND epoch = $2";
    Ok(connection.execute(sql, &[&pair.as_str(), &epoch.0.cast_signed(), &now.0.cast_signed()]).await? == 1)
}

/// Marks it as given up; false if the lease stands at another epoch.
pub(super) async fn release(connection: &mut Connection, pair: &PairName, epoch: Epoch) -> Result<bool, Fault> {
    let sql = "UPDATE leases SET released = true WHERE pair = $1 AND epoch = $2";
    Ok(connection.execute(sql, &[&pair.as_str(), &epoch.0.cast_signed()]).await? == 1)
}
