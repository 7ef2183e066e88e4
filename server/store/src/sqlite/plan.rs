//! Gives each entry of a transaction its place in the log before anything is written.
//!
//! It exists so that the heads of sessions change only after the commit: a plan that is dropped leaves nothing
//! behind. The writer thread makes one for each transaction.

use std::collections::HashMap;

use tandem_protocol::{Seq, SessionId};

use super::{fault::Fault, heads::Head, heads::Heads, row::Row};
use crate::Entry;

/// The rows of one transaction.
#[derive(Debug)]
pub(super) struct Plan {
    end: Row,
    rows: Vec<Planned>,
    /// The heads as they are once the rows are committed, of the sessions that have any.
    heads: HashMap<SessionId, Head>,
}

/// One row to be written.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) row: Row,
    pub(super) prev: Row,
    pub(super) mark: Row,
    pub(super) entry: Entry,
    /// The session's head before this row, to undo it.
    before: Option<Head>,
}

impl Plan {
    /// Begins after the log's last row.
    pub(super) fn new(end: Row) -> Self {
        Self { end, rows: Vec::new(), heads: HashMap::new() }
    }

    /// The rows in the order in which they are to be written.
    pub(super) fn rows(&self) -> &[Planned] {
        &self.rows
    }

    /// Adds the entries of one call, all or none: refuses what does not follow the session's last event (D-4).
    pub(super) fn add(&mut self, heads: &Heads, entries: Vec<Entry>) -> Result<(), Fault> {
        let start = self.rows.len();
        for entry in entries {
            if let Err(fault) = self.add_one(heads, entry) {
                self.undo_to(start);
                return Err(fault);
            }
        }
        Ok(())
    }

    /// The rows with the heads they lead to, in order: what is true once they are committed.
    pub(super) fn into_heads(self) -> impl Iterator<Item = (SessionId, Row, Head)> {
        let Self { rows, mut heads, .. } = self;
        // The first row of each session takes the head along; later rows of it find none.
        rows.into_iter().filter_map(move |planned| {
            let session = planned.entry.session;
            heads.remove(&session).map(|head| (session, planned.row, head))
        })
    }

    fn add_one(&mut self, heads: &Heads, entry: Entry) -> Result<(), Fault> {
        let before = self.heads.get(&entry.session).or_else(|| heads.get(&entry.session)).copied();
        let last = before.map_or(Seq::ZERO, |head| head.seq);
        if entry.event.seq != last.next() || before.is_some_and(|head| head.closed) {
            return Err(Fault::Order { session: entry.session, head: last, got: entry.event.seq });
        }
        let row = self.end.next();
        let mark = before.map_or(Row::NONE, |head| head.mark_for_next());
        let head = Head {
            row,
            seq: entry.event.seq,
            mark,
            last_at: entry.at,
            first: before.map_or(row, |head| head.first),
            first_at: before.map_or(entry.at, |head| head.first_at),
            closed: entry.closes,
            is_behind: true,
        };
        self.heads.insert(entry.session, head);
        self.rows.push(Planned { row, prev: before.map_or(Row::NONE, |head| head.row), mark, entry, before });
        self.end = row;
        Ok(())
    }

    fn undo_to(&mut self, start: usize) {
        for undone in self.rows.drain(start..).rev() {
            self.end = undone.row.before();
            match undone.before {
                Some(head) => drop(self.heads.insert(undone.entry.session, head)),
                None => drop(self.heads.remove(&undone.entry.session)),
            }
        }
    }
}
