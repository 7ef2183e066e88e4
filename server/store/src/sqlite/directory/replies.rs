//! Canned replies: a list that all share, and one of each account.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, OptionalExtension, Row};
use tandem_protocol::{AgentId, ClientId, desk::Canned};

use crate::{StoreError, sqlite::fault::Fault};

/// Stands for all accounts where an owner is named; accounts are numbered from 1.
const EVERYBODY: AgentId = AgentId::ZERO;

/// What an account may use, by shortcut; of two of one shortcut its own comes first.
pub(super) fn of(connection: &Connection, agent: AgentId) -> Result<Vec<Canned>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT id, shortcut, text, owner FROM replies WHERE owner IN (?1, ?2) ORDER BY shortcut, owner DESC",
    )?;
    let read = |row: &Row<'_>| {
        let id: String = row.get(0)?;
        Ok(Canned {
            id: ClientId::new(&id).map_err(|_| Fault::Directory("replies"))?,
            shortcut: row.get(1)?,
            text: row.get(2)?,
            shared: AgentId(row.get(3)?) == EVERYBODY,
        })
    };
    query.query_and_then((EVERYBODY.0, agent.0), read)?.collect()
}

/// Makes or changes one; false when it is not the account's to change, or its shortcut means another one already.
pub(super) fn save(connection: &Connection, agent: AgentId, canned: &Canned) -> Result<bool, StoreError> {
    let before = owner(connection, &canned.id)?;
    if before.is_some_and(|owner| owner != EVERYBODY && owner != agent) {
        return Ok(false);
    }
    let owner = if canned.shared { EVERYBODY } else { agent };
    let mut query = connection.prepare_cached("SELECT id FROM replies WHERE owner = ?1 AND shortcut = ?2")?;
    let namesake: Option<String> = query.query_row((owner.0, &canned.shortcut), |row| row.get(0)).optional()?;
    if namesake.is_some_and(|id| id != canned.id.as_str()) {
        return Ok(false);
    }
    let mut write = connection
        .prepare_cached("INSERT OR REPLACE INTO replies (id, owner, shortcut, text) VALUES (?1, ?2, ?3, ?4)")?;
    write.execute((canned.id.as_str(), owner.0, &canned.shortcut, &canned.text))?;
    Ok(true)
}

/// Deletes one, if it is the account's own or a shared one that may be deleted; false when there is none.
pub(super) fn delete(connection: &Connection, agent: AgentId, id: &ClientId, shared: bool) -> Result<bool, StoreError> {
    let owner = owner(connection, id)?;
    if !owner.is_some_and(|owner| owner == agent || (shared && owner == EVERYBODY)) {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM replies WHERE id = ?1")?.execute([id.as_str()])?;
    Ok(true)
}

fn owner(connection: &Connection, id: &ClientId) -> Result<Option<AgentId>, StoreError> {
    let mut query = connection.prepare_cached("SELECT owner FROM replies WHERE id = ?1")?;
    Ok(query.query_row([id.as_str()], |row| row.get(0).map(AgentId)).optional()?)
}
