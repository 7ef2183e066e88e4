//! What operators ask of a system's primary, over a link as their commands do.

use std::sync::Arc;

use tandem_link::{Incoming, Link, LinkSettings, Owner};
use tandem_protocol::{
    Epoch, EventBody, Refusal, Seq, SessionId,
    control::{Actor, Control, ControlAsk, Failing, Told},
    limits::PAGE_EVENTS_MAX,
    link::{Answer, Credential, LinkRole, Outcome, Request},
};
use tokio::sync::oneshot;

use super::{Engine, Role, System};
use crate::deadline::within;

/// Whoever asks, for one question.
struct Asking;

impl Owner for Asking {
    type Tag = oneshot::Sender<Outcome>;

    fn on(&self, incoming: Incoming<Self::Tag>) {
        if let Incoming::Answered { tag, outcome } = incoming {
            // A story that waits no longer has failed already.
            let _ = tag.send(outcome);
        }
    }
}

impl System {
    /// Asks as an operator, and waits for the answer of whoever is primary.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn control(&self, act: Control) -> Result<Told, Refusal> {
        let by = Actor { who: "tester@here".into(), from: "a story".into() };
        match self.asks(LinkRole::Control, Request::Control(ControlAsk { by, act })).await? {
            Answer::Control(told) => Ok(told),
            other => panic!("no answer to it: {other:?}"),
        }
    }

    /// What a session's transcript has.
    ///
    /// # Panics
    /// When it cannot be read, or is longer than a page.
    pub async fn transcript_of(&self, session: SessionId) -> Vec<EventBody> {
        let limit = u32::try_from(PAGE_EVENTS_MAX).expect("a small number");
        let read = Request::Read { session, by: Credential::Role, after: Seq::ZERO, limit };
        match self.asks(LinkRole::Gateway, read).await {
            Ok(Answer::Page(page)) => {
                assert_eq!(page.events.last().map(|event| event.seq), Some(page.head), "it is read whole");
                page.events.iter().map(|raw| raw.parse().expect("is an event").body).collect()
            }
            other => panic!("no transcript: {other:?}"),
        }
    }

    async fn asks(&self, role: LinkRole, request: Request) -> Result<Answer, Refusal> {
        let addresses = self.engines.iter().map(|engine| engine.address.clone()).collect();
        let settings = LinkSettings::new(self.pair.clone(), role, "operator", addresses);
        let (link, task) = Link::start(settings, Arc::new(Asking));
        let (tag, answer) = oneshot::channel();
        let asked = format!("somebody answers to {request:?}");
        let outcome = match link.submit(request, tag) {
            Ok(()) => within(&asked, answer).await.expect("a link answers what it has taken"),
            Err(full) => Outcome::Refused(full.refusal),
        };
        link.stop();
        task.await.expect("a link ends by itself");
        match outcome {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(refusal) => Err(refusal),
        }
    }

    /// The epoch in which the primary serves.
    pub async fn epoch(&self) -> Epoch {
        match self.role_of(Engine::Primary).await {
            Role::Primary(pair) => pair.epoch,
            other => panic!("the primary is {other:?}"),
        }
    }

    /// Has the primary fail as a drill does, and waits until its successor says that it has.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn drills(&mut self, how: Failing) {
        self.expect_log(super::LOST);
        self.may_switch_over().await;
        let from = self.epoch().await;
        assert_eq!(self.control(Control::Fail { from, how }).await, Ok(Told::Done));
    }
}
