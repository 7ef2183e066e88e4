//! `[echo]`: which engine the echo participant links to.

use serde::{Deserialize, Serialize};

use super::values::{FilePath, HostPort, Text};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct EchoSection {
    /// The configured primary engine; the backup is learnt from it.
    pub(crate) primary: Text<HostPort>,
    /// The file in which the last known pair is kept, so that a start works while the primary is down.
    pub(crate) pair_cache: Option<Text<FilePath>>,
}

impl Default for EchoSection {
    fn default() -> Self {
        Self { primary: Text("127.0.0.1:7301".parse().expect("is a host and a port")), pair_cache: None }
    }
}
