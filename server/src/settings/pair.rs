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
    /// The newest version of the link protocol that is spoken; absent, all that is known. It is only to rehearse an upgrade:
    /// with 1 a process does as a program that knows no newer one.
    pub(crate) link_version: Option<Count<{ LinkVersion::FIRST.0 as u64 }, { LinkVersion::CURRENT.0 as u64 }>>,
}

impl Default for PairSection {
    fn default() -> Self {
        Self { name: Text(PairName::new("main").expect("is a valid name")), link_version: None }
    }
}

impl PairSection {
    /// What is spoken on links.
    pub(crate) fn speaks(&self) -> Speaks {
        let most = self.link_version.map(|version| u16::try_from(version.0).expect("the bound is a version"));
        most.map_or(Speaks::ALL, |most| Speaks::up_to(LinkVersion(most)))
    }
}
