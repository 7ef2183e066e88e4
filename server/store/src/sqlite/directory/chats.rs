//! Chats that agents took, and what came of them.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, Row, named_params};
use tandem_protocol::{AgentId, SessionId};
use uuid::Uuid;

use crate::{Filing, StoreError, TakenChat};

/// Keeps that an agent took a session. Who takes it anew, after he had passed it on, is its last agent again.
pub(super) fn take(connection: &Connection, chat: &TakenChat) -> Result<(), StoreError> {
    let key = (chat.session.0.as_bytes(), chat.agent.0);
    let mut anew = connection.prepare_cached(
        "UPDATE takings SET unfiled = 1, id = (SELECT max(id) + 1 FROM takings)
         WHERE session = ?1 AND agent = ?2 AND unfiled = 0",
    )?;
    let mut first =
        connection.prepare_cached("INSERT OR IGNORE INTO takings (session, agent, unfiled) VALUES (?1, ?2, 1)")?;
    if anew.execute(key)? == 0 {
        first.execute(key)?;
    }
    Ok(())
}

/// What is to be filed away.
pub(super) fn unfiled(connection: &Connection) -> Result<Vec<(SessionId, AgentId)>, StoreError> {
    let mut query = connection.prepare_cached("SELECT session, agent FROM takings WHERE unfiled = 1")?;
    let read = |row: &Row<'_>| Ok((SessionId(Uuid::from_bytes(row.get(0)?)), AgentId(row.get(1)?)));
    query.query_and_then([], read)?.collect()
}

/// An agent need not file it away.
pub(super) fn release(connection: &Connection, session: SessionId, agent: AgentId) -> Result<(), StoreError> {
    let mut write = connection
        .prepare_cached("UPDATE takings SET unfiled = 0 WHERE session = ?1 AND agent = ?2 AND unfiled = 1")?;
    write.execute((session.0.as_bytes(), agent.0))?;
    Ok(())
}

/// Files it away; a supervisor may do so with what he never took.
pub(super) fn file(connection: &Connection, filing: &Filing) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO takings (session, agent, unfiled, disposition, remark, filed_at)
         VALUES (:session, :agent, 0, :disposition,
                 iif(EXISTS (SELECT 1 FROM past_chats WHERE session = :session AND erased = 1), NULL, :remark), :at)
         ON CONFLICT (session, agent) DO UPDATE
         SET unfiled = 0, disposition = excluded.disposition, remark = excluded.remark, filed_at = excluded.filed_at",
    )?;
    write.execute(named_params! {
        ":session": filing.session.0.as_bytes(),
        ":agent": filing.agent.0,
        ":disposition": filing.disposition,
        ":remark": filing.remark,
        ":at": filing.at.0.cast_signed(),
    })?;
    Ok(())
}
