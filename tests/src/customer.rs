//! A customer's page without a browser: one WebSocket to the gateway, with an outbox, resume and dedupe.
//!
//! It keeps the rules of the browser library (`static/client/`): a message is sent again, unchanged, until it is
//! acknowledged; a reconnect resumes after the last event; what is missing is asked for. It records what it saw, for
//! the [`crate::checker`]. Any participant's token will do: a bot's program follows the same rules.

mod connection;
mod view;

use std::sync::{Arc, Mutex};

use tandem_protocol::{ClientId, EventBody, Seq, Visibility};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    deadline::within,
    history::{Acked, History, Reader, Sent},
    rest::{Rest, Ticket},
};

pub use view::{Outgoing, Refused, Status, View};

/// A running page.
#[derive(Debug)]
pub struct Customer {
    ticket: Ticket,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    /// What earlier lives of this page saw, before a reload.
    past: Vec<History>,
}

/// What the page's task and the test share.
#[derive(Debug)]
struct Shared {
    name: String,
    address: String,
    ticket: Ticket,
    /// Never held across an await.
    view: Mutex<View>,
    /// The view changed: a test may look again.
    changed: Notify,
    /// There is something to send, or to do about the connection.
    wake: Notify,
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut View) -> T) -> T {
        look(&mut self.view.lock().expect("no page panics while it looks"))
    }
}

impl Customer {
    /// Opens a session and connects to it.
    ///
    /// # Panics
    /// When the session is refused.
    pub async fn start(rest: &Rest, name: &str) -> Self {
        Self::with_ticket(rest, rest.open(name).await, name)
    }

    /// Opens a session that the echo participant answers in, and connects to it.
    ///
    /// # Panics
    /// When the session is refused.
    pub async fn start_with_echo(rest: &Rest, name: &str) -> Self {
        Self::with_ticket(rest, rest.open_with_echo(name).await, name)
    }

    /// Connects as the holder of a ticket.
    #[must_use]
    pub fn with_ticket(rest: &Rest, ticket: Ticket, name: &str) -> Self {
        Self::launch(rest.address(), ticket, name, View::new(name))
    }

    /// As [`Customer::with_ticket`], asking to be told what is saved and what is not.
    #[must_use]
    pub fn asking_for_saves(rest: &Rest, ticket: Ticket, name: &str) -> Self {
        let mut view = View::new(name);
        view.asks_for_saves = true;
        Self::launch(rest.address(), ticket, name, view)
    }

    fn launch(address: &str, ticket: Ticket, name: &str, view: View) -> Self {
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            address: address.to_owned(),
            ticket: ticket.clone(),
            view: Mutex::new(view),
            changed: Notify::new(),
            wake: Notify::new(),
        });
        let task = tokio::spawn(connection::keep(Arc::clone(&shared)));
        Self { ticket, shared, task, past: Vec::new() }
    }

    /// What the participant is known by.
    #[must_use]
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Looks at what the page has right now.
    pub fn view<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        self.shared.with(|view| look(view))
    }

    /// Puts a message into the outbox and does not wait.
    #[must_use = "the id is how the message is found again"]
    pub fn writes(&self, text: &str) -> ClientId {
        self.writes_to(Visibility::All, text)
    }

    /// As [`Customer::writes`], to those only whom `visibility` names.
    #[must_use = "the id is how the message is found again"]
    pub fn writes_to(&self, visibility: Visibility, text: &str) -> ClientId {
        let id = self.shared.with(|view| view.write(text, visibility));
        self.shared.wake.notify_one();
        id
    }

    /// Says something to those only whom `visibility` names, and waits until it is acknowledged.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn notes(&self, visibility: Visibility, text: &str) -> Seq {
        let id = self.writes_to(visibility, text);
        self.is_saved(&id).await
    }

    /// Keeps every frame from now on, for a test that looks for what must not be in any.
    pub fn keeps_frames(&self) {
        self.shared.with(|view| view.frames = Some(Vec::new()));
    }

    /// Says something and waits until it is acknowledged; returns its number.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn says(&self, text: &str) -> Seq {
        let id = self.writes(text);
        self.is_saved(&id).await
    }

    /// Waits until a message is acknowledged.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn is_saved(&self, id: &ClientId) -> Seq {
        let acked = |view: &View| view.acks.iter().find(|(acked, _)| acked == id).map(|(_, seq)| *seq);
        self.waits_for(&format!("message {id} is acknowledged"), acked).await
    }

    /// Waits until a message is acknowledged without being on the disk.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn is_told_unsaved(&self, id: &ClientId) -> Seq {
        let acked = |view: &View| view.unsaved_acks.iter().find(|(acked, _)| acked == id).map(|(_, seq)| *seq);
        self.waits_for(&format!("message {id} is acknowledged as not durable"), acked).await
    }

    /// Waits until everything written is acknowledged.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn has_nothing_waiting(&self) {
        self.waits_for("the outbox is empty", |view| view.outbox.is_empty().then_some(())).await;
    }

    /// Waits until a message with exactly this text is on the page.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn reads(&self, text: &str) -> Seq {
        let what = format!("the text {text:?} is read");
        self.waits_for(&what, |view| view.find(|body| matches!(body, EventBody::Message { text: t, .. } if t == text)))
            .await
    }

    /// Waits until the page has everything up to this event.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn reads_up_to(&self, head: Seq) {
        self.waits_for(&format!("event {head} is read"), |view| (view.head() >= head).then_some(())).await;
        self.shared.with(|view| view.is_complete = true);
    }

    /// Waits until something holds for the page.
    ///
    /// # Panics
    /// When it does not in time; the message has what was waited for and where the page stands.
    pub async fn waits_for<T>(&self, what: &str, mut condition: impl FnMut(&View) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // Registered before looking: a change between the look and the wait must not be missed.
                changed.as_mut().enable();
                if let Some(found) = self.view(&mut condition) {
                    return found;
                }
                changed.await;
            }
        };
        within(&format!("{what} ({})", self.shared.name), wait).await
    }

    /// Waits until the page is connected and welcomed.
    ///
    /// # Panics
    /// When it is not in time.
    pub async fn is_connected(&self) {
        self.waits_for("the page is connected", |view| (view.status == Status::Connected).then_some(())).await;
    }

    /// Waits until the gateway has ended the page for good; the close code.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn is_stopped(&self) -> u16 {
        let stopped = |view: &View| match view.status {
            Status::Stopped(code) => Some(code),
            _ => None,
        };
        self.waits_for("the page is told to stop", stopped).await
    }

    /// The participant starts or stops typing.
    pub fn types(&self, on: bool) {
        self.shared.with(|view| view.typing_to_send = Some(on));
        self.shared.wake.notify_one();
    }

    /// The participant leaves the session.
    pub fn leaves(&self) {
        self.shared.with(|view| view.leave_to_send = true);
        self.shared.wake.notify_one();
    }

    /// The network of the page goes away; what is written waits.
    pub fn goes_offline(&self) {
        self.shared.with(|view| view.is_online = false);
        self.shared.wake.notify_one();
    }

    /// The network is back.
    pub fn comes_online(&self) {
        self.shared.with(|view| view.is_online = true);
        self.shared.wake.notify_one();
    }

    /// The page stops reading while its connection stays, as a laptop does that falls asleep.
    pub fn closes_the_lid(&self) {
        self.shared.with(|view| view.is_asleep = true);
        self.shared.wake.notify_one();
    }

    /// The page goes on.
    pub fn opens_the_lid(&self) {
        self.shared.with(|view| view.is_asleep = false);
        self.shared.wake.notify_one();
    }

    /// Reloads the page: what it showed is forgotten, its outbox is kept as a browser keeps it.
    pub async fn reloads(mut self) -> Self {
        let history = self.history();
        self.end().await;
        let name = format!("{}, reloaded", self.shared.name);
        let view = self.shared.with(|view| view.reloaded(&name));
        let mut next = Self::launch(&self.shared.address, self.ticket.clone(), &name, view);
        // It holds what the lives before saw, too.
        next.past = vec![history];
        next
    }

    /// Opens the same session in a second tab.
    #[must_use]
    pub fn second_tab(&self) -> Self {
        let name = format!("{}, second tab", self.shared.name);
        Self::launch(&self.shared.address, self.ticket.clone(), &name, View::new(&name))
    }

    /// What this page and its earlier lives saw.
    #[must_use]
    pub fn history(&self) -> History {
        let by = self.ticket.participant;
        let own = self.view(|view| History {
            sends: view.sends.iter().map(|sent| sent.recorded(by, &view.lane)).collect(),
            acks: view
                .acks
                .iter()
                .map(|(client_id, seq)| Acked { by, client_id: client_id.clone(), seq: *seq })
                .collect(),
            readers: vec![Reader {
                name: self.shared.name.clone(),
                events: view.events.clone(),
                contradictions: view.contradictions.clone(),
                is_complete: view.is_complete,
            }],
        });
        History::of(self.past.iter().cloned().chain([own]))
    }

    /// Closes the page's connection and waits until its task is gone.
    async fn end(&mut self) {
        self.shared.with(|view| view.is_over = true);
        self.shared.wake.notify_one();
        within("the page's task ends", &mut self.task).await.expect("a page's task does not panic");
    }
}

impl Drop for Customer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Outgoing {
    fn recorded(&self, by: tandem_protocol::ParticipantId, lane: &str) -> Sent {
        Sent { by, client_id: self.client_id.clone(), text: self.text.clone(), lane: Some(lane.to_owned()) }
    }
}
