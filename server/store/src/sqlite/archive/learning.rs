//! Takes in what the log taught. What is known already stays as it is: a log whose places are others than before, since it
//! was copied, may be read from its beginning again.
//!
//! Every function runs inside a transaction of its caller.

use rusqlite::{Connection, OptionalExtension, named_params};
use tandem_protocol::{ContactId, PairName, SessionId, Timestamp, Visibility, archive::Identity};

use super::contacts;
use crate::{
    LogPlace, StoreError,
    archive::{Batch, Fact, Lesson, MessageId, joined},
};

/// How far a pair's log has been read.
pub(super) fn place(connection: &Connection, pair: &PairName) -> Result<LogPlace, StoreError> {
    let mut query = connection.prepare_cached("SELECT through FROM archive_progress WHERE pair = ?1")?;
    let through = query.query_row([pair.as_str()], |row| row.get(0)).optional()?;
    Ok(through.map_or(LogPlace::default(), LogPlace))
}

/// Takes in a part of the log, if it goes on where the log has been read to.
pub(super) fn learn(connection: &Connection, batch: Batch) -> Result<bool, StoreError> {
    if place(connection, &batch.pair)? != batch.after {
        return Ok(false);
    }
    for lesson in batch.lessons {
        take_in(connection, &batch.pair, lesson)?;
    }
    let mut write =
        connection.prepare_cached("INSERT OR REPLACE INTO archive_progress (pair, through) VALUES (?1, ?2)")?;
    write.execute((batch.pair.as_str(), batch.through.0))?;
    Ok(true)
}

fn take_in(connection: &Connection, pair: &PairName, lesson: Lesson) -> Result<(), StoreError> {
    match &lesson.fact {
        Fact::Erased => return erased(connection, pair, &lesson),
        Fact::Opened { .. } => {}
        Fact::Closed => return closed(connection, &lesson),
        _ if is_erased(connection, lesson.session)? => return Ok(()),
        Fact::Joined { .. } | Fact::Said { .. } => {}
    }
    let Lesson { session, at, .. } = lesson;
    match lesson.fact {
        Fact::Opened { subject, identities } => opened(connection, pair, session, at, subject.as_deref(), &identities),
        Fact::Joined { participant, name, is_customer, takes } => {
            let mut write = connection.prepare_cached(
                "INSERT INTO past_participants (session, participant, name, agent) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (session, participant) DO UPDATE
                 SET name = excluded.name, agent = coalesce(excluded.agent, agent)",
            )?;
            write.execute((session.0.as_bytes(), participant.0, &name, takes.map(|agent| agent.0)))?;
            if is_customer { named(connection, session, &name) } else { Ok(()) }
        }
        Fact::Said { participant, visibility, text } => {
            let id = free_id(connection, at)?;
            let mut write = connection.prepare_cached(
                "INSERT OR IGNORE INTO past_messages (id, session, seq, visibility, participant, text)
                 VALUES (:id, :session, :seq, :visibility, :participant, :text)",
            )?;
            let added = write.execute(named_params! {
                ":id": id.0,
                ":session": session.0.as_bytes(),
                ":seq": lesson.seq.0.cast_signed(),
                ":visibility": number_of(visibility),
                ":participant": participant.0,
                ":text": text,
            })?;
            if added > 0 {
                let mut index = connection.prepare_cached("INSERT INTO past_words (rowid, words) VALUES (?1, ?2)")?;
                index.execute((id.0, joined(&text)))?;
            }
            Ok(())
        }
        Fact::Closed | Fact::Erased => unreachable!("both are dealt with above"),
    }
}

/// How hidden something is, as a number that can be compared.
pub(super) fn number_of(visibility: Visibility) -> i64 {
    match visibility {
        Visibility::All => 0,
        Visibility::Int => 1,
        Visibility::Vip => 2,
    }
}

fn opened(
    connection: &Connection,
    pair: &PairName,
    session: SessionId,
    at: Timestamp,
    subject: Option<&str>,
    identities: &[Identity],
) -> Result<(), StoreError> {
    let mut query = connection.prepare_cached("SELECT 1 FROM past_chats WHERE session = ?1")?;
    if query.exists([session.0.as_bytes()])? {
        return Ok(());
    }
    let contact = known_by(connection, identities, at)?;
    let mut write = connection.prepare_cached(
        "INSERT INTO past_chats (session, pair, opened_at, subject, customer, contact, erased)
         VALUES (?1, ?2, ?3, ?4, '', ?5, 0)",
    )?;
    let contact = contact.map(contacts::key);
    write.execute((session.0.as_bytes(), pair.as_str(), at.0.cast_signed(), subject, contact))?;
    Ok(())
}

/// The contact with these identities: whoever is known by the strongest that is known, or somebody new. What is nobody's
/// becomes his; where one is another's, the two may be the same.
fn known_by(connection: &Connection, identities: &[Identity], at: Timestamp) -> Result<Option<ContactId>, StoreError> {
    let owners: Vec<Option<ContactId>> =
        identities.iter().map(|identity| contacts::owner(connection, identity)).collect::<Result<_, _>>()?;
    let contact = match owners.iter().flatten().next() {
        Some(known) => *known,
        None if identities.is_empty() => return Ok(None),
        None => contacts::make(connection, at)?,
    };
    for (identity, owner) in identities.iter().zip(owners) {
        match owner {
            None => contacts::add_identity(connection, contact, identity)?,
            Some(other) if other != contact => contacts::add_similar(connection, contact, other)?,
            Some(_) => {}
        }
    }
    contacts::came(connection, contact, at)?;
    Ok(Some(contact))
}

/// A customer has joined; the first one gives the chat its name, and his contact, if that has none.
fn named(connection: &Connection, session: SessionId, name: &str) -> Result<(), StoreError> {
    let mut write =
        connection.prepare_cached("UPDATE past_chats SET customer = ?2 WHERE session = ?1 AND customer = ''")?;
    if write.execute((session.0.as_bytes(), name))? > 0 {
        let mut query = connection.prepare_cached("SELECT contact FROM past_chats WHERE session = ?1")?;
        let contact: Option<i64> = query.query_row([session.0.as_bytes()], |row| row.get(0))?;
        if let Some(contact) = contact {
            contacts::name_if_nameless(connection, ContactId(contact.cast_unsigned()), name)?;
        }
    }
    Ok(())
}

fn closed(connection: &Connection, lesson: &Lesson) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached("UPDATE past_chats SET closed_at = ?2 WHERE session = ?1")?;
    write.execute((lesson.session.0.as_bytes(), lesson.at.0.cast_signed()))?;
    Ok(())
}

/// The archive is built anew from a log in which the chat is erased already.
fn erased(connection: &Connection, pair: &PairName, lesson: &Lesson) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO past_chats (session, pair, opened_at, customer, erased) VALUES (?1, ?2, ?3, '', 1)
         ON CONFLICT (session) DO UPDATE SET erased = 1",
    )?;
    write.execute((lesson.session.0.as_bytes(), pair.as_str(), lesson.at.0.cast_signed()))?;
    Ok(())
}

fn is_erased(connection: &Connection, session: SessionId) -> Result<bool, StoreError> {
    let mut query = connection.prepare_cached("SELECT 1 FROM past_chats WHERE session = ?1 AND erased = 1")?;
    Ok(query.exists([session.0.as_bytes()])?)
}

fn free_id(connection: &Connection, at: Timestamp) -> Result<MessageId, StoreError> {
    let first = MessageId::first_at(at);
    let end = MessageId::first_at(Timestamp(at.0.saturating_add(1)));
    let mut query = connection.prepare_cached("SELECT max(id) + 1 FROM past_messages WHERE id >= ?1 AND id < ?2")?;
    let next: Option<i64> = query.query_row((first.0, end.0), |row| row.get(0))?;
    Ok(next.map_or(first, MessageId))
}
