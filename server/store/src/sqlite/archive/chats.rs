//! Chats as lists show them.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tandem_protocol::{
    AgentId, ContactId, SessionId, Timestamp,
    archive::{Identity, PastChat},
    desk::EarlierChat,
};
use uuid::Uuid;

use super::contacts;
use crate::{StoreError, archive::Reach, sqlite::fault::Fault};

/// What [`read`] reads of a chat `c`, in its order.
macro_rules! columns {
    () => {
        "c.session, c.opened_at, c.closed_at, c.subject, c.customer, c.contact, c.erased,
         (SELECT json_group_array(agent) FROM (
              SELECT agent FROM past_participants AS took
              WHERE took.session = c.session AND agent IS NOT NULL ORDER BY participant)),
         (SELECT disposition FROM takings WHERE takings.session = c.session AND filed_at IS NOT NULL
          ORDER BY filed_at DESC, id DESC LIMIT 1)"
    };
}
pub(super) use columns;

/// Whether a chat `c` is within reach of `:agent`. A cross join is done from the left: a customer has few chats, an agent
/// has had many.
macro_rules! in_reach {
    () => {
        "(:agent IS NULL
          OR EXISTS (SELECT 1 FROM past_participants AS own WHERE own.session = c.session AND own.agent = :agent)
          OR EXISTS (SELECT 1 FROM past_chats AS other CROSS JOIN past_participants AS own
                     WHERE other.contact = c.contact AND own.session = other.session AND own.agent = :agent))"
    };
}
pub(super) use in_reach;

/// How many columns there are before those of whoever reads more.
pub(super) const COLUMNS: usize = 9;

/// A chat, if it is within reach.
pub(super) fn find(connection: &Connection, session: SessionId, reach: Reach) -> Result<Option<PastChat>, StoreError> {
    let mut query = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM past_chats AS c WHERE c.session = :session AND ",
        in_reach!()
    ))?;
    let parameters = named_params! { ":session": session.0.as_bytes(), ":agent": reach.agent().map(|agent| agent.0) };
    query.query_and_then(parameters, read)?.next().transpose()
}

/// A contact's chats, newest first.
pub(super) fn of(
    connection: &Connection,
    contact: ContactId,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<PastChat>, StoreError> {
    let contact = contacts::resolve(connection, contact)?;
    let mut query = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM past_chats AS c WHERE c.contact = ?1 AND c.opened_at < ?2
         ORDER BY c.opened_at DESC, c.session DESC LIMIT ?3"
    ))?;
    let before = before.map_or(i64::MAX, |before| before.0.cast_signed());
    query.query_and_then((contacts::key(contact), before, limit), read)?.collect()
}

/// The other chats of a session's customer, newest first.
pub(super) fn earlier(
    connection: &Connection,
    session: SessionId,
    identities: &[Identity],
    limit: u32,
) -> Result<Vec<EarlierChat>, StoreError> {
    let Some(contact) = customer_of(connection, session, identities)? else { return Ok(Vec::new()) };
    let mut query = connection.prepare_cached(
        "SELECT chats.session, opened_at, subject, display, filed.disposition, filed.remark
         FROM past_chats AS chats
         LEFT JOIN takings AS taken ON taken.id =
             (SELECT id FROM takings WHERE session = chats.session
              ORDER BY (unfiled OR filed_at IS NOT NULL) DESC, id DESC LIMIT 1)
         LEFT JOIN accounts ON accounts.agent = taken.agent
         LEFT JOIN takings AS filed ON filed.id =
             (SELECT id FROM takings WHERE session = chats.session AND filed_at IS NOT NULL
              ORDER BY filed_at DESC, id DESC LIMIT 1)
         WHERE contact = ?1 AND chats.session <> ?2
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
    query.query_and_then((contacts::key(contact), session.0.as_bytes(), limit), read)?.collect()
}

fn customer_of(
    connection: &Connection,
    session: SessionId,
    identities: &[Identity],
) -> Result<Option<ContactId>, StoreError> {
    let mut query = connection.prepare_cached("SELECT contact FROM past_chats WHERE session = ?1")?;
    let known: Option<Option<i64>> = query.query_row([session.0.as_bytes()], |row| row.get(0)).optional()?;
    if let Some(contact) = known {
        return Ok(contact.map(|contact| ContactId(contact.cast_unsigned())));
    }
    for identity in identities {
        if let Some(owner) = contacts::owner(connection, identity)? {
            return Ok(Some(owner));
        }
    }
    Ok(None)
}

/// Reads the [`columns`].
pub(super) fn read(row: &Row<'_>) -> Result<PastChat, StoreError> {
    let taken: Vec<AgentId> =
        serde_json::from_str(&row.get::<_, String>(7)?).map_err(|_| Fault::Directory("past_participants"))?;
    let mut agents = Vec::new();
    taken.into_iter().for_each(|agent| {
        if !agents.contains(&agent) {
            agents.push(agent);
        }
    });
    Ok(PastChat {
        session: SessionId(Uuid::from_bytes(row.get(0)?)),
        opened_at_ms: Timestamp(row.get::<_, i64>(1)?.cast_unsigned()),
        closed_at_ms: row.get::<_, Option<i64>>(2)?.map(|at| Timestamp(at.cast_unsigned())),
        subject: row.get(3)?,
        customer: row.get(4)?,
        contact: row.get::<_, Option<i64>>(5)?.map(|contact| ContactId(contact.cast_unsigned())),
        agents,
        disposition: row.get(8)?,
        erased: row.get(6)?,
    })
}
