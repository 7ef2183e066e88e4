//! Chats that agents took, what came of them, and a customer's earlier ones.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tandem_protocol::{AgentId, SessionId, Timestamp, desk::EarlierChat};
use uuid::Uuid;

use crate::{Filing, StoreError, TakenChat};

/// Keeps that an agent took a session. Who takes it anew, after he had passed it on, is its last agent again.
pub(super) fn take(connection: &Connection, chat: &TakenChat) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT OR IGNORE INTO chats (session, opened_at, subject, customer) VALUES (:session, :opened_at, :subject, :customer)",
    )?;
    write.execute(named_params! {
        ":session": chat.session.0.as_bytes(),
        ":opened_at": chat.opened_at.0.cast_signed(),
        ":subject": chat.subject,
        ":customer": chat.customer,
    })?;
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
         VALUES (:session, :agent, 0, :disposition, :remark, :at)
         ON CONFLICT (session, agent) DO UPDATE
         SET unfiled = 0, disposition = :disposition, remark = :remark, filed_at = :at",
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

/// A customer's chats other than `but`, newest first, each with its last agent and its last filing.
pub(super) fn earlier(
    connection: &Connection,
    customer: &str,
    but: SessionId,
    limit: u32,
) -> Result<Vec<EarlierChat>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT chats.session, opened_at, subject, display, filed.disposition, filed.remark
         FROM chats
         LEFT JOIN takings AS taken ON taken.id =
             (SELECT id FROM takings WHERE session = chats.session
              ORDER BY (unfiled OR filed_at IS NOT NULL) DESC, id DESC LIMIT 1)
         LEFT JOIN accounts ON accounts.agent = taken.agent
         LEFT JOIN takings AS filed ON filed.id =
             (SELECT id FROM takings WHERE session = chats.session AND filed_at IS NOT NULL
              ORDER BY filed_at DESC, id DESC LIMIT 1)
         WHERE customer = ?1 AND chats.session <> ?2
         ORDER BY opened_at DESC, chats.session DESC LIMIT ?3",
    )?;
    let read = |row: &Row<'_>| {
        Ok(EarlierChat {
            session: SessionId(Uuid::from_bytes(row.get(0)?)),
            opened_at_ms: Timestamp(row.get::<_, i64>(1)?.cast_unsigned()),
            subject: row.get(2)?,
            agent: row.get(3)?,
            disposition: row.get(4)?,
            remark: row.get(5)?,
        })
    };
    query.query_and_then((customer, but.0.as_bytes(), limit), read)?.collect()
}

/// Whose session it is, as far as known.
pub(super) fn customer_of(connection: &Connection, session: SessionId) -> Result<Option<String>, StoreError> {
    let mut query = connection.prepare_cached("SELECT customer FROM chats WHERE session = ?1")?;
    Ok(query.query_row([session.0.as_bytes()], |row| row.get(0)).optional()?.flatten())
}
