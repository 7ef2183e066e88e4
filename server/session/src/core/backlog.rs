//! Sessions that are told before they are saved: where the operator wants transcripts saved at the end only
//! (`transcript-auto-save = 0`), and where a session goes on although the store has failed
//! (`transcript-save-on-error = continue`). D-1 and D-2 do not hold for them, and whoever is told is told so.
//!
//! What is told stays in a backlog of its session, in order and under the numbers that were told, until it is saved:
//! as long as this engine lives nobody sees anything differently. A session with a backlog has no record in the queue
//! to the disk, so that nothing overtakes anything (D-4).

use std::{collections::VecDeque, time::Duration};

use tandem_protocol::{
    ClosedReason, LeaveReason, RequestId, SessionId,
    link::{Answer, SessionNotice},
};

use super::{
    Core, Effect, LinkId,
    saving::{AtStore, BATCH_RECORDS_MAX, Unsaved},
};
use crate::{AutoSave, Now, OnSaveError, Record};

/// Bytes of one session's backlog at which it is saved early: what is saved at the end only must end somewhere (B-1).
const EARLY_BYTES: usize = 1024 * 1024;

/// Bytes of one session's backlog at which the session ends, as if it could not be saved (B-1): it takes nothing more.
const SESSION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of all backlogs at which senders are told to wait (B-1); at half of it, transcripts are saved early.
pub(super) const ALL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What a record costs besides its event.
const RECORD_BYTES: usize = 256;

/// How long a store that has failed is left alone before backlogs are tried again: rare enough not to weigh on it.
const RETRY: Duration = Duration::from_secs(5);

/// Sessions in one batch at most: a batch that fails fails for all of them.
const SESSIONS_MAX: usize = 256;

/// What was told of one session and is not saved.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    records: VecDeque<Record>,
    bytes: usize,
    /// Whether it stands in [`Backlogs::due`] or is at the store.
    is_due: bool,
}

impl Backlog {
    /// Whether there is anything.
    fn is_behind(&self) -> bool {
        !self.records.is_empty()
    }
}

/// All backlogs.
#[derive(Debug)]
pub(super) struct Backlogs {
    /// Sessions whose backlog is to be saved, the next first; each stands here once.
    due: VecDeque<SessionId>,
    bytes: usize,
    records: usize,
    /// Sessions in the next batch. One that cannot be saved must not keep the others from it: one at a time after a
    /// failure, twice as many after each success.
    width: usize,
    /// The store has failed; nothing is tried before.
    retry_at: Option<Duration>,
    /// The last batch was of backlogs: the queue to the disk comes next.
    had_turn: bool,
}

impl Default for Backlogs {
    fn default() -> Self {
        Self { due: VecDeque::new(), bytes: 0, records: 0, width: SESSIONS_MAX, retry_at: None, had_turn: false }
    }
}

impl Backlogs {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.retry_at.filter(|_| !self.due.is_empty())
    }

    pub(super) fn tick(&mut self, now: Now) {
        self.retry_at = self.retry_at.filter(|at| *at > now.elapsed);
    }
}

impl Core {
    /// Whether the batch at the store is of what was told already.
    #[must_use]
    pub fn is_saving_backlog(&self) -> bool {
        matches!(self.at_store, AtStore::Backlogs(_))
    }

    /// Events that wait for the store, those at the store included, told or not.
    #[must_use]
    pub fn events_waiting(&self) -> usize {
        self.unsaved() + self.backlogs.records
    }

    /// Sessions of which something was told that is not saved.
    #[must_use]
    pub fn sessions_behind(&self) -> usize {
        // As a rule there is none, and it is asked for every second.
        if self.backlogs.bytes() == 0 {
            return 0;
        }
        let is_behind = |slot: &&super::Slot| matches!(slot, super::Slot::Live(live) if live.backlog.is_behind());
        self.sessions.values().filter(is_behind).count()
    }

    /// Sessions that could not be saved and whose end is not saved yet.
    #[must_use]
    pub fn sessions_condemned(&self) -> usize {
        self.condemned
    }

    /// The engine is stopped in order, or hands over: everything told is to be saved now.
    pub fn save_backlogs(&mut self) {
        let is_behind = |(id, slot): (&SessionId, &super::Slot)| match slot {
            super::Slot::Live(live) if live.backlog.is_behind() => Some(*id),
            _ => None,
        };
        let behind: Vec<SessionId> = self.sessions.iter().filter_map(is_behind).collect();
        behind.into_iter().for_each(|session| self.make_due(session));
        self.backlogs.retry_at = None;
    }

    /// Whether a session is told before it is saved.
    pub(super) fn tells_first(&self, session: SessionId) -> bool {
        self.settings.auto_save == AutoSave::AtEnd || self.live(session).is_some_and(|live| live.backlog.is_behind())
    }

    /// Tells what is numbered, and keeps it until it can be saved.
    pub(super) fn tell_first(
        &mut self,
        now: Now,
        session: SessionId,
        records: Vec<Record>,
        answer: Option<(LinkId, RequestId, Answer)>,
        effects: &mut Vec<Effect>,
    ) {
        // Kept before it is told: what is told may set something going that is numbered after it.
        let last = records.len().saturating_sub(1);
        let told = records.iter().cloned().enumerate().map(|(at, record)| Unsaved {
            record,
            answers: answer.clone().into_iter().filter(|_| at == last).collect(),
            arrived: self.arrived,
        });
        let told: Vec<Unsaved> = told.collect();
        if self.live(session).is_some_and(|live| !live.backlog.is_behind()) {
            self.tell_not_saved(session, effects);
        }
        self.keep(session, records);
        self.tell(now, told, false, effects);
        self.bound(now, session, effects);
    }

    /// The store has failed for these sessions and they go on: what waited for it is told.
    pub(super) fn go_on_unsaved(&mut self, now: Now, waiting: Vec<Unsaved>, effects: &mut Vec<Effect>) {
        if waiting.is_empty() {
            return;
        }
        self.backlogs.retry_at = Some(now.elapsed + RETRY);
        self.backlogs.width = 1;
        let mut sessions: Vec<SessionId> = waiting.iter().map(|unsaved| unsaved.record.session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        for session in &sessions {
            self.tell_not_saved(*session, effects);
        }
        for unsaved in &waiting {
            self.keep(unsaved.record.session, vec![unsaved.record.clone()]);
        }
        self.tell(now, waiting, false, effects);
        for session in sessions {
            self.make_due(session);
            self.bound(now, session, effects);
        }
    }

    /// Says that what comes now is not saved: to all links, for they have to know what they cannot rely on.
    pub(super) fn tell_not_saved(&self, session: SessionId, effects: &mut Vec<Effect>) {
        let for_clients = self.settings.auto_save == AutoSave::EachWithNotices;
        let Some(live) = self.live(session) else { return };
        let notice = SessionNotice::NotSaved { seq: live.session.saved_head(), for_clients };
        self.notify(session, notice, effects);
    }

    /// Says how much is saved.
    pub(super) fn tell_saved(&self, session: SessionId, effects: &mut Vec<Effect>) {
        let for_clients = self.settings.auto_save == AutoSave::EachWithNotices;
        let Some(live) = self.live(session) else { return };
        let is_all = !live.backlog.is_behind();
        let notice = SessionNotice::Saved { seq: live.session.saved_head(), is_all, for_clients };
        self.notify(session, notice, effects);
    }

    /// Whether backlogs are next to be saved.
    pub(super) fn is_backlogs_turn(&self) -> bool {
        let Backlogs { due, retry_at, had_turn, .. } = &self.backlogs;
        !due.is_empty() && retry_at.is_none() && (self.unsaved.is_empty() || !had_turn)
    }

    /// The next batch of backlogs.
    pub(super) fn take_backlogs(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        let mut parts = Vec::new();
        while parts.len() < self.backlogs.width
            && records.len() < BATCH_RECORDS_MAX
            && let Some(session) = self.backlogs.due.pop_front()
        {
            let Some(live) = self.live(session) else { continue };
            records.extend(live.backlog.records.iter().cloned());
            parts.push((session, live.backlog.records.len()));
        }
        self.backlogs.had_turn = true;
        if !records.is_empty() {
            self.at_store = AtStore::Backlogs(parts);
        }
        records
    }

    /// The queue to the disk has its turn.
    pub(super) fn note_turn_of_queue(&mut self) {
        self.backlogs.had_turn = false;
    }

    /// These parts of backlogs are on the disk.
    pub(super) fn backlogs_saved(&mut self, now: Now, parts: Vec<(SessionId, usize)>, effects: &mut Vec<Effect>) {
        self.backlogs.width = (self.backlogs.width * 2).min(SESSIONS_MAX);
        for (session, count) in parts {
            let Some(live) = self.live_mut(session) else { continue };
            live.backlog.is_due = false;
            let saved: Vec<Record> = live.backlog.records.drain(..count).collect();
            let bytes = saved.iter().map(size_of).sum::<usize>();
            live.backlog.bytes -= bytes;
            if let Some(last) = saved.last() {
                live.session.saved(last.event.seq);
            }
            // What came meanwhile goes after it; where all is saved at the end only, when it is much or the last.
            let is_wanted = live.backlog.is_behind()
                && (self.settings.on_save_error == OnSaveError::Continue || self.is_to_be_saved(session));
            self.backlogs.bytes -= bytes;
            self.backlogs.records -= saved.len();
            if is_wanted {
                self.make_due(session);
            }
            self.tell_saved(session, effects);
            self.rearm(now, session);
        }
    }

    /// These backlogs could not be saved: others have their turn, after a pause.
    pub(super) fn backlogs_not_saved(&mut self, now: Now, parts: Vec<(SessionId, usize)>) {
        self.backlogs.due.extend(parts.into_iter().map(|(session, _)| session));
        self.backlogs.width = 1;
        self.backlogs.retry_at = Some(now.elapsed + RETRY);
    }

    fn keep(&mut self, session: SessionId, records: Vec<Record>) {
        let bytes = records.iter().map(size_of).sum::<usize>();
        let count = records.len();
        let Some(live) = self.live_mut(session) else { return };
        live.backlog.records.extend(records);
        live.backlog.bytes += bytes;
        self.backlogs.bytes += bytes;
        self.backlogs.records += count;
    }

    /// Has a backlog saved that is complete or much, and ends a session whose backlog is too much (B-1).
    fn bound(&mut self, now: Now, session: SessionId, effects: &mut Vec<Effect>) {
        if self.is_to_be_saved(session) {
            self.make_due(session);
        }
        let Some(live) = self.live_mut(session).filter(|live| live.backlog.bytes > SESSION_BYTES_MAX) else { return };
        let records = live.session.end(now.wall, None, LeaveReason::Server, ClosedReason::NotSaved);
        if !records.is_empty() {
            self.tell_first(now, session, records, None, effects);
        }
    }

    /// Whether a backlog of a session that is saved at its end is to be saved now.
    fn is_to_be_saved(&self, session: SessionId) -> bool {
        let is_pressed = self.backlogs.bytes > ALL_BYTES_MAX / 2;
        let is_wanted = |live: &super::Live| live.session.is_closed() || live.backlog.bytes > EARLY_BYTES || is_pressed;
        self.live(session).is_some_and(is_wanted)
    }

    fn make_due(&mut self, session: SessionId) {
        let Some(live) = self.live_mut(session) else { return };
        if !std::mem::replace(&mut live.backlog.is_due, true) {
            self.backlogs.due.push_back(session);
        }
    }

    fn notify(&self, session: SessionId, notice: SessionNotice, effects: &mut Vec<Effect>) {
        let links = self.live(session).map(super::Live::links).unwrap_or_default();
        if !links.is_empty() {
            effects.push(Effect::Notice { links, session, notice });
        }
    }
}

/// An answer to what is told without being on the disk.
pub(super) fn not_durable(answer: Answer) -> Answer {
    match answer {
        Answer::Saved { seq, at_ms, participant, .. } => Answer::Saved { seq, at_ms, participant, durable: false },
        answer => answer,
    }
}

fn size_of(record: &Record) -> usize {
    record.event.len_bytes() + RECORD_BYTES
}
