//! Looks things up in what is over, and changes contacts, for those who may.
//!
//! It runs beside the core, some questions at a time: a search may take long, and nobody's chat waits for it. Who may do
//! what is in `rights.rs`; what is not within somebody's reach he is told no more of than that.

mod asked;
mod rights;
mod transcript;

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::value::RawValue;
use tandem_protocol::{
    ContactId, ErrorCode, Refusal, Seq, SessionId, Timestamp,
    archive::{Amendment, Contact, Erasure, Hits, Identity, Look, PastChat, Search, TranscriptPage},
    link::{Answer, Outcome},
};
use tandem_store::{Reach, StoreError, Transcript, Unchanged};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use self::rights::Rights;
use crate::{
    archivist::Reading,
    deed::{Deed, by_account},
    routing::{Input, LookAsk, Wanted},
    service::Service,
    stores::Stores,
    trouble::Trouble,
};

/// Questions that are looked up at the same time: a few more than a database answers at once for them.
const LOOKING_MAX: usize = 4;

/// Questions that may wait for that (B-1).
pub(crate) const LOOKS_MAX: usize = 256;

/// How long one may take. Longer than a database is given, which says more.
const LOOK_WAIT_MAX: Duration = Duration::from_secs(12);

/// The task.
pub(crate) struct Looks {
    pub(crate) stores: Stores,
    pub(crate) reading: Arc<Reading>,
    pub(crate) service: Arc<Service>,
    pub(crate) asked: mpsc::Receiver<Box<LookAsk>>,
}

impl Looks {
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let archive = Arc::new(Looker::new(self.stores, self.reading));
        let mut looking: JoinSet<()> = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(asked) = self.asked.recv(), if looking.len() < LOOKING_MAX => {
                    looking.spawn(answer(archive.clone(), self.service.clone(), asked));
                }
                Some(answered) = looking.join_next() => {
                    if let Err(panicked) = answered {
                        // Whoever asked is told by his gateway that it took too long.
                        error!(%panicked, "something could not be looked up");
                    }
                }
            }
        }
        looking.shutdown().await;
    }
}

/// What is said when more look something up than can wait.
pub(crate) fn too_many() -> Refusal {
    Refusal::new(ErrorCode::Busy, "Too much is being looked up at the moment. Please try again.")
}

async fn answer(looker: Arc<Looker>, service: Arc<Service>, asked: Box<LookAsk>) {
    let LookAsk { ask, agent, name, role, wanted: Wanted { look, from } } = *asked;
    let deed = Deed::of(&look);
    let refused = || Refusal::new(ErrorCode::Forbidden, "This account looks nothing up.");
    let found = match Rights::of(agent, role).ok_or_else(refused) {
        Ok(rights) => {
            timeout(LOOK_WAIT_MAX, Box::pin(looker.look(rights, look))).await.unwrap_or_else(|_late| Err(unavailable()))
        }
        Err(refusal) => Err(refusal),
    };
    let is_done = found.is_ok();
    let outcome = match found {
        Ok(told) => Outcome::Done(Answer::Told(told)),
        Err(refusal) => Outcome::Refused(refusal),
    };
    service.tell(Input::Looked { ask, outcome });
    if let Some(deed) = deed.filter(|_| is_done) {
        let by = by_account(&name, from);
        deed.write_down(&*looker.stores.journal, by, service.wall()).await;
    }
}

/// Asks the archive and the log.
struct Looker {
    stores: Stores,
    reading: Arc<Reading>,
    trouble: Trouble,
}

impl Looker {
    fn new(stores: Stores, reading: Arc<Reading>) -> Self {
        let trouble = Trouble::new("the archive fails; nothing can be looked up", "the archive answers again");
        Self { stores, reading, trouble }
    }

    async fn look(&self, rights: Rights, look: Look) -> Result<Box<RawValue>, Refusal> {
        if self.reading.is_elsewhere() {
            let sentence = "Transcripts are kept elsewhere than the interaction server looks for them.";
            return Err(Refusal::new(ErrorCode::Unavailable, sentence));
        }
        rights.check(&look)?;
        match look {
            Look::Search(search) => self.search(rights, search).await.map(told),
            Look::Transcript { session, after } => self.transcript(rights, session, after).await.map(told),
            Look::ContactOf { session } => self.contact_of(rights, session).await.map(told),
            Look::Contact { contact } => self.contact(rights, contact).await.map(told),
            Look::ContactBy { identity } => self.contact_by(rights, &identity).await.map(told),
            Look::Contacts { text, limit } => self.contacts(rights, &text, limit).await.map(told),
            Look::Chats { contact, before_ms, limit } => self.chats(rights, contact, before_ms, limit).await.map(told),
            Look::Amend { contact, change } => self.amend(rights, contact, change).await.map(told),
            Look::Merge { into, from } => self.merge(rights, into, from).await.map(told),
            Look::Erase { contact } => self.erase(contact).await.map(told),
        }
    }

    async fn search(&self, rights: Rights, search: Search) -> Result<Hits, Refusal> {
        let sought = asked::sought(search, &rights)?;
        self.found(self.stores.archive.search(sought).await)
    }

    async fn transcript(&self, rights: Rights, session: SessionId, after: Seq) -> Result<TranscriptPage, Refusal> {
        let chat = self.chat(rights, session).await?;
        let transcript = self.written(session).await?;
        Ok(transcript::page(chat, &transcript, after, rights.sees))
    }

    async fn contact_of(&self, rights: Rights, session: SessionId) -> Result<Option<Contact>, Refusal> {
        match self.chat(rights, session).await?.contact {
            // Whose chat he may look at, the contact is his to look at too.
            Some(contact) => self.found(self.stores.archive.contact(contact, Reach::All).await),
            None => Ok(None),
        }
    }

    async fn contact_by(&self, rights: Rights, identity: &Identity) -> Result<Option<Contact>, Refusal> {
        let identity = asked::identity(identity)?;
        self.found(self.stores.archive.contact_by(&identity, rights.reach).await)
    }

    async fn contacts(&self, rights: Rights, text: &str, limit: u32) -> Result<Vec<Contact>, Refusal> {
        asked::text(text)?;
        self.found(self.stores.archive.contacts(text, rights.reach, asked::limit(limit)).await)
    }

    async fn chats(
        &self,
        rights: Rights,
        contact: ContactId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<PastChat>, Refusal> {
        self.within_reach(rights, contact).await?.ok_or_else(unknown_contact)?;
        self.found(self.stores.archive.chats(contact, before, asked::limit(limit)).await)
    }

    async fn amend(&self, rights: Rights, contact: ContactId, change: Amendment) -> Result<Contact, Refusal> {
        let change = asked::amendment(change)?;
        self.within_reach(rights, contact).await?.ok_or_else(unknown_contact)?;
        self.found(self.stores.archive.amend(contact, change).await)?.map_err(unchanged)
    }

    /// An agent makes one of two where both are customers of his, or one is and the two are known to be alike: he sees
    /// all chats of the other from then on.
    async fn merge(&self, rights: Rights, into: ContactId, from: ContactId) -> Result<Contact, Refusal> {
        let (whole, part) = (self.contact(rights, into).await?, self.contact(rights, from).await?);
        let is_whole_his = self.within_reach(rights, into).await?.is_some();
        let is_part_his = self.within_reach(rights, from).await?.is_some();
        let are_alike = whole.contact == part.contact || whole.similar.contains(&part.contact);
        if !(is_whole_his && is_part_his || (is_whole_his || is_part_his) && are_alike) {
            return Err(unknown_contact());
        }
        self.found(self.stores.archive.merge(into, from).await)?.map_err(unchanged)
    }

    async fn erase(&self, contact: ContactId) -> Result<Erasure, Refusal> {
        let erasure = self.found(self.stores.archive.erase_contact(contact).await)?;
        let Erasure { chats, erased } = erasure.ok_or_else(unknown_contact)?;
        info!(%contact, chats, erased, "a contact is being erased");
        Ok(Erasure { chats, erased })
    }

    /// A contact whom somebody may look at: one within his reach, or one like such a one, so that he can see whether
    /// they are the same.
    async fn contact(&self, rights: Rights, contact: ContactId) -> Result<Contact, Refusal> {
        if let Some(known) = self.within_reach(rights, contact).await? {
            return Ok(known);
        }
        let known = self.found(self.stores.archive.contact(contact, Reach::All).await)?.ok_or_else(unknown_contact)?;
        for other in &known.similar {
            if self.within_reach(rights, *other).await?.is_some() {
                return Ok(known);
            }
        }
        Err(unknown_contact())
    }

    async fn within_reach(&self, rights: Rights, contact: ContactId) -> Result<Option<Contact>, Refusal> {
        self.found(self.stores.archive.contact(contact, rights.reach).await)
    }

    /// A chat within somebody's reach. He who has just taken one has it in his reach already, though the archive may not
    /// have read it yet: the log decides, since it has whatever a desk can show.
    async fn chat(&self, rights: Rights, session: SessionId) -> Result<PastChat, Refusal> {
        if let Some(chat) = self.found(self.stores.archive.chat(session, rights.reach).await)? {
            return Ok(chat);
        }
        let written = transcript::chat(&self.written(session).await?);
        if !rights.reach.is_of(&written.agents) {
            return Err(not_his());
        }
        Ok(self.found(self.stores.archive.chat(session, Reach::All).await)?.unwrap_or(written))
    }

    async fn written(&self, session: SessionId) -> Result<Transcript, Refusal> {
        self.found(self.stores.transcripts.transcript(session).await)?.ok_or_else(unknown_session)
    }

    fn found<T>(&self, found: Result<T, StoreError>) -> Result<T, Refusal> {
        self.trouble.heeds(found).ok_or_else(unavailable)
    }
}

fn told(value: impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(&value).expect("it has only string keys and finite numbers")
}

fn unchanged(unchanged: Unchanged) -> Refusal {
    match unchanged {
        Unchanged::Unknown => unknown_contact(),
        Unchanged::Taken => Refusal::new(ErrorCode::Taken, "Another contact is known by one of these identities."),
        Unchanged::Identities | Unchanged::Attributes => {
            let mut sentence = unchanged.to_string();
            sentence[..1].make_ascii_uppercase();
            sentence.push('.');
            Refusal::new(ErrorCode::BadRequest, sentence)
        }
    }
}

fn unavailable() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "It could not be looked up. Please try again.")
}

fn unknown_session() -> Refusal {
    Refusal::new(ErrorCode::UnknownSession, "There is no such chat.")
}

fn unknown_contact() -> Refusal {
    Refusal::new(ErrorCode::UnknownContact, "There is no such contact.")
}

fn not_his() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "This chat is none of yours, nor one of a customer whom you have had.")
}
