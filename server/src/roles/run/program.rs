//! The command lines of the children.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use super::Plan;
use crate::{
    lifecycle::{data_dir::DataDir, failure::Failure, report::Ready},
    settings::{PairSection, metrics, store},
};

/// How long an engine may take to save what was sent and give up its lease.
const ENGINE_GRACE: Duration = Duration::from_secs(5);

/// How long the interaction server may take to write what is to be kept.
const INTERACTION_GRACE: Duration = Duration::from_secs(5);

/// How long the echo participant may take; it has nothing to finish.
const ECHO_GRACE: Duration = Duration::from_secs(2);

/// What a gateway may take beyond its own bound, `gateway.shutdown-max`.
const GATEWAY_GRACE: Duration = Duration::from_secs(2);

/// How one child is started, the first time and again.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// The subcommand.
    pub(super) role: &'static str,
    /// The engine's name; the role again where there is only one.
    pub(super) name: &'static str,
    /// How long it may take to end before it is killed.
    pub(super) grace: Duration,
    executable: PathBuf,
    listen: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    more: Vec<OsString>,
    /// The database, for who opens it, where the supervisor has it from its own command line.
    store: Option<String>,
}

impl Program {
    /// As people call it: `engine a`, `gateway`.
    pub(super) fn called(&self) -> String {
        if self.role == self.name { self.role.to_owned() } else { format!("{} {}", self.role, self.name) }
    }

    /// The executable.
    pub(super) fn executable(&self) -> &PathBuf {
        &self.executable
    }

    /// The command line.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![self.role.into()];
        if let Some(listen) = self.listen {
            arguments.extend(["--listen".into(), listen.to_string().into()]);
        }
        if let Some(metrics) = self.metrics {
            arguments.extend([metrics::FLAG.into(), metrics.to_string().into()]);
        }
        arguments.extend(self.more.iter().cloned());
        arguments.extend(["--supervisor".into(), std::process::id().to_string().into()]);
        arguments
    }

    /// What is added to its environment. The database stands there and not on the command line, which every process on
    /// the machine can read.
    pub(super) fn variables(&self) -> Option<(&'static str, &str)> {
        self.store.as_deref().map(|store| (store::VARIABLE, store))
    }

    /// From now on at these very addresses: whoever knows the child by them finds it there again.
    pub(super) fn keep_addresses(&mut self, ready: &Ready) {
        let parsed = |address: &Option<String>| address.as_ref().and_then(|address| address.parse().ok());
        self.listen = parsed(&ready.address).or(self.listen);
        self.metrics = parsed(&ready.metrics).or(self.metrics);
    }

    /// A role that links to this engine.
    pub(super) fn linked_to(mut self, primary: &str) -> Self {
        self.more.extend(["--primary".into(), primary.into()]);
        self
    }
}

/// All children.
#[derive(Debug)]
pub(super) struct Programs {
    /// Engine a, the first primary.
    pub(super) engine_a: Program,
    /// Engine b.
    pub(super) engine_b: Program,
    /// The interaction server, not linked yet.
    pub(super) interaction: Program,
    /// The gateway, not linked yet.
    pub(super) gateway: Program,
    /// The echo participant, not linked yet, where it is wanted.
    pub(super) echo: Option<Program>,
}

impl Programs {
    /// The programs of a plan. The children read the plan's settings file and environment too; what the supervisor
    /// decides for them stands on their command lines, which are stronger.
    pub(super) fn new(plan: &Plan, data: &DataDir) -> Result<Self, Failure> {
        let executable = std::env::current_exe().map_err(Failure::runtime)?;
        let accounts = DataDir::at(&plan.settings.interaction.data_dir.0.0).map_err(Failure::runtime)?;
        let settings = &plan.settings;
        let mut common: Vec<OsString> = Vec::new();
        if let Some(config) = &plan.config {
            common.extend(["--config".into(), config.into()]);
        }
        common.extend(["--log-format".into(), settings.log.format.0.to_string().into()]);
        common.extend(["--log-level".into(), settings.log.level.0.to_string().into()]);
        let version = settings.pair.link_version;
        if version != PairSection::default().link_version {
            common.extend(["--link-version".into(), version.0.to_string().into()]);
        }
        let program = |role, name, listen, grace, more: Vec<OsString>| {
            let more = common.iter().cloned().chain(more).collect();
            Program { role, name, grace, executable: executable.clone(), listen, metrics: None, more, store: None }
        };
        let on_store = |program| Program { store: plan.store.clone(), ..program };
        let engine = |name: &'static str, port| {
            let more = vec!["--name".into(), name.into(), "--data".into(), data.path().into()];
            on_store(program("engine", name, Some(SocketAddr::from(([127, 0, 0, 1], port))), ENGINE_GRACE, more))
        };
        let cache = |role| -> Vec<OsString> { vec!["--pair-cache".into(), data.pair_cache(role).into()] };
        let on_accounts = cache("interaction").into_iter().chain(["--data".into(), accounts.path().into()]).collect();
        let ports = settings.run.metrics_ports();
        let shown = |at: usize, program| {
            let port = ports.map(|ports| SocketAddr::from(([127, 0, 0, 1], ports[at])));
            Program { metrics: port, ..program }
        };
        let [a, b] = settings.run.engine_ports.0.0;
        let gateway = &settings.gateway;
        let grace = gateway.service.shutdown_max + GATEWAY_GRACE;
        Ok(Self {
            engine_a: shown(0, engine("a", a)),
            engine_b: shown(1, engine("b", b)),
            interaction: shown(
                3,
                on_store(program("interaction", "interaction", None, INTERACTION_GRACE, on_accounts)),
            ),
            gateway: shown(2, program("gateway", "gateway", Some(gateway.place.listen.0), grace, cache("gateway"))),
            echo: settings.run.echo.then(|| shown(4, program("echo", "echo", None, ECHO_GRACE, cache("echo")))),
        })
    }
}
