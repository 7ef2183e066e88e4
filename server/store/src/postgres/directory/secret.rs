//! The secret of the installation.

use crate::postgres::{connection::Unprinted, fault::Fault, pool::Pool};

/// The secret, made where there is none yet. Of those who make one at the same time, the first to commit prevails.
pub(super) async fn find_or_make(pool: &Pool) -> Result<[u8; 32], Fault> {
    if let Some(secret) = find(pool).await? {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Fault::Random)?;
    let sql = "INSERT INTO secrets (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    pool.query(sql, &[&Unprinted(&secret[..])]).await?;
    find(pool).await?.ok_or(Fault::Row("secrets"))
}

async fn find(pool: &Pool) -> Result<Option<[u8; 32]>, Fault> {
    let rows = pool.query("SELECT secret FROM secrets WHERE id = 1", &[]).await?.rows;
    let secret = rows.first().map(|row| row.try_get::<_, &[u8]>(0)).transpose()?;
    secret.map(|secret| secret.try_into().map_err(|_| Fault::Row("secrets"))).transpose()
}
