//! Between gateways and the interaction server: neither knows the other's address, so the primary passes on what one
//! asks and the other tells.
//!
//! A question waits here until it is answered: while no interaction server is there, and again when one dies before it
//! has answered. Nothing of it is saved; after a failover gateways ask the next primary.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tandem_protocol::{
    AskId, DeskId, ErrorCode, GatewayLink, Refusal,
    desk::{DeskAsk, DeskNews},
    link::Outcome,
};

use super::{Core, Effect, LinkId, requests::Asked};
use crate::Now;

/// Questions that may wait (B-1); some for each desk of a large contact centre, all of which enter at once after a
/// failover.
const ASKS_MAX: usize = 8_192;

/// How long a question may wait: longer than an interaction server takes to be started again. Whoever asked may ask
/// once more.
const ASK_WAIT_MAX: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Relay {
    /// Only it is heard: one that was taken for dead may still have something to say.
    interaction: Option<LinkId>,
    gateways: BTreeSet<LinkId>,
    /// By number, which is the order in which they came.
    waiting: BTreeMap<AskId, Waiting>,
    last: AskId,
}

/// A question that is not answered.
#[derive(Debug)]
struct Waiting {
    asked: Asked,
    body: DeskAsk,
    since: Duration,
}

impl Waiting {
    fn passed_on(&self, link: LinkId, ask: AskId) -> Effect {
        Effect::Asked { link, ask, gateway: GatewayLink(self.asked.link.0), body: self.body.clone() }
    }
}

impl Relay {
    pub(super) fn ask(&mut self, now: Now, asked: Asked, body: DeskAsk, effects: &mut Vec<Effect>) {
        if self.waiting.len() >= ASKS_MAX {
            effects
                .push(refused(asked, Refusal::new(ErrorCode::Busy, "too many questions wait for the agents' server")));
            return;
        }
        self.last = self.last.next();
        let waiting = Waiting { asked, body, since: now.elapsed };
        effects.extend(self.interaction.map(|link| waiting.passed_on(link, self.last)));
        self.waiting.insert(self.last, waiting);
    }

    pub(super) fn link_down(&mut self, link: LinkId, effects: &mut Vec<Effect>) {
        if self.interaction == Some(link) {
            self.interaction = None;
            effects.extend(self.gateways().map(|links| Effect::InteractionGone { links }));
        }
        if self.gateways.remove(&link) {
            self.waiting.retain(|_, waiting| waiting.asked.link != link);
            let gateway = GatewayLink(link.0);
            effects.extend(self.interaction.map(|link| Effect::GatewayGone { link, gateway }));
        }
    }

    /// The gateways' links, if there are any.
    fn gateways(&self) -> Option<Vec<LinkId>> {
        (!self.gateways.is_empty()).then(|| self.gateways.iter().copied().collect())
    }

    /// When the oldest question has waited too long.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.waiting.first_key_value().map(|(_, waiting)| waiting.since + ASK_WAIT_MAX)
    }

    pub(super) fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while self.next_deadline().is_some_and(|at| at <= now.elapsed)
            && let Some((_, waiting)) = self.waiting.pop_first()
        {
            let refusal = Refusal::new(ErrorCode::Unavailable, "no interaction server answered in time");
            effects.push(refused(waiting.asked, refusal));
        }
    }
}

impl Core {
    /// A gateway's link is there: it may ask, and have desks. Where nobody is there to be asked it is told so, for it may
    /// have another way.
    pub fn gateway_up(&mut self, link: LinkId, effects: &mut Vec<Effect>) {
        self.relay.gateways.insert(link);
        if self.relay.interaction.is_none() {
            effects.push(Effect::InteractionGone { links: vec![link] });
        }
    }

    /// An interaction server is there, in the place of one before: it is asked what waits, and all desks enter again.
    pub fn interaction_up(&mut self, link: LinkId, effects: &mut Vec<Effect>) {
        self.relay.interaction = Some(link);
        effects.extend(self.relay.waiting.iter().map(|(ask, waiting)| waiting.passed_on(link, *ask)));
        effects.extend(self.relay.gateways().map(|links| Effect::EnterAgain { links }));
    }

    /// The interaction server answers. A second answer, and one of a server that has been replaced, is not heard.
    pub fn replied(&mut self, from: LinkId, ask: AskId, outcome: Outcome, effects: &mut Vec<Effect>) {
        if self.relay.interaction != Some(from) {
            return;
        }
        if let Some(Waiting { asked, .. }) = self.relay.waiting.remove(&ask) {
            effects.push(Effect::Answer { link: asked.link, id: asked.id, outcome });
        }
    }

    /// The interaction server has news for a desk.
    pub fn pushed(
        &mut self,
        from: LinkId,
        gateway: GatewayLink,
        desk: DeskId,
        news: DeskNews,
        effects: &mut Vec<Effect>,
    ) {
        let link = LinkId(gateway.0);
        if self.relay.interaction == Some(from) && self.relay.gateways.contains(&link) {
            effects.push(Effect::Desk { link, desk, news });
        }
    }
}

fn refused(asked: Asked, refusal: Refusal) -> Effect {
    Effect::Answer { link: asked.link, id: asked.id, outcome: Outcome::Refused(refusal) }
}
