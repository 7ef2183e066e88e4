//! The pairs that this gateway links to: which of them a session belongs to, and which a new one is opened at.
//!
//! A session's id says its pair. A new session's pair is chosen by rendezvous hashing: each pair has a weight that
//! follows from its name and from what is random in the new id, and the heaviest comes first. So sessions spread evenly
//! without a count of anything, every gateway ranks the pairs alike, and a pair that is added or removed moves only what
//! it gets or had.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tandem_link::{Link, LinkSettings, LinkStatus, LinkTask};
use tandem_protocol::{
    PairName, PairTag, Refusal, SessionId,
    control::{Actor, Control, ControlAsk},
    link::{Outcome, Request},
};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::registry::{Desks, PairIndex, Registry, Tag};

/// Why no gateway can serve with these links.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPairs {
    /// There is nobody to ask.
    #[error("a gateway links to one pair at least")]
    None,
    /// The ids of their sessions say the same.
    #[error("ids of sessions cannot tell the pairs {0} and {1} apart")]
    Alike(PairName, PairName),
}

/// One pair, and who reads its sessions here.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) name: PairName,
    /// Kept, for every message is looked up by it.
    tag: PairTag,
    pub(crate) link: Link<Registry>,
    pub(crate) registry: Arc<Registry>,
}

/// See the module. Never empty.
#[derive(Debug)]
pub(crate) struct Pairs {
    pairs: Vec<Pair>,
    /// A primary of whichever pair has welcomed us.
    connected: Arc<Notify>,
}

impl Pairs {
    /// Begins to connect to each. Must be called within a Tokio runtime.
    pub(crate) fn start(links: Vec<LinkSettings>, desks: &Arc<Desks>) -> Result<(Self, Vec<LinkTask>), InvalidPairs> {
        check(&links)?;
        let connected = Arc::new(Notify::new());
        let start = |(at, settings): (usize, LinkSettings)| {
            let (pair, name) = (PairIndex(at), settings.pair.clone());
            let registry = Arc::new(Registry::new(pair, name.clone(), connected.clone(), desks.clone()));
            let (link, task) = Link::start(settings, registry.clone());
            desks.reach(pair, Box::new(link.clone()));
            (Pair { tag: name.tag(), name, link, registry }, task)
        };
        let (pairs, tasks) = links.into_iter().enumerate().map(start).unzip();
        Ok((Self { pairs, connected }, tasks))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter()
    }

    /// One that can be asked, if any can: what is the same for all of them.
    pub(crate) fn any(&self) -> &Pair {
        self.pairs.iter().find(|pair| pair.is_connected()).unwrap_or(&self.pairs[0])
    }

    /// The pair of this name.
    pub(crate) fn named(&self, name: &PairName) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.name == *name)
    }

    /// The pair of a session; the first for an id of before ids said it.
    pub(crate) fn of(&self, session: SessionId) -> &Pair {
        let tag = session.pair_tag();
        self.pairs.iter().find(|pair| pair.tag == tag).unwrap_or(&self.pairs[0])
    }

    /// All pairs, the one first at which a new session with this id is to be opened.
    pub(crate) fn ranked(&self, id: Uuid) -> Vec<&Pair> {
        let mut ranked: Vec<&Pair> = self.pairs.iter().collect();
        ranked.sort_by_cached_key(|pair| std::cmp::Reverse(weight(&pair.name, id)));
        ranked
    }

    /// Waits until a primary of any pair is there.
    pub(crate) async fn any_connected(&self) {
        loop {
            let mut next = std::pin::pin!(self.connected.notified());
            // First listened for, then looked: whoever comes in between is not missed.
            next.as_mut().enable();
            if self.is_any_connected() {
                return;
            }
            next.await;
        }
    }

    pub(crate) fn is_any_connected(&self) -> bool {
        self.pairs.iter().any(Pair::is_connected)
    }
}

/// Tells the primary what readers noticed of each failover, to be written down. For as long as it is polled.
pub(crate) async fn tell_gaps(link: Link<Registry>, registry: Arc<Registry>) {
    loop {
        let act = Control::Note(Box::new(registry.next_gap().await));
        let by = Actor { who: "gateway".into(), from: format!("process {}", std::process::id()) };
        if let Err(full) = link.submit(Request::Control(ControlAsk { by, act }), Tag::Note) {
            tracing::debug!(refusal = %full.refusal, "a gap is not told of");
        }
    }
}

impl Pair {
    pub(crate) fn is_connected(&self) -> bool {
        self.link.is_connected()
    }

    pub(crate) fn status(&self) -> LinkStatus {
        self.link.status()
    }

    /// Asks its primary and waits for the answer, through failovers, for as long as this is polled; none where the link was
    /// stopped under us. An act that nobody waits for any more is taken back: it must not be done later than whoever wanted
    /// it believes.
    pub(crate) async fn ask(&self, request: Request) -> Result<Option<Outcome>, Refusal> {
        // Before the place for the answer, so that it is dropped after it.
        let _withdrawing = is_act(&request).then(|| Withdrawing(self));
        let (reply, answer) = oneshot::channel();
        self.link.submit(request, Tag::Reply(reply)).map_err(|full| full.refusal)?;
        Ok(answer.await.ok())
    }
}

/// Whether it does to the pair what is not done twice for want of an answer.
fn is_act(request: &Request) -> bool {
    match request {
        Request::Switchover(_) => true,
        Request::Control(asked) => matches!(asked.act, Control::Fail { .. }),
        _ => false,
    }
}

/// Takes back, when it is dropped, what nobody waits for any more.
struct Withdrawing<'a>(&'a Pair);

impl Drop for Withdrawing<'_> {
    fn drop(&mut self) {
        self.0.link.withdraw(|tag| matches!(tag, Tag::Reply(reply) if reply.is_closed()));
    }
}

fn check(links: &[LinkSettings]) -> Result<(), InvalidPairs> {
    if links.is_empty() {
        return Err(InvalidPairs::None);
    }
    for (at, link) in links.iter().enumerate() {
        if let Some(other) = links[..at].iter().find(|other| other.pair.tag() == link.pair.tag()) {
            return Err(InvalidPairs::Alike(other.pair.clone(), link.pair.clone()));
        }
    }
    Ok(())
}

/// Repeats of an opening rely on it (D-3): it is the same for all gateways and releases.
fn weight(pair: &PairName, id: Uuid) -> [u8; 32] {
    Sha256::new().chain_update(id.as_bytes()).chain_update(pair.as_str()).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn heaviest<'a>(pairs: &[&'a str], id: Uuid) -> &'a str {
        let name = |pair: &str| PairName::new(pair).expect("is a name");
        pairs.iter().max_by_key(|pair| weight(&name(pair), id)).expect("there is one")
    }

    #[test]
    fn new_sessions_spread_evenly_and_a_further_pair_takes_its_share_from_each() {
        let ids: Vec<Uuid> = (0..3_000_u128).map(|at| Uuid::from_u128(at << 64)).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for id in ids {
            let (before, after) = (heaviest(&["main", "west"], id), heaviest(&["main", "west", "east"], id));
            assert!(after == before || after == "east", "{id} moved from {before} to {after}");
            *counts.entry(after).or_default() += 1;
        }
        assert!(counts.values().all(|count| (900..1_100).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_weight_is_the_same_in_every_release() {
        let name = PairName::new("main").expect("is a name");
        assert_eq!(weight(&name, Uuid::nil())[..4], [166, 16, 145, 68]);
    }
}
