//! An agent's workspace without a browser: a login, one desk, and a page for each chat it takes.
//!
//! It keeps the rules of the browser's workspace (`static/client/desk.js`): what is done at the desk is sent again,
//! unchanged, until it is answered; a view that is not newer than the last is dropped. The chats are ordinary pages
//! ([`Customer`]) with the tokens that the view brings. A bot's program does the same.

mod connection;
mod view;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering},
};

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tandem_protocol::{
    AgentId, ClientId, SessionId,
    desk::{Action, AgentRole, ChosenState, Offer, View},
};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    customer::Customer,
    deadline::within,
    rest::{Reply, Rest, Ticket, answer},
};

pub use view::{Desk, NotDone};

/// An account that a test made.
#[derive(Debug, Clone)]
pub struct Account {
    /// What it logs in with.
    pub name: String,
    /// Its password.
    pub password: String,
    /// What it may do.
    pub role: AgentRole,
    /// How many chats it may have at a time.
    pub capacity: u32,
    /// What it can.
    pub skills: Vec<String>,
}

impl Account {
    /// An agent with room for three chats.
    #[must_use]
    pub fn agent(name: &str) -> Self {
        let password = format!("password of {name} {:016x}", fastrand::u64(..));
        Self { name: name.to_owned(), password, role: AgentRole::Agent, capacity: 3, skills: Vec::new() }
    }

    /// The same with another role.
    #[must_use]
    pub fn role(self, role: AgentRole) -> Self {
        Self { role, ..self }
    }

    /// The same with room for so many chats.
    #[must_use]
    pub fn capacity(self, capacity: u32) -> Self {
        Self { capacity, ..self }
    }

    /// The same with these skills.
    #[must_use]
    pub fn skills(self, skills: &[&str]) -> Self {
        Self { skills: skills.iter().map(ToString::to_string).collect(), ..self }
    }
}

/// What a login returns.
#[derive(Debug, Clone, Deserialize)]
pub struct Login {
    /// The login's secret.
    pub token: String,
    /// The account.
    pub agent: AgentId,
}

/// A running workspace.
#[derive(Debug)]
pub struct Agent {
    rest: Rest,
    login: Login,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What the workspace's task and the test share.
#[derive(Debug)]
struct Shared {
    name: String,
    address: String,
    token: String,
    /// Never held across an await.
    desk: Mutex<Desk>,
    changed: Notify,
    wake: Notify,
    /// Actions named so far.
    actions: AtomicU64,
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut Desk) -> T) -> T {
        look(&mut self.desk.lock().expect("no desk panics while it looks"))
    }
}

/// Asks to log in, and says what the gateway says.
pub async fn try_login(rest: &Rest, name: &str, password: &str) -> Reply {
    answer(login(rest, name, password)).await
}

/// What [`try_login`] asks with, to be sent by who adds to it.
pub fn login(rest: &Rest, name: &str, password: &str) -> RequestBuilder {
    rest.request(Method::POST, "/api/v1/agent/login").json(&json!({ "name": name, "password": password }))
}

impl Agent {
    /// Logs in, and waits until the desk is welcomed.
    ///
    /// # Panics
    /// When it is not.
    pub async fn logs_in(rest: &Rest, account: &Account) -> Self {
        let login: Login = try_login(rest, &account.name, &account.password).await.done();
        let agent = Self::at_desk(rest, login, &account.name);
        agent.waits_for("the desk is welcomed", |desk| desk.view.is_some().then_some(())).await;
        agent
    }

    /// A desk of somebody who has logged in.
    #[must_use]
    pub fn at_desk(rest: &Rest, login: Login, name: &str) -> Self {
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            address: rest.address().to_owned(),
            token: login.token.clone(),
            desk: Mutex::new(Desk::default()),
            changed: Notify::new(),
            wake: Notify::new(),
            actions: AtomicU64::new(0),
        });
        let task = tokio::spawn(connection::keep(Arc::clone(&shared)));
        Self { rest: rest.clone(), login, shared, task }
    }

    /// Logs in and is ready for chats.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn comes(rest: &Rest, account: &Account) -> Self {
        let agent = Self::logs_in(rest, account).await;
        agent.is_ready().await;
        agent
    }

    /// The account.
    #[must_use]
    pub fn id(&self) -> AgentId {
        self.login.agent
    }

    /// The login's secret.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// Looks at what the desk has right now.
    pub fn desk<T>(&self, look: impl FnOnce(&Desk) -> T) -> T {
        self.shared.with(|desk| look(desk))
    }

    /// Looks at the last view.
    ///
    /// # Panics
    /// When there is none yet.
    pub fn view<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        self.desk(|desk| look(desk.view.as_ref().expect("the desk was welcomed")))
    }

    /// Begins to do something at the desk and does not wait.
    #[must_use = "the id is how the outcome is found"]
    pub fn begins(&self, action: Action) -> ClientId {
        let number = self.shared.actions.fetch_add(1, Ordering::Relaxed);
        let id = ClientId::new(&format!("{:08x}-{number}", fastrand::u32(..))).expect("short and visible");
        self.shared.with(|desk| desk.begin(id.clone(), action));
        self.shared.wake.notify_one();
        id
    }

    /// Waits until an action is answered.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn outcome(&self, id: &ClientId) -> Result<Value, NotDone> {
        self.waits_for(&format!("action {id} is answered"), |desk| desk.outcomes.get(id).cloned()).await
    }

    /// Does something at the desk.
    ///
    /// # Panics
    /// When it is not answered in time.
    pub async fn tries(&self, action: Action) -> Result<Value, NotDone> {
        let id = self.begins(action);
        self.outcome(&id).await
    }

    /// Does something at the desk that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn does(&self, action: Action) -> Value {
        let what = format!("{action:?}");
        self.tries(action).await.unwrap_or_else(|refused| panic!("{}: {what}: {refused:?}", self.shared.name))
    }

    /// Wants chats.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn is_ready(&self) {
        self.does(Action::State(ChosenState::Ready)).await;
    }

    /// Wants no chats.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn is_not_ready(&self, reason: &str) {
        self.does(Action::State(ChosenState::NotReady { reason: Some(reason.to_owned()) })).await;
    }

    /// Waits for an offer.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn is_offered(&self) -> Offer {
        self.sees("an offer", |view| view.offers.first().cloned()).await
    }

    /// Waits for the offer of this session.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn is_offered_session(&self, session: SessionId) -> Offer {
        let offered = |view: &View| view.offers.iter().find(|offer| offer.session == session).cloned();
        self.sees(&format!("the offer of {session}"), offered).await
    }

    /// Takes an offer and opens the chat.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn accepts(&self, offer: &Offer) -> Customer {
        self.does(Action::Accept { session: offer.session, seq: offer.seq }).await;
        self.opens(offer.session).await
    }

    /// Waits for an offer, takes it and opens the chat.
    ///
    /// # Panics
    /// When none comes, or it is refused.
    pub async fn takes(&self) -> Customer {
        let offer = self.is_offered().await;
        self.accepts(&offer).await
    }

    /// Opens the page of a chat that the agent is in.
    ///
    /// # Panics
    /// When he is not, in time.
    pub async fn opens(&self, session: SessionId) -> Customer {
        let chat = |view: &View| view.chats.iter().find(|chat| chat.session == session).cloned();
        let chat = self.sees(&format!("the chat {session}"), chat).await;
        let token = chat.token.reveal().to_owned();
        let ticket = Ticket { session, token, participant: chat.participant, seq: tandem_protocol::Seq::ZERO };
        let page = Customer::with_ticket(&self.rest, ticket, &self.shared.name);
        page.is_connected().await;
        page
    }

    /// Waits until something holds in the desk's view.
    ///
    /// # Panics
    /// When it does not in time; the message has the view.
    pub async fn sees<T>(&self, what: &str, mut condition: impl FnMut(&View) -> Option<T>) -> T {
        self.waits_for(what, |desk| condition(desk.view.as_ref()?)).await
    }

    /// Waits until something holds at the desk.
    ///
    /// # Panics
    /// When it does not in time; the message has what was waited for.
    pub async fn waits_for<T>(&self, what: &str, mut condition: impl FnMut(&Desk) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // Registered before looking: a change between the look and the wait must not be missed.
                changed.as_mut().enable();
                if let Some(found) = self.desk(&mut condition) {
                    return found;
                }
                changed.await;
            }
        };
        within(&format!("{what} ({})", self.shared.name), wait).await
    }

    /// The browser is closed, without a word.
    pub fn vanishes(&self) {
        self.shared.with(|desk| desk.is_online = false);
        self.shared.wake.notify_one();
    }

    /// The browser is open again.
    pub fn comes_back(&self) {
        self.shared.with(|desk| desk.is_online = true);
        self.shared.wake.notify_one();
    }

    /// Ends the login.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn logs_out(&self) {
        let request = self.rest.request(Method::POST, "/api/v1/agent/logout").bearer_auth(self.token());
        answer(request).await.is_done();
    }

    /// The outcome of each action that was answered, by its id.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<ClientId, Result<Value, NotDone>> {
        self.desk(|desk| desk.outcomes.clone())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.task.abort();
    }
}
