//! Somebody who looks things up in what is over, over a link of his own, as a gateway does for whoever it serves.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use tandem_link::{Incoming, Link, LinkSettings, LinkTask, Owner};
use tandem_protocol::{
    LoginName, PairName, Refusal, Secret, SessionId, TokenHash,
    archive::{Hits, LOOK_MAX, Look, Search},
    desk::DeskAsk,
    link::{Answer, LinkRole, Outcome, Request},
};
use tokio::sync::oneshot;

use crate::{
    agent::Account,
    deadline::{eventually, within},
};

/// See the module. Its link ends with it.
#[derive(Debug)]
pub struct Looker {
    link: Link<Answers>,
    task: LinkTask,
    token: TokenHash,
}

/// Each answer goes to whoever waits for it.
#[derive(Debug)]
struct Answers;

impl Owner for Answers {
    type Tag = oneshot::Sender<Outcome>;

    fn on(&self, incoming: Incoming<Self::Tag>) {
        if let Incoming::Answered { tag, outcome } = incoming {
            // Whoever has given up waiting has failed his test.
            drop(tag.send(outcome));
        }
    }
}

impl Looker {
    /// Links to the pair and logs in.
    pub(crate) async fn comes(addresses: Vec<String>, account: &Account) -> Self {
        let pair = PairName::new("main").expect("is a name");
        let settings = LinkSettings::new(pair, LinkRole::Gateway, "looker", addresses);
        let (link, task) = Link::start(settings, Arc::new(Answers));
        let looker = Self { link, task, token: TokenHash(std::array::from_fn(|_| fastrand::u8(..))) };
        let (name, password) = (LoginName::new(&account.name).expect("is valid"), Secret::new(&account.password));
        let login = DeskAsk::Login { name, password, token: looker.token, from: "127.0.0.1".into() };
        looker.asks(login).await.expect("the account is there");
        looker
    }

    /// Looks something up.
    pub async fn tries(&self, look: Look) -> Result<String, Refusal> {
        self.asks(DeskAsk::Look { token: self.token, look, from: None }).await
    }

    /// Looks up what he may.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn looks<T: DeserializeOwned>(&self, look: Look) -> T {
        let told = self.tries(look).await.expect("may be looked up");
        serde_json::from_str(&told).expect("is what was asked for")
    }

    /// The sessions and events in which something was said, the newest first.
    ///
    /// # Panics
    /// When the search is refused.
    pub async fn finds(&self, text: &str) -> Vec<(SessionId, u64)> {
        let (contact, from_ms, until_ms, after) = (None, None, None, None);
        let search = Search { text: text.into(), contact, from_ms, until_ms, after, limit: LOOK_MAX };
        let hits: Hits = self.looks(Look::Search(search)).await;
        hits.hits.into_iter().map(|hit| (hit.chat.session, hit.seq.0)).collect()
    }

    /// Waits until so many messages are found.
    ///
    /// # Panics
    /// When they are not.
    pub async fn finds_in_the_end(&self, text: &str, count: usize) -> Vec<(SessionId, u64)> {
        let find = async || Some(self.finds(text).await).filter(|found| found.len() == count);
        eventually(&format!("{count} messages with {text:?} are found"), find).await
    }

    async fn asks(&self, ask: DeskAsk) -> Result<String, Refusal> {
        let (tag, answer) = oneshot::channel();
        self.link.submit(Request::Ask(ask), tag).map_err(|full| full.refusal)?;
        match within("an answer of the interaction server", answer).await.expect("the link goes on") {
            Outcome::Done(Answer::Told(told)) => Ok(told.get().to_owned()),
            Outcome::Done(other) => panic!("no answer to a question: {other:?}"),
            Outcome::Refused(refusal) => Err(refusal),
        }
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        self.link.stop();
        self.task.abort();
    }
}
