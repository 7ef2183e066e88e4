//! One session as this gateway knows it: how far it is, whether it has ended, and who reads it here.
//!
//! Pure state: the registry calls it under its lock and does what it returns.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use serde::Deserialize;
use tandem_protocol::{
    ParticipantId, RawEvent, Seq, SessionState, SessionStatus, TokenHash, Visibility,
    client::Notice,
    link::{Page, SessionNotice},
};

use super::client::{Advanced, Client};
use crate::frames;

/// See the module. It lives as long as it has readers.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The last event that the link has delivered or that an answer has named.
    head: Seq,
    /// Events after this one were delivered without being on the disk. Whoever has one of them when the engine is lost
    /// starts anew: another engine may know other events under these numbers (R-2).
    unsaved_after: Option<Seq>,
    closed: bool,
    /// Participants who are no longer in it; their readers get no further events.
    left: Vec<ParticipantId>,
    clients: Vec<Arc<Client>>,
}

/// New events of a session on their way to its readers.
#[derive(Debug)]
pub(super) struct News<'a> {
    /// The event before the first.
    pub(super) after: Seq,
    /// The last.
    pub(super) last: Seq,
    /// Whether the session ends with them.
    pub(super) closed: bool,
    /// Who leaves with them.
    pub(super) left: Vec<ParticipantId>,
    events: &'a [RawEvent],
    /// Frames made already, by how much their reader sees and the event he has.
    frames: Vec<Made>,
}

/// A frame for all readers who see as much and have the same last event.
#[derive(Debug)]
struct Made {
    sees: Visibility,
    given: Seq,
    /// With the last event in it; none when none is for them.
    frame: Option<(Seq, Utf8Bytes)>,
}

impl<'a> News<'a> {
    fn of(after: Seq, events: &'a [RawEvent]) -> Option<Self> {
        let last = events.last()?.seq;
        let mut news = Self { after, last, closed: false, left: Vec::new(), events, frames: Vec::new() };
        for event in events {
            match Departure::of(event) {
                Some(Departure::Closed) => news.closed = true,
                Some(Departure::Left { participant }) => news.left.push(participant),
                None => {}
            }
        }
        Some(news)
    }

    /// Those of the events that are for a reader who has `given`, as a frame, and the last of them; made when the first
    /// such reader needs it and shared by all. None when none is for him.
    pub(super) fn frame(&mut self, sees: Visibility, given: Seq) -> Option<(Seq, Utf8Bytes)> {
        if let Some(made) = self.frames.iter().find(|made| (made.sees, made.given) == (sees, given)) {
            return made.frame.clone();
        }
        let seen: Vec<RawEvent> =
            self.events.iter().filter(|event| event.visibility.is_seen_by(sees)).cloned().collect();
        let frame = seen.last().map(|last| (last.seq, frames::events(given, &seen)));
        self.frames.push(Made { sees, given, frame: frame.clone() });
        frame
    }
}

/// The two kinds of events after which a reader gets no more.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Departure {
    Closed,
    Left { participant: ParticipantId },
}

impl Departure {
    /// Nearly all events are messages; a look for the two words spares reading those as JSON.
    fn of(event: &RawEvent) -> Option<Self> {
        let json = event.event.get();
        let may_be = json.contains(r#""type":"closed""#) || json.contains(r#""type":"left""#);
        may_be.then(|| serde_json::from_str(json).ok()).flatten()
    }
}

impl Session {
    pub(super) fn add(&mut self, client: Arc<Client>) {
        self.clients.push(client);
    }

    /// Whether the last reader of this token is gone with this client.
    pub(super) fn remove(&mut self, client: &Arc<Client>) -> bool {
        self.clients.retain(|other| !Arc::ptr_eq(other, client));
        self.clients.shrink_to_fit();
        !self.has_token(&client.token)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    pub(super) fn has(&self, client: &Arc<Client>) -> bool {
        self.clients.iter().any(|other| Arc::ptr_eq(other, client))
    }

    pub(super) fn has_token(&self, token: &TokenHash) -> bool {
        self.clients.iter().any(|other| other.token.matches(token))
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.iter()
    }

    /// Takes over what an answer says of the session.
    pub(super) fn learns(&mut self, head: Seq, state: &SessionState) {
        self.head = self.head.max(head);
        self.unsaved_after = state.unsaved_after;
        self.closed |= state.status == SessionStatus::Closed;
        let gone = state.participants.iter().filter(|participant| !participant.joined);
        self.left = gone.map(|participant| participant.participant).collect();
    }

    /// New events came over the link.
    pub(super) fn deliver(&mut self, after: Seq, events: &[RawEvent]) {
        let Some(mut news) = News::of(after, events) else { return };
        self.head = self.head.max(news.last);
        self.closed |= news.closed;
        self.left.extend(&news.left);
        for client in &self.clients {
            client.deliver(&mut news);
        }
    }

    /// The link attached the session again after a loss: missed events first, then the notice (R-1, R-2).
    pub(super) fn is_restored(&mut self, page: &Page, lost: &Utf8Bytes, restored: impl Fn(&Page) -> Utf8Bytes) {
        self.clients.iter().for_each(|client| client.is_told_of_loss(lost));
        // Beyond this, what a reader has is not what the engine knows, or not for sure.
        let common = self.unsaved_after.map_or(page.head, |unsaved| unsaved.min(page.head));
        if common < self.head {
            self.head = common;
            self.closed = false;
            self.clients.iter().for_each(|client| client.starts_anew(page, common));
        }
        if let Some(first) = page.events.first() {
            self.deliver(Seq(first.seq.0.saturating_sub(1)), &page.events);
        }
        self.learns(page.head, &page.state);
        let mut made: Vec<(Visibility, Utf8Bytes)> = Vec::new();
        let mut notice = |sees: Visibility| match made.iter().find(|(made_for, _)| *made_for == sees) {
            Some((_, notice)) => notice.clone(),
            None => {
                let mut page = page.clone();
                page.narrow(sees);
                made.push((sees, restored(&page)));
                made.last().expect("was just put there").1.clone()
            }
        };
        self.clients.iter().for_each(|client| client.is_restored(page.head, &mut notice));
    }

    /// What is no event: passed on to readers who are in step, and to no others.
    pub(super) fn is_told(&mut self, notice: SessionNotice) {
        match notice {
            SessionNotice::Said { notice, text } => {
                if let Some(notice) = Notice::said(notice, text) {
                    let frame = frames::notice(notice);
                    self.clients.iter().for_each(|client| client.says_if_live(frame.clone()));
                }
            }
            SessionNotice::Saved { seq, is_all, for_clients } => {
                self.unsaved_after = (!is_all).then_some(seq);
                self.clients.iter().filter(|_| for_clients && is_all).for_each(|client| client.is_saved());
            }
            SessionNotice::NotSaved { seq, for_clients } => {
                self.unsaved_after = Some(seq);
                self.clients.iter().filter(|_| for_clients).for_each(|client| client.is_not_saved());
            }
        }
    }

    pub(super) fn advance(&self, client: &Client) -> Advanced {
        client.advance(self.head, self.closed, &self.left)
    }
}
