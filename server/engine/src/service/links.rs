//! Hellos and frames of links: who is welcome, who waits, who is sent to the other engine.

use std::{collections::HashMap, time::Duration};

use tandem_link::{Outbox, connection::frame};
use tandem_protocol::{
    ErrorCode, LinkVersion, Pair, Peer, Refusal, Speaks,
    link::{FromEngine, Hello, LinkRole, ToEngine, Welcome},
};
use tandem_session::{LeaseInput, LinkId, SwitchInput};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Input, Line, Linked, Service};
use crate::clock::wall;

/// How long a backup holds the hello of a link that has just lost a primary, before it sends the link back: as a rule
/// the backup is about to lose the same primary, and whoever waits here is served the moment the takeover is done.
const HOLD: Duration = Duration::from_millis(250);

impl Service {
    pub(super) fn on_link_up(&mut self, link: LinkId, hello: Hello, outbox: Outbox, line: Line) {
        let speaks = match self.common_version(&hello) {
            Ok(speaks) => speaks,
            Err(refusal) => {
                info!(link = hello.name, reason = %refusal, "refused a link");
                // It may have gone already; then nobody is there to be told.
                let _ = outbox.end(Some(frame(&FromEngine::Refused(refusal))));
                return;
            }
        };
        let is_other = matches!(hello.role, LinkRole::Standby(_));
        if is_other && self.keeper.primary_epoch().is_some_and(|own| own < hello.epoch_seen) {
            // The other engine's word is believed, not just anybody's: a gateway may have outlived a store that was set up
            // anew. Were it wrong, the lease would be read and taken again; the epoch in the store decides (F-1).
            self.on_lease(LeaseInput::Deposed(hello.epoch_seen));
            let _ = outbox.end(Some(frame(&FromEngine::NotPrimary(None))));
            return;
        }
        let may_have_lost_primary = hello.epoch_seen.0 > 0 && !is_other;
        let linked = Linked { hello, outbox, line, speaks, is_welcome: false, since: None, knows: None };
        self.links.insert(link, linked);
        if self.core.is_some() {
            self.welcome(link);
        } else if self.keeper.is_undecided() || self.keeper.primary_epoch().is_some() {
            // It is served, or sent away, as soon as this engine knows what it is.
        } else if may_have_lost_primary {
            let reports = self.reports.clone();
            self.tasks.spawn(async move {
                tokio::time::sleep(HOLD).await;
                let _ = reports.send(Input::HoldOver { link }).await;
            });
        } else {
            self.send_away(link);
        }
    }

    pub(super) fn on_hold_over(&mut self, link: LinkId) {
        let is_held = self.links.get(&link).is_some_and(|linked| !linked.is_welcome);
        if is_held && self.keeper.primary_epoch().is_none() && !self.keeper.is_undecided() {
            self.send_away(link);
        }
    }

    pub(super) fn on_link_down(&mut self, link: LinkId) {
        let Some(linked) = self.links.remove(&link) else { return };
        if !linked.is_welcome {
            return;
        }
        let now = self.clock.now();
        if let Some((epoch, core)) = &mut self.core {
            info!(link = linked.hello.name, %epoch, "a link is gone");
            core.link_down(now, link, &mut self.effects);
        }
        if linked.hello.role == LinkRole::Interaction {
            let waiting: Vec<LinkId> =
                self.links.keys().copied().filter(|at| is_interaction(&self.links, *at)).collect();
            waiting.into_iter().for_each(|waiting| self.welcome(waiting));
        }
        if self.backup.as_ref().is_some_and(|(standby, _)| *standby == link) {
            (self.backup, self.deputy) = (None, None);
            self.tell_pair();
        }
        self.note_gone(link);
        self.switch(SwitchInput::LinkDown(link));
    }

    pub(super) fn on_frames(&mut self, link: LinkId, frames: Vec<ToEngine>, arrived: Instant) {
        let Some(linked) = self.links.get(&link).filter(|linked| linked.is_welcome) else { return };
        let is_interaction = linked.hello.role == LinkRole::Interaction;
        let (speaks, now, arrived) = (linked.speaks, self.clock.now(), self.clock.elapsed_at(arrived));
        if let Some((_, core)) = &mut self.core {
            core.arrived(arrived);
        }
        for frame in frames {
            if frame.since() > speaks {
                return self.cut_off_strange(link);
            }
            let Some(frame) = self.heed_about_pair(link, frame) else { continue };
            let Some((epoch, core)) = &mut self.core else { return };
            match frame {
                ToEngine::Request { id, body, trace } => {
                    if let Some(parent) = trace {
                        self.traces.begin(*epoch, (link, id), &body, parent);
                    }
                    core.request(now, link, id, body, &mut self.effects);
                }
                ToEngine::Detach { session, participant } => core.detach(now, link, session, participant),
                ToEngine::Typing { session, participant, on } => {
                    core.typing(now, link, session, participant, on, &mut self.effects);
                }
                ToEngine::Reply { ask, outcome } => core.replied(link, ask, outcome, &mut self.effects),
                ToEngine::Push { gateway, desk, news } => core.pushed(link, gateway, desk, news, &mut self.effects),
                ToEngine::Places(placed) if is_interaction => core.placed(&placed, &mut self.effects),
                // Places are the interaction server's to say; a second hello changes nothing, and what is about the pair
                // was heeded.
                ToEngine::Places(_)
                | ToEngine::Hello(_)
                | ToEngine::Heartbeat
                | ToEngine::Knows(_)
                | ToEngine::StandsBy(_)
                | ToEngine::Prepared => {}
            }
        }
    }

    /// Serves everyone who has waited for it.
    pub(super) fn welcome_all(&mut self) {
        let waiting: Vec<LinkId> = self.links.keys().copied().collect();
        for link in waiting {
            self.welcome(link);
        }
    }

    /// Sends everyone who waits to the engine that serves.
    pub(super) fn send_waiting_away(&mut self) {
        let waiting: Vec<LinkId> = self.links.keys().copied().collect();
        for link in waiting {
            self.send_away(link);
        }
    }

    /// Ends all links with the pair as it is known now.
    pub(super) fn send_all_away(&mut self, pair: Option<Pair>) {
        let last = frame(&FromEngine::NotPrimary(pair));
        for (_, linked) in self.links.drain() {
            // It may have gone already; then nobody is there to be told.
            let _ = linked.outbox.end(Some(last.clone()));
        }
        self.backup = None;
    }

    fn welcome(&mut self, link: LinkId) {
        let Some((epoch, core)) = &mut self.core else { return };
        let is_second = is_interaction(&self.links, link) && self.links.values().any(Linked::is_serving_agents);
        let Some(linked) = self.links.get_mut(&link) else { return };
        if is_second {
            // Two would contradict each other. It waits, and is welcomed the moment the first is gone or falls silent.
            return info!(link = linked.hello.name, "an interaction server waits: another one serves");
        }
        if linked.hello.epoch_seen > *epoch {
            // Somebody has seen a newer primary: this engine is deposed and will learn it at its next write (F-2).
            let last = frame(&FromEngine::NotPrimary(None));
            let _ = linked.outbox.end(Some(last));
            self.links.remove(&link);
            return;
        }
        (linked.is_welcome, linked.since) = (true, Some(wall()));
        core.link_up(link);
        match &linked.hello.role {
            LinkRole::Gateway => core.gateway_up(link, &mut self.effects),
            LinkRole::Interaction => core.interaction_up(link, &mut self.effects),
            LinkRole::Control => core.operator_up(link),
            LinkRole::External | LinkRole::Standby(_) => {}
        }
        info!(link = linked.hello.name, %epoch, version = %linked.speaks, "a link is there");
        if let LinkRole::Standby(peer) = &linked.hello.role {
            self.backup = Some((link, peer.clone()));
            self.stop_deposing();
            self.tell_pair();
        } else if let Some(pair) = self.pair() {
            // Now, before any effect of its coming. An outbox that is full or ended shows as the link's end.
            let _ = self.links[&link].outbox.push(frame(&FromEngine::Welcome(self.welcome_of(pair))));
        }
    }

    fn send_away(&mut self, link: LinkId) {
        let pair = self.pair();
        if let Some(linked) = self.links.remove(&link) {
            let _ = linked.outbox.end(Some(frame(&FromEngine::NotPrimary(pair))));
        }
    }

    /// Tells every link, the new backup's own first word included, that the pair has changed.
    fn tell_pair(&mut self) {
        let Some(pair) = self.pair() else { return };
        let changed = frame(&FromEngine::Pair(pair.clone()));
        let welcome = frame(&FromEngine::Welcome(self.welcome_of(pair)));
        let standby = self.backup.as_ref().map(|(link, _)| *link);
        for (link, linked) in self.links.iter().filter(|(_, linked)| linked.is_welcome) {
            let frame = if Some(*link) == standby { &welcome } else { &changed };
            let _ = linked.outbox.push(frame.clone());
        }
    }

    /// The pair as this engine knows it: as primary from itself, as backup from the lease.
    pub(super) fn pair(&self) -> Option<Pair> {
        let name = self.settings.pair.clone();
        if let Some((epoch, _)) = &self.core {
            let backup = self.backup.as_ref().map(|(_, peer)| peer.clone());
            return Some(Pair { name, epoch: *epoch, primary: self.this(), backup });
        }
        let lease = self.lease.as_ref()?;
        let holder = lease.holder.clone();
        let primary = Peer { name: holder.name, address: holder.address, pid: holder.pid };
        Some(Pair { name, epoch: lease.epoch, primary, backup: Some(self.this()) })
    }

    pub(super) fn this(&self) -> Peer {
        let name = self.settings.name.clone();
        Peer { name, address: self.settings.advertise.clone(), pid: self.process.pid }
    }

    fn welcome_of(&self, pair: Pair) -> Welcome {
        Welcome { pair, speaks: self.settings.speaks.most }
    }

    /// The version that is spoken from now on.
    fn common_version(&self, hello: &Hello) -> Result<LinkVersion, Refusal> {
        let refuse = |sentence: String| Err(Refusal::new(ErrorCode::BadRequest, sentence));
        if hello.pair != self.settings.pair {
            return refuse(format!("this engine is of the pair {}, not {}", self.settings.pair, hello.pair));
        }
        let (Speaks { least, most }, theirs) = (self.settings.speaks, hello.spoken());
        match self.settings.speaks.common(theirs) {
            Some(version) => Ok(version),
            None => refuse(format!(
                "this engine speaks link versions {least} to {most}, not {} to {}: upgrade the older one",
                theirs.least, theirs.most
            )),
        }
    }

    /// A side that does not keep to the version it has said cannot be relied on in anything else.
    fn cut_off_strange(&mut self, link: LinkId) {
        if let Some(linked) = self.links.get(&link) {
            warn!(link = linked.hello.name, version = %linked.speaks, "a link says what is newer than its version");
            linked.outbox.cut();
        }
    }
}

impl Linked {
    /// Whether it is the interaction server.
    fn is_serving_agents(&self) -> bool {
        self.is_welcome && self.hello.role == LinkRole::Interaction
    }
}

/// Whether it is one that serves agents, or would.
fn is_interaction(links: &HashMap<LinkId, Linked>, link: LinkId) -> bool {
    links.get(&link).is_some_and(|linked| linked.hello.role == LinkRole::Interaction)
}
