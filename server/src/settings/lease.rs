//! `[engine.lease]`: how soon a silent primary is succeeded.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::values::Span;

/// The section. [`super::check`] compares the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct LeaseSection {
    /// How often the primary renews its lease.
    pub(crate) renew: Span<50, 60_000>,
    /// A lease not renewed this long is taken over.
    pub(crate) expiry: Span<200, 600_000>,
}

impl Default for LeaseSection {
    fn default() -> Self {
        Self { renew: Span(Duration::from_millis(500)), expiry: Span(Duration::from_secs(3)) }
    }
}
