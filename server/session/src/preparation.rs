//! What a backup has restored before it takes over, so that a planned switchover is short.
//!
//! Saved events of an open session never change, so a beginning of its history that was read at any time stays true;
//! only whether it is the whole is not known. So nothing here is served before the store has said, in the epoch that is
//! this engine's own, which sessions are open and how far each goes (design section 3, *Order*):
//! [`Preparation::behind`] names what is then still to be read, and [`Preparation::whole`] gives those only that go
//! exactly as far.

use std::collections::{HashMap, VecDeque};

use tandem_protocol::{Seq, SessionId};

use crate::{LoadedSession, Session};

/// See the module. It holds no more sessions than the primary has readers for, which are in that one's memory too.
#[derive(Debug, Default)]
pub struct Preparation {
    /// Those that were named, as far as they were read; none for one that was not, or that is unreadable.
    sessions: HashMap<SessionId, Option<Session>>,
    unread: VecDeque<SessionId>,
    are_all_named: bool,
}

impl Preparation {
    /// The primary names sessions that have readers; `is_last` says that there are no more.
    pub fn named(&mut self, sessions: Vec<SessionId>, is_last: bool) {
        for session in sessions {
            self.sessions.entry(session).or_insert_with(|| {
                self.unread.push_back(session);
                None
            });
        }
        self.are_all_named |= is_last;
    }

    /// The next sessions to read the beginnings of, at most so many.
    pub fn next_unread(&mut self, sessions_max: usize) -> Vec<SessionId> {
        let count = self.unread.len().min(sessions_max);
        self.unread.drain(..count).collect()
    }

    /// Whether everything that was named was read, as far as it could be.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.are_all_named && self.unread.is_empty()
    }

    /// How many sessions are restored, whole or not.
    #[must_use]
    pub fn restored(&self) -> usize {
        self.sessions.values().flatten().count()
    }

    /// Beginnings of histories were read, or what follows the beginnings. What does not fit is dropped: it is read when
    /// somebody asks for it, and what is wrong with it is said then.
    pub fn read(&mut self, loaded: Vec<LoadedSession>) {
        for LoadedSession { session, history } in loaded {
            let Some(known) = self.sessions.get_mut(&session) else { continue };
            let restored = match known.take() {
                Some(mut session) => session.extend(history).map(|()| session),
                None => Session::restore(session, history),
            };
            *known = restored.ok().filter(|restored| !restored.is_empty());
        }
    }

    /// Which of the open sessions, given with their last saved events, are not whole, and after which event their
    /// histories are to be read on. Those that were not named have no readers and are not among them.
    #[must_use]
    pub fn behind(&self, open: &[(SessionId, Seq)]) -> Vec<(SessionId, Seq)> {
        let known = open.iter().filter_map(|(session, head)| Some((*session, *head, self.sessions.get(session)?)));
        let has = known.map(|(session, head, known)| (session, head, known.as_ref().map_or(Seq::ZERO, Session::head)));
        has.filter(|(_, head, has)| has < head).map(|(session, _, has)| (session, has)).collect()
    }

    /// Those of the open sessions that go as far as the store does.
    #[must_use]
    pub fn whole(mut self, open: &[(SessionId, Seq)]) -> Vec<Session> {
        let restored = open.iter().filter_map(|(session, head)| Some((self.sessions.remove(session)??, *head)));
        restored.filter(|(session, head)| session.head() == *head).map(|(session, _)| session).collect()
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{Event, EventBody, NoticeKind, RawEvent, Timestamp};

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId(uuid::Uuid::from_u128(number))
    }

    /// The events of a session from one number to another.
    fn events(number: u128, seqs: std::ops::RangeInclusive<u64>) -> LoadedSession {
        let event = |seq| {
            let body = match seq {
                1 => EventBody::Opened { subject: None, properties: Default::default() },
                _ => EventBody::Notice { notice: NoticeKind::Restored, text: None },
            };
            let event = Event { seq: Seq(seq), at_ms: Timestamp(0), body };
            (RawEvent::of(&event), None)
        };
        LoadedSession { session: session(number), history: seqs.map(event).collect() }
    }

    fn heads(sessions: Vec<Session>) -> Vec<(SessionId, Seq)> {
        let mut heads: Vec<_> = sessions.iter().map(|session| (session.id(), session.head())).collect();
        heads.sort_unstable();
        heads
    }

    #[test]
    fn what_was_read_before_counts_once_the_rest_is_read() {
        let mut preparation = Preparation::default();
        preparation.named(vec![session(1), session(2)], false);
        assert_eq!(preparation.next_unread(1), [session(1)]);
        assert!(!preparation.is_ready());
        preparation.named(vec![session(2), session(3)], true);
        assert_eq!(preparation.next_unread(9), [session(2), session(3)]);
        assert!(preparation.is_ready());
        let unknown = LoadedSession { session: session(3), history: Vec::new() };
        preparation.read(vec![events(1, 1..=3), events(2, 1..=2), unknown]);
        assert_eq!(preparation.restored(), 2, "the store did not know the third yet");

        let open = [(session(1), Seq(3)), (session(2), Seq(4)), (session(3), Seq(1)), (session(4), Seq(1))];
        assert_eq!(preparation.behind(&open), [(session(2), Seq(2)), (session(3), Seq(0))]);
        preparation.read(vec![events(2, 3..=4), events(3, 1..=1)]);
        assert_eq!(preparation.behind(&open), []);
        assert_eq!(heads(preparation.whole(&open)), open[..3]);
    }

    #[test]
    fn what_is_not_whole_or_no_longer_open_is_not_served() {
        //
        let mut preparation = Preparation::default();
        preparation.named(vec![session(1), session(2), session(3)], true);
        preparation.next_unread(9);
        preparation.read(vec![events(1, 1..=3), events(2, 1..=2), events(3, 1..=2)]);
        let open = [(session(1), Seq(4)), (session(2), Seq(2))];
        assert_eq!(heads(preparation.whole(&open)), [(session(2), Seq(2))]);
    }

    #[test]
    fn a_history_that_does_not_fit_is_left_to_whoever_asks_for_it() {
        let mut preparation = Preparation::default();
        preparation.named(vec![session(1), session(2)], true);
        preparation.next_unread(9);
        preparation.read(vec![events(1, 1..=3), events(2, 2..=3)]);
        preparation.read(vec![events(1, 5..=5), events(7, 1..=1)]);
        assert_eq!(preparation.restored(), 0);
    }
}
