//! What a link's handles and its task share: what waits for an answer, what is attached, and the outbox while there
//! is a connection. One lock around all of it makes the order of the wire the order of the calls.
//!
//! The one lock is held for moments and never while the owner is called; the outbox's own lock is taken under it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tandem_protocol::{
    EngineName, Epoch, ErrorCode, LinkVersion, Pair, ParticipantId, Refusal, RequestId, SessionId,
    link::{Answer, Attach, Attached, FromEngine, Outcome, Request, ToEngine},
    too_old,
};
use tandem_telemetry::trace::Span;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{
    attachments::Attachments,
    connection::frame,
    incoming::Incoming,
    measures::Measures,
    outbox::Outbox,
    unacked::{Unacked, Waiting},
};

/// See the module.
#[derive(Debug)]
pub(crate) struct State<T> {
    pub(crate) unacked: Unacked<T>,
    pub(crate) attachments: Attachments,
    pub(crate) pair: Option<Pair>,
    pub(crate) stopped: bool,
    /// Which address made no link last, and why, where it takes a person to change that; until the next welcome.
    pub(crate) refused: Option<String>,
    /// Present from the welcome to the loss.
    outbox: Option<Outbox>,
    /// The primary that was met last and the version of the protocol that both sides know: nothing newer is said.
    primary: Option<(EngineName, LinkVersion)>,
    /// The owner watches for open sessions; repeated for each new primary, which knows nothing of it.
    watching: bool,
    /// Present from a loss until every batch of the reattachment is answered.
    restoration: Option<Restoration>,
    measures: Measures,
}

/// What is restored after a loss.
#[derive(Debug)]
pub(crate) struct Restoration {
    pub(crate) lost_at: Instant,
    pub(crate) attached: usize,
    pub(crate) refused: usize,
    asked: HashMap<RequestId, Vec<Attach>>,
}

/// What a new primary was told at once.
#[derive(Debug)]
pub(crate) struct Resumed<T> {
    pub(crate) sessions: usize,
    pub(crate) requests: usize,
    /// What it is too old to be asked: the owner is answered in its place.
    pub(crate) refused: Vec<Incoming<T>>,
}

impl<T> State<T> {
    pub(crate) fn new(unacked_max: usize, pair: Option<Pair>, measures: Measures) -> Self {
        Self {
            unacked: Unacked::new(unacked_max),
            attachments: Attachments::default(),
            pair,
            stopped: false,
            refused: None,
            outbox: None,
            primary: None,
            watching: false,
            restoration: None,
            measures,
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.outbox.is_some()
    }

    /// Keeps a request, and sends it if there is a connection; otherwise the next one begins with it. Gives it back, and
    /// says why, where too many wait or the primary does not know it.
    pub(crate) fn submit(&mut self, id: RequestId, waiting: Waiting<T>) -> Result<(), (Waiting<T>, Refusal)> {
        if let Some((primary, speaks)) = self.primary.as_ref().filter(|_| self.outbox.is_some())
            && waiting.since > *speaks
        {
            return Err((waiting, too_old(primary, *speaks)));
        }
        let text = waiting.text.clone();
        let full = || Refusal::new(ErrorCode::Busy, "Too many requests are waiting.");
        self.unacked.keep(id, waiting).map_err(|waiting| (waiting, full()))?;
        self.measures.unacked.set(self.unacked.len());
        self.send(text);
        Ok(())
    }

    /// Forgets the requests whose tag is chosen; says how many.
    pub(crate) fn withdraw(&mut self, is_chosen: impl FnMut(&T) -> bool) -> usize {
        let withdrawn = self.unacked.withdraw(is_chosen);
        self.measures.unacked.set(self.unacked.len());
        withdrawn
    }

    pub(crate) fn detach(&mut self, session: SessionId, participant: Option<ParticipantId>) {
        self.attachments.detach(session, participant);
        if self.is_connected() {
            self.say(&ToEngine::Detach { session, participant });
        }
    }

    /// Says what is not kept, where the primary knows the word.
    pub(crate) fn say(&self, word: &ToEngine) {
        if word.since() <= self.speaks() {
            self.send(frame(word));
        }
    }

    /// The version of the protocol that the primary and this side know.
    pub(crate) fn speaks(&self) -> LinkVersion {
        self.primary.as_ref().map_or(LinkVersion::FIRST, |(_, speaks)| *speaks)
    }

    /// An overflow cuts the connection, and the reader notices.
    fn send(&self, text: Utf8Bytes) {
        if let Some(outbox) = &self.outbox {
            let _ = outbox.push(text);
        }
    }

    /// A primary has welcomed the link: it is told what is attached, then what waits, in the original order,
    /// before any new request can come between.
    pub(crate) fn connected(
        &mut self,
        outbox: Outbox,
        (primary, speaks): (EngineName, LinkVersion),
        mut next_id: impl FnMut() -> RequestId,
    ) -> Resumed<T> {
        self.measures.connected.set_whether(true);
        if let Some(pair) = &self.pair {
            self.measures.epoch.set(usize::try_from(pair.epoch.0).unwrap_or(usize::MAX));
        }
        let refused =
            |Waiting { tag, .. }| Incoming::Answered { tag, outcome: Outcome::Refused(too_old(&primary, speaks)) };
        let refused = self.unacked.take_newer(speaks).into_iter().map(refused).collect();
        self.measures.unacked.set(self.unacked.len());
        self.primary = Some((primary, speaks));
        let mut frames = Vec::new();
        let mut request = |body| {
            let id = next_id();
            frames.push(frame(&ToEngine::Request { id, body, trace: None }));
            id
        };
        if let Some(restoration) = &mut self.restoration {
            restoration.asked.clear();
            for batch in self.attachments.batches() {
                let id = request(Request::Attach(batch.clone()));
                restoration.asked.insert(id, batch);
            }
        }
        if self.watching {
            // Its answer tells nothing, so nobody waits for it.
            request(Request::Watch);
        }
        if self.restoration.is_some() {
            self.measures.resent.add(self.unacked.len());
            self.unacked.are_resent(self.pair.as_ref().map_or(Epoch::ZERO, |pair| pair.epoch));
        }
        frames.extend(self.unacked.frames());
        // An overflow cuts the connection; the next one begins anew.
        let _ = outbox.push_all(frames);
        if self.stopped {
            // The stop came while the connection was made; nobody will end it later.
            let _ = outbox.end(None);
        } else {
            self.outbox = Some(outbox);
            self.refused = None;
        }
        Resumed { sessions: self.attachments.sessions(), requests: self.unacked.len(), refused }
    }

    /// The connection is lost: its outbox goes, what waits stays.
    pub(crate) fn lost(&mut self, lost_at: Instant) {
        self.outbox = None;
        self.measures.connected.set_whether(false);
        self.measures.losses.inc();
        self.restoration = Some(Restoration { lost_at, attached: 0, refused: 0, asked: HashMap::new() });
    }

    /// The link is stopped; the connection ends once everything is written.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
        if let Some(outbox) = self.outbox.take() {
            let _ = outbox.end(None);
        }
    }

    /// What a frame of the primary means to the owner; frames about the pair are the task's.
    pub(crate) fn on_frame(&mut self, frame: FromEngine, now: Instant) -> Option<Incoming<T>> {
        match frame {
            FromEngine::Answer { id, outcome } => self.on_answer(id, outcome, now),
            FromEngine::Deliver(deliver) => {
                self.attachments.delivered(&deliver);
                Some(Incoming::Deliver(deliver))
            }
            FromEngine::Typing { session, participant, on } => Some(Incoming::Typing { session, participant, on }),
            FromEngine::Opened(sessions) => Some(Incoming::Opened(sessions)),
            FromEngine::Changed(changed) => Some(Incoming::Changed(changed)),
            FromEngine::Place { session, place } => Some(Incoming::Place { session, place }),
            FromEngine::Notice { session, notice } => {
                self.attachments.noticed(session, &notice);
                Some(Incoming::Notice { session, notice })
            }
            FromEngine::Asked { ask, gateway, body } => Some(Incoming::Asked { ask, gateway, body }),
            FromEngine::GatewayGone(gateway) => Some(Incoming::GatewayGone(gateway)),
            FromEngine::Desk { desk, news } => Some(Incoming::Desk { desk, news }),
            FromEngine::InteractionGone => Some(Incoming::InteractionGone),
            FromEngine::EnterAgain => Some(Incoming::EnterAgain),
            FromEngine::Heartbeat
            | FromEngine::Welcome(_)
            | FromEngine::NotPrimary(_)
            | FromEngine::Moved(_)
            | FromEngine::Refused(_)
            | FromEngine::Pair(_)
            // Between the two engines only.
            | FromEngine::Prepare { .. }
            | FromEngine::CalledOff
            | FromEngine::HandedOver { .. }
            | FromEngine::Restart => None,
        }
    }

    fn on_answer(&mut self, id: RequestId, outcome: Outcome, now: Instant) -> Option<Incoming<T>> {
        if let Some(Waiting { tag, watch, span, .. }) = self.unacked.answered(id) {
            end(span, &outcome);
            self.measures.unacked.set(self.unacked.len());
            match &outcome {
                Outcome::Done(Answer::Attached(attached)) => {
                    attached.iter().for_each(|attached| self.attachments.attached(attached));
                }
                Outcome::Done(_) => self.watching |= watch,
                Outcome::Refused(_) => {}
            }
            return Some(Incoming::Answered { tag, outcome });
        }
        let restoration = self.restoration.as_mut()?;
        let asked = restoration.asked.remove(&id)?;
        let attached = answers_to(&asked, outcome);
        let refused = attached.iter().filter(|attached| matches!(attached, Attached::Refused { .. })).count();
        restoration.refused += refused;
        restoration.attached += attached.len() - refused;
        let lost_for: Duration = now.saturating_duration_since(restoration.lost_at);
        self.attachments.reattached(&asked, &attached);
        Some(Incoming::Reattached { attached, lost_for })
    }

    /// The restoration, once each of its batches is answered.
    pub(crate) fn take_restored(&mut self) -> Option<Restoration> {
        let restored = self.outbox.is_some() && self.restoration.as_ref()?.asked.is_empty();
        if restored { self.restoration.take() } else { None }
    }
}

/// The answer to a batch, one entry for each that was asked: a refusal of the whole counts for every one of it.
fn answers_to(asked: &[Attach], outcome: Outcome) -> Vec<Attached> {
    let refusal = match outcome {
        Outcome::Done(Answer::Attached(attached)) if attached.len() == asked.len() => return attached,
        Outcome::Refused(refusal) => refusal,
        Outcome::Done(_) => {
            tracing::error!(sessions = asked.len(), "an attach request was answered with something else");
            Refusal::new(ErrorCode::Internal, "The engine's answer makes no sense.")
        }
    };
    asked.iter().map(|asked| Attached::Refused { session: asked.session, refusal: refusal.clone() }).collect()
}

/// The answer is there: what was traced of it ends.
fn end(span: Option<Span>, outcome: &Outcome) {
    let Some(mut span) = span else { return };
    match outcome {
        Outcome::Done(Answer::Saved { seq, .. }) => span.set("tandem.seq", seq.0),
        Outcome::Done(_) => {}
        Outcome::Refused(refusal) => span.fail(format!("{:?}", refusal.code)),
    }
}

#[cfg(test)]
mod tests;
