//! Logins that last, by what their tokens hash to.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, Row};
use tandem_protocol::{AgentId, Timestamp, TokenHash};

use crate::{Login, StoreError};

/// The logins that are good, but for a condition on the token.
macro_rules! good_logins {
    () => {
        "SELECT token, agent, expires_at FROM logins JOIN accounts USING (agent)
         WHERE expires_at > ?1 AND NOT disabled"
    };
}

/// Keeps one, unless its account was disabled meanwhile, and forgets those that have expired.
pub(super) fn add(connection: &Connection, login: &Login, now: Timestamp) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM logins WHERE expires_at <= ?1")?.execute([now.0.cast_signed()])?;
    let mut write = connection.prepare_cached(
        "INSERT OR IGNORE INTO logins (token, agent, expires_at)
         SELECT ?1, agent, ?3 FROM accounts WHERE agent = ?2 AND NOT disabled",
    )?;
    write.execute((login.token.0, login.agent.0, login.expires_at.0.cast_signed()))?;
    Ok(())
}

/// The login of this token, if it is good.
pub(super) fn find(connection: &Connection, token: TokenHash, now: Timestamp) -> Result<Option<Login>, StoreError> {
    let mut query = connection.prepare_cached(concat!(good_logins!(), " AND token = ?2"))?;
    query.query_and_then((now.0.cast_signed(), token.0), read)?.next().transpose()
}

/// Every login that is good.
pub(super) fn all(connection: &Connection, now: Timestamp) -> Result<Vec<Login>, StoreError> {
    connection.prepare_cached(good_logins!())?.query_and_then([now.0.cast_signed()], read)?.collect()
}

/// Forgets one.
pub(super) fn end(connection: &Connection, token: TokenHash) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM logins WHERE token = ?1")?.execute([token.0])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Login, StoreError> {
    Ok(Login {
        token: TokenHash(row.get(0)?),
        agent: AgentId(row.get(1)?),
        expires_at: Timestamp(row.get::<_, i64>(2)?.cast_unsigned()),
    })
}
