//! Decides which entries of the calls that wait together can be stored, before anything is sent.
//!
//! It exists so that a call that is refused takes no other with it, and so that what is known of the sessions changes
//! only after the commit. The table's key holds D-4 against repeats, this holds it against gaps.

use std::collections::{HashMap, HashSet};

use tandem_protocol::{Seq, SessionId};

use super::fault::Fault;
use crate::{
    ChainLink, Entry, Proof,
    chain::{self, Salts},
};

/// Where one session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: Seq,
    pub(super) closed: bool,
    /// From which the link of the next event follows.
    pub(super) link: ChainLink,
}

/// The heads that the writer knows in its epoch: of the sessions that it has written to and not closed, so as many as
/// are open at most. Right for as long as it is the only writer; the fence of each statement says whether it is.
#[derive(Debug, Default)]
pub(super) struct Heads(HashMap<SessionId, Head>);

impl Heads {
    /// Where a session stands, if that is known.
    pub(super) fn get(&self, session: &SessionId) -> Option<Head> {
        self.0.get(session).copied()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Moves the heads to where a plan has brought them; called after its commit.
    pub(super) fn remember(&mut self, after: HashMap<SessionId, Head>) {
        for (session, head) in after {
            if head.closed {
                self.0.remove(&session);
            } else {
                self.0.insert(session, head);
            }
        }
    }
}

/// The rows of one statement.
#[derive(Debug)]
pub(super) struct Plan<'e> {
    /// Where the sessions of the calls stand; one that is missing has no events.
    before: HashMap<SessionId, Head>,
    rows: Vec<&'e Entry>,
    /// Of each row, in the same order, its part in the chain.
    chained: Vec<(Proof, ChainLink)>,
    /// One for each entry that may be added.
    salts: Salts,
    /// Where the sessions stand once the rows are committed, of those that have any.
    after: HashMap<SessionId, Head>,
}

impl<'e> Plan<'e> {
    pub(super) fn new(before: HashMap<SessionId, Head>, salts: Salts) -> Self {
        Self { before, rows: Vec::new(), chained: Vec::new(), salts, after: HashMap::new() }
    }

    /// Adds the entries of one call, all or none: refuses what does not follow the session's last event (D-4).
    pub(super) fn add(&mut self, entries: &'e [Entry]) -> Result<(), Fault> {
        let mut after: HashMap<SessionId, Head> = HashMap::new();
        let mut chained = Vec::with_capacity(entries.len());
        for entry in entries {
            let session = entry.session;
            let head = [&after, &self.after, &self.before].into_iter().find_map(|heads| heads.get(&session));
            let last = head.map_or(Seq::ZERO, |head| head.seq);
            let follows = last.0.checked_add(1) == Some(entry.event.seq.0);
            if !follows || head.is_some_and(|head| head.closed) {
                return Err(Fault::Order { session, head: last, got: entry.event.seq });
            }
            let salt = self.salts.take();
            let link = chain::next(head.map_or(ChainLink::NONE, |head| head.link), entry, salt);
            chained.push((Proof::Salt(salt), link));
            after.insert(session, Head { seq: entry.event.seq, closed: entry.closes, link });
        }
        self.after.extend(after);
        self.chained.extend(chained);
        self.rows.extend(entries);
        Ok(())
    }

    /// What is to be stored, in order.
    pub(super) fn rows(&self) -> &[&'e Entry] {
        &self.rows
    }

    /// Of each row, in the same order, its part in the chain.
    pub(super) fn chained(&self) -> &[(Proof, ChainLink)] {
        &self.chained
    }

    /// The sessions that begin here and are still open at the end.
    pub(super) fn opened(&self) -> Vec<SessionId> {
        let first = self.rows.iter().filter(|entry| entry.event.seq == Seq::ZERO.next());
        first.map(|entry| entry.session).filter(|session| !self.after[session].closed).collect()
    }

    /// The sessions that end here and did not begin here.
    pub(super) fn closed(&self) -> Vec<SessionId> {
        let begun: HashSet<_> =
            self.rows.iter().filter(|entry| entry.event.seq == Seq::ZERO.next()).map(|entry| entry.session).collect();
        let last = self.rows.iter().filter(|entry| entry.closes);
        last.map(|entry| entry.session).filter(|session| !begun.contains(session)).collect()
    }

    /// Where the sessions stand once the rows are committed.
    pub(super) fn into_after(self) -> HashMap<SessionId, Head> {
        self.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::story::{closing, message, messages, session};

    fn plan<'e>(before: HashMap<SessionId, Head>) -> Plan<'e> {
        Plan::new(before, Salts::draw(16).expect("the system has random bytes"))
    }

    fn salt_of((proof, _): &(Proof, ChainLink)) -> [u8; 16] {
        match proof {
            Proof::Salt(salt) => *salt,
            Proof::Leaf(_) => panic!("a new event is not erased"),
        }
    }

    fn numbers(plan: &Plan<'_>) -> Vec<(SessionId, u64)> {
        plan.rows().iter().map(|entry| (entry.session, entry.event.seq.0)).collect()
    }

    #[test]
    fn a_refused_call_leaves_no_trace() {
        let mut plan = plan(HashMap::new());
        let first = messages(session(1), 1, 2);
        let refused = [message(session(2), 1), message(session(1), 3), closing(session(1), 4), message(session(1), 5)];
        let last = [message(session(1), 3), message(session(2), 1)];
        plan.add(&first).expect("follows");
        plan.add(&refused).expect_err("nothing follows the closing event");
        plan.add(&last).expect("follows");
        assert_eq!(numbers(&plan), [(session(1), 1), (session(1), 2), (session(1), 3), (session(2), 1)]);
    }

    #[test]
    fn a_plan_goes_on_from_where_sessions_stand() {
        let stands = |seq, closed| Head { seq: Seq(seq), closed, link: ChainLink([7; 32]) };
        let before = HashMap::from([(session(1), stands(7, false)), (session(2), stands(3, true))]);
        let mut plan = plan(before);
        let repeat = message(session(1), 7);
        let gap = message(session(1), 9);
        let behind_the_end = message(session(2), 4);
        let no_beginning = message(session(3), 2);
        for refused in [&repeat, &gap, &behind_the_end, &no_beginning] {
            plan.add(std::slice::from_ref(refused)).expect_err("does not follow");
        }
        let entries = [message(session(1), 8)];
        plan.add(&entries).expect("follows");
        let link = chain::next(ChainLink([7; 32]), &entries[0], salt_of(&plan.chained()[0]));
        assert_eq!(plan.into_after(), HashMap::from([(session(1), Head { link, ..stands(8, false) })]));
    }

    #[test]
    fn sessions_that_begin_and_end_are_told_apart() {
        let before = HashMap::from([(session(3), Head { seq: Seq(4), closed: false, link: ChainLink::NONE })]);
        let mut plan = plan(before);
        let entries = [
            message(session(1), 1),
            message(session(1), 2),
            message(session(2), 1),
            closing(session(2), 2),
            closing(session(3), 5),
        ];
        plan.add(&entries).expect("follows");
        assert_eq!(plan.opened(), [session(1)]);
        assert_eq!(plan.closed(), [session(3)]);
        let mut heads = Heads::default();
        heads.remember(plan.into_after());
        assert!(
            heads.get(&session(1)).is_some() && heads.get(&session(2)).is_none() && heads.get(&session(3)).is_none()
        );
    }
}
