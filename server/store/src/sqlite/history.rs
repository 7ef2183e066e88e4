//! Reads histories: walks back through the log from a session's head.
//!
//! It exists because the log has no index: each row names the row before it, and the last mark before it, over which
//! a long session is crossed in steps of [`MARK_EVERY`]. Bytes on disk are checked, never trusted.

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use tandem_protocol::{RawEvent, Seq, SessionId, TokenHash, limits::SESSION_EVENTS_MAX};

use super::{fault::Fault, heads::MARK_EVERY, row::Row};
use crate::{StoreError, StoredEvent};

/// A walk back through one session.
pub(super) struct Walk<'c> {
    session: SessionId,
    /// The event that the walk stands at.
    row: Row,
    seq: Seq,
    links: CachedStatement<'c>,
    event: CachedStatement<'c>,
}

impl<'c> Walk<'c> {
    /// Begins at an event of the session, its head as a rule.
    pub(super) fn from(
        connection: &'c Connection,
        session: SessionId,
        (row, seq): (Row, Seq),
    ) -> rusqlite::Result<Self> {
        let links = connection.prepare_cached("SELECT session, seq, prev, mark FROM events WHERE id = ?1")?;
        let event = connection.prepare_cached("SELECT session, seq, prev, secret, body FROM events WHERE id = ?1")?;
        Ok(Self { session, row, seq, links, event })
    }

    /// Goes back to `target`, if that is an earlier event.
    pub(super) fn back_to(&mut self, target: Seq) -> Result<(), StoreError> {
        while self.seq > target {
            let found = self
                .links
                .query_row([self.row], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?)));
            let (session, seq, prev, mark) = found.optional()?.ok_or_else(|| self.broken())?;
            self.check(session, seq)?;
            let mark_seq = Seq(before(self.seq).0 / MARK_EVERY * MARK_EVERY);
            (self.row, self.seq) = if mark_seq >= target { (mark, mark_seq) } else { (prev, before(self.seq)) };
        }
        Ok(())
    }

    /// The events after `after` up to where the walk stands, in order.
    pub(super) fn collect(mut self, after: Seq) -> Result<Vec<StoredEvent>, StoreError> {
        // A damaged number must not reserve all memory.
        let count = self.seq.0.saturating_sub(after.0).min(SESSION_EVENTS_MAX);
        let mut events = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
        while self.seq > after {
            let found = self.event.query_row([self.row], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get::<_, Option<_>>(3)?, row.get(4)?))
            });
            let (session, seq, prev, secret, body) = found.optional()?.ok_or_else(|| self.broken())?;
            self.check(session, seq)?;
            events.push(StoredEvent { event: self.raw(body)?, secret: secret.map(TokenHash) });
            (self.row, self.seq) = (prev, before(self.seq));
        }
        events.reverse();
        Ok(events)
    }

    fn raw(&self, body: String) -> Result<RawEvent, Fault> {
        RawEvent::stored(self.seq, body).map_err(|_| Fault::Body { session: self.session, seq: self.seq })
    }

    fn check(&self, session: [u8; 16], seq: i64) -> Result<(), Fault> {
        let is_it = session == *self.session.0.as_bytes() && seq.cast_unsigned() == self.seq.0;
        if is_it { Ok(()) } else { Err(self.broken()) }
    }

    fn broken(&self) -> Fault {
        Fault::Chain { session: self.session, seq: self.seq }
    }
}

fn before(seq: Seq) -> Seq {
    Seq(seq.0 - 1)
}

/// Cuts a page: no more than fit into `bytes_max`, but one at least.
pub(super) fn page(events: Vec<StoredEvent>, bytes_max: usize) -> Vec<RawEvent> {
    let mut bytes = 0;
    let fits = |event: &RawEvent| {
        let is_first = bytes == 0;
        bytes += event.len_bytes();
        is_first || bytes <= bytes_max
    };
    events.into_iter().map(|stored| stored.event).take_while(fits).collect()
}
