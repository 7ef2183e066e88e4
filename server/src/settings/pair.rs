//! `[pair]`: which pair of engines this file is about. Every role reads it.

use serde::{Deserialize, Serialize};
use tandem_protocol::PairName;

use super::values::Text;

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PairSection {
    /// The pair's name. Every stored row and every link belongs to one pair.
    pub(crate) name: Text<PairName>,
}

impl Default for PairSection {
    fn default() -> Self {
        Self { name: Text(PairName::new("main").expect("is a valid name")) }
    }
}
