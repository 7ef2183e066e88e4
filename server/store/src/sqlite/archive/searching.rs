//! Finds messages by their words.

use rusqlite::{Connection, Row, named_params};
use tandem_protocol::{
    Seq, Timestamp,
    archive::{Hit, Hits},
};

use super::{
    chats::{self, columns, in_reach},
    contacts,
    learning::number_of,
};
use crate::{
    StoreError,
    archive::{MessageId, Sought, excerpt},
};

/// The newest that match. The index gives them in the order of their ids, which is that of time, so that only as many
/// are looked at as are wanted.
pub(super) fn search(connection: &Connection, sought: &Sought) -> Result<Hits, StoreError> {
    let mut query = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", m.id, m.seq, coalesce(said.name, ''), m.text
         FROM past_words
         JOIN past_messages AS m ON m.id = past_words.rowid
         JOIN past_chats AS c ON c.session = m.session
         LEFT JOIN past_participants AS said ON said.session = m.session AND said.participant = m.participant
         WHERE past_words MATCH :words AND past_words.rowid >= :from AND past_words.rowid < :until
           AND m.visibility <= :sees AND (:contact IS NULL OR c.contact = :contact) AND ",
        in_reach!(),
        " ORDER BY past_words.rowid DESC LIMIT :limit"
    ))?;
    let contact = sought.contact.map(|contact| contacts::resolve(connection, contact)).transpose()?;
    let until = sought.until.map_or(MessageId(i64::MAX), MessageId::first_at);
    let parameters = named_params! {
        ":words": sought.words.for_fts5(),
        ":from": MessageId::first_at(sought.from.unwrap_or(Timestamp::ZERO)).0,
        ":until": sought.after.map_or(until, |after| after.min(until)).0,
        ":sees": number_of(sought.sees),
        ":contact": contact.map(contacts::key),
        ":agent": sought.reach.agent().map(|agent| agent.0),
        // One more tells whether there are more.
        ":limit": i64::from(sought.limit) + 1,
    };
    let read = |row: &Row<'_>| {
        let id = MessageId(row.get(chats::COLUMNS)?);
        let (excerpt, marks) = excerpt(&row.get::<_, String>(chats::COLUMNS + 3)?, &sought.words);
        let seq = Seq(row.get::<_, i64>(chats::COLUMNS + 1)?.cast_unsigned());
        let name = row.get(chats::COLUMNS + 2)?;
        Ok((id, Hit { chat: chats::read(row)?, seq, at_ms: id.at(), name, excerpt, marks }))
    };
    let found: Vec<(MessageId, Hit)> = query.query_and_then(parameters, read)?.collect::<Result<_, StoreError>>()?;
    Ok(sought.page(found))
}
