//! Accounts, their passwords, and what each has chosen to be.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, Row, named_params};
use serde_json::Value;
use tandem_protocol::{AgentId, LoginName, Timestamp};

use crate::{Account, Chosen, NewAccount, PasswordHash, StoreError, sqlite::fault::Fault};

/// What [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "agent, name, display, role, capacity, skills, disabled"
    };
}

/// All of them, by number.
pub(super) fn all(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let mut query = connection.prepare_cached(concat!("SELECT ", columns!(), " FROM accounts ORDER BY agent"))?;
    query.query_and_then([], read)?.collect()
}

/// Makes one; none when the name is taken.
pub(super) fn add(connection: &Connection, account: &NewAccount) -> Result<Option<Account>, StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO accounts (name, display, role, capacity, skills, disabled, password)
         VALUES (:name, :display, :role, :capacity, :skills, 0, :password) ON CONFLICT (name) DO NOTHING",
    )?;
    let role = serde_json::to_value(account.role).expect("a role is a word");
    let added = write.execute(named_params! {
        ":name": account.name.as_str(),
        ":display": account.display,
        ":role": role.as_str().expect("a role is a word"),
        ":capacity": account.capacity,
        ":skills": serde_json::to_string(&account.skills).expect("a list of texts is JSON"),
        ":password": account.password.0,
    })?;
    if added == 0 { Ok(None) } else { find(connection, &account.name) }
}

/// Changes whether one may log in, and ends its logins if not.
pub(super) fn set_disabled(
    connection: &Connection,
    name: &LoginName,
    disabled: bool,
) -> Result<Option<Account>, StoreError> {
    connection
        .prepare_cached("UPDATE accounts SET disabled = ?2 WHERE name = ?1")?
        .execute((name.as_str(), disabled))?;
    if disabled {
        end_logins(connection, name)?;
    }
    find(connection, name)
}

/// Changes a password and ends what was logged in with the old one.
pub(super) fn set_password(
    connection: &Connection,
    name: &LoginName,
    password: &PasswordHash,
) -> Result<Option<Account>, StoreError> {
    connection
        .prepare_cached("UPDATE accounts SET password = ?2 WHERE name = ?1")?
        .execute((name.as_str(), &password.0))?;
    end_logins(connection, name)?;
    find(connection, name)
}

/// The account with its password, unless it is disabled.
pub(super) fn credentials(
    connection: &Connection,
    name: &LoginName,
) -> Result<Option<(Account, PasswordHash)>, StoreError> {
    let Some(account) = find(connection, name)?.filter(|account| !account.disabled) else { return Ok(None) };
    let mut query = connection.prepare_cached("SELECT password FROM accounts WHERE agent = ?1")?;
    let password = query.query_row([account.agent.0], |row| row.get(0))?;
    Ok(Some((account, PasswordHash(password))))
}

/// What everybody has chosen.
pub(super) fn chosen(connection: &Connection) -> Result<Vec<Chosen>, StoreError> {
    let mut query = connection.prepare_cached("SELECT agent, state, since FROM choices ORDER BY agent")?;
    let read = |row: &Row<'_>| {
        let state: String = row.get(1)?;
        Ok(Chosen {
            agent: AgentId(row.get(0)?),
            state: serde_json::from_str(&state).map_err(|_| Fault::Directory("choices"))?,
            since: Timestamp(row.get::<_, i64>(2)?.cast_unsigned()),
        })
    };
    query.query_and_then([], read)?.collect()
}

/// Keeps what somebody has chosen.
pub(super) fn choose(connection: &Connection, chosen: &Chosen) -> Result<(), StoreError> {
    let state = serde_json::to_string(&chosen.state).expect("a state has only string keys");
    let mut write =
        connection.prepare_cached("INSERT OR REPLACE INTO choices (agent, state, since) VALUES (?1, ?2, ?3)")?;
    write.execute((chosen.agent.0, state, chosen.since.0.cast_signed()))?;
    Ok(())
}

fn find(connection: &Connection, name: &LoginName) -> Result<Option<Account>, StoreError> {
    let mut query = connection.prepare_cached(concat!("SELECT ", columns!(), " FROM accounts WHERE name = ?1"))?;
    query.query_and_then([name.as_str()], read)?.next().transpose()
}

fn end_logins(connection: &Connection, name: &LoginName) -> Result<(), StoreError> {
    let mut write =
        connection.prepare_cached("DELETE FROM logins WHERE agent = (SELECT agent FROM accounts WHERE name = ?1)")?;
    write.execute([name.as_str()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Account, StoreError> {
    let damaged = Fault::Directory("accounts");
    let (name, role, skills) = (row.get::<_, String>(1)?, row.get::<_, String>(3)?, row.get::<_, String>(5)?);
    let (Ok(name), Ok(role), Ok(skills)) =
        (LoginName::new(&name), serde_json::from_value(Value::String(role)), serde_json::from_str(&skills))
    else {
        return Err(damaged.into());
    };
    Ok(Account {
        agent: AgentId(row.get(0)?),
        name,
        display: row.get(2)?,
        role,
        capacity: row.get(4)?,
        skills,
        disabled: row.get(6)?,
    })
}
