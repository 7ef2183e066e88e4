//! Contacts: who is known by what, and what becomes of them.
//!
//! Numbers that come from outside are resolved first: one that was merged stands for the contact that it is a part of.
//! What takes a connection runs inside a transaction of its caller.

use tandem_protocol::{
    ContactId, Timestamp,
    archive::{Amendment, Contact, IDENTITIES_MAX, Identity},
};
use tokio_postgres::Row;

use super::{key, moment, number};
use crate::{
    archive::{self, Changed, Reach, Unchanged, fold, stored_attributes},
    postgres::{
        connection::{Connection, Unprinted},
        directory::storable,
        fault::Fault,
        pool::Pool,
    },
};

/// The contact that the number `$1` stands for.
macro_rules! resolved {
    () => {
        "coalesce((SELECT whole FROM merged_contacts WHERE merged_contacts.contact = $1), $1::bigint)"
    };
}
pub(super) use resolved;

/// What [`read`] reads of a contact `k`, in its order.
macro_rules! columns {
    () => {
        "k.contact, k.name, k.attributes, k.since, k.erasing,
         (SELECT count(*) FROM past_chats WHERE past_chats.contact = k.contact),
         ARRAY (SELECT identity FROM identities WHERE identities.contact = k.contact),
         ARRAY (SELECT other FROM similar_contacts WHERE similar_contacts.contact = k.contact ORDER BY other)"
    };
}

/// Whether one of the chats of a contact `k` is within reach of the agent `$2`.
macro_rules! in_reach {
    () => {
        "($2::bigint IS NULL
          OR EXISTS (SELECT 1 FROM past_chats AS chat JOIN past_participants AS own USING (session)
                     WHERE chat.contact = k.contact AND own.agent = $2))"
    };
}

/// A contact, if one of his chats is within reach.
pub(super) async fn find(pool: &Pool, contact: ContactId, reach: Reach) -> Result<Option<Contact>, Fault> {
    let sql =
        concat!("SELECT ", columns!(), " FROM contacts AS k WHERE k.contact = ", resolved!(), " AND ", in_reach!());
    pool.query(sql, &[&key(contact), &agent_of(reach)]).await?.rows.first().map(read).transpose()
}

/// The contact who is known by this, if one of his chats is within reach.
pub(super) async fn find_by(pool: &Pool, identity: &Identity, reach: Reach) -> Result<Option<Contact>, Fault> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM contacts AS k WHERE k.contact = (SELECT contact FROM identities WHERE identity = $1) AND ",
        in_reach!()
    );
    let identity = Unprinted(stored(identity));
    pool.query(sql, &[&identity, &agent_of(reach)]).await?.rows.first().map(read).transpose()
}

/// The contacts within reach whose name or identity contains the text, newest first.
pub(super) async fn list(pool: &Pool, text: &str, reach: Reach, limit: u32) -> Result<Vec<Contact>, Fault> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM contacts AS k
         WHERE ($1::text = '' OR strpos(k.folded, $1) > 0
                OR EXISTS (SELECT 1 FROM identities AS known
                           WHERE known.contact = k.contact AND strpos(known.folded, $1) > 0))
           AND ",
        in_reach!(),
        " ORDER BY k.contact DESC LIMIT $3"
    );
    let text = Unprinted(storable(&fold(text.trim())).into_owned());
    pool.query(sql, &[&text, &agent_of(reach), &i64::from(limit)]).await?.rows.iter().map(read).collect()
}

/// Changes a contact.
pub(super) async fn amend(
    connection: &mut Connection,
    contact: ContactId,
    change: Amendment,
) -> Result<Changed, Fault> {
    let Some(mut known) = current(connection, contact).await? else { return Ok(Err(Unchanged::Unknown)) };
    for identity in change.identities.iter().flatten() {
        if owner(connection, identity).await?.is_some_and(|owner| owner != known.contact) {
            return Ok(Err(Unchanged::Taken));
        }
    }
    if let Err(unchanged) = archive::amend(&mut known, change) {
        return Ok(Err(unchanged));
    }
    write(connection, &known).await?;
    Ok(current(connection, known.contact).await?.ok_or(Unchanged::Unknown))
}

/// Makes one contact of two.
pub(super) async fn merge(connection: &mut Connection, into: ContactId, from: ContactId) -> Result<Changed, Fault> {
    let (Some(mut whole), Some(part)) = (current(connection, into).await?, current(connection, from).await?) else {
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
    remove(connection, from).await?;
    for statement in [
        "UPDATE past_chats SET contact = $2 WHERE contact = $1",
        "UPDATE merged_contacts SET whole = $2 WHERE whole = $1",
        "INSERT INTO merged_contacts (contact, whole) VALUES ($1, $2)",
    ] {
        connection.execute(statement, &[&key(from), &key(into)]).await?;
    }
    write(connection, &whole).await?;
    Ok(current(connection, into).await?.ok_or(Unchanged::Unknown))
}

/// Who is known by this.
pub(super) async fn owner(connection: &mut Connection, identity: &Identity) -> Result<Option<ContactId>, Fault> {
    let sql = "SELECT contact FROM identities WHERE identity = $1";
    let rows = connection.query(sql, &[&Unprinted(stored(identity))]).await?;
    rows.first().map(|row| number(row, 0)).transpose()
}

/// Somebody new.
pub(super) async fn make(connection: &mut Connection, at: Timestamp) -> Result<ContactId, Fault> {
    let sql = "INSERT INTO contacts (name, folded, attributes, since, erasing) VALUES ('', '', '{}', $1, false)
               RETURNING contact";
    let rows = connection.query(sql, &[&at.0.cast_signed()]).await?;
    number(rows.first().ok_or(Fault::Row("contacts"))?, 0)
}

/// He has named this, and nobody is known by it. At his limit it stays nobody's.
pub(super) async fn add_identity(
    connection: &mut Connection,
    contact: ContactId,
    identity: &Identity,
) -> Result<(), Fault> {
    let rows = connection.query("SELECT count(*) FROM identities WHERE contact = $1", &[&key(contact)]).await?;
    let known: i64 = rows.first().ok_or(Fault::Row("identities"))?.try_get(0)?;
    if known < IDENTITIES_MAX as i64 { insert_identity(connection, contact, identity).await } else { Ok(()) }
}

/// Two may be one person.
pub(super) async fn add_similar(connection: &mut Connection, one: ContactId, other: ContactId) -> Result<(), Fault> {
    let sql = "INSERT INTO similar_contacts (contact, other) VALUES ($1, $2), ($2, $1) ON CONFLICT DO NOTHING";
    connection.execute(sql, &[&key(one), &key(other)]).await.map(drop)
}

/// He came at this moment too; logs of several pairs are not read in the order of time.
pub(super) async fn came(connection: &mut Connection, contact: ContactId, at: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE contacts SET since = $2 WHERE contact = $1 AND since > $2";
    connection.execute(sql, &[&key(contact), &at.0.cast_signed()]).await.map(drop)
}

/// What he calls himself counts until somebody has named him.
pub(super) async fn name_if_nameless(connection: &mut Connection, contact: ContactId, name: &str) -> Result<(), Fault> {
    let sql = "UPDATE contacts SET name = $2, folded = $3 WHERE contact = $1 AND name = '' AND NOT erasing";
    let folded = fold(name);
    let parameters = [&Unprinted(storable(name)), &Unprinted(storable(&folded))];
    connection.execute(sql, &[&key(contact), parameters[0], parameters[1]]).await.map(drop)
}

/// Nobody is this contact any more.
pub(super) async fn remove(connection: &mut Connection, contact: ContactId) -> Result<(), Fault> {
    forget_names(connection, contact).await?;
    connection.execute("DELETE FROM contacts WHERE contact = $1", &[&key(contact)]).await.map(drop)
}

/// Nobody is known as this contact any more.
pub(super) async fn forget_names(connection: &mut Connection, contact: ContactId) -> Result<(), Fault> {
    for statement in
        ["DELETE FROM identities WHERE contact = $1", "DELETE FROM similar_contacts WHERE contact = $1 OR other = $1"]
    {
        connection.execute(statement, &[&key(contact)]).await?;
    }
    Ok(())
}

/// A contact who can be changed.
async fn current(connection: &mut Connection, contact: ContactId) -> Result<Option<Contact>, Fault> {
    let sql =
        concat!("SELECT ", columns!(), " FROM contacts AS k WHERE k.contact = ", resolved!(), " AND NOT k.erasing");
    connection.query(sql, &[&key(contact)]).await?.first().map(read).transpose()
}

async fn write(connection: &mut Connection, known: &Contact) -> Result<(), Fault> {
    let contact = key(known.contact);
    let sql = "UPDATE contacts SET name = $2, folded = $3, attributes = $4, since = $5 WHERE contact = $1";
    let folded = fold(&known.name);
    let (name, folded) = (Unprinted(storable(&known.name)), Unprinted(storable(&folded)));
    let attributes = Unprinted(stored_attributes(&known.attributes));
    connection.execute(sql, &[&contact, &name, &folded, &attributes, &known.since_ms.0.cast_signed()]).await?;
    connection.execute("DELETE FROM identities WHERE contact = $1", &[&contact]).await?;
    for identity in &known.identities {
        insert_identity(connection, known.contact, identity).await?;
    }
    for other in &known.similar {
        add_similar(connection, known.contact, *other).await?;
    }
    Ok(())
}

async fn insert_identity(connection: &mut Connection, contact: ContactId, identity: &Identity) -> Result<(), Fault> {
    let sql = "INSERT INTO identities (identity, folded, contact) VALUES ($1, $2, $3)";
    let folded = fold(identity.value());
    let folded = Unprinted(storable(&folded));
    connection.execute(sql, &[&Unprinted(stored(identity)), &folded, &key(contact)]).await.map(drop)
}

fn stored(identity: &Identity) -> String {
    serde_json::to_string(identity).expect("an identity is a kind and a text")
}

fn agent_of(reach: Reach) -> Option<i64> {
    reach.agent().map(|agent| i64::from(agent.0))
}

fn read(row: &Row) -> Result<Contact, Fault> {
    let identity = |json: &str| serde_json::from_str(json).map_err(|_| Fault::Row("identities"));
    let mut identities: Vec<Identity> =
        row.try_get::<_, Vec<&str>>(6)?.into_iter().map(identity).collect::<Result<_, _>>()?;
    identities.sort();
    let similar = row.try_get::<_, Vec<i64>>(7)?.into_iter().map(|other| ContactId(other.cast_unsigned()));
    Ok(Contact {
        contact: number(row, 0)?,
        name: row.try_get(1)?,
        identities,
        attributes: serde_json::from_str(row.try_get(2)?).map_err(|_| Fault::Row("contacts"))?,
        since_ms: moment(row, 3)?,
        chats: row.try_get::<_, i64>(5)?.cast_unsigned(),
        similar: similar.collect(),
        erasing: row.try_get(4)?,
    })
}
