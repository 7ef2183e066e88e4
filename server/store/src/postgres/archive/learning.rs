//! Takes in what the log taught. What is known already stays as it is: a log whose places are others than before, since it
//! was copied, may be read from its beginning again.

use std::collections::BTreeMap;

use tandem_protocol::{ContactId, PairName, ParticipantId, SessionId, Timestamp, Visibility, archive::Identity};
use uuid::Uuid;

use super::{contacts, key, number};
use crate::{
    LogPlace,
    archive::{Batch, Fact, Lesson, MessageId, joined},
    postgres::{
        connection::{Connection, Unprinted},
        directory::storable,
        fault::Fault,
        pool::Pool,
    },
};

const PLACE: &str = "SELECT through FROM archive_progress WHERE pair = $1";

/// How far a pair's log has been read.
pub(super) async fn read_place(pool: &Pool, pair: &PairName) -> Result<LogPlace, Fault> {
    let rows = pool.query(PLACE, &[&pair.as_str()]).await?.rows;
    Ok(LogPlace(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default()))
}

/// Takes in a part of the log, if it goes on where the log has been read to. Messages come last, in one statement:
/// nothing else of the part depends on them.
pub(super) async fn learn(connection: &mut Connection, batch: Batch) -> Result<bool, Fault> {
    let rows = connection.query(PLACE, &[&batch.pair.as_str()]).await?;
    let place = LogPlace(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default());
    if place != batch.after {
        return Ok(false);
    }
    let mut messages = Messages::default();
    for Lesson { session, seq, at, fact } in batch.lessons {
        match fact {
            Fact::Opened { subject, identities } => {
                opened(connection, &batch.pair, session, at, subject.as_deref(), &identities).await?;
            }
            Fact::Joined { participant, name, is_customer, takes } => {
                let agent = takes.map(|agent| i64::from(agent.0));
                joins(connection, session, participant, &name, agent).await?;
                if is_customer {
                    named(connection, session, &name).await?;
                }
            }
            Fact::Said { participant, visibility, text } => {
                messages.at.push(at);
                messages.sessions.push(session.0);
                messages.seqs.push(seq.0.cast_signed());
                messages.visibilities.push(number_of(visibility));
                messages.participants.push(i64::from(participant.0));
                messages.words.push(joined(&text));
                messages.texts.push(storable(&text).into_owned());
            }
            Fact::Closed => closed(connection, session, at).await?,
            Fact::Erased => erased(connection, &batch.pair, session, at).await?,
        }
    }
    messages.insert(connection).await?;
    let sql = "INSERT INTO archive_progress (pair, through) VALUES ($1, $2)
               ON CONFLICT (pair) DO UPDATE SET through = excluded.through";
    connection.execute(sql, &[&batch.pair.as_str(), &batch.through.0]).await?;
    Ok(true)
}

/// How hidden something is, as a number that can be compared.
pub(super) fn number_of(visibility: Visibility) -> i64 {
    match visibility {
        Visibility::All => 0,
        Visibility::Int => 1,
        Visibility::Vip => 2,
    }
}

/// The messages of a part, column by column.
#[derive(Default)]
struct Messages {
    at: Vec<Timestamp>,
    sessions: Vec<Uuid>,
    seqs: Vec<i64>,
    visibilities: Vec<i64>,
    participants: Vec<i64>,
    texts: Vec<String>,
    words: Vec<String>,
}

impl Messages {
    async fn insert(self, connection: &mut Connection) -> Result<(), Fault> {
        if self.at.is_empty() {
            return Ok(());
        }
        let ids = free_ids(connection, &self.at).await?;
        let sql = "INSERT INTO past_messages (id, session, seq, visibility, participant, text, words)
             SELECT id, session, seq, visibility, participant, text, array_to_tsvector(string_to_array(words, ' '))
             FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
                  AS said (id, session, seq, visibility, participant, text, words)
             WHERE NOT EXISTS (SELECT 1 FROM past_chats WHERE past_chats.session = said.session AND erased)
             ON CONFLICT DO NOTHING";
        let (texts, words) = (Unprinted(self.texts), Unprinted(self.words));
        let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&ids, &self.sessions, &self.seqs, &self.visibilities, &self.participants, &texts, &words];
        connection.execute(sql, &columns).await.map(drop)
    }
}

/// An id for each of these moments, after those that the moment has already.
async fn free_ids(connection: &mut Connection, moments: &[Timestamp]) -> Result<Vec<i64>, Fault> {
    let span = |at: &Timestamp| (MessageId::first_at(*at).0, MessageId::first_at(Timestamp(at.0.saturating_add(1))).0);
    let (firsts, ends): (Vec<i64>, Vec<i64>) = moments.iter().map(span).collect::<BTreeMap<_, _>>().into_iter().unzip();
    let sql = "SELECT first, coalesce((SELECT max(id) + 1 FROM past_messages WHERE id >= first AND id < after), first)
               FROM unnest($1::bigint[], $2::bigint[]) AS span (first, after)";
    let rows = connection.query(sql, &[&firsts, &ends]).await?;
    let mut free = BTreeMap::new();
    for row in rows {
        free.insert(row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?);
    }
    let take = |at: &Timestamp| {
        let next = free.get_mut(&MessageId::first_at(*at).0).ok_or(Fault::Row("past_messages"))?;
        *next += 1;
        Ok(*next - 1)
    };
    moments.iter().map(take).collect()
}

async fn opened(
    connection: &mut Connection,
    pair: &PairName,
    session: SessionId,
    at: Timestamp,
    subject: Option<&str>,
    identities: &[Identity],
) -> Result<(), Fault> {
    if !connection.query("SELECT 1 FROM past_chats WHERE session = $1", &[&session.0]).await?.is_empty() {
        return Ok(());
    }
    let contact = known_by(connection, identities, at).await?.map(key);
    let sql = "INSERT INTO past_chats (session, pair, opened_at, subject, customer, contact, erased)
               VALUES ($1, $2, $3, $4, '', $5, false)";
    let subject = Unprinted(subject.map(storable));
    connection.execute(sql, &[&session.0, &pair.as_str(), &at.0.cast_signed(), &subject, &contact]).await.map(drop)
}

/// The contact with these identities: whoever is known by the strongest that is known, or somebody new. What is nobody's
/// becomes his; where one is another's, the two may be the same.
async fn known_by(
    connection: &mut Connection,
    identities: &[Identity],
    at: Timestamp,
) -> Result<Option<ContactId>, Fault> {
    let mut owners = Vec::new();
    for identity in identities {
        owners.push(contacts::owner(connection, identity).await?);
    }
    let contact = match owners.iter().flatten().next() {
        Some(known) => *known,
        None if identities.is_empty() => return Ok(None),
        None => contacts::make(connection, at).await?,
    };
    for (identity, owner) in identities.iter().zip(owners) {
        match owner {
            None => contacts::add_identity(connection, contact, identity).await?,
            Some(other) if other != contact => contacts::add_similar(connection, contact, other).await?,
            Some(_) => {}
        }
    }
    contacts::came(connection, contact, at).await?;
    Ok(Some(contact))
}

async fn joins(
    connection: &mut Connection,
    session: SessionId,
    participant: ParticipantId,
    name: &str,
    agent: Option<i64>,
) -> Result<(), Fault> {
    let sql = "INSERT INTO past_participants (session, participant, name, agent)
         SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM past_chats WHERE session = $1 AND erased)
         ON CONFLICT (session, participant) DO UPDATE
         SET name = excluded.name, agent = coalesce(excluded.agent, past_participants.agent)";
    let name = Unprinted(storable(name));
    connection.execute(sql, &[&session.0, &i64::from(participant.0), &name, &agent]).await.map(drop)
}

/// A customer has joined; the first one gives the chat its name, and his contact, if that has none.
async fn named(connection: &mut Connection, session: SessionId, name: &str) -> Result<(), Fault> {
    let sql = "UPDATE past_chats SET customer = $2 WHERE session = $1 AND customer = '' AND NOT erased
               RETURNING contact";
    let rows = connection.query(sql, &[&session.0, &Unprinted(storable(name))]).await?;
    let contact = rows.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten();
    match (contact, rows.first()) {
        (Some(_), Some(row)) => contacts::name_if_nameless(connection, number(row, 0)?, name).await,
        _ => Ok(()),
    }
}

async fn closed(connection: &mut Connection, session: SessionId, at: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE past_chats SET closed_at = $2 WHERE session = $1";
    connection.execute(sql, &[&session.0, &at.0.cast_signed()]).await.map(drop)
}

/// The archive is built anew from a log in which the chat is erased already.
async fn erased(connection: &mut Connection, pair: &PairName, session: SessionId, at: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO past_chats (session, pair, opened_at, customer, erased) VALUES ($1, $2, $3, '', true)
               ON CONFLICT (session) DO UPDATE SET erased = true";
    connection.execute(sql, &[&session.0, &pair.as_str(), &at.0.cast_signed()]).await.map(drop)
}
