//! The archive in the directory's database.
//!
//! Writing takes several statements, so each call is a transaction; before all else it locks one row, so that of two
//! interaction servers one waits, and reads what the other has written. Connections are its own: whoever searches keeps
//! no agent waiting. What it returned as an error may have happened where the connection broke at the commit; all calls
//! can be repeated.

mod chats;
mod contacts;
mod erasing;
mod learning;
mod searching;

use async_trait::async_trait;
use tandem_protocol::{
    ContactId, PairName, SessionId, Timestamp,
    archive::{Amendment, Contact, Erasure, Hits, Identity, PastChat},
    desk::EarlierChat,
};

use super::{directory::PostgresDirectory, fault::Fault};
use crate::{
    LogPlace, StoreError,
    archive::{Archive, Batch, Changed, Reach, Sought},
};

/// Begins a transaction that no other writer of the archive is beside.
const BEGIN: &str = "BEGIN; SELECT id FROM archive_guard FOR UPDATE";

#[async_trait]
impl Archive for PostgresDirectory {
    async fn place(&self, pair: &PairName) -> Result<LogPlace, StoreError> {
        Ok(learning::read_place(&self.archive, pair).await?)
    }

    async fn learn(&self, batch: Batch) -> Result<bool, StoreError> {
        let learnt = self.archive.transact(BEGIN, async |connection| learning::learn(connection, batch).await).await;
        Ok(learnt?)
    }

    async fn chat(&self, session: SessionId, reach: Reach) -> Result<Option<PastChat>, StoreError> {
        Ok(chats::find(&self.archive, session, reach).await?)
    }

    async fn contact(&self, contact: ContactId, reach: Reach) -> Result<Option<Contact>, StoreError> {
        Ok(contacts::find(&self.archive, contact, reach).await?)
    }

    async fn contact_by(&self, identity: &Identity, reach: Reach) -> Result<Option<Contact>, StoreError> {
        Ok(contacts::find_by(&self.archive, identity, reach).await?)
    }

    async fn contacts(&self, text: &str, reach: Reach, limit: u32) -> Result<Vec<Contact>, StoreError> {
        Ok(contacts::list(&self.archive, text, reach, limit).await?)
    }

    async fn chats(
        &self,
        contact: ContactId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<PastChat>, StoreError> {
        Ok(chats::of(&self.archive, contact, before, limit).await?)
    }

    async fn earlier(
        &self,
        session: SessionId,
        identities: &[Identity],
        limit: u32,
    ) -> Result<Vec<EarlierChat>, StoreError> {
        Ok(chats::earlier(&self.archive, session, identities, limit).await?)
    }

    async fn search(&self, sought: Sought) -> Result<Hits, StoreError> {
        Ok(searching::search(&self.archive, &sought).await?)
    }

    async fn amend(&self, contact: ContactId, change: Amendment) -> Result<Changed, StoreError> {
        let work = async |connection: &mut _| contacts::amend(connection, contact, change).await;
        Ok(self.archive.transact(BEGIN, work).await?)
    }

    async fn merge(&self, into: ContactId, from: ContactId) -> Result<Changed, StoreError> {
        let work = async |connection: &mut _| contacts::merge(connection, into, from).await;
        Ok(self.archive.transact(BEGIN, work).await?)
    }

    async fn erase_contact(&self, contact: ContactId) -> Result<Option<Erasure>, StoreError> {
        let work = async |connection: &mut _| erasing::begin(connection, contact).await;
        Ok(self.archive.transact(BEGIN, work).await?)
    }

    async fn to_erase(
        &self,
        closed_before: Option<Timestamp>,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<(PairName, SessionId)>, StoreError> {
        Ok(erasing::list(&self.archive, closed_before, after, limit).await?)
    }

    async fn chat_erased(&self, session: SessionId) -> Result<(), StoreError> {
        let work = async |connection: &mut _| erasing::chat_erased(connection, session).await;
        Ok(self.archive.transact(BEGIN, work).await?)
    }
}

/// A number of a contact as the database keeps it.
fn key(contact: ContactId) -> i64 {
    contact.0.cast_signed()
}

/// A number of a contact in a column.
fn number(row: &tokio_postgres::Row, column: usize) -> Result<ContactId, Fault> {
    Ok(ContactId(row.try_get::<_, i64>(column)?.cast_unsigned()))
}

/// A moment in a column.
fn moment(row: &tokio_postgres::Row, column: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp(row.try_get::<_, i64>(column)?.cast_unsigned()))
}
