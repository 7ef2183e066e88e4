//! Versions of the link protocol: what two sides have in common, and which word belongs to which version.
//!
//! A program speaks every version from [`Speaks::least`] to [`Speaks::most`], so that two neighbouring releases work
//! together in every role and an upgrade needs no pause. The connecting side says both in its hello, the engine what it
//! speaks in its welcome; both use the greatest that they have in common and say no word that is newer. A word is a
//! frame, a request, an answer, a question or news: whoever adds one says here since when there is one. A field that is
//! added to a word needs no version, as long as it has a default: what is not known of a word is passed over.
//!
//! Version 1 is that of hellos and welcomes that say nothing of `speaks`. An engine of version 1 refuses a hello of any
//! other `version`, so that field says the least.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    EngineName, Epoch, ErrorCode, Pair, PairName, Refusal,
    desk::{DeskAsk, DeskNews},
    link::{Answer, FromEngine, Hello, LinkRole, Outcome, Request, ToEngine, Welcome},
};

/// A version of the link protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkVersion(pub u16);

impl LinkVersion {
    /// The first there was, and the least that is still spoken.
    pub const FIRST: Self = Self(1);

    /// Adds what operators ask: [`Request::Control`], [`FromEngine::Restart`], [`DeskAsk::Oversee`].
    pub const CONTROL: Self = Self(2);

    /// The newest that this program speaks.
    pub const CURRENT: Self = Self::CONTROL;

    /// What a side speaks that says nothing of it.
    #[must_use]
    pub fn first() -> Self {
        Self::FIRST
    }

    /// Whether it goes without saying.
    #[must_use]
    pub fn is_first(&self) -> bool {
        *self == Self::FIRST
    }
}

impl fmt::Display for LinkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The versions that a program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speaks {
    /// The least.
    pub least: LinkVersion,
    /// The most.
    pub most: LinkVersion,
}

impl Speaks {
    /// Everything that this program speaks.
    pub const ALL: Self = Self { least: LinkVersion::FIRST, most: LinkVersion::CURRENT };

    /// As a program does that knows nothing newer.
    #[must_use]
    pub fn up_to(most: LinkVersion) -> Self {
        Self { most, ..Self::ALL }
    }

    /// The greatest version that both speak, if there is any.
    #[must_use]
    pub fn common(self, other: Self) -> Option<LinkVersion> {
        let most = self.most.min(other.most);
        (most >= self.least.max(other.least)).then_some(most)
    }
}

impl Hello {
    /// The hello of a side that speaks these versions.
    #[must_use]
    pub fn new(speaks: Speaks, pair: PairName, role: LinkRole, name: impl Into<String>, epoch_seen: Epoch) -> Self {
        let Speaks { least: version, most: speaks } = speaks;
        Self { version, speaks, pair, role, name: name.into(), epoch_seen }
    }

    /// What this side speaks.
    #[must_use]
    pub fn spoken(&self) -> Speaks {
        // One that speaks a newer version only says so by the least, and by nothing else.
        Speaks { least: self.version, most: self.speaks.max(self.version) }
    }
}

impl From<Pair> for Welcome {
    /// Of an engine that speaks everything.
    fn from(pair: Pair) -> Self {
        Self { pair, speaks: LinkVersion::CURRENT }
    }
}

/// Why nobody is asked: the engine that would have to understand it does not.
#[must_use]
pub fn too_old(engine: &EngineName, speaks: LinkVersion) -> Refusal {
    let sentence = format!("engine {engine} speaks link version {speaks}, which does not know this: upgrade it");
    Refusal::new(ErrorCode::Unavailable, sentence)
}

impl ToEngine {
    /// The first version that has it.
    #[must_use]
    pub fn since(&self) -> LinkVersion {
        match self {
            Self::Request { body, .. } => body.since(),
            Self::Reply { outcome, .. } => outcome.since(),
            Self::Push { news, .. } => news.since(),
            Self::Hello(_)
            | Self::Detach { .. }
            | Self::Typing { .. }
            | Self::Places(_)
            | Self::Knows(_)
            | Self::StandsBy(_)
            | Self::Prepared
            | Self::Heartbeat => LinkVersion::FIRST,
        }
    }
}

impl Request {
    /// The first version that has it.
    #[must_use]
    pub fn since(&self) -> LinkVersion {
        match self {
            Self::Control(_) => LinkVersion::CONTROL,
            Self::Ask(ask) => ask.since(),
            Self::Open(_)
            | Self::Join(_)
            | Self::Attach(_)
            | Self::Send(_)
            | Self::Leave { .. }
            | Self::Close { .. }
            | Self::Read { .. }
            | Self::Watch
            | Self::Follow(_)
            | Self::Route(_)
            | Self::Invite(_)
            | Self::EndInvitation(_)
            | Self::Remove { .. }
            | Self::Erase { .. }
            | Self::Switchover(_) => LinkVersion::FIRST,
        }
    }
}

impl DeskAsk {
    /// The first version that has it.
    #[must_use]
    pub fn since(&self) -> LinkVersion {
        match self {
            Self::Oversee { .. } => LinkVersion::CONTROL,
            Self::Login { .. }
            | Self::Logout { .. }
            | Self::Enter { .. }
            | Self::Exit { .. }
            | Self::Do { .. }
            | Self::Look { .. } => LinkVersion::FIRST,
        }
    }
}

impl DeskNews {
    /// The first version that has it.
    #[must_use]
    pub fn since(&self) -> LinkVersion {
        match self {
            Self::View(_) | Self::Revoked => LinkVersion::FIRST,
        }
    }
}

impl FromEngine {
    /// The first version that has it.
    #[must_use]
    pub fn since(&self) -> LinkVersion {
        match self {
            Self::Restart => LinkVersion::CONTROL,
            Self::Answer { outcome, .. } => outcome.since(),
            Self::Asked { body, .. } => body.since(),
            Self::Desk { news, .. } => news.since(),
            Self::Welcome(_)
            | Self::NotPrimary(_)
            | Self::Moved(_)
            | Self::Refused(_)
            | Self::Deliver(_)
            | Self::Typing { .. }
            | Self::Opened(_)
            | Self::Changed(_)
            | Self::Place { .. }
            | Self::Notice { .. }
            | Self::GatewayGone(_)
            | Self::InteractionGone
            | Self::EnterAgain
            | Self::Pair(_)
            | Self::Prepare { .. }
            | Self::CalledOff
            | Self::HandedOver { .. }
            | Self::Heartbeat => LinkVersion::FIRST,
        }
    }
}

impl Outcome {
    /// The first version that has it.
    #[must_use]
    pub fn since(&self) -> LinkVersion {
        match self {
            Self::Done(Answer::Control(_)) => LinkVersion::CONTROL,
            Self::Done(
                Answer::Joined { .. }
                | Answer::Attached(_)
                | Answer::Saved { .. }
                | Answer::Page(_)
                | Answer::Followed(_)
                | Answer::Told(_)
                | Answer::Switchover(_)
                | Answer::Done,
            )
            | Self::Refused(_) => LinkVersion::FIRST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaks(least: u16, most: u16) -> Speaks {
        Speaks { least: LinkVersion(least), most: LinkVersion(most) }
    }

    #[test]
    fn two_sides_speak_the_greatest_version_that_both_know() {
        let cases = [
            (speaks(1, 1), speaks(1, 1), Some(1)),
            (speaks(1, 1), speaks(1, 2), Some(1)),
            (speaks(1, 2), speaks(1, 2), Some(2)),
            (speaks(1, 2), speaks(2, 3), Some(2)),
            (speaks(1, 1), speaks(2, 3), None),
            (speaks(1, 2), speaks(3, 4), None),
        ];
        for (one, other, common) in cases {
            assert_eq!(one.common(other), common.map(LinkVersion), "{one:?} and {other:?}");
            assert_eq!(other.common(one), one.common(other), "whoever asks");
        }
    }

    fn hello(speaks: Speaks) -> Hello {
        let pair = PairName::new("main").expect("valid");
        Hello::new(speaks, pair, LinkRole::Gateway, "gateway", Epoch(4))
    }

    #[test]
    fn a_hello_of_version_1_looks_as_it_always_did_and_a_newer_one_is_understood_by_it() {
        let first = r#"{"version":1,"pair":"main","role":"gateway","name":"gateway","epoch_seen":4}"#;
        let json = serde_json::to_string(&hello(Speaks::up_to(LinkVersion::FIRST))).expect("serialises");
        assert_eq!(json, first);
        let read: Hello = serde_json::from_str(first).expect("reads");
        assert_eq!(read.spoken(), speaks(1, 1));
        let now = serde_json::to_value(hello(Speaks::ALL)).expect("serialises");
        assert_eq!((&now["version"], &now["speaks"]), (&1.into(), &2.into()));
    }

    #[test]
    fn a_welcome_of_version_1_is_the_pair_alone() {
        let pair = r#"{"name":"main","epoch":4,"primary":{"name":"a","address":"h:1","pid":7}}"#;
        let read: Welcome = serde_json::from_str(pair).expect("reads");
        assert_eq!(read.speaks, LinkVersion::FIRST);
        assert_eq!(serde_json::to_string(&read).expect("serialises"), pair);
        let now = Welcome::from(read.pair.clone());
        let json = serde_json::to_string(&FromEngine::Welcome(now)).expect("serialises");
        assert!(json.ends_with(r#","speaks":2}}"#), "{json}");
        // As a program of version 1 reads it.
        let value: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
        let known: Pair = serde_json::from_value(value["welcome"].clone()).expect("reads");
        assert_eq!(known, read.pair);
    }
}
