//! Logins that last, by what their tokens hash to.

use tandem_protocol::{Timestamp, TokenHash};
use tokio_postgres::Row;

use super::accounts::agent;
use crate::{
    Login,
    postgres::{connection::Unprinted, fault::Fault, pool::Pool},
};

/// The logins that are good, but for a condition on the token.
macro_rules! good_logins {
    () => {
        "SELECT token, logins.agent, expires_at FROM logins JOIN accounts USING (agent, era)
         WHERE expires_at > $1 AND NOT disabled"
    };
}

/// Keeps one, unless its account was disabled meanwhile, and forgets those that have expired.
pub(super) async fn add(pool: &Pool, login: &Login, now: Timestamp) -> Result<(), Fault> {
    // Those that another call forgets at this moment are left to it: two that wait for each other's rows would
    // deadlock.
    let written = pool
        .query(
            "WITH expired AS (
             DELETE FROM logins WHERE token IN (
                 SELECT token FROM logins WHERE expires_at <= $4 AND token <> $1 FOR UPDATE SKIP LOCKED)
         )
         INSERT INTO logins (token, agent, era, expires_at)
         SELECT $1, agent, era, $3 FROM accounts WHERE agent = $2 AND NOT disabled
         ON CONFLICT (token) DO UPDATE
         SET agent = excluded.agent, era = excluded.era, expires_at = excluded.expires_at
         WHERE logins.expires_at <= $4",
            &[
                &Unprinted(&login.token.0[..]),
                &i64::from(login.agent.0),
                &login.expires_at.0.cast_signed(),
                &now.0.cast_signed(),
            ],
        )
        .await;
    written.map(drop)
}

/// The login of this token, if it is good.
pub(super) async fn find(pool: &Pool, token: TokenHash, now: Timestamp) -> Result<Option<Login>, Fault> {
    let sql = concat!(good_logins!(), " AND token = $2");
    let rows = pool.query(sql, &[&now.0.cast_signed(), &Unprinted(&token.0[..])]).await?.rows;
    rows.first().map(read).transpose()
}

/// Every login that is good.
pub(super) async fn all(pool: &Pool, now: Timestamp) -> Result<Vec<Login>, Fault> {
    pool.query(good_logins!(), &[&now.0.cast_signed()]).await?.rows.iter().map(read).collect()
}

/// Forgets one.
pub(super) async fn end(pool: &Pool, token: TokenHash) -> Result<(), Fault> {
    pool.query("DELETE FROM logins WHERE token = $1", &[&Unprinted(&token.0[..])]).await.map(drop)
}

fn read(row: &Row) -> Result<Login, Fault> {
    let token = row.try_get::<_, &[u8]>(0)?.try_into().map_err(|_| Fault::Row("logins"))?;
    Ok(Login {
        token: TokenHash(token),
        agent: agent(row, 1)?,
        expires_at: Timestamp(row.try_get::<_, i64>(2)?.cast_unsigned()),
    })
}
