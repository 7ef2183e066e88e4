//! From numbered to saved: the queue to the disk, and what may be told once a record is on it (D-1, D-4).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tandem_protocol::{
    ErrorCode, Refusal, RequestId, Seq, SessionId,
    link::{Answer, Deliver, Outcome},
};

use super::{
    Core, Effect, LinkId,
    backlog::{ALL_BYTES_MAX, not_durable},
    done,
};
use crate::{AutoSave, Now, OnSaveError, Record, Session};

/// Records that may wait for the store. At 20,000 messages a second this is three seconds of a store that stands
/// still; beyond it, senders are told to wait (B-1).
pub(super) const UNSAVED_MAX: usize = 65_536;

/// Records in one batch: one transaction of a few milliseconds.
pub(super) const BATCH_RECORDS_MAX: usize = 4_096;

/// How often the end of a session that could not be saved is tried again: rare enough not to weigh on a sick store.
const CLOSE_RETRY: Duration = Duration::from_secs(5);

/// A numbered record and who waits for it.
#[derive(Debug)]
pub(super) struct Unsaved {
    pub(super) record: Record,
    /// Requests to answer once it is saved: the first sender's, and those of repeats that came meanwhile.
    pub(super) answers: Vec<(LinkId, RequestId, Answer)>,
    /// When the first sender's had arrived.
    pub(super) arrived: Duration,
}

/// What the store is busy with.
#[derive(Debug, Default)]
pub(super) enum AtStore {
    #[default]
    Nothing,
    /// So many of the first records of the queue.
    Queue(usize),
    /// So many of the first records of these sessions' backlogs.
    Backlogs(Vec<(SessionId, usize)>),
}

impl Core {
    /// The next records to save, in one transaction, in this order. None while a batch is at the store: batches are
    /// saved one after the other, so that what waits meanwhile becomes the next.
    pub fn take_batch(&mut self) -> Option<Vec<Record>> {
        if !matches!(self.at_store, AtStore::Nothing) {
            return None;
        }
        if self.is_backlogs_turn() {
            return Some(self.take_backlogs()).filter(|records| !records.is_empty());
        }
        self.note_turn_of_queue();
        if self.unsaved.is_empty() {
            return None;
        }
        let mut count = self.unsaved.len().min(BATCH_RECORDS_MAX);
        // What one request numbers is saved together: a session is not opened without its customer, nor left open
        // without one.
        let session_at = |at: usize| self.unsaved.get(at).map(|unsaved| unsaved.record.session);
        while session_at(count).is_some_and(|next| session_at(count - 1) == Some(next)) {
            count += 1;
        }
        self.at_store = AtStore::Queue(count);
        Some(self.unsaved.iter().take(count).map(|unsaved| unsaved.record.clone()).collect())
    }

    /// Whether something waits for the store, or is there.
    #[must_use]
    pub fn waits_for_store(&self) -> bool {
        !self.unsaved.is_empty() || !matches!(self.at_store, AtStore::Nothing) || self.backlogs.is_due()
    }

    /// The batch is on the disk: its senders are answered and its events delivered (D-1), where they were not before.
    pub fn saved(&mut self, now: Now, effects: &mut Vec<Effect>) {
        match std::mem::take(&mut self.at_store) {
            AtStore::Nothing => {}
            AtStore::Queue(count) => {
                let batch: Vec<Unsaved> = self.unsaved.drain(..count).collect();
                self.tell(now, batch, true, effects);
            }
            AtStore::Backlogs(parts) => self.backlogs_saved(now, parts, effects),
        }
    }

    /// Answers senders and delivers events that are on the disk, or of a session that goes on unsaved.
    pub(super) fn tell(&mut self, now: Now, batch: Vec<Unsaved>, is_saved: bool, effects: &mut Vec<Effect>) {
        let mut delivers: Vec<Deliver> = Vec::with_capacity(batch.len());
        let mut places: HashMap<SessionId, usize> = HashMap::with_capacity(batch.len());
        let (mut closed, mut opened, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for Unsaved { record, answers, arrived } in batch {
            let session = record.session;
            // Notices, which nobody waits for, are no messages.
            if record.says && !answers.is_empty() {
                self.note_message(now.elapsed, arrived);
            }
            for (link, id, answer) in answers {
                let answer = if is_saved { answer } else { not_durable(answer) };
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
            let after = live.session.told_head();
            live.session.tell(record.event.clone());
            if is_saved {
                live.session.saved(record.event.seq);
            }
            let at = *places.entry(session).or_insert_with(|| {
                delivers.push(Deliver { session, after, events: Vec::new() });
                delivers.len() - 1
            });
            delivers[at].events.push(record.event);
        }
        let told: Vec<SessionId> = delivers.iter().map(|deliver| deliver.session).collect();
        self.deliver(delivers, effects);
        self.announce(&opened, effects);
        changed.iter().for_each(|session| self.note_whether_it_waits(*session));
        self.tell_followers(changed, effects);
        if is_saved && self.settings.auto_save == AutoSave::EachWithNotices {
            told.into_iter().for_each(|session| self.tell_saved(session, effects));
        }
        self.note_closed(now, closed, effects);
    }

    fn note_closed(&mut self, now: Now, closed: Vec<SessionId>, effects: &mut Vec<Effect>) {
        for session in &closed {
            self.open -= 1;
            if let Some(live) = self.live_mut(*session) {
                let was_condemned = std::mem::take(&mut live.session.is_condemned);
                self.condemned -= usize::from(was_condemned);
            }
            self.rearm(now, *session);
        }
        self.release_ending(now, closed, effects);
    }

    /// The batch will not be saved. What was told already waits for the next try. Of the rest, every session that is on
    /// the disk goes on unsaved where the operator wants it so (`transcript-save-on-error = continue`); every other one
    /// loses what it had numbered since its last save, its senders are refused, and it is closed as soon as the store
    /// saves again.
    pub fn not_saved(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let count = match std::mem::take(&mut self.at_store) {
            AtStore::Nothing => return,
            AtStore::Queue(count) => count,
            AtStore::Backlogs(parts) => return self.backlogs_not_saved(now, parts),
        };
        let touched: HashSet<SessionId> = self.unsaved.iter().take(count).map(|u| u.record.session).collect();
        let all: Vec<Unsaved> = self.unsaved.drain(..).collect();
        let (concerned, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|u| touched.contains(&u.record.session));
        self.unsaved.extend(kept);
        let goes_on = |session: SessionId| {
            self.settings.on_save_error == OnSaveError::Continue
                && self.live(session).is_some_and(|live| live.session.saved_head() > Seq::ZERO)
        };
        let (going_on, ending): (Vec<_>, Vec<_>) = concerned.into_iter().partition(|u| goes_on(u.record.session));
        self.take_back(now, ending, effects);
        self.go_on_unsaved(now, going_on, effects);
    }

    /// What was numbered and cannot be saved has never been, and its sessions end.
    fn take_back(&mut self, now: Now, numbered: Vec<Unsaved>, effects: &mut Vec<Effect>) {
        let touched: HashSet<SessionId> = numbered.iter().map(|unsaved| unsaved.record.session).collect();
        let refusal = Refusal::new(ErrorCode::NotSaved, "it could not be saved, and the session ends");
        for Unsaved { record, answers, .. } in numbered.into_iter().rev() {
            let live = self.live_mut(record.session).expect("a session with unsaved records stays in memory");
            live.session.undo(&record.event);
            for (link, id, _) in answers {
                effects.push(Effect::Answer { link, id, outcome: Outcome::Refused(refusal.clone()) });
            }
        }
        for session in &touched {
            if self.settings.auto_save == AutoSave::EachWithNotices {
                self.tell_not_saved(*session, effects);
            }
            self.condemn(now, *session);
        }
        self.release_ending(now, touched, effects);
    }

    /// Puts records of one session, all that one request numbered, into the queue to the disk; the last one's safety is
    /// the answer's. They are told at once where the session is told before it is saved.
    pub(super) fn persist_all(
        &mut self,
        now: Now,
        records: Vec<Record>,
        answer: Option<(LinkId, RequestId, Answer)>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(session) = records.first().map(|record| record.session) else { return };
        if self.tells_first(session) {
            return self.tell_first(now, session, records, answer, effects);
        }
        let last = records.len() - 1;
        for (at, record) in records.into_iter().enumerate() {
            let answers = if at == last { answer.clone().into_iter().collect() } else { Vec::new() };
            self.unsaved.push_back(Unsaved { record, answers, arrived: self.arrived });
        }
    }

    /// Answers when event `seq` of the session is told: at once, or with those that wait for it already.
    pub(super) fn answer_when_saved(
        &mut self,
        session: SessionId,
        seq: Seq,
        answer: (LinkId, RequestId, Answer),
        effects: &mut Vec<Effect>,
    ) {
        let is_up_to = |head: fn(&Session) -> Seq| self.live(session).is_none_or(|live| seq <= head(&live.session));
        let (is_told, is_saved) = (is_up_to(Session::told_head), is_up_to(Session::saved_head));
        let waits = |u: &&mut Unsaved| u.record.session == session && u.record.event.seq == seq;
        match self.unsaved.iter_mut().rev().find(|unsaved| !is_told && waits(unsaved)) {
            Some(unsaved) => unsaved.answers.push(answer),
            None => {
                let (link, id, answer) = answer;
                let answer = if is_saved { answer } else { not_durable(answer) };
                effects.push(Effect::Answer { link, id, outcome: done(answer) });
            }
        }
    }

    pub(super) fn check_room_to_save(&self) -> Result<(), Refusal> {
        if self.unsaved.len() >= UNSAVED_MAX || self.backlogs.bytes() >= ALL_BYTES_MAX {
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
        let was_condemned = std::mem::replace(&mut live.session.is_condemned, true);
        let is_empty = live.session.is_empty();
        self.condemned += usize::from(!was_condemned);
        if is_empty {
            self.open -= 1;
            self.forget(session);
        } else {
            self.set_deadline(session, Some(now.elapsed + CLOSE_RETRY));
        }
    }
}
