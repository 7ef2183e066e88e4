//! The archive in the directory's file.
//!
//! Only the interaction server writes it, through the same connection as the rest of the directory: a part of the log is
//! one transaction among the others, small enough that no agent waits for it. It is read through connections of its own.

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

use super::directory::SqliteDirectory;
use crate::{
    LogPlace, StoreError,
    archive::{Archive, Batch, Changed, Reach, Sought},
};

#[async_trait]
impl Archive for SqliteDirectory {
    async fn place(&self, pair: &PairName) -> Result<LogPlace, StoreError> {
        let pair = pair.clone();
        self.look_back(move |connection| learning::place(connection, &pair)).await
    }

    async fn learn(&self, batch: Batch) -> Result<bool, StoreError> {
        self.write(move |connection| learning::learn(connection, batch)).await
    }

    async fn chat(&self, session: SessionId, reach: Reach) -> Result<Option<PastChat>, StoreError> {
        self.look_back(move |connection| chats::find(connection, session, reach)).await
    }

    async fn contact(&self, contact: ContactId, reach: Reach) -> Result<Option<Contact>, StoreError> {
        self.look_back(move |connection| contacts::find(connection, contact, reach)).await
    }

    async fn contact_by(&self, identity: &Identity, reach: Reach) -> Result<Option<Contact>, StoreError> {
        let identity = identity.clone();
        self.look_back(move |connection| match contacts::owner(connection, &identity)? {
            Some(contact) => contacts::find(connection, contact, reach),
            None => Ok(None),
        })
        .await
    }

    async fn contacts(&self, text: &str, reach: Reach, limit: u32) -> Result<Vec<Contact>, StoreError> {
        let text = text.to_owned();
        self.look_back(move |connection| contacts::list(connection, &text, reach, limit)).await
    }

    async fn chats(
        &self,
        contact: ContactId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<PastChat>, StoreError> {
        self.look_back(move |connection| chats::of(connection, contact, before, limit)).await
    }

    async fn earlier(
        &self,
        session: SessionId,
        identities: &[Identity],
        limit: u32,
    ) -> Result<Vec<EarlierChat>, StoreError> {
        let identities = identities.to_vec();
        self.look_back(move |connection| chats::earlier(connection, session, &identities, limit)).await
    }

    async fn search(&self, sought: Sought) -> Result<Hits, StoreError> {
        self.look_back(move |connection| searching::search(connection, &sought)).await
    }

    async fn amend(&self, contact: ContactId, change: Amendment) -> Result<Changed, StoreError> {
        self.write(move |connection| contacts::amend(connection, contact, change)).await
    }

    async fn merge(&self, into: ContactId, from: ContactId) -> Result<Changed, StoreError> {
        self.write(move |connection| contacts::merge(connection, into, from)).await
    }

    async fn erase_contact(&self, contact: ContactId) -> Result<Option<Erasure>, StoreError> {
        let erasure = self.write(move |connection| erasing::begin(connection, contact)).await?;
        self.write_over().await?;
        Ok(erasure)
    }

    async fn to_erase(
        &self,
        closed_before: Option<Timestamp>,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<(PairName, SessionId)>, StoreError> {
        self.look_back(move |connection| erasing::list(connection, closed_before, after, limit)).await
    }

    async fn chat_erased(&self, session: SessionId) -> Result<(), StoreError> {
        self.write(move |connection| erasing::chat_erased(connection, session)).await?;
        self.write_over().await
    }
}
