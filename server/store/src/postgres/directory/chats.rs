//! Chats that agents took, and what came of them.

use tandem_protocol::{AgentId, SessionId};

use super::{accounts::agent, storable};
use crate::{
    Filing, TakenChat,
    postgres::{connection::Unprinted, fault::Fault, pool::Pool},
};

/// Keeps that an agent took a session. Who takes it anew, after he had passed it on, is its last agent again: the
/// taking gets a new number.
pub(super) async fn take(pool: &Pool, chat: &TakenChat) -> Result<(), Fault> {
    let sql = "INSERT INTO takings (session, agent, unfiled) VALUES ($1, $2, true)
         ON CONFLICT (session, agent) DO UPDATE SET unfiled = true, id = DEFAULT WHERE NOT takings.unfiled";
    pool.query(sql, &[&chat.session.0, &i64::from(chat.agent.0)]).await.map(drop)
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
    let written = pool
        .query(
            // Who erases the chat at this moment has its row; then this waits and sees it erased.
            "WITH chat AS (SELECT erased FROM past_chats WHERE session = $1 FOR SHARE)
         INSERT INTO takings (session, agent, unfiled, disposition, remark, filed_at)
         SELECT $1, $2, false, $3, CASE WHEN NOT EXISTS (SELECT 1 FROM chat WHERE erased) THEN $4::text END, $5
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
        )
        .await;
    written.map(drop)
}
