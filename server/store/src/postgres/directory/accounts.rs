//! Accounts, their passwords, and what each has chosen to be.

use serde_json::Value;
use tandem_protocol::{AgentId, LoginName, Timestamp};
use tokio_postgres::Row;

use super::storable;
use crate::{
    Account, Chosen, NewAccount, PasswordHash,
    postgres::{connection::Unprinted, fault::Fault, pool::Pool},
};

/// What [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "accounts.agent, name, display, role, capacity, skills, disabled"
    };
}

/// All of them, by number.
pub(super) async fn all(pool: &Pool) -> Result<Vec<Account>, Fault> {
    let rows = pool.query(concat!("SELECT ", columns!(), " FROM accounts ORDER BY agent"), &[]).await?.rows;
    rows.iter().map(read).collect()
}

/// Makes one; none when the name is taken.
pub(super) async fn add(pool: &Pool, account: &NewAccount) -> Result<Option<Account>, Fault> {
    let role = serde_json::to_value(account.role).expect("a role is a word");
    let skills = serde_json::to_string(&account.skills).expect("a list of texts is JSON");
    let answer = pool
        .query(
            concat!(
                "INSERT INTO accounts (name, display, role, capacity, skills, disabled, password, era)
             VALUES ($1, $2, $3, $4, $5, false, $6, 0) ON CONFLICT (name) DO NOTHING RETURNING ",
                columns!()
            ),
            &[
                &Unprinted(account.name.as_str()),
                &Unprinted(storable(&account.display)),
                &role.as_str().expect("a role is a word"),
                &i64::from(account.capacity),
                &Unprinted(skills),
                &Unprinted(account.password.0.as_str()),
            ],
        )
        .await;
    let answer = answer?;
    match answer.rows.first() {
        Some(row) => read(row).map(Some),
        // The first try may have made it. Its salt makes a password the mark of who made the account.
        None if answer.is_repeated => {
            let known = find(pool, &account.name).await?;
            Ok(known.filter(|(_, password)| *password == account.password).map(|(account, _)| account))
        }
        None => Ok(None),
    }
}

/// Changes whether one may log in, and ends its logins if not.
pub(super) async fn set_disabled(pool: &Pool, name: &LoginName, disabled: bool) -> Result<Option<Account>, Fault> {
    // A login that is being added at this moment is of an era that has ended.
    let sql = concat!(
        "WITH ended AS (DELETE FROM logins USING accounts WHERE logins.agent = accounts.agent AND name = $1 AND $2)
         UPDATE accounts SET disabled = $2, era = era + 1 WHERE name = $1 RETURNING ",
        columns!()
    );
    pool.query(sql, &[&Unprinted(name.as_str()), &disabled]).await?.rows.first().map(read).transpose()
}

/// Changes a password and ends what was logged in with the old one.
pub(super) async fn set_password(
    pool: &Pool,
    name: &LoginName,
    password: &PasswordHash,
) -> Result<Option<Account>, Fault> {
    let sql = concat!(
        "WITH ended AS (DELETE FROM logins USING accounts WHERE logins.agent = accounts.agent AND name = $1)
         UPDATE accounts SET password = $2, era = era + 1 WHERE name = $1 RETURNING ",
        columns!()
    );
    let rows = pool.query(sql, &[&Unprinted(name.as_str()), &Unprinted(password.0.as_str())]).await?.rows;
    rows.first().map(read).transpose()
}

/// The account with its password, unless it is disabled.
pub(super) async fn credentials(pool: &Pool, name: &LoginName) -> Result<Option<(Account, PasswordHash)>, Fault> {
    Ok(find(pool, name).await?.filter(|(account, _)| !account.disabled))
}

/// What everybody has chosen.
pub(super) async fn chosen(pool: &Pool) -> Result<Vec<Chosen>, Fault> {
    let read = |row: &Row| {
        Ok(Chosen {
            agent: agent(row, 0)?,
            state: serde_json::from_str(row.try_get(1)?).map_err(|_| Fault::Row("choices"))?,
            since: Timestamp(row.try_get::<_, i64>(2)?.cast_unsigned()),
        })
    };
    let rows = pool.query("SELECT agent, state, since FROM choices ORDER BY agent", &[]).await?.rows;
    rows.iter().map(read).collect()
}

/// Keeps what somebody has chosen.
pub(super) async fn choose(pool: &Pool, chosen: &Chosen) -> Result<(), Fault> {
    let state = serde_json::to_string(&chosen.state).expect("a state has only string keys");
    let written = pool
        .query(
            "INSERT INTO choices (agent, state, since) VALUES ($1, $2, $3)
         ON CONFLICT (agent) DO UPDATE SET state = excluded.state, since = excluded.since",
            &[&i64::from(chosen.agent.0), &Unprinted(state), &chosen.since.0.cast_signed()],
        )
        .await;
    written.map(drop)
}

/// The number of an account in a column.
pub(super) fn agent(row: &Row, column: usize) -> Result<AgentId, Fault> {
    u32::try_from(row.try_get::<_, i64>(column)?).map(AgentId).map_err(|_| Fault::Row("accounts"))
}

async fn find(pool: &Pool, name: &LoginName) -> Result<Option<(Account, PasswordHash)>, Fault> {
    let sql = concat!("SELECT ", columns!(), ", password FROM accounts WHERE name = $1");
    let rows = pool.query(sql, &[&Unprinted(name.as_str())]).await?.rows;
    rows.first().map(|row| Ok((read(row)?, PasswordHash(row.try_get(7)?)))).transpose()
}

fn read(row: &Row) -> Result<Account, Fault> {
    let damaged = || Fault::Row("accounts");
    let role = Value::String(row.try_get(3)?);
    Ok(Account {
        agent: agent(row, 0)?,
        name: LoginName::new(row.try_get(1)?).map_err(|_| damaged())?,
        display: row.try_get(2)?,
        role: serde_json::from_value(role).map_err(|_| damaged())?,
        capacity: u32::try_from(row.try_get::<_, i64>(4)?).map_err(|_| damaged())?,
        skills: serde_json::from_str(row.try_get(5)?).map_err(|_| damaged())?,
        disabled: row.try_get(6)?,
    })
}
