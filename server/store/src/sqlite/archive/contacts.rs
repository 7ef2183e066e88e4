//! Contacts: who is known by what, and what becomes of them.
//!
//! Every function runs inside a transaction of its caller. Numbers that come from outside are resolved first: one that
//! was merged stands for the contact that it is a part of.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tandem_protocol::{
    ContactId, Timestamp,
    archive::{Amendment, Contact, IDENTITIES_MAX, Identity},
};

use crate::{
    StoreError,
    archive::{self, Changed, Reach, Unchanged, fold, stored_attributes},
    sqlite::fault::Fault,
};

/// The contact that a number stands for.
pub(super) fn resolve(connection: &Connection, contact: ContactId) -> Result<ContactId, StoreError> {
    let mut query = connection.prepare_cached("SELECT whole FROM merged_contacts WHERE contact = ?1")?;
    Ok(query.query_row([key(contact)], number).optional()?.unwrap_or(contact))
}

/// Who is known by this.
pub(super) fn owner(connection: &Connection, identity: &Identity) -> Result<Option<ContactId>, StoreError> {
    let mut query = connection.prepare_cached("SELECT contact FROM identities WHERE identity = ?1")?;
    Ok(query.query_row([stored(identity)], number).optional()?)
}

/// A contact, if one of his chats is within reach.
pub(super) fn find(connection: &Connection, contact: ContactId, reach: Reach) -> Result<Option<Contact>, StoreError> {
    let contact = resolve(connection, contact)?;
    if let Some(agent) = reach.agent() {
        let mut query = connection.prepare_cached(
            "SELECT 1 FROM past_chats AS chat CROSS JOIN past_participants AS own
             WHERE chat.contact = ?1 AND own.session = chat.session AND own.agent = ?2",
        )?;
        if !query.exists((key(contact), agent.0))? {
            return Ok(None);
        }
    }
    read(connection, contact)
}

/// The contacts within reach whose name or identity contains the text, newest first.
pub(super) fn list(connection: &Connection, text: &str, reach: Reach, limit: u32) -> Result<Vec<Contact>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT contact FROM contacts
         WHERE (:text = '' OR instr(folded, :text) > 0
                OR EXISTS (SELECT 1 FROM identities AS known
                           WHERE known.contact = contacts.contact AND instr(known.folded, :text) > 0))
           AND (:agent IS NULL
                OR EXISTS (SELECT 1 FROM past_chats AS chat CROSS JOIN past_participants AS own
                           WHERE chat.contact = contacts.contact AND own.session = chat.session
                             AND own.agent = :agent))
         ORDER BY contact DESC LIMIT :limit",
    )?;
    let parameters = named_params! {
        ":text": fold(text.trim()),
        ":agent": reach.agent().map(|agent| agent.0),
        ":limit": limit,
    };
    let found: Vec<ContactId> = query.query_map(parameters, number)?.collect::<Result<_, _>>()?;
    found.into_iter().filter_map(|contact| read(connection, contact).transpose()).collect()
}

/// Changes a contact.
pub(super) fn amend(connection: &Connection, contact: ContactId, change: Amendment) -> Result<Changed, StoreError> {
    let Some(mut known) = current(connection, contact)? else { return Ok(Err(Unchanged::Unknown)) };
    for identity in change.identities.iter().flatten() {
        if owner(connection, identity)?.is_some_and(|owner| owner != known.contact) {
            return Ok(Err(Unchanged::Taken));
        }
    }
    if let Err(unchanged) = archive::amend(&mut known, change) {
        return Ok(Err(unchanged));
    }
    write(connection, &known)?;
    Ok(Ok(known))
}

/// Makes one contact of two.
pub(super) fn merge(connection: &Connection, into: ContactId, from: ContactId) -> Result<Changed, StoreError> {
    let (Some(mut whole), Some(part)) = (current(connection, into)?, current(connection, from)?) else {
        return Ok(Err(Unchanged::Unknown));
    };
    let (from, into) = (part.contact, whole.contact);
    if from == into {
        // It has been done.
        return Ok(Ok(whole));
    }
    if let Err(unchanged) = archive::merge(&mut whole, part) {
        return Ok(Err(unchanged));
    }
    remove(connection, from)?;
    let both = (key(from), key(into));
    for statement in [
        "UPDATE past_chats SET contact = ?2 WHERE contact = ?1",
        "UPDATE merged_contacts SET whole = ?2 WHERE whole = ?1",
        "INSERT INTO merged_contacts (contact, whole) VALUES (?1, ?2)",
    ] {
        connection.prepare_cached(statement)?.execute(both)?;
    }
    write(connection, &whole)?;
    Ok(Ok(read(connection, into)?.expect("it was just written")))
}

/// Somebody new.
pub(super) fn make(connection: &Connection, at: Timestamp) -> Result<ContactId, StoreError> {
    let mut write = connection.prepare_cached(
        "INSERT INTO contacts (name, folded, attributes, since, erasing) VALUES ('', '', '{}', ?1, 0)",
    )?;
    Ok(ContactId(write.insert([at.0.cast_signed()])?.cast_unsigned()))
}

/// He has named this, and nobody is known by it. At his limit it stays nobody's.
pub(super) fn add_identity(connection: &Connection, contact: ContactId, identity: &Identity) -> Result<(), StoreError> {
    let mut query = connection.prepare_cached("SELECT count(*) FROM identities WHERE contact = ?1")?;
    let known: i64 = query.query_row([key(contact)], |row| row.get(0))?;
    if known < IDENTITIES_MAX as i64 { insert_identity(connection, contact, identity) } else { Ok(()) }
}

/// Two may be one person.
pub(super) fn add_similar(connection: &Connection, one: ContactId, other: ContactId) -> Result<(), StoreError> {
    let mut write = connection
        .prepare_cached("INSERT OR IGNORE INTO similar_contacts (contact, other) VALUES (?1, ?2), (?2, ?1)")?;
    write.execute((key(one), key(other)))?;
    Ok(())
}

/// He came at this moment too; logs of several pairs are not read in the order of time.
pub(super) fn came(connection: &Connection, contact: ContactId, at: Timestamp) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached("UPDATE contacts SET since = min(since, ?2) WHERE contact = ?1")?;
    write.execute((key(contact), at.0.cast_signed()))?;
    Ok(())
}

/// What he calls himself counts until somebody has named him.
pub(super) fn name_if_nameless(connection: &Connection, contact: ContactId, name: &str) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(
        "UPDATE contacts SET name = ?2, folded = ?3 WHERE contact = ?1 AND name = '' AND erasing = 0",
    )?;
    write.execute((key(contact), name, fold(name)))?;
    Ok(())
}

/// Nobody is this contact any more.
pub(super) fn remove(connection: &Connection, contact: ContactId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM identities WHERE contact = ?1",
        "DELETE FROM similar_contacts WHERE contact = ?1 OR other = ?1",
        "DELETE FROM contacts WHERE contact = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([key(contact)])?;
    }
    Ok(())
}

/// A number as the database keeps it.
pub(super) fn key(contact: ContactId) -> i64 {
    contact.0.cast_signed()
}

/// A number in the first column.
pub(super) fn number(row: &Row<'_>) -> rusqlite::Result<ContactId> {
    Ok(ContactId(row.get::<_, i64>(0)?.cast_unsigned()))
}

/// A contact who can be changed.
fn current(connection: &Connection, contact: ContactId) -> Result<Option<Contact>, StoreError> {
    let contact = resolve(connection, contact)?;
    Ok(read(connection, contact)?.filter(|known| !known.erasing))
}

fn read(connection: &Connection, contact: ContactId) -> Result<Option<Contact>, StoreError> {
    let damaged = |table| StoreError::from(Fault::Directory(table));
    let mut query = connection.prepare_cached(
        "SELECT name, attributes, since, erasing, (SELECT count(*) FROM past_chats WHERE contact = ?1)
         FROM contacts WHERE contact = ?1",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Contact {
            contact,
            name: row.get(0)?,
            identities: Vec::new(),
            attributes: serde_json::from_str(&row.get::<_, String>(1)?).map_err(|_| damaged("contacts"))?,
            since_ms: Timestamp(row.get::<_, i64>(2)?.cast_unsigned()),
            chats: row.get::<_, i64>(4)?.cast_unsigned(),
            similar: Vec::new(),
            erasing: row.get(3)?,
        })
    };
    let found: Option<Result<Contact, StoreError>> = query.query_and_then([key(contact)], read)?.next();
    let Some(mut known) = found.transpose()? else { return Ok(None) };
    let mut query = connection.prepare_cached("SELECT identity FROM identities WHERE contact = ?1")?;
    let identity = |row: &Row<'_>| serde_json::from_str(&row.get::<_, String>(0)?).map_err(|_| damaged("identities"));
    known.identities = query.query_and_then([key(contact)], identity)?.collect::<Result<_, StoreError>>()?;
    known.identities.sort();
    let mut query =
        connection.prepare_cached("SELECT other FROM similar_contacts WHERE contact = ?1 ORDER BY other")?;
    known.similar = query.query_map([key(contact)], number)?.collect::<Result<_, _>>()?;
    Ok(Some(known))
}

fn write(connection: &Connection, known: &Contact) -> Result<(), StoreError> {
    let contact = known.contact;
    let mut update = connection.prepare_cached(
        "UPDATE contacts SET name = :name, folded = :folded, attributes = :attributes, since = :since
         WHERE contact = :contact",
    )?;
    update.execute(named_params! {
        ":contact": key(contact),
        ":name": known.name,
        ":folded": fold(&known.name),
        ":attributes": stored_attributes(&known.attributes),
        ":since": known.since_ms.0.cast_signed(),
    })?;
    connection.prepare_cached("DELETE FROM identities WHERE contact = ?1")?.execute([key(contact)])?;
    for identity in &known.identities {
        insert_identity(connection, contact, identity)?;
    }
    known.similar.iter().try_for_each(|other| add_similar(connection, contact, *other))
}

fn insert_identity(connection: &Connection, contact: ContactId, identity: &Identity) -> Result<(), StoreError> {
    let mut write =
        connection.prepare_cached("INSERT INTO identities (identity, folded, contact) VALUES (?1, ?2, ?3)")?;
    write.execute((stored(identity), fold(identity.value()), key(contact)))?;
    Ok(())
}

fn stored(identity: &Identity) -> String {
    serde_json::to_string(identity).expect("an identity is a kind and a text")
}
