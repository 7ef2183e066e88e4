//! Chats that agents took, what came of them, and a customer's earlier ones.

use tandem_protocol::{AgentId, SessionId, Timestamp, desk::EarlierChat};
use tokio_postgres::Row;

use super::{accounts::agent, storable};
use crate::{
    Filing, TakenChat,
    postgres::{connection::Unprinted, fault::Fault, pool::Pool},
};

/// Keeps that an agent took a session. Who takes it anew, after he had passed it on, is its last agent again: the
/// taking gets a new number.
pub(super) async fn take(pool: &Pool, chat: &TakenChat) -> Result<(), Fault> {
    let written = pool
        .query(
            "WITH known AS (
             INSERT INTO chats (session, opened_at, subject, customer) VALUES ($1, $2, $3, $4)
             ON CONFLICT (session) DO NOTHING
         )
         INSERT INTO takings (session, agent, unfiled) VALUES ($1, $5, true)
         ON CONFLICT (session, agent) DO UPDATE SET unfiled = true, id = DEFAULT WHERE NOT takings.unfiled",
            &[
                &chat.session.0,
                &chat.opened_at.0.cast_signed(),
                &Unprinted(chat.subject.as_deref().map(storable)),
                &Unprinted(chat.customer.as_deref().map(storable)),
                &i64::from(chat.agent.0),
            ],
        )
        .await;
    written.map(drop)
}

/// What is to be filed away.
pub(super) async fn unfiled(pool: &Pool) -> Result<Vec<(SessionId, AgentId)>, Fault> {
    let rows = pool.query("SELECT session, agent FROM takings WHERE unfiled", &[]).await?.rows;
    rows.iter().map(|row| Ok((SessionId(row.try_get(0)?), agent(row, 1)?))).collect()
}

/// An agent need not file it away.
pub(super) async fn release(pool: &Pool, session: SessionId, agent: AgentId) -> Result<(), Fault> {
    let sql = "UPDATE takings SET unfiled = false WHERE session = $1 AND agent = $2 AND unfiled";
    pool.query(sql, &[&session.0, &i64::from(agent.0)]).await.map(drop)
}

/// Files it away; a supervisor may do so with what he never took.
pub(super) async fn file(pool: &Pool, filing: &Filing) -> Result<(), Fault> {
    let written = pool.query(
        "INSERT INTO takings (session, agent, unfiled, disposition, remark, filed_at) VALUES ($1, $2, false, $3, $4, $5)
         ON CONFLICT (session, agent) DO UPDATE
         SET unfiled = false, disposition = excluded.disposition, remark = excluded.remark,
             filed_at = excluded.filed_at",
        &[
            &filing.session.0,
            &i64::from(filing.agent.0),
            &Unprinted(storable(&filing.disposition)),
            &Unprinted(filing.remark.as_deref().map(storable)),
            &filing.at.0.cast_signed(),
        ],
    ).await;
    written.map(drop)
}

/// A customer's chats other than `but`, newest first, each with its last agent and its last filing.
pub(super) async fn earlier(
    pool: &Pool,
    customer: &str,
    but: SessionId,
    limit: u32,
) -> Result<Vec<EarlierChat>, Fault> {
    let found = pool
        .query(
            "SELECT chats.session, opened_at, subject, display, filed.disposition, filed.remark
         FROM chats
         LEFT JOIN LATERAL (SELECT agent FROM takings WHERE session = chats.session
                            ORDER BY (unfiled OR filed_at IS NOT NULL) DESC, id DESC LIMIT 1) AS taken ON true
         LEFT JOIN accounts ON accounts.agent = taken.agent
         LEFT JOIN LATERAL (SELECT disposition, remark FROM takings
                            WHERE session = chats.session AND filed_at IS NOT NULL
                            ORDER BY filed_at DESC, id DESC LIMIT 1) AS filed ON true
         WHERE customer = $1 AND chats.session <> $2
         ORDER BY opened_at DESC, chats.session DESC LIMIT $3",
            &[&Unprinted(storable(customer)), &but.0, &i64::from(limit)],
        )
        .await?;
    let read = |row: &Row| {
        Ok(EarlierChat {
            session: SessionId(row.try_get(0)?),
            opened_at_ms: Timestamp(row.try_get::<_, i64>(1)?.cast_unsigned()),
            subject: row.try_get(2)?,
            agent: row.try_get(3)?,
            disposition: row.try_get(4)?,
            remark: row.try_get(5)?,
        })
    };
    found.rows.iter().map(read).collect()
}

/// Whose session it is, as far as known.
pub(super) async fn customer_of(pool: &Pool, session: SessionId) -> Result<Option<String>, Fault> {
    let rows = pool.query("SELECT customer FROM chats WHERE session = $1", &[&session.0]).await?.rows;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?.flatten())
}
