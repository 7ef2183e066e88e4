//! Gives each entry of a transaction its place in the log before anything is written.
//!
//! It exists so that the heads of sessions change only after the commit: a plan that is dropped leaves nothing
//! behind. The writer thread makes one for each transaction.

use std::collections::HashMap;

use tandem_protocol::{Seq, SessionId};

use super::{fault::Fault, heads::Head, heads::Heads, row::Row};
use crate::{
    ChainLink, Entry, Proof,
    chain::{self, Salts},
};

/// The rows of one transaction.
#[derive(Debug)]
pub(super) struct Plan {
    end: Row,
    /// One for each entry that may be added.
    salts: Salts,
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
    pub(super) proof: Proof,
    pub(super) link: ChainLink,
    pub(super) entry: Entry,
    /// The session's head before this row, to undo it.
    before: Option<Head>,
}

impl Plan {
    /// Begins after the log's last row.
    pub(super) fn new(end: Row, salts: Salts) -> Self {
        Self { end, salts, rows: Vec::new(), heads: HashMap::new() }
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
        let follows = last.0.checked_add(1) == Some(entry.event.seq.0);
        if !follows || before.is_some_and(|head| head.closed) {
            return Err(Fault::Order { session: entry.session, head: last, got: entry.event.seq });
        }
        let row = self.end.next();
        let mark = before.map_or(Row::NONE, |head| head.mark_for_next());
        let salt = self.salts.take();
        let link = chain::next(before.map_or(ChainLink::NONE, |head| head.link), &entry, salt);
        let head = Head {
            row,
            seq: entry.event.seq,
            mark,
            link,
            last_at: entry.at,
            first: before.map_or(row, |head| head.first),
            first_at: before.map_or(entry.at, |head| head.first_at),
            closed: entry.closes,
            is_behind: true,
        };
        self.heads.insert(entry.session, head);
        let prev = before.map_or(Row::NONE, |head| head.row);
        self.rows.push(Planned { row, prev, mark, proof: Proof::Salt(salt), link, entry, before });
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tandem_protocol::Epoch;

    use super::*;
    use crate::{
        contract::story::{closing, message, messages, session},
        sqlite::heads::MARK_EVERY,
    };

    fn plan(end: i64) -> Plan {
        Plan::new(Row(end), Salts::draw(16).expect("the system has random bytes"))
    }

    fn places(plan: &Plan) -> Vec<(i64, i64)> {
        plan.rows().iter().map(|planned| (planned.row.0, planned.prev.0)).collect()
    }

    #[test]
    fn each_row_names_the_row_before_it_in_its_session() {
        let heads = Heads::new(Epoch(1), Row::NONE, []);
        let mut plan = plan(10);
        plan.add(&heads, vec![message(session(1), 1), message(session(2), 1)]).expect("follows");
        plan.add(&heads, vec![message(session(1), 2), message(session(2), 2)]).expect("follows");
        assert_eq!(places(&plan), [(11, 0), (12, 0), (13, 11), (14, 12)]);
        let heads: Vec<_> = plan.into_heads().map(|(session, row, head)| (session, row.0, head.row.0)).collect();
        assert_eq!(heads, [(session(1), 11, 13), (session(2), 12, 14)]);
    }

    #[test]
    fn a_refused_call_leaves_no_trace() {
        let heads = Heads::new(Epoch(1), Row::NONE, []);
        let mut plan = plan(10);
        plan.add(&heads, messages(session(1), 1, 2)).expect("follows");
        let refused =
            vec![message(session(2), 1), message(session(1), 3), closing(session(1), 4), message(session(1), 5)];
        plan.add(&heads, refused).expect_err("nothing follows the closing event");
        assert_eq!(places(&plan), [(11, 0), (12, 11)]);
        plan.add(&heads, vec![message(session(1), 3), message(session(2), 1)]).expect("follows");
        assert_eq!(places(&plan), [(11, 0), (12, 11), (13, 12), (14, 0)]);
    }

    #[test]
    fn a_row_names_the_last_mark_before_it_across_transactions() {
        let mut heads = Heads::new(Epoch(1), Row::NONE, []);
        let mut marks = Vec::new();
        for seq in 1..=2 * MARK_EVERY + 2 {
            let mut plan = plan(seq.cast_signed() - 1);
            plan.add(&heads, vec![message(session(1), seq)]).expect("follows");
            marks.push(plan.rows()[0].mark.0);
            for (session, row, head) in plan.into_heads() {
                heads.advance(session, row, head, Instant::now());
            }
        }
        // The session is alone, so a row's id is its number.
        let expected = (1..=2 * MARK_EVERY + 2).map(|seq| ((seq - 1) / MARK_EVERY * MARK_EVERY).cast_signed());
        assert!(marks.into_iter().eq(expected));
    }
}
