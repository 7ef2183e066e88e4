//! Which sessions the link receives, as whom, and up to which event: what a new primary must be told. Pure.

use std::collections::{HashMap, hash_map::Entry};

use tandem_protocol::{
    ParticipantId, Seq, SessionId,
    limits::ATTACH_SESSIONS_MAX,
    link::{Attach, Attached, Credential, Deliver, Page, SessionNotice},
};

/// The table of attachments.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    sessions: HashMap<SessionId, Attachment>,
}

#[derive(Debug)]
struct Attachment {
    /// As whom; `None` is the link itself.
    readers: Vec<Option<ParticipantId>>,
    /// The last event the owner was given, or could have read by its own choice.
    after: Seq,
    /// Events after this one were given without being on the disk. A new primary may know others under their numbers,
    /// so it is asked for everything from here.
    unsaved_after: Option<Seq>,
}

impl Attachment {
    fn attach(&self, session: SessionId) -> Attach {
        // The link itself, if it reads too, is not among those who can come second.
        let first = self.readers.iter().position(Option::is_none).unwrap_or(0);
        let by = self.readers[first].map_or(Credential::Role, Credential::Participant);
        let others = self.readers.iter().enumerate().filter(|(at, _)| *at != first);
        Attach { session, by, also: others.filter_map(|(_, reader)| *reader).collect(), after: self.sure_after() }
    }

    /// The last event of which it is sure that a new primary knows it too.
    fn sure_after(&self) -> Seq {
        self.unsaved_after.map_or(self.after, |unsaved| unsaved.min(self.after))
    }

    fn learns(&mut self, page: &Page) {
        // Even when it is smaller: the new primary's history is the one that counts.
        (self.after, self.unsaved_after) = (page.head, page.state.unsaved_after);
    }
}

impl Attachments {
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Takes the answer to one session of an attach.
    pub(crate) fn attached(&mut self, attached: &Attached) {
        let Attached::Live { session, page } = attached else { return };
        let attachment = match self.sessions.entry(*session) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(Attachment { readers: Vec::new(), after: page.head, unsaved_after: None })
            }
        };
        attachment.learns(page);
        if !attachment.readers.contains(&page.participant) {
            attachment.readers.push(page.participant);
        }
    }

    /// Takes the answer to a batch of [`Attachments::batches`]; what was refused is forgotten.
    pub(crate) fn reattached(&mut self, asked: &[Attach], answers: &[Attached]) {
        for (asked, answer) in asked.iter().zip(answers) {
            match answer {
                // The readers stay as they are: a detach may have come between the question and the answer.
                Attached::Live { session, page } => {
                    if let Some(attachment) = self.sessions.get_mut(session) {
                        attachment.learns(page);
                    }
                }
                Attached::Refused { session, .. } => {
                    self.detach(*session, reader_of(asked));
                    asked.also.iter().for_each(|reader| self.detach(*session, Some(*reader)));
                }
            }
        }
    }

    /// Events were delivered.
    pub(crate) fn delivered(&mut self, deliver: &Deliver) {
        if let (Some(attachment), Some(last)) = (self.sessions.get_mut(&deliver.session), deliver.events.last()) {
            attachment.after = last.seq;
        }
    }

    /// What is on the disk has changed.
    pub(crate) fn noticed(&mut self, session: SessionId, notice: &SessionNotice) {
        let Some(attachment) = self.sessions.get_mut(&session) else { return };
        match notice {
            SessionNotice::Saved { is_all: true, .. } => attachment.unsaved_after = None,
            SessionNotice::Saved { seq, .. } | SessionNotice::NotSaved { seq, .. } => {
                attachment.unsaved_after = Some(*seq);
            }
            SessionNotice::Said { .. } => {}
        }
    }

    /// Ends one attachment; the session goes with its last.
    pub(crate) fn detach(&mut self, session: SessionId, reader: Option<ParticipantId>) {
        if let Entry::Occupied(mut entry) = self.sessions.entry(session) {
            let readers = &mut entry.get_mut().readers;
            readers.retain(|known| *known != reader);
            if readers.is_empty() {
                entry.remove();
            }
        }
    }

    /// The attach requests that restore the table at a new primary; a session stands in one of them, once.
    pub(crate) fn batches(&self) -> Vec<Vec<Attach>> {
        let all: Vec<Attach> = self.sessions.iter().map(|(session, attachment)| attachment.attach(*session)).collect();
        all.chunks(ATTACH_SESSIONS_MAX).map(<[Attach]>::to_vec).collect()
    }
}

fn reader_of(attach: &Attach) -> Option<ParticipantId> {
    match attach.by {
        Credential::Participant(participant) => Some(participant),
        Credential::Role | Credential::Token(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{ErrorCode, Refusal};

    use super::*;
    use crate::testing::{deliver, live, session};

    fn refused(at: u128) -> Attached {
        Attached::Refused { session: session(at), refusal: Refusal::new(ErrorCode::UnknownSession, "It is unknown.") }
    }

    fn entries(table: &Attachments) -> Vec<(SessionId, Option<ParticipantId>, Seq)> {
        let batches = table.batches().into_iter().flatten();
        let readers = |attach: &Attach| {
            let also = attach.also.iter().copied().map(Some);
            std::iter::once(reader_of(attach)).chain(also).collect::<Vec<_>>()
        };
        let entries = batches
            .flat_map(|attach| readers(&attach).into_iter().map(move |reader| (attach.session, reader, attach.after)));
        let mut entries: Vec<_> = entries.collect();
        entries.sort();
        entries
    }

    #[test]
    fn a_delivery_moves_the_place_from_which_a_new_primary_goes_on() {
        let mut table = Attachments::default();
        table.attached(&live(1, Some(1), 4));
        table.delivered(&deliver(1, 5..=7));
        table.delivered(&deliver(2, 1..=1));
        assert_eq!(entries(&table), [(session(1), Some(ParticipantId(1)), Seq(7))]);
    }

    #[test]
    fn what_was_delivered_unsaved_is_asked_for_again_until_it_is_saved() {
        //
        let mut table = Attachments::default();
        let one = Some(ParticipantId(1));
        table.attached(&live(1, Some(1), 4));
        table.noticed(session(1), &SessionNotice::NotSaved { seq: Seq(4), for_clients: false });
        table.delivered(&deliver(1, 5..=7));
        assert_eq!(entries(&table), [(session(1), one, Seq(4))]);
        table.noticed(session(1), &SessionNotice::Saved { seq: Seq(6), is_all: false, for_clients: false });
        assert_eq!(entries(&table), [(session(1), one, Seq(6))]);
        table.noticed(session(1), &SessionNotice::Saved { seq: Seq(7), is_all: true, for_clients: false });
        assert_eq!(entries(&table), [(session(1), one, Seq(7))]);
    }

    #[test]
    fn participants_of_one_session_are_attached_together_from_the_same_place() {
        let mut table = Attachments::default();
        table.attached(&live(1, Some(1), 4));
        table.attached(&live(1, Some(2), 5));
        table.attached(&live(1, Some(2), 5));
        let (one, two) = (Some(ParticipantId(1)), Some(ParticipantId(2)));
        assert_eq!(entries(&table), [(session(1), one, Seq(5)), (session(1), two, Seq(5))]);
        assert_eq!(table.batches().concat().len(), 1, "one answer a session");
        table.detach(session(1), one);
        assert_eq!(entries(&table), [(session(1), two, Seq(5))]);
        table.detach(session(1), two);
        assert_eq!(table.sessions(), 0);
    }

    #[test]
    fn a_batch_holds_no_more_than_one_request_may() {
        let mut table = Attachments::default();
        for at in 0..300 {
            table.attached(&live(at, None, 1));
        }
        let sizes: Vec<_> = table.batches().iter().map(Vec::len).collect();
        assert_eq!((sizes.iter().sum(), sizes.len()), (300, 300_usize.div_ceil(ATTACH_SESSIONS_MAX)));
        assert!(sizes.iter().all(|size| *size <= ATTACH_SESSIONS_MAX));
        assert!(table.batches().iter().flatten().all(|attach| attach.by == Credential::Role));
    }

    #[test]
    fn what_is_refused_after_a_loss_is_forgotten_and_what_was_detached_stays_so() {
        let mut table = Attachments::default();
        for at in 1..=3 {
            table.attached(&live(at, Some(1), 4));
        }
        let mut asked = table.batches().remove(0);
        asked.sort_by_key(|attach| attach.session);
        table.detach(session(3), Some(ParticipantId(1)));
        table.reattached(&asked, &[live(1, Some(1), 2), refused(2), live(3, Some(1), 4)]);
        assert_eq!(entries(&table), [(session(1), Some(ParticipantId(1)), Seq(2))]);
    }
}
