//! Erases contacts and what was said in chats.
//!
//! Every function runs inside a transaction of its caller. Its connection overwrites what it deletes (`secure_delete`).

use rusqlite::{Connection, OptionalExtension, Row};
use tandem_protocol::{ContactId, PairName, SessionId, Timestamp, archive::Erasure};
use uuid::Uuid;

use super::contacts;
use crate::{StoreError, archive::joined, sqlite::fault::Fault};

/// Begins to erase a contact, or says how far it is.
pub(super) fn begin(connection: &Connection, contact: ContactId) -> Result<Option<Erasure>, StoreError> {
    let contact = contacts::resolve(connection, contact)?;
    let mut forget = connection.prepare_cached(
        "UPDATE contacts SET name = '', folded = '', attributes = '{}', erasing = 1 WHERE contact = ?1",
    )?;
    if forget.execute([contacts::key(contact)])? == 0 {
        let mut query = connection.prepare_cached("SELECT chats FROM erased_contacts WHERE contact = ?1")?;
        let chats: Option<i64> = query.query_row([contacts::key(contact)], |row| row.get(0)).optional()?;
        let all = |chats: i64| Erasure { chats: chats.cast_unsigned(), erased: chats.cast_unsigned() };
        return Ok(chats.map(all));
    }
    for statement in
        ["DELETE FROM identities WHERE contact = ?1", "DELETE FROM similar_contacts WHERE contact = ?1 OR other = ?1"]
    {
        connection.prepare_cached(statement)?.execute([contacts::key(contact)])?;
    }
    finish(connection, contact).map(Some)
}

/// Chats that have ended and are to be erased, in the order of their ids.
pub(super) fn list(
    connection: &Connection,
    closed_before: Option<Timestamp>,
    after: Option<SessionId>,
    limit: u32,
) -> Result<Vec<(PairName, SessionId)>, StoreError> {
    // Each half has an index of its own.
    let mut query = connection.prepare_cached(
        "SELECT pair, session FROM (
             SELECT pair, session FROM past_chats
             WHERE contact IN (SELECT contact FROM contacts WHERE erasing = 1) AND closed_at IS NOT NULL AND erased = 0
             UNION
             SELECT pair, session FROM past_chats WHERE closed_at IS NOT NULL AND erased = 0 AND closed_at < ?1)
         WHERE session > ?2 ORDER BY session LIMIT ?3",
    )?;
    let before = closed_before.map_or(0, |before| before.0.cast_signed());
    let after = after.map_or(Uuid::nil(), |after| after.0);
    let read = |row: &Row<'_>| {
        let pair = PairName::new(&row.get::<_, String>(0)?).map_err(|_| Fault::Directory("past_chats"))?;
        Ok((pair, SessionId(Uuid::from_bytes(row.get(1)?))))
    };
    query.query_and_then((before, after.as_bytes(), limit), read)?.collect()
}

/// Nothing of a chat is left but that it was.
pub(super) fn chat_erased(connection: &Connection, session: SessionId) -> Result<(), StoreError> {
    let session = session.0.as_bytes();
    let mut messages = connection.prepare_cached("SELECT id, text FROM past_messages WHERE session = ?1")?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let mut forget =
        connection.prepare_cached("INSERT INTO past_words (past_words, rowid, words) VALUES ('delete', ?1, ?2)")?;
    for message in messages.query_map([session], read)? {
        let (id, text) = message?;
        forget.execute((id, joined(&text)))?;
    }
    for statement in [
        "DELETE FROM past_messages WHERE session = ?1",
        "UPDATE past_participants SET name = '' WHERE session = ?1",
        "UPDATE past_chats SET subject = NULL, customer = '', erased = 1 WHERE session = ?1",
        "UPDATE takings SET remark = NULL WHERE session = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([session])?;
    }
    let mut query = connection.prepare_cached(
        "SELECT contact FROM past_chats JOIN contacts USING (contact) WHERE session = ?1 AND erasing = 1",
    )?;
    if let Some(contact) = query.query_row([session], contacts::number).optional()? {
        finish(connection, contact)?;
    }
    Ok(())
}

/// Removes a contact who is being erased when none of his chats is left, and says how far it is.
fn finish(connection: &Connection, contact: ContactId) -> Result<Erasure, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT count(*), coalesce(sum(erased), 0) FROM past_chats WHERE contact = ?1")?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (chats, erased) = query.query_row([contacts::key(contact)], read)?;
    if chats == erased {
        let mut remember = connection.prepare_cached("INSERT INTO erased_contacts (contact, chats) VALUES (?1, ?2)")?;
        remember.execute((contacts::key(contact), chats))?;
        let mut strange = connection.prepare_cached("UPDATE past_chats SET contact = NULL WHERE contact = ?1")?;
        strange.execute([contacts::key(contact)])?;
        contacts::remove(connection, contact)?;
    }
    Ok(Erasure { chats: chats.cast_unsigned(), erased: erased.cast_unsigned() })
}
