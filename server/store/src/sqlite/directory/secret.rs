//! The secret of an installation: made once, by whoever asks first.

use rusqlite::{Connection, OptionalExtension};

use crate::{StoreError, sqlite::fault::Fault};

/// The secret, if there is one.
pub(super) fn find(connection: &Connection) -> Result<Option<[u8; 32]>, StoreError> {
    let mut query = connection.prepare_cached("SELECT secret FROM secrets WHERE id = 1")?;
    Ok(query.query_row([], |row| row.get(0)).optional()?)
}

/// The secret; another process may have made it since it was looked for.
pub(super) fn find_or_make(connection: &Connection) -> Result<[u8; 32], StoreError> {
    if let Some(secret) = find(connection)? {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Fault::Random)?;
    let mut write = connection.prepare_cached("INSERT INTO secrets (id, secret) VALUES (1, ?1)")?;
    write.execute([secret])?;
    Ok(secret)
}
