//! The chain that binds the events of a session to each other: how it is made, and how it is checked.
//!
//! It exists so that whoever has noted the last link of a transcript can tell later that nothing in it was altered,
//! added, left out or put in another order, erased events included. The form is public (`server/PROTOCOL.md`,
//! "Transcripts"), so it must never change; another one takes other words in front. Both backends make links when they
//! plan what they append, and whoever has a [`crate::Transcript`] may check them.

use sha2::{Digest, Sha256};
use tandem_protocol::{Event, EventBody, RawEvent, Seq, SessionId, Timestamp, Visibility};

use crate::{ChainLink, Entry, Proof, Written};

/// Stands before what is hashed, so that no leaf can be taken for a link, nor either for what others hash.
const LEAF_WORDS: &[u8] = b"tandem.leaf.v1\0";

/// As [`LEAF_WORDS`].
const LINK_WORDS: &[u8] = b"tandem.link.v1\0";

/// Random bytes of an event.
pub(crate) const SALT_BYTES: usize = 16;

/// Where and how a transcript breaks with its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} {why}")]
pub struct Broken {
    /// The first event that is not as it was written.
    pub seq: Seq,
    /// What is wrong with it.
    pub why: Breach,
}

/// See [`Broken`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// It is not there; another one stands in its place, or nothing.
    #[error("is not there")]
    Missing,
    /// It is another session's.
    #[error("belongs to another session")]
    Foreign,
    /// It comes after the one that ends the session.
    #[error("stands behind the end of the session")]
    BehindTheEnd,
    /// It has no link, though events before it have.
    #[error("has no link, though the one before it has")]
    Unchained,
    /// It is not what was written, or its link is not.
    #[error("does not follow from the link before it")]
    Altered,
    /// It has the proof of an erased event and says something.
    #[error("is said to be erased and is not")]
    NotErased,
}

impl ChainLink {
    /// Stands where there is no link before an event.
    pub const NONE: Self = Self([0; 32]);
}

/// Checks a whole transcript, and gives its last link; [`ChainLink::NONE`] if none of its events has one. Events
/// without a link are good at the beginning only: they were written before there was a chain, and nothing vouches for
/// them.
pub fn verify(session: SessionId, events: &[Written]) -> Result<ChainLink, Broken> {
    let mut verifier = Verifier::new(session);
    events.iter().try_for_each(|written| verifier.add(written))?;
    verifier.end()
}

/// As [`verify`], event by event.
#[derive(Debug)]
pub struct Verifier {
    session: SessionId,
    expected: Seq,
    last: Option<ChainLink>,
    is_over: bool,
}

impl Verifier {
    /// Before the first event.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { session, expected: Seq::ZERO.next(), last: None, is_over: false }
    }

    /// Checks the next event.
    pub fn add(&mut self, written: &Written) -> Result<(), Broken> {
        let broken = |why| Broken { seq: self.expected, why };
        match () {
            () if self.is_over => return Err(broken(Breach::BehindTheEnd)),
            () if written.session != self.session => return Err(broken(Breach::Foreign)),
            () if written.event.seq != self.expected => return Err(broken(Breach::Missing)),
            () => {}
        }
        self.last = match written.chained {
            Some((proof, given)) => Some(follow(self.last, written, proof, given).map_err(broken)?),
            None if self.last.is_some() => return Err(broken(Breach::Unchained)),
            None => None,
        };
        self.is_over = written.closes;
        self.expected = self.expected.next();
        Ok(())
    }

    /// The last link, if there was any event.
    pub fn end(&self) -> Result<ChainLink, Broken> {
        if self.expected == Seq::ZERO.next() {
            return Err(Broken { seq: self.expected, why: Breach::Missing });
        }
        Ok(self.last.unwrap_or(ChainLink::NONE))
    }
}

/// The link of an event, if it is the one that is given.
fn follow(before: Option<ChainLink>, written: &Written, proof: Proof, given: ChainLink) -> Result<ChainLink, Breach> {
    let leaf = match proof {
        Proof::Salt(salt) => leaf(salt, written.event.event.get()),
        // Without this a body could be put beside the leaf of another one.
        Proof::Leaf(_) if !is_erased(written) => return Err(Breach::NotErased),
        Proof::Leaf(leaf) => leaf,
    };
    let before = before.unwrap_or(ChainLink::NONE);
    let link = link(before, written.session, written.event.seq, written.at, written.closes, leaf);
    if link == given { Ok(link) } else { Err(Breach::Altered) }
}

fn is_erased(written: &Written) -> bool {
    let forms = Visibility::EACH.map(|visibility| erased(written.event.seq, written.at, visibility));
    forms.iter().any(|form| form.event.get() == written.event.event.get())
}

/// An event and its proof once nothing is left of what it said; none if it is like that already, or is the one that
/// ends the session: that says nothing of anybody, and the end stays known.
pub(crate) fn erase(written: &Written) -> Option<(RawEvent, Option<Proof>)> {
    let RawEvent { seq, visibility, event } = &written.event;
    let erased = erased(*seq, written.at, *visibility);
    if written.closes || erased.event.get() == event.get() {
        return None;
    }
    let proof = written.chained.map(|(proof, _)| match proof {
        Proof::Salt(salt) => Proof::Leaf(leaf(salt, event.get())),
        // Its body was altered; the leaf shows that it was another one.
        Proof::Leaf(leaf) => Proof::Leaf(leaf),
    });
    Some((erased, proof))
}

/// What stands in the place of an erased event.
fn erased(seq: Seq, at: Timestamp, visibility: Visibility) -> RawEvent {
    RawEvent::of(&Event { seq, at_ms: at, body: EventBody::Erased { visibility } })
}

/// The hash of an event's body: all that is left of it once it is erased.
pub(crate) fn leaf(salt: [u8; SALT_BYTES], body: &str) -> [u8; 32] {
    Sha256::new().chain_update(LEAF_WORDS).chain_update(salt).chain_update(body).finalize().into()
}

/// The link of an entry that is to be appended after `before`.
pub(crate) fn next(before: ChainLink, entry: &Entry, salt: [u8; SALT_BYTES]) -> ChainLink {
    let leaf = leaf(salt, entry.event.event.get());
    link(before, entry.session, entry.event.seq, entry.at, entry.closes, leaf)
}

/// The link of the event after `before`. Every part but the words has one length, so no two events read alike.
fn link(before: ChainLink, session: SessionId, seq: Seq, at: Timestamp, closes: bool, leaf: [u8; 32]) -> ChainLink {
    let hash = Sha256::new()
        .chain_update(LINK_WORDS)
        .chain_update(before.0)
        .chain_update(session.0.as_bytes())
        .chain_update(seq.0.to_be_bytes())
        .chain_update(at.0.to_be_bytes())
        .chain_update([u8::from(closes)])
        .chain_update(leaf);
    ChainLink(hash.finalize().into())
}

/// The salts of a batch: drawn at once, since each asks the kernel.
#[derive(Debug)]
pub(crate) struct Salts(std::vec::IntoIter<[u8; SALT_BYTES]>);

impl Salts {
    /// Draws so many.
    pub(crate) fn draw(count: usize) -> Result<Self, getrandom::Error> {
        let mut salts = vec![[0; SALT_BYTES]; count];
        getrandom::fill(salts.as_flattened_mut())?;
        Ok(Self(salts.into_iter()))
    }

    /// The next one.
    pub(crate) fn take(&mut self) -> [u8; SALT_BYTES] {
        self.0.next().expect("as many are drawn as there are entries")
    }
}

impl Proof {
    /// As it is stored: a salt and a leaf are known by their lengths.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Salt(salt) => salt,
            Self::Leaf(leaf) => leaf,
        }
    }

    /// As it was stored; none if it is neither.
    pub(crate) fn stored(bytes: &[u8]) -> Option<Self> {
        let salt = bytes.try_into().map(Self::Salt);
        salt.or_else(|_| bytes.try_into().map(Self::Leaf)).ok()
    }
}

#[cfg(test)]
mod tests;
