//! What is asked of the interaction server without a desk: a login, and its end.
//!
//! A question is asked through one pair and, when that one is lost before the answer is there, through another: the
//! interaction server answers a repeat as it answered the first. It is kept until it is answered or nobody waits for it
//! any more.

use tandem_protocol::{ErrorCode, Refusal, desk::DeskAsk, link::Outcome};
use tokio::sync::oneshot;

use super::{Desks, State};
use crate::registry::{PairIndex, Tag};

/// Questions that may wait (B-1): as many as an engine keeps.
const QUESTIONS_MAX: usize = 8_192;

/// A question's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct QuestionId(u64);

/// One that is not answered.
#[derive(Debug)]
pub(super) struct Question {
    ask: DeskAsk,
    reply: oneshot::Sender<Outcome>,
    /// Through which pair it was asked; none when it waits for one.
    asked_at: Option<PairIndex>,
}

/// The wait for an answer; a question whose wait is dropped is not asked again.
pub(crate) struct Asking<'a> {
    desks: &'a Desks,
    id: QuestionId,
    answer: oneshot::Receiver<Outcome>,
}

impl Asking<'_> {
    /// The answer; none when the gateway stops.
    pub(crate) async fn answered(&mut self) -> Option<Outcome> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.desks.lock().questions.remove(&self.id);
    }
}

impl Desks {
    /// Asks, now or as soon as there is a way.
    pub(crate) fn question(&self, ask: DeskAsk) -> Result<Asking<'_>, Refusal> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        if state.questions.len() >= QUESTIONS_MAX {
            return Err(Refusal::new(ErrorCode::Busy, "Too many questions to the agents' server wait."));
        }
        state.questions_asked += 1;
        let id = QuestionId(state.questions_asked);
        state.questions.insert(id, Question { ask, reply, asked_at: None });
        self.ask_questions(&mut state);
        Ok(Asking { desks: self, id, answer })
    }

    /// The answer to a question.
    pub(in crate::registry) fn question_answered(&self, id: QuestionId, outcome: Outcome) {
        if let Some(question) = self.lock().questions.remove(&id) {
            // Whoever asked may have gone in this moment.
            let _ = question.reply.send(outcome);
        }
    }

    /// Asks those that wait for a way, in the order in which they came.
    pub(super) fn ask_questions(&self, state: &mut State) {
        let mut refused = Vec::new();
        for (id, question) in state.questions.iter_mut().filter(|(_, question)| question.asked_at.is_none()) {
            let Some(pair) = state.ways.choose(None, u128::from(id.0)) else { return };
            match self.ask(pair, question.ask.clone(), Tag::Question(*id)) {
                Ok(()) => question.asked_at = Some(pair),
                Err(refusal) => refused.push((*id, refusal)),
            }
        }
        for (id, refusal) in refused {
            if let Some(question) = state.questions.remove(&id) {
                let _ = question.reply.send(Outcome::Refused(refusal));
            }
        }
    }

    /// Those that were asked through this pair wait for a way again.
    pub(super) fn unask_questions(state: &mut State, pair: PairIndex) {
        let at_pair = state.questions.values_mut().filter(|question| question.asked_at == Some(pair));
        at_pair.for_each(|question| question.asked_at = None);
    }
}
