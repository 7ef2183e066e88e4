//! Effects of the core become frames in the links' outboxes.
//!
//! What a link is too old to understand goes no further than here, and in [`Service::say`].

use std::collections::HashMap;

use tandem_link::{Utf8Bytes, connection::frame};
use tandem_protocol::{
    AskId, ErrorCode, LinkVersion, Refusal,
    link::{FromEngine, Outcome},
};
use tandem_session::{Effect, LinkId};
use tandem_telemetry::ENGINE;
use tracing::warn;

use super::{Service, measuring::count_refusals};

/// Frames by link, so that each link is woken once a round.
#[derive(Default)]
struct Outgoing(HashMap<LinkId, Vec<Utf8Bytes>>);

impl Outgoing {
    fn push(&mut self, link: LinkId, frame: Utf8Bytes) {
        self.0.entry(link).or_default().push(frame);
    }

    fn push_to_all(&mut self, links: &[LinkId], frame: &Utf8Bytes) {
        for link in links {
            self.push(*link, frame.clone());
        }
    }
}

impl Service {
    /// Carries out the effects in the order given.
    pub(super) fn dispatch(&mut self) {
        let (mut outgoing, mut unknown) = (Outgoing::default(), Vec::new());
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Answer { link, id, outcome } => {
                    count_refusals(&outcome);
                    self.traces.answered((link, id), &outcome);
                    outgoing.push(link, frame(&FromEngine::Answer { id, outcome }));
                }
                Effect::Deliver { links, deliver } => {
                    outgoing.push_to_all(&links, &frame(&FromEngine::Deliver(deliver)));
                }
                Effect::Typing { links, session, participant, on } => {
                    outgoing.push_to_all(&links, &frame(&FromEngine::Typing { session, participant, on }));
                }
                Effect::Opened { link, sessions } => outgoing.push(link, frame(&FromEngine::Opened(sessions))),
                Effect::Changed { links, changed } => {
                    outgoing.push_to_all(&links, &frame(&FromEngine::Changed(changed)));
                }
                Effect::Place { links, session, place } => {
                    outgoing.push_to_all(&links, &frame(&FromEngine::Place { session, place }));
                }
                Effect::Notice { links, session, notice } => {
                    outgoing.push_to_all(&links, &frame(&FromEngine::Notice { session, notice }));
                }
                Effect::Asked { link, ask, ref body, .. } if !self.knows(link, body.since()) => {
                    unknown.push((link, ask))
                }
                Effect::Asked { link, ask, gateway, body } => {
                    outgoing.push(link, frame(&FromEngine::Asked { ask, gateway, body }));
                }
                Effect::GatewayGone { link, gateway } => outgoing.push(link, frame(&FromEngine::GatewayGone(gateway))),
                Effect::Desk { link, ref news, .. } if !self.knows(link, news.since()) => {}
                Effect::Desk { link, desk, news } => outgoing.push(link, frame(&FromEngine::Desk { desk, news })),
                Effect::InteractionGone { links } => {
                    outgoing.push_to_all(&links, &frame(&FromEngine::InteractionGone));
                }
                Effect::EnterAgain { links } => outgoing.push_to_all(&links, &frame(&FromEngine::EnterAgain)),
                Effect::Load { sessions } => self.load(sessions),
                Effect::Read { read, session, after, events_max } => self.read_page(read, session, after, events_max),
                Effect::Erase { session } => self.erase(session),
            }
        }
        // The allocation is kept for the next round.
        self.effects = effects;
        for (link, frames) in outgoing.0 {
            // A link that went while its request was at the store asks again elsewhere.
            let Some(linked) = self.links.get(&link) else { continue };
            if linked.outbox.push_all(frames).is_err() && linked.is_welcome && linked.outbox.is_open() {
                ENGINE.slow_links.inc();
                warn!(link = linked.hello.name, "a link reads too slowly and is cut off; it will come back");
            }
        }
        self.refuse_unknown(unknown);
    }

    /// Whether this link knows the words of a version. One that is gone knows none, and is told nothing.
    fn knows(&self, link: LinkId, since: LinkVersion) -> bool {
        since == LinkVersion::FIRST || self.links.get(&link).is_some_and(|linked| since <= linked.speaks)
    }

    /// Whoever has asked the interaction server what that one is too old for is answered in its place.
    fn refuse_unknown(&mut self, unknown: Vec<(LinkId, AskId)>) {
        let Some((_, core)) = self.core.as_mut().filter(|_| !unknown.is_empty()) else { return };
        for (link, ask) in unknown {
            let sentence = "the interaction server is of an older version, which does not know this: upgrade it";
            let refused = Outcome::Refused(Refusal::new(ErrorCode::Unavailable, sentence));
            core.replied(link, ask, refused, &mut self.effects);
        }
        self.dispatch();
    }
}
