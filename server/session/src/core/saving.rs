//! From numbered to saved: the queue to the disk, and what may be told once a record is on it (D-1, D-4).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tandem_protocol::{
    ErrorCode, Refusal, RequestId, Seq, SessionId,
    link::{Answer, Deliver, Outcome},
};

use super::{Core, Effect, LinkId, done};
use crate::{Now, Record};

/// Records that may wait for the store. At 20,000 messages a second this is three seconds of a store that stands
/// still; beyond it, senders are told to wait (B-1).
pub(super) const UNSAVED_MAX: usize = 65_536;

/// Records in one batch: one transaction of a few milliseconds.
const BATCH_RECORDS_MAX: usize = 4_096;

/// How often the end of a session that could not be saved is tried again: rare enough not to weigh on a sick store.
const CLOSE_RETRY: Duration = Duration::from_secs(5);

/// A numbered record and who waits for it.
#[derive(Debug)]
pub(super) struct Unsaved {
    record: Record,
    /// Requests to answer once it is saved: the first sender's, and those of repeats that came meanwhile.
    answers: Vec<(LinkId, RequestId, Answer)>,
}

impl Core {
    /// The next records to save, in one transaction, in this order. None while a batch is at the store: batches are
    /// saved one after the other, so that what waits meanwhile becomes the next.
    pub fn take_batch(&mut self) -> Option<Vec<Record>> {
        if self.in_flight > 0 || self.unsaved.is_empty() {
            return None;
        }
        self.in_flight = self.unsaved.len().min(BATCH_RECORDS_MAX);
        // What one request numbers is saved together: a session is not opened without its customer, nor left open
        // without one.
        let session_at = |at: usize| self.unsaved.get(at).map(|unsaved| unsaved.record.session);
        while session_at(self.in_flight).is_some_and(|next| session_at(self.in_flight - 1) == Some(next)) {
            self.in_flight += 1;
        }
        Some(self.unsaved.iter().take(self.in_flight).map(|unsaved| unsaved.record.clone()).collect())
    }

    /// The batch is on the disk: its senders are answered and its events delivered (D-1).
    pub fn saved(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let batch: Vec<Unsaved> = self.unsaved.drain(..self.in_flight).collect();
        self.in_flight = 0;
        let mut delivers: Vec<Deliver> = Vec::with_capacity(batch.len());
        let mut places: HashMap<SessionId, usize> = HashMap::with_capacity(batch.len());
        let mut closed = Vec::new();
        let mut opened = Vec::new();
        let mut changed = Vec::new();
        for Unsaved { record, answers } in batch {
            let session = record.session;
            for (link, id, answer) in answers {
                effects.push(Effect::Answer { link, id, outcome: done(answer) });
            }
            if record.event.seq == Seq(1) {
                opened.push(session);
            }
            if record.closes {
                closed.push(session);
            }
            if !record.says && changed.last() != Some(&session) {
                changed.push(session);
            }
            let live = self.live_mut(session).expect("a session with unsaved records stays in memory");
            let after = live.session.saved_head();
            live.session.saved(record.event.clone());
            let at = *places.entry(session).or_insert_with(|| {
                delivers.push(Deliver { session, after, events: Vec::new() });
                delivers.len() - 1
            });
            delivers[at].events.push(record.event);
        }
        self.deliver(delivers, effects);
        self.announce(&opened, effects);
        self.tell_followers(changed, effects);
        for session in &closed {
            self.open -= 1;
            if let Some(live) = self.live_mut(*session) {
                live.session.is_condemned = false;
            }
            self.rearm(now, *session);
        }
        self.release_ending(now, closed, effects);
    }

    /// The batch will not be saved (`transcript-save-on-error = close`): every session it touched loses what it had
    /// numbered since its last save, its senders are refused, and it is closed as soon as the store saves again.
    pub fn not_saved(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let touched: HashSet<SessionId> = self.unsaved.iter().take(self.in_flight).map(|u| u.record.session).collect();
        self.in_flight = 0;
        let all: Vec<Unsaved> = self.unsaved.drain(..).collect();
        let (dropped, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|u| touched.contains(&u.record.session));
        self.unsaved.extend(kept);
        let refusal = Refusal::new(ErrorCode::NotSaved, "it could not be saved, and the session ends");
        for Unsaved { record, answers } in dropped.into_iter().rev() {
            let live = self.live_mut(record.session).expect("a session with unsaved records stays in memory");
            live.session.undo(&record.event);
            for (link, id, _) in answers {
                effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal.clone()) });
            }
        }
        for session in &touched {
            self.condemn(now, *session);
        }
        self.release_ending(now, touched, effects);
    }

    /// Puts a record into the queue to the disk.
    pub(super) fn persist(&mut self, record: Record, answers: Vec<(LinkId, RequestId, Answer)>) {
        self.unsaved.push_back(Unsaved { record, answers });
    }

    /// Puts records into the queue to the disk; the last one's safety is the answer's.
    pub(super) fn persist_all(&mut self, records: Vec<Record>, answer: Option<(LinkId, RequestId, Answer)>) {
        let last = records.len().saturating_sub(1);
        for (at, record) in records.into_iter().enumerate() {
            let answers = if at == last { answer.clone().into_iter().collect() } else { Vec::new() };
            self.persist(record, answers);
        }
    }

    /// Answers when event `seq` of the session is saved: at once, or with those that wait for it already.
    pub(super) fn answer_when_saved(
        &mut self,
        session: SessionId,
        seq: Seq,
        answer: (LinkId, RequestId, Answer),
        effects: &mut Vec<Effect>,
    ) {
        let is_saved = self.live(session).is_none_or(|live| seq <= live.session.saved_head());
        let waits = |u: &&mut Unsaved| u.record.session == session && u.record.event.seq == seq;
        match self.unsaved.iter_mut().rev().find(|unsaved| !is_saved && waits(unsaved)) {
            Some(unsaved) => unsaved.answers.push(answer),
            None => effects.push(Effect::Answer { link: answer.0, id: answer.1, outcome: done(answer.2) }),
        }
    }

    pub(super) fn check_room_to_save(&self) -> Result<(), Refusal> {
        if self.unsaved.len() >= UNSAVED_MAX {
            return Err(Refusal::new(ErrorCode::Busy, "too many messages wait to be saved"));
        }
        Ok(())
    }

    fn deliver(&self, delivers: Vec<Deliver>, effects: &mut Vec<Effect>) {
        for deliver in delivers {
            let links = self.live(deliver.session).map(super::Live::links).unwrap_or_default();
            if !links.is_empty() {
                effects.push(Effect::Deliver { links, deliver });
            }
        }
    }

    fn announce(&self, opened: &[SessionId], effects: &mut Vec<Effect>) {
        if opened.is_empty() {
            return;
        }
        for link in &self.watchers {
            effects.push(Effect::Opened { link: *link, sessions: opened.to_vec() });
        }
    }

    /// A session that could not be saved: forgotten if nothing of it is on the disk, else to be closed there.
    fn condemn(&mut self, now: Now, session: SessionId) {
        let Some(live) = self.live_mut(session) else { return };
        live.session.is_condemned = true;
        if live.session.is_empty() {
            self.open -= 1;
            self.forget(session);
        } else {
            self.set_deadline(session, Some(now.elapsed + CLOSE_RETRY));
        }
    }
}
