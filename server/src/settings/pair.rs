//! `[pair]`: which pair of engines this file is about. Every role reads it.

use serde::{Deserialize, Serialize};
use tandem_protocol::{LinkVersion, PairName, Speaks};

use super::values::{Count, Text};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PairSection {
    /// The pair's name. Every stored row and every link belongs to one pair.
    pub(crate) name: Text<PairName>,
    /// The newest version of the link protocol that is spoken. Every process speaks all that it knows, so this is only to
    /// rehearse an upgrade: with 1 it does as a program that knows no newer one.
    pub(crate) link_version: Count<{ LinkVersion::FIRST.0 as u64 }, { LinkVersion::CURRENT.0 as u64 }>,
}

impl Default for PairSection {
    fn default() -> Self {
        Self {
            name: Text(PairName::new("main").expect("is a valid name")),
            link_version: Count(LinkVersion::CURRENT.0.into()),
        }
    }
}

impl PairSection {
    /// What is spoken on links.
    pub(crate) fn speaks(&self) -> Speaks {
        let most = u16::try_from(self.link_version.0).expect("the bound is a version");
        Speaks::up_to(LinkVersion(most))
    }
}
