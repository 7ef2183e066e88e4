//! The lease row: reading it, taking it, keeping it, and comparing its epoch (F-1).
//!
//! Every function runs inside a transaction of its caller; what it compares stays true until that commits, because
//! SQLite has one writer at a time.

use rusqlite::{Connection, OptionalExtension, named_params};
use tandem_protocol::{EngineName, Epoch, PairName, Timestamp};

use super::fault::Fault;
use crate::{Holder, Lease, StoreError, Taken};

/// The lease as it stands.
pub(super) fn read(connection: &Connection, pair: &PairName) -> Result<Option<Lease>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT epoch, renewed_at, released, name, address, host, pid, pid_started FROM leases WHERE pair = ?1",
    )?;
    let found = query.query_row([pair.as_str()], |row| {
        let name = EngineName::new(&row.get::<_, String>(3)?);
        let lease = name.map(|name| {
            Ok::<_, rusqlite::Error>(Lease {
                epoch: Epoch(row.get::<_, i64>(0)?.cast_unsigned()),
                renewed_at: Timestamp(row.get::<_, i64>(1)?.cast_unsigned()),
                released: row.get(2)?,
                holder: Holder {
                    name,
                    address: row.get(4)?,
                    host: row.get(5)?,
                    pid: row.get(6)?,
                    pid_started: row.get::<_, i64>(7)?.cast_unsigned(),
                },
            })
        });
        lease.map_or_else(|invalid| Ok(Err(Fault::Lease(invalid))), |lease| lease.map(Ok))
    });
    Ok(found.optional()?.transpose()?)
}

/// The epoch as it stands; zero if there is no lease.
pub(super) fn epoch(connection: &Connection, pair: &PairName) -> rusqlite::Result<Epoch> {
    let mut query = connection.prepare_cached("SELECT epoch FROM leases WHERE pair = ?1")?;
    let epoch = query.query_row([pair.as_str()], |row| row.get::<_, i64>(0)).optional()?;
    Ok(epoch.map_or(Epoch::ZERO, |epoch| Epoch(epoch.cast_unsigned())))
}

/// Refuses a caller whose epoch is not the one in the store.
pub(super) fn fence(connection: &Connection, pair: &PairName, claimed: Epoch) -> Result<(), StoreError> {
    let current = epoch(connection, pair)?;
    if claimed == current { Ok(()) } else { Err(StoreError::Stale { current }) }
}

/// Compares and swaps; see [`crate::Store::take_lease`].
pub(super) fn take(
    connection: &Connection,
    pair: &PairName,
    seen: Epoch,
    holder: &Holder,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let current = read(connection, pair)?;
    match current {
        Some(lease) if lease.epoch != seen => return Ok(Taken::Lost(lease)),
        // The row is gone although the caller has seen it: nothing may go on from an epoch that nobody remembers.
        None if seen != Epoch::ZERO => return Err(StoreError::Stale { current: Epoch::ZERO }),
        _ => {}
    }
    let epoch = seen.next();
    let mut write = connection.prepare_cached(
        "INSERT OR REPLACE INTO leases (pair, epoch, name, address, host, pid, pid_started, renewed_at, released)
         VALUES (:pair, :epoch, :name, :address, :host, :pid, :pid_started, :renewed_at, 0)",
    )?;
    write.execute(named_params! {
        ":pair": pair.as_str(),
        ":epoch": epoch.0.cast_signed(),
        ":name": holder.name.as_str(),
        ":address": holder.address,
        ":host": holder.host,
        ":pid": holder.pid,
        ":pid_started": holder.pid_started.cast_signed(),
        ":renewed_at": now.0.cast_signed(),
    })?;
    Ok(Taken::Held(epoch))
}

/// Moves `renewed_at`. The caller has compared the epoch in the same transaction.
pub(super) fn renew(connection: &Connection, pair: &PairName, now: Timestamp) -> rusqlite::Result<()> {
    let mut write = connection.prepare_cached("UPDATE leases SET renewed_at = ?2 WHERE pair = ?1")?;
    write.execute((pair.as_str(), now.0.cast_signed())).map(drop)
}

/// Marks it as given up. The caller has compared the epoch in the same transaction.
pub(super) fn release(connection: &Connection, pair: &PairName) -> rusqlite::Result<()> {
    let mut write = connection.prepare_cached("UPDATE leases SET released = 1 WHERE pair = ?1")?;
    write.execute([pair.as_str()]).map(drop)
}
