//! What is counted of a link, by its pair: handles, so that nothing is looked up for a request.

use tandem_protocol::PairName;
use tandem_telemetry::{Count, LINK, Level};

/// See the module. Links of one process to the same pair share them.
#[derive(Debug)]
pub(crate) struct Measures {
    pub(crate) connected: Level,
    pub(crate) epoch: Level,
    pub(crate) unacked: Level,
    pub(crate) losses: Count,
    pub(crate) resent: Count,
}

impl Measures {
    pub(crate) fn of(pair: &PairName) -> Self {
        let pair = pair.as_str();
        Self {
            connected: LINK.connected.of([pair]),
            epoch: LINK.epoch.of([pair]),
            unacked: LINK.unacked.of([pair]),
            losses: LINK.losses.of([pair]),
            resent: LINK.resent.of([pair]),
        }
    }
}
