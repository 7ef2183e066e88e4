//! Finds messages by their words.

use tandem_protocol::{
    Seq, Timestamp,
    archive::{Hit, Hits},
};
use tokio_postgres::Row;

use super::{
    chats::{self, columns, in_reach},
    key,
    learning::number_of,
};
use crate::{
    archive::{MessageId, Sought, excerpt},
    postgres::{connection::Unprinted, fault::Fault, pool::Pool},
};

/// The newest that match. The index of words comes first, by itself: the planner, which makes its plan for any words,
/// would else be tempted to look through all messages in their order until enough are found.
pub(super) async fn search(pool: &Pool, sought: &Sought) -> Result<Hits, Fault> {
    let sql = concat!(
        "WITH matching AS MATERIALIZED (
             SELECT id, session, seq, participant, text FROM past_messages
             WHERE words @@ $2::text::tsquery AND id >= $3 AND id < $4 AND visibility <= $5)
         SELECT ",
        columns!(),
        ", m.id, m.seq, coalesce(said.name, ''), m.text
         FROM matching AS m
         JOIN past_chats AS c ON c.session = m.session
         LEFT JOIN past_participants AS said ON said.session = m.session AND said.participant = m.participant
         WHERE ($6::bigint IS NULL
                OR c.contact = coalesce((SELECT whole FROM merged_contacts WHERE merged_contacts.contact = $6), $6))
           AND ",
        in_reach!(),
        " ORDER BY m.id DESC LIMIT $7"
    );
    let until = sought.until.map_or(MessageId(i64::MAX), MessageId::first_at);
    let (from, until) = (
        MessageId::first_at(sought.from.unwrap_or(Timestamp::ZERO)).0,
        sought.after.map_or(until, |after| after.min(until)).0,
    );
    let agent = sought.reach.agent().map(|agent| i64::from(agent.0));
    let (words, contact) = (Unprinted(sought.words.for_tsquery()), sought.contact.map(key));
    // One more tells whether there are more.
    let limit = i64::from(sought.limit) + 1;
    let answer = pool.query(sql, &[&agent, &words, &from, &until, &number_of(sought.sees), &contact, &limit]).await?;
    let read = |row: &Row| {
        let id = MessageId(row.try_get(chats::COLUMNS)?);
        let (excerpt, marks) = excerpt(row.try_get(chats::COLUMNS + 3)?, &sought.words);
        let seq = Seq(row.try_get::<_, i64>(chats::COLUMNS + 1)?.cast_unsigned());
        let name = row.try_get(chats::COLUMNS + 2)?;
        Ok((id, Hit { chat: chats::read(row)?, seq, at_ms: id.at(), name, excerpt, marks }))
    };
    let found: Vec<(MessageId, Hit)> = answer.rows.iter().map(read).collect::<Result<_, Fault>>()?;
    Ok(sought.page(found))
}
