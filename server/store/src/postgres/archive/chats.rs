//! Chats as lists show them.

use tandem_protocol::{
    AgentId, ContactId, SessionId, Timestamp,
    archive::{Identity, PastChat},
    desk::EarlierChat,
};
use tokio_postgres::Row;

use super::{contacts::resolved, key, moment};
use crate::{
    archive::Reach,
    postgres::{connection::Unprinted, fault::Fault, pool::Pool},
};

/// What [`read`] reads of a chat `c`, in its order.
macro_rules! columns {
    () => {
        "c.session, c.opened_at, c.closed_at, c.subject, c.customer, c.contact, c.erased,
         ARRAY (SELECT agent FROM past_participants AS took
                WHERE took.session = c.session AND agent IS NOT NULL ORDER BY participant),
         (SELECT disposition FROM takings WHERE takings.session = c.session AND filed_at IS NOT NULL
          ORDER BY filed_at DESC, id DESC LIMIT 1)"
    };
}
pub(super) use columns;

/// Whether a chat `c` is within reach of the agent `$1`.
macro_rules! in_reach {
    () => {
        "($1::bigint IS NULL
          OR EXISTS (SELECT 1 FROM past_participants AS own WHERE own.session = c.session AND own.agent = $1)
          OR EXISTS (SELECT 1 FROM past_chats AS other JOIN past_participants AS own USING (session)
                     WHERE other.contact = c.contact AND own.agent = $1))"
    };
}
pub(super) use in_reach;

/// How many columns there are before those of whoever reads more.
pub(super) const COLUMNS: usize = 9;

/// A chat, if it is within reach.
pub(super) async fn find(pool: &Pool, session: SessionId, reach: Reach) -> Result<Option<PastChat>, Fault> {
    let sql = concat!("SELECT ", columns!(), " FROM past_chats AS c WHERE c.session = $2 AND ", in_reach!());
    let agent = reach.agent().map(|agent| i64::from(agent.0));
    pool.query(sql, &[&agent, &session.0]).await?.rows.first().map(read).transpose()
}

/// A contact's chats, newest first.
pub(super) async fn of(
    pool: &Pool,
    contact: ContactId,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<PastChat>, Fault> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM past_chats AS c WHERE c.contact = ",
        resolved!(),
        " AND c.opened_at < $2 ORDER BY c.opened_at DESC, c.session DESC LIMIT $3"
    );
    let before = before.map_or(i64::MAX, |before| before.0.cast_signed());
    pool.query(sql, &[&key(contact), &before, &i64::from(limit)]).await?.rows.iter().map(read).collect()
}

/// The other chats of a session's customer, newest first.
pub(super) async fn earlier(
    pool: &Pool,
    session: SessionId,
    identities: &[Identity],
    limit: u32,
) -> Result<Vec<EarlierChat>, Fault> {
    let sql = "WITH known AS (SELECT contact FROM past_chats WHERE session = $1),
              named AS (SELECT identities.contact
                        FROM unnest($2::text[]) WITH ORDINALITY AS told (identity, rank)
                        JOIN identities ON identities.identity = told.identity COLLATE \"C\"
                        WHERE NOT EXISTS (SELECT 1 FROM known) ORDER BY rank LIMIT 1)
         SELECT chats.session, opened_at, subject, display, filed.disposition, filed.remark
         FROM past_chats AS chats
         LEFT JOIN LATERAL (SELECT agent FROM takings WHERE session = chats.session
                            ORDER BY (unfiled OR filed_at IS NOT NULL) DESC, id DESC LIMIT 1) AS taken ON true
         LEFT JOIN accounts ON accounts.agent = taken.agent
         LEFT JOIN LATERAL (SELECT disposition, remark FROM takings
                            WHERE session = chats.session AND filed_at IS NOT NULL
                            ORDER BY filed_at DESC, id DESC LIMIT 1) AS filed ON true
         WHERE contact = coalesce((SELECT contact FROM known), (SELECT contact FROM named)) AND chats.session <> $1
         ORDER BY opened_at DESC, chats.session DESC LIMIT $3";
    let stored = |identity| serde_json::to_string(identity).expect("an identity is a kind and a text");
    let identities = Unprinted(identities.iter().map(stored).collect::<Vec<String>>());
    let found = pool.query(sql, &[&session.0, &identities, &i64::from(limit)]).await?;
    let read = |row: &Row| {
        Ok(EarlierChat {
            session: SessionId(row.try_get(0)?),
            opened_at_ms: moment(row, 1)?,
            subject: row.try_get(2)?,
            agent: row.try_get(3)?,
            disposition: row.try_get(4)?,
            remark: row.try_get(5)?,
        })
    };
    found.rows.iter().map(read).collect()
}

/// Reads the [`columns`].
pub(super) fn read(row: &Row) -> Result<PastChat, Fault> {
    let mut agents = Vec::new();
    for agent in row.try_get::<_, Vec<i64>>(7)? {
        let agent = AgentId(u32::try_from(agent).map_err(|_| Fault::Row("past_participants"))?);
        if !agents.contains(&agent) {
            agents.push(agent);
        }
    }
    Ok(PastChat {
        session: SessionId(row.try_get(0)?),
        opened_at_ms: moment(row, 1)?,
        closed_at_ms: row.try_get::<_, Option<i64>>(2)?.map(|at| Timestamp(at.cast_unsigned())),
        subject: row.try_get(3)?,
        customer: row.try_get(4)?,
        contact: row.try_get::<_, Option<i64>>(5)?.map(|contact| ContactId(contact.cast_unsigned())),
        agents,
        disposition: row.try_get(8)?,
        erased: row.try_get(6)?,
    })
}
