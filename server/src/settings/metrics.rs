//! `[metrics]`: where a role shows its metrics to Prometheus. Every role reads it; those of one host that share a file are
//! given their own places by the flag.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::values::Text;

/// The flag that sets [`LISTEN`].
pub(crate) const FLAG: &str = "--metrics";

/// The key of where it is listened.
pub(crate) const LISTEN: &str = "metrics.listen";

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct MetricsSection {
    /// Where `/metrics` is served; nowhere when absent. Port 0 takes any free port.
    pub(crate) listen: Option<Text<SocketAddr>>,
    /// Permits a listen address that other machines reach: whoever connects reads all figures, unencrypted.
    pub(crate) allow_plain_http: bool,
}
