//! What a desk has and what it does on each frame: without I/O.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tandem_protocol::{
    ClientId, ErrorCode,
    desk::{Action, ClientFrame, DeskNotice, View},
};

/// An action that was refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NotDone {
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for people.
    pub message: String,
}

/// Everything a desk knows.
#[derive(Debug)]
pub struct Desk {
    /// The newest view.
    pub view: Option<View>,
    /// The most chats and offers that any view had: never above the agent's capacity.
    pub most_at_once: usize,
    /// Views that were dropped since a newer one was there.
    pub stale: u32,
    /// How often the desk was welcomed.
    pub connections: u32,
    /// What the gateway said of the service behind it.
    pub notices: Vec<DeskNotice>,
    /// Close codes in the order they came; 1006 for a connection that broke.
    pub closes: Vec<u16>,
    /// Every action that was answered.
    pub outcomes: BTreeMap<ClientId, Result<Value, NotDone>>,
    /// Actions that were answered more than once.
    pub doubled: Vec<ClientId>,
    /// What is not answered, in order, with the connection that it was last sent on.
    waiting: Vec<(ClientId, Action, u32)>,
    pub(super) is_online: bool,
    pub(super) come_back_ms: Option<u64>,
    is_welcome: bool,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            view: None,
            most_at_once: 0,
            stale: 0,
            connections: 0,
            notices: Vec::new(),
            closes: Vec::new(),
            outcomes: BTreeMap::new(),
            doubled: Vec::new(),
            waiting: Vec::new(),
            is_online: true,
            come_back_ms: None,
            is_welcome: false,
        }
    }
}

/// What arrives, as far as a desk reads it.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Welcome {
        view: View,
    },
    View {
        view: View,
    },
    Done {
        id: ClientId,
        result: Value,
    },
    Refused {
        id: ClientId,
        #[serde(flatten)]
        why: NotDone,
    },
    Heartbeat {},
    Notice(DeskNotice),
    Bye {
        reconnect_ms: Option<u64>,
    },
}

impl Desk {
    pub(super) fn begin(&mut self, id: ClientId, action: Action) {
        self.waiting.push((id, action, 0));
    }

    pub(super) fn on_closed(&mut self, code: u16) {
        self.is_welcome = false;
        self.closes.push(code);
    }

    /// Whether the gateway has ended the desk for good.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.closes.last().is_some_and(|code| (4500..4600).contains(code))
    }

    /// What the desk has to say now; each action once a connection.
    pub(super) fn due(&mut self) -> Vec<ClientFrame> {
        if !self.is_welcome {
            return Vec::new();
        }
        let connection = self.connections;
        let unsent = self.waiting.iter_mut().filter(|(_, _, sent_on)| *sent_on != connection);
        unsent
            .map(|(id, action, sent_on)| {
                *sent_on = connection;
                ClientFrame::Do { id: id.clone(), action: action.clone() }
            })
            .collect()
    }

    /// Takes in a frame.
    ///
    /// # Panics
    /// When the gateway breaks the protocol: a test must see that.
    pub(super) fn on_frame(&mut self, text: &str) {
        // Read as raw JSON first: an answer's numbers must not be changed by a detour.
        let _: &RawValue = serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON: {error}: {text}"));
        match serde_json::from_str(text).unwrap_or_else(|error| panic!("not of tandem.desk.v1: {error}: {text}")) {
            Frame::Welcome { view } => {
                self.is_welcome = true;
                self.connections += 1;
                self.shows(view);
            }
            Frame::View { view } => self.shows(view),
            Frame::Done { id, result } => self.answered(id, Ok(result)),
            Frame::Refused { id, why } if why.code.is_retryable() => self.put_off(&id),
            Frame::Refused { id, why } => self.answered(id, Err(why)),
            Frame::Heartbeat {} => {}
            Frame::Notice(notice) => self.notices.push(notice),
            Frame::Bye { reconnect_ms } => self.come_back_ms = reconnect_ms,
        }
    }

    fn shows(&mut self, view: View) {
        self.most_at_once = self.most_at_once.max(view.offers.len() + view.chats.len());
        match &self.view {
            Some(known) if known.version >= view.version => self.stale += u32::from(known.version > view.version),
            _ => self.view = Some(view),
        }
    }

    fn answered(&mut self, id: ClientId, outcome: Result<Value, NotDone>) {
        self.waiting.retain(|(waiting, _, _)| *waiting != id);
        if self.outcomes.insert(id.clone(), outcome).is_some() {
            self.doubled.push(id);
        }
    }

    /// It is sent again.
    fn put_off(&mut self, id: &ClientId) {
        for (_, _, sent_on) in self.waiting.iter_mut().filter(|(waiting, _, _)| waiting == id) {
            *sent_on = 0;
        }
    }
}
