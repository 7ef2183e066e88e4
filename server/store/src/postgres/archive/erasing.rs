//! Erases contacts and what was said in chats. What takes a connection runs inside a transaction of its caller.

use tandem_protocol::{ContactId, PairName, SessionId, Timestamp, archive::Erasure};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    contacts::{self, resolved},
    key, number,
};
use crate::postgres::{connection::Connection, fault::Fault, pool::Pool};

/// Begins to erase a contact, or says how far it is.
pub(super) async fn begin(connection: &mut Connection, contact: ContactId) -> Result<Option<Erasure>, Fault> {
    let sql = concat!(
        "UPDATE contacts SET name = '', folded = '', attributes = '{}', erasing = true WHERE contact = ",
        resolved!(),
        " RETURNING contact"
    );
    if let Some(row) = connection.query(sql, &[&key(contact)]).await?.first() {
        let contact = number(row, 0)?;
        contacts::forget_names(connection, contact).await?;
        return finish(connection, contact).await.map(Some);
    }
    let sql = concat!("SELECT chats FROM erased_contacts WHERE contact = ", resolved!());
    let rows = connection.query(sql, &[&key(contact)]).await?;
    let chats: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(chats.map(|chats| Erasure { chats: chats.cast_unsigned(), erased: chats.cast_unsigned() }))
}

/// Chats that have ended and are to be erased, in the order of their ids.
pub(super) async fn list(
    pool: &Pool,
    closed_before: Option<Timestamp>,
    after: Option<SessionId>,
    limit: u32,
) -> Result<Vec<(PairName, SessionId)>, Fault> {
    // Each half has an index of its own.
    let sql = "SELECT pair, session FROM (
             SELECT pair, session FROM past_chats
             WHERE contact IN (SELECT contact FROM contacts WHERE erasing) AND closed_at IS NOT NULL AND NOT erased
             UNION
             SELECT pair, session FROM past_chats WHERE closed_at IS NOT NULL AND NOT erased AND closed_at < $1) AS due
         WHERE session > $2 ORDER BY session LIMIT $3";
    let before = closed_before.map_or(0, |before| before.0.cast_signed());
    let after = after.map_or(Uuid::nil(), |after| after.0);
    let rows = pool.query(sql, &[&before, &after, &i64::from(limit)]).await?.rows;
    let read = |row: &Row| {
        let pair = PairName::new(row.try_get(0)?).map_err(|_| Fault::Row("past_chats"))?;
        Ok((pair, SessionId(row.try_get(1)?)))
    };
    rows.iter().map(read).collect()
}

/// Nothing of a chat is left but that it was. The chat's row first: whoever files it away at this moment waits for it,
/// and sees that no remark is to be kept any more. What was filed last: it raises the directory's version, whose row is
/// locked after all others.
pub(super) async fn chat_erased(connection: &mut Connection, session: SessionId) -> Result<(), Fault> {
    for statement in [
        "UPDATE past_chats SET subject = NULL, customer = '', erased = true WHERE session = $1",
        "DELETE FROM past_messages WHERE session = $1",
        "UPDATE past_participants SET name = '' WHERE session = $1",
    ] {
        connection.execute(statement, &[&session.0]).await?;
    }
    let sql = "SELECT contact FROM past_chats JOIN contacts USING (contact) WHERE session = $1 AND erasing";
    let rows = connection.query(sql, &[&session.0]).await?;
    if let Some(row) = rows.first() {
        finish(connection, number(row, 0)?).await?;
    }
    let sql = "UPDATE takings SET remark = NULL WHERE session = $1 AND remark IS NOT NULL";
    connection.execute(sql, &[&session.0]).await.map(drop)
}

/// Removes a contact who is being erased when none of his chats is left, and says how far it is.
async fn finish(connection: &mut Connection, contact: ContactId) -> Result<Erasure, Fault> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE erased) FROM past_chats WHERE contact = $1";
    let rows = connection.query(sql, &[&key(contact)]).await?;
    let row = rows.first().ok_or(Fault::Row("past_chats"))?;
    let (chats, erased): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if chats == erased {
        let remember = "INSERT INTO erased_contacts (contact, chats) VALUES ($1, $2)";
        connection.execute(remember, &[&key(contact), &chats]).await?;
        connection.execute("UPDATE past_chats SET contact = NULL WHERE contact = $1", &[&key(contact)]).await?;
        contacts::remove(connection, contact).await?;
    }
    Ok(Erasure { chats: chats.cast_unsigned(), erased: erased.cast_unsigned() })
}
