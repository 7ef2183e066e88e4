//! What the echo participant does in one session: events and answers in, the next step out; no link, no clock.
//!
//! One step is under way at a time, and messages are answered in their order. Thus the greatest `echo-<seq>` in the
//! history says how far the answers go, whoever gave them; a step repeated after a failover or a restart is known by
//! its client id (D-3).

use std::collections::{HashSet, VecDeque};

use tandem_protocol::{
    ClientId, ErrorCode, Event, EventBody, ParticipantId, ParticipantKind, RawEvent, Refusal, Seq, SessionState,
    SessionStatus,
    link::{Answer, Page},
};

/// The property that switches the echo on.
const PROPERTY: &str = "echo";

/// The property's value that does.
const ON: &str = "on";

/// The name to show.
pub(super) const NAME: &str = "Echo";

/// The client id of the join, the same for every life of this process.
pub(super) const JOIN_ID: &str = "echo";

/// Messages that wait for their answer; what is beyond them is read again later (B-1).
const UNANSWERED_MAX: usize = 32;

/// The answer to a message that is too long to be repeated.
const TOO_LONG: &str = "You said a lot.";

/// What is to be done next in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Join it.
    Join,
    /// Read on after this event.
    Read(Seq),
    /// Answer this message.
    Say {
        /// As whom.
        participant: ParticipantId,
        /// The message answered.
        to: Seq,
        /// The answer.
        text: String,
    },
    /// Nothing until something happens.
    Wait,
    /// Nothing until a while has passed.
    Later,
    /// There is nothing to do here, now or later: the echo is not wanted or the session has ended.
    Leave,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Dialogue {
    wanted: bool,
    open: bool,
    /// Who this is in the session, once the engine has said so in this life.
    participant: Option<ParticipantId>,
    /// The same as found in the history.
    own: Option<ParticipantId>,
    customers: HashSet<ParticipantId>,
    /// Messages without an answer, in order.
    unanswered: VecDeque<(Seq, String)>,
    /// The last event taken in.
    seen: Seq,
    /// The last event that there is, as far as known.
    head: Seq,
    /// The step that was given out and whose outcome is not known.
    under_way: Option<Step>,
    /// The last step was refused for now.
    refused: bool,
}

impl Dialogue {
    /// A session that was attached from its beginning.
    pub(super) fn new(page: &Page) -> Self {
        let mut dialogue = Self {
            wanted: is_wanted(&page.state),
            open: page.state.status == SessionStatus::Open,
            participant: None,
            own: None,
            customers: HashSet::new(),
            unanswered: VecDeque::new(),
            seen: Seq::ZERO,
            head: Seq::ZERO,
            under_way: None,
            refused: false,
        };
        dialogue.head = page.head;
        dialogue.take(&page.events);
        dialogue
    }

    /// What was missed while the link was lost. False when it does not continue what is known: then the
    /// dialogue must begin anew.
    pub(super) fn on_missed(&mut self, page: &Page) -> bool {
        if page.head < self.seen {
            return false;
        }
        self.open &= page.state.status == SessionStatus::Open;
        self.head = self.head.max(page.head);
        let after = page.events.first().map_or(self.seen, |first| Seq(first.seq.0.saturating_sub(1)));
        self.on_events(after, &page.events);
        true
    }

    /// Events as they happen, after this one. Those that are known are skipped; a gap is read later.
    pub(super) fn on_events(&mut self, after: Seq, events: &[RawEvent]) {
        if let Some(last) = events.last() {
            self.head = self.head.max(last.seq);
        }
        if after <= self.seen {
            self.take(events);
        }
    }

    /// The outcome of the step under way.
    pub(super) fn on_answer(&mut self, answer: &Answer) {
        match (self.under_way.take(), answer) {
            (_, Answer::Joined { participant, .. }) => self.participant = Some(*participant),
            (Some(Step::Say { to, .. }), Answer::Saved { .. }) => self.forget_to(to),
            (Some(Step::Read(after)), Answer::Page(page)) => {
                self.open &= page.state.status == SessionStatus::Open;
                self.head = self.head.max(page.head);
                self.take(&page.events);
                if self.seen == after {
                    // There is nothing for us behind it; the next event raises the head again.
                    self.head = after;
                }
            }
            _ => {}
        }
    }

    /// The step under way was refused.
    pub(super) fn on_refused(&mut self, refusal: &Refusal) {
        self.under_way = None;
        match refusal.code {
            ErrorCode::MessageTooLong => self.answer_shorter(),
            code if code.is_retryable() => self.refused = true,
            _ => self.open = false,
        }
    }

    /// A while has passed since [`Step::Later`].
    pub(super) fn on_time(&mut self) {
        self.refused = false;
    }

    /// The next step. [`Step::Join`], [`Step::Read`] and [`Step::Say`] are under way from then on.
    pub(super) fn next(&mut self) -> Step {
        if !self.wanted || !self.open {
            return Step::Leave;
        }
        if self.under_way.is_some() {
            return Step::Wait;
        }
        if self.refused {
            return Step::Later;
        }
        let step = self.choose();
        self.under_way = (step != Step::Wait).then(|| step.clone());
        step
    }

    fn choose(&self) -> Step {
        match (self.participant, self.unanswered.front()) {
            (None, _) => Step::Join,
            (Some(participant), Some((to, text))) => Step::Say { participant, to: *to, text: text.clone() },
            (Some(_), None) if self.seen < self.head => Step::Read(self.seen),
            (Some(_), None) => Step::Wait,
        }
    }

    fn has_room(&self) -> bool {
        self.unanswered.len() < UNANSWERED_MAX
    }

    /// Takes in what is new, in order; stops where there is no room, and reads the rest later.
    fn take(&mut self, events: &[RawEvent]) {
        let seen = self.seen;
        for raw in events.iter().skip_while(|raw| raw.seq <= seen) {
            if !self.has_room() {
                return;
            }
            self.seen = raw.seq;
            // An event that cannot be read is of a kind that is not known here, and none to answer.
            if let Ok(event) = raw.parse() {
                self.take_in(event);
            }
        }
    }

    fn take_in(&mut self, event: Event) {
        match event.body {
            EventBody::Joined { participant, kind: ParticipantKind::Client, .. } => {
                self.customers.insert(participant);
            }
            EventBody::Joined { participant, client_id, .. } if client_id.as_str() == JOIN_ID => {
                self.own = Some(participant);
            }
            EventBody::Message { participant, text, .. } if self.customers.contains(&participant) => {
                self.unanswered.push_back((event.seq, format!("You said: {text}")));
            }
            EventBody::Message { participant, client_id, .. } if self.own == Some(participant) => {
                // An answer of this life or one before settles its message and those before it.
                answered_by(&client_id).into_iter().for_each(|answered| self.forget_to(answered));
            }
            EventBody::Closed { .. } => self.open = false,
            _ => {}
        }
    }

    fn forget_to(&mut self, answered: Seq) {
        self.unanswered.retain(|(seq, _)| *seq > answered);
    }

    fn answer_shorter(&mut self) {
        match self.unanswered.front_mut() {
            Some((_, text)) if text != TOO_LONG => TOO_LONG.clone_into(text),
            // Even that is too long for this engine: the message stays without an answer.
            _ => drop(self.unanswered.pop_front()),
        }
    }
}

fn is_wanted(state: &SessionState) -> bool {
    state.properties.get(PROPERTY).is_some_and(|value| value == ON)
}

/// The client id of the answer to a message.
pub(super) fn answer_id(to: Seq) -> ClientId {
    ClientId::new(&format!("{JOIN_ID}-{to}")).expect("a number makes a short visible text")
}

fn answered_by(client_id: &ClientId) -> Option<Seq> {
    client_id.as_str().strip_prefix(JOIN_ID)?.strip_prefix('-')?.parse().ok().map(Seq)
}

#[cfg(test)]
mod tests;
