//! What operators ask of a system's primary, over a link as their commands do.

use std::sync::Arc;

use tandem_link::{Incoming, Link, LinkSettings, Owner};
use tandem_protocol::{
    Epoch, Refusal,
    control::{Actor, Control, ControlAsk, Failing, Told},
    link::{Answer, LinkRole, Outcome, Request},
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
    /// Asks, and waits for the answer of whoever is primary.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn control(&self, act: Control) -> Result<Told, Refusal> {
        let addresses = self.engines.iter().map(|engine| engine.address.clone()).collect();
        let settings = LinkSettings::new(self.pair.clone(), LinkRole::Control, "operator", addresses);
        let (link, task) = Link::start(settings, Arc::new(Asking));
        let (tag, answer) = oneshot::channel();
        let by = Actor { who: "tester@here".into(), from: "a story".into() };
        let asked = format!("somebody answers to {act:?}");
        let taken = link.submit(Request::Control(ControlAsk { by, act }), tag);
        let outcome = match taken {
            Ok(()) => within(&asked, answer).await.expect("a link answers what it has taken"),
            Err(full) => Outcome::Refused(full.refusal),
        };
        link.stop();
        task.await.expect("a link ends by itself");
        match outcome {
            Outcome::Done(Answer::Control(told)) => Ok(told),
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Done(other) => panic!("no answer to it: {other:?}"),
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
