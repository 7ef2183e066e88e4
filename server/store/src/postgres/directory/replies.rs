//! Canned replies: a list that all share, and one of each account.

use tandem_protocol::{AgentId, ClientId, desk::Canned};
use tokio_postgres::Row;

use super::storable;
use crate::postgres::{connection::Unprinted, fault::Fault, pool::Pool};

/// Stands for all accounts where an owner is named; accounts are numbered from 1.
const EVERYBODY: i64 = 0;

/// What an account may use, by shortcut; of two of one shortcut its own comes first.
pub(super) async fn of(pool: &Pool, agent: AgentId) -> Result<Vec<Canned>, Fault> {
    let found = pool
        .query(
            "SELECT id, shortcut, text, owner FROM replies WHERE owner IN ($1, $2) ORDER BY shortcut, owner DESC",
            &[&EVERYBODY, &i64::from(agent.0)],
        )
        .await?;
    let read = |row: &Row| {
        Ok(Canned {
            id: ClientId::new(row.try_get(0)?).map_err(|_| Fault::Row("replies"))?,
            shortcut: row.try_get(1)?,
            text: row.try_get(2)?,
            shared: row.try_get::<_, i64>(3)? == EVERYBODY,
        })
    };
    found.rows.iter().map(read).collect()
}

/// Makes or changes one; false when it is not the account's to change, or its shortcut means another one already.
pub(super) async fn save(pool: &Pool, agent: AgentId, canned: &Canned) -> Result<bool, Fault> {
    let owner = if canned.shared { EVERYBODY } else { i64::from(agent.0) };
    let saved = pool
        .query(
            "INSERT INTO replies (id, owner, shortcut, text) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, shortcut = excluded.shortcut, text = excluded.text
         WHERE replies.owner IN ($5, $6) RETURNING id",
            &[
                &canned.id.as_str(),
                &owner,
                &Unprinted(storable(&canned.shortcut)),
                &Unprinted(storable(&canned.text)),
                &EVERYBODY,
                &i64::from(agent.0),
            ],
        )
        .await;
    match saved {
        Ok(answer) => Ok(!answer.rows.is_empty()),
        // Another one of the same list has the shortcut.
        Err(fault) if fault.is_duplicate() => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Deletes one, if it is the account's own or a shared one that may be deleted; false when there is none.
pub(super) async fn delete(pool: &Pool, agent: AgentId, id: &ClientId, shared: bool) -> Result<bool, Fault> {
    let answer = pool
        .query(
            "DELETE FROM replies WHERE id = $1 AND (owner = $2 OR ($3 AND owner = $4)) RETURNING id",
            &[&id.as_str(), &i64::from(agent.0), &shared, &EVERYBODY],
        )
        .await?;
    // The first try may have deleted it.
    Ok(!answer.rows.is_empty() || answer.is_repeated)
}
