//! Where each session stands, in memory: what lets an append know its place without reading the disk.
//!
//! Only the writer thread changes it, and only after a commit, so it is never ahead of the disk. Readers take from
//! it where a history begins. It is built anew for each epoch (`index.rs`), because only within an epoch is this
//! process the only one that writes for the pair (F-1).

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use tandem_protocol::{Epoch, Seq, SessionId, Timestamp};

use super::row::Row;
use crate::{ChainLink, OpenSession};

/// Every event whose number is a multiple of this is a mark: a walk back through a long session goes from mark to
/// mark. With it, finding a page in a session of 100,000 events reads some 600 rows instead of all. Stored rows rely
/// on it: changing it needs a migration.
pub(super) const MARK_EVERY: u64 = 256;

/// The index is brought up before it is this far behind the log, in rows; it bounds what a takeover has to scan.
pub(super) const BEHIND_ROWS_MAX: u64 = 20_000;

/// The index is brought up when it has been behind for this long, so that a quiet session costs one update.
pub(super) const BEHIND_FOR_MAX: Duration = Duration::from_secs(1);

/// Where one session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Its last event.
    pub(super) row: Row,
    pub(super) seq: Seq,
    /// The last mark before that event.
    pub(super) mark: Row,
    /// From which the link of the next event follows.
    pub(super) link: ChainLink,
    pub(super) last_at: Timestamp,
    /// Its first event.
    pub(super) first: Row,
    pub(super) first_at: Timestamp,
    /// Closed sessions stay here until the index has them, since a reader who misses one looks there.
    pub(super) closed: bool,
    /// Whether the session waits in [`Heads::behind`]; set by [`Heads`] itself.
    pub(super) is_behind: bool,
}

impl Head {
    /// The mark that the event after this one records.
    pub(super) fn mark_for_next(&self) -> Row {
        if self.seq.0.is_multiple_of(MARK_EVERY) { self.row } else { self.mark }
    }
}

/// A session with events that the index does not know yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behind {
    /// The first event that the index does not know.
    row: Row,
    pub(super) session: SessionId,
    since: Instant,
}

/// The heads of all open sessions of the pair, and what the index still has to learn.
#[derive(Debug)]
pub(super) struct Heads {
    /// The epoch for which this is true; none before the first takeover.
    pub(super) epoch: Option<Epoch>,
    sessions: HashMap<SessionId, Head>,
    /// In the order of `row`: everything before the front's row is in the index.
    behind: VecDeque<Behind>,
    /// The last row that the index is known to cover.
    pub(super) through: Row,
}

impl Heads {
    /// Knows nothing, for no epoch.
    pub(super) fn unknown() -> Self {
        Self { epoch: None, sessions: HashMap::new(), behind: VecDeque::new(), through: Row::NONE }
    }

    /// Begins the heads of an epoch with what the index says.
    pub(super) fn new(epoch: Epoch, through: Row, indexed: impl IntoIterator<Item = (SessionId, Head)>) -> Self {
        Self { epoch: Some(epoch), sessions: indexed.into_iter().collect(), behind: VecDeque::new(), through }
    }

    /// Where a session stands. None also for a closed session that the index knows.
    pub(super) fn get(&self, session: &SessionId) -> Option<&Head> {
        self.sessions.get(session)
    }

    /// Every session that is not closed.
    pub(super) fn open(&self) -> Vec<OpenSession> {
        let open = self.sessions.iter().filter(|(_, head)| !head.closed);
        open.map(|(session, head)| OpenSession { session: *session, head: head.seq, last_at: head.last_at }).collect()
    }

    /// Moves a session's head to an event at `row`, which is later in the log than any moved to before.
    pub(super) fn advance(&mut self, session: SessionId, row: Row, head: Head, now: Instant) {
        let head = Head { is_behind: true, ..head };
        let known = self.sessions.insert(session, head);
        if !known.is_some_and(|known| known.is_behind) {
            self.behind.push_back(Behind { row, session, since: now });
        }
    }

    /// The sessions that the index is to learn now, given the log's end: at most `sessions_max`, oldest first.
    pub(super) fn due(&self, end: Row, now: Instant, sessions_max: usize) -> Vec<(SessionId, Head)> {
        let is_due = |behind: &&Behind| {
            now.saturating_duration_since(behind.since) >= BEHIND_FOR_MAX
                || end.rows_since(behind.row) >= BEHIND_ROWS_MAX
        };
        let due = self.behind.iter().take_while(is_due).take(sessions_max);
        due.map(|behind| (behind.session, *self.sessions.get(&behind.session).expect("what is behind has a head")))
            .collect()
    }

    /// Up to where the index covers the log, given its end, once it has learnt the first `count` that are behind.
    pub(super) fn through_after(&self, count: usize, end: Row) -> Row {
        self.behind.get(count).map_or(end, |behind| behind.row.before())
    }

    /// When the first session becomes due by age; none if the index is up with the log.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.behind.front().map(|behind| behind.since + BEHIND_FOR_MAX)
    }

    /// The index has learnt the first `count` that were behind and covers the log up to `through`.
    pub(super) fn indexed(&mut self, count: usize, through: Row) {
        self.through = through;
        for behind in self.behind.drain(..count) {
            match self.sessions.get_mut(&behind.session) {
                Some(head) if head.closed => drop(self.sessions.remove(&behind.session)),
                Some(head) => head.is_behind = false,
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::story::session;

    fn head(row: i64, closed: bool) -> Head {
        Head {
            row: Row(row),
            seq: Seq(1),
            mark: Row::NONE,
            link: ChainLink::NONE,
            last_at: Timestamp(0),
            first: Row(row),
            first_at: Timestamp(0),
            closed,
            is_behind: false,
        }
    }

    /// Sessions 1, 2 and 3 at rows 1, 2 and 3, and session 1 again at row 4; 3 is closed.
    fn heads(now: Instant) -> Heads {
        let mut heads = Heads::new(Epoch(1), Row::NONE, []);
        for (number, row) in [(1, 1), (2, 2), (3, 3), (1, 4)] {
            heads.advance(session(number), Row(row), head(row, number == 3), now);
        }
        heads
    }

    fn due(heads: &Heads, end: Row, now: Instant, sessions_max: usize) -> Vec<SessionId> {
        heads.due(end, now, sessions_max).into_iter().map(|(session, _)| session).collect()
    }

    #[test]
    fn a_session_is_due_once_it_was_behind_for_long_enough() {
        let now = Instant::now();
        let heads = heads(now);
        assert_eq!(heads.due_at(), Some(now + BEHIND_FOR_MAX));
        assert_eq!(due(&heads, Row(4), now, 9), []);
        assert_eq!(due(&heads, Row(4), now + BEHIND_FOR_MAX, 9), [session(1), session(2), session(3)]);
        assert_eq!(due(&heads, Row(4), now + BEHIND_FOR_MAX, 2), [session(1), session(2)]);
    }

    #[test]
    fn a_session_is_due_once_the_log_is_far_ahead_of_it() {
        let now = Instant::now();
        let far = i64::try_from(BEHIND_ROWS_MAX).expect("is small");
        assert_eq!(due(&heads(now), Row(far + 2), now, 9), [session(1), session(2)]);
    }

    #[test]
    fn the_index_covers_the_log_up_to_the_first_session_that_is_behind() {
        let now = Instant::now();
        let mut heads = heads(now);
        assert_eq!(heads.through_after(0, Row(9)), Row(0));
        assert_eq!(heads.through_after(2, Row(9)), Row(2));
        assert_eq!(heads.through_after(3, Row(9)), Row(9));
        heads.indexed(2, Row(2));
        heads.advance(session(1), Row(5), head(5, false), now);
        assert_eq!(due(&heads, Row(5), now + BEHIND_FOR_MAX, 9), [session(3), session(1)]);
        assert_eq!(heads.through_after(1, Row(9)), Row(4));
    }

    #[test]
    fn a_closed_session_is_forgotten_only_when_the_index_has_it() {
        let mut heads = heads(Instant::now());
        assert!(heads.get(&session(3)).is_some() && heads.open().len() == 2);
        heads.indexed(3, Row(4));
        assert!(heads.get(&session(3)).is_none() && heads.open().len() == 2);
        assert_eq!(heads.due_at(), None);
    }
}
