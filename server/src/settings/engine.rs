//! `[engine]`: where an engine listens and keeps its data. [`options`](super::options),
//! [`inactivity`](super::inactivity) and [`lease`](super::lease) are its nested tables.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tandem_protocol::EngineName;

use super::{
    inactivity::InactivitySection,
    lease::LeaseSection,
    options::OptionsSection,
    values::{FilePath, HostPort, Text},
};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct EngineSection {
    /// The engine's name in its pair.
    pub(crate) name: Text<EngineName>,
    /// Where it accepts links. Port 0 takes any free port.
    pub(crate) listen: Text<SocketAddr>,
    /// `host:port` by which others reach it; what it listens on when absent.
    pub(crate) advertise: Option<Text<HostPort>>,
    /// The directory of the embedded store. Both engines of a pair use the same one.
    pub(crate) data_dir: Text<FilePath>,
    /// Permits a listen address that other machines reach although `[links]` has neither a key nor certificates: whoever
    /// can connect reads and writes every session.
    pub(crate) allow_unauthenticated_links: bool,
    /// Whether a drill may make this engine fail, as a primary, for a rehearsal of the failover.
    pub(crate) allow_drills: bool,
    /// `[engine.settings]`.
    pub(crate) settings: OptionsSection,
    /// `[engine.inactivity-control]`.
    pub(crate) inactivity_control: InactivitySection,
    /// `[engine.lease]`.
    pub(crate) lease: LeaseSection,
}

impl Default for EngineSection {
    fn default() -> Self {
        Self {
            name: Text(EngineName::new("a").expect("is a valid name")),
            listen: Text(SocketAddr::from(([127, 0, 0, 1], 7301))),
            advertise: None,
            data_dir: Text(FilePath("tandem-data".into())),
            allow_unauthenticated_links: false,
            allow_drills: true,
            settings: OptionsSection::default(),
            inactivity_control: InactivitySection::default(),
            lease: LeaseSection::default(),
        }
    }
}
