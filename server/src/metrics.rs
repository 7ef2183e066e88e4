//! `/metrics`: shows what a role has counted to Prometheus, at an address of its own. [`listener`] answers over HTTP,
//! [`process`] looks at the process itself.
//!
//! What is counted is counted anyway; this only reads it. It must never wait for a role, nor a role for it. Called by each
//! role before it says that it is ready.

mod listener;
mod process;

use std::{net::SocketAddr, time::SystemTime};

use tandem_protocol::{EngineName, PairName};
use tandem_telemetry::{ENGINE, Exposition, GATEWAY, Group, INTERACTION, LINK, PROCESS};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    lifecycle::listen::{ListenError, listen},
    settings::MetricsSection,
};

/// Whose metrics are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// An engine's, each with the names of its pair and of itself.
    Engine(&'a PairName, &'a EngineName),
    /// A gateway's.
    Gateway,
    /// The interaction server's.
    Interaction,
    /// The echo participant's.
    Echo,
}

/// Metrics that are shown, for as long as this lives; or none, where the settings say no address.
#[derive(Debug)]
pub(crate) struct Metrics {
    address: Option<SocketAddr>,
    /// The task that answers; it ends with this.
    _answering: JoinSet<()>,
}

/// Why metrics cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotShown {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("the listener of the metrics: {0}")]
    Broken(#[from] std::io::Error),
}

impl Metrics {
    /// Shows them where the settings want it. Must be called within a Tokio runtime.
    pub(crate) fn show(section: &MetricsSection, shown: Shown<'_>) -> Result<Self, NotShown> {
        let mut answering = JoinSet::new();
        let Some(at) = &section.listen else { return Ok(Self { address: None, _answering: answering }) };
        let listener = TcpListener::from_std(listen("the metrics", at.0)?)?;
        let address = Some(listener.local_addr()?);
        PROCESS.build.of([env!("CARGO_PKG_VERSION"), shown.role()]).set(1);
        process::began(SystemTime::now());
        answering.spawn(listener::answer(listener, shown.exposition()));
        Ok(Self { address, _answering: answering })
    }

    /// Where, with the concrete port.
    pub(crate) fn address(&self) -> Option<String> {
        self.address.map(|address| address.to_string())
    }
}

impl Shown<'_> {
    fn role(self) -> &'static str {
        match self {
            Self::Engine(..) => "engine",
            Self::Gateway => "gateway",
            Self::Interaction => "interaction",
            Self::Echo => "echo",
        }
    }

    fn exposition(self) -> Exposition {
        let (labels, own): (Vec<_>, &[&dyn Group]) = match self {
            Self::Engine(pair, name) => {
                (vec![("pair", pair.to_string()), ("engine", name.to_string())], &[&*ENGINE, &*PROCESS])
            }
            Self::Gateway => (vec![], &[&*GATEWAY, &*LINK, &*PROCESS]),
            Self::Interaction => (vec![], &[&*INTERACTION, &*LINK, &*PROCESS]),
            Self::Echo => (vec![], &[&*LINK, &*PROCESS]),
        };
        Exposition::of(&labels, own)
    }
}
