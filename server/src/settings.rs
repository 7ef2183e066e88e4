//! Everything that an operator can set, read in one place: flags > environment > file > defaults.
//!
//! One file a section; [`values`] has the kinds of values with their bounds, [`check`] what must hold between them.
//! Nothing is taken in silence: what is not understood is refused by name ([`refusal`]). Called by every command.

mod check;
mod echo;
mod engine;
mod gateway;
mod inactivity;
mod interaction;
mod lease;
mod links;
mod lists;
mod log;
pub(crate) mod metrics;
mod options;
mod pair;
mod pairs;
mod refusal;
mod run;
mod show;
mod sources;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod traces;
mod values;
mod words;

use figment::{
    Figment,
    value::{Dict, Value},
};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::{
    echo::EchoSection,
    engine::EngineSection,
    gateway::{GatewaySection, TlsSection},
    interaction::InteractionSection,
    links::LinksSection,
    log::{LogFormat, LogSection},
    metrics::MetricsSection,
    pair::PairSection,
    pairs::{PairLink, PairPlace, links},
    refusal::{Refusal, Refusals},
    run::RunSection,
    sources::{Flag, Given},
    store::StoreSection,
    traces::TracesSection,
    values::{HostPort, SkillName, Text},
};

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// `[pair]`.
    pub(crate) pair: PairSection,
    /// `[store]`.
    pub(crate) store: StoreSection,
    /// `[links]`.
    pub(crate) links: LinksSection,
    /// `[engine]`.
    pub(crate) engine: EngineSection,
    /// `[gateway]`.
    pub(crate) gateway: GatewaySection,
    /// `[interaction]`.
    pub(crate) interaction: InteractionSection,
    /// `[echo]`.
    pub(crate) echo: EchoSection,
    /// `[run]`.
    pub(crate) run: RunSection,
    /// `[log]`.
    pub(crate) log: LogSection,
    /// `[metrics]`.
    pub(crate) metrics: MetricsSection,
    /// `[traces]`.
    pub(crate) traces: TracesSection,
}

impl Settings {
    /// The defaults, with an entry in each list that is empty by default: the keys of its entries are known by it.
    fn with_every_key() -> Self {
        let mut settings = Self::default();
        for pairs in [&mut settings.gateway.place.pairs, &mut settings.interaction.pairs] {
            pairs.0.push(PairPlace::sample());
        }
        settings
    }
}

/// Settings that were read and checked, with their origins.
pub(crate) struct Loaded {
    /// The settings.
    pub(crate) settings: Settings,
    merged: Figment,
}

/// Without what was given, in which there may be secrets.
impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Loaded").field(&self.settings).finish()
    }
}

impl Loaded {
    /// As TOML with origins.
    pub(crate) fn show(&self) -> String {
        show::show(&dict_of(&self.settings), &self.merged)
    }

    /// Who set this key, where anybody did.
    pub(crate) fn given_by(&self, key: &str) -> Option<String> {
        let origin = refusal::origin_of(&self.merged, key);
        (origin != "default").then_some(origin)
    }
}

/// Reads and checks everything that was given; refuses with every reason that is found.
pub(crate) fn load(given: &Given) -> Result<Loaded, Refusals> {
    let known = dict_of(&Settings::with_every_key());
    let layers = given.layers().map_err(|refusal| Refusals(vec![refusal]))?;
    let unknown: Vec<Refusal> = layers.iter().flat_map(|layer| refusal::unknown_keys(layer, &known)).collect();
    if !unknown.is_empty() {
        return Err(Refusals(unknown));
    }
    let merged = sources::merged(dict_of(&Settings::default()), &layers);
    let settings = extract(&merged)?;
    let unfit = check::check(&settings);
    if !unfit.is_empty() {
        let refusal = |unfit: check::Unfit| Refusal::Unfit { origin: refusal::origin_of(&merged, unfit.key()), unfit };
        return Err(Refusals(unfit.into_iter().map(refusal).collect()));
    }
    Ok(Loaded { settings, merged })
}

/// Section by section, so that a bad value in each is named at once.
fn extract(merged: &Figment) -> Result<Settings, Refusals> {
    let mut refusals = Vec::new();
    let pair = section(merged, "pair", &mut refusals);
    let store = store::extract(merged).map_err(|refusal| refusals.push(refusal)).ok();
    let links = section(merged, "links", &mut refusals);
    let engine = section(merged, "engine", &mut refusals);
    let gateway = gateway::extract(merged, engine.as_ref()).map_err(|refusal| refusals.push(refusal)).ok();
    let interaction = interaction::extract(merged, engine.as_ref()).map_err(|refusal| refusals.push(refusal)).ok();
    let echo = section(merged, "echo", &mut refusals);
    let run = section(merged, "run", &mut refusals);
    let log = section(merged, "log", &mut refusals);
    let metrics = section(merged, "metrics", &mut refusals);
    let traces = section(merged, "traces", &mut refusals);
    let of_all = (pair, store, links, log, metrics, traces);
    let of_roles = (engine, gateway, interaction, echo, run);
    match (of_all, of_roles) {
        (
            (Some(pair), Some(store), Some(links), Some(log), Some(metrics), Some(traces)),
            (Some(engine), Some(gateway), Some(interaction), Some(echo), Some(run)),
        ) => Ok(Settings { pair, store, links, engine, gateway, interaction, echo, run, log, metrics, traces }),
        _ => Err(Refusals(refusals)),
    }
}

fn section<T: DeserializeOwned>(merged: &Figment, name: &str, refusals: &mut Vec<Refusal>) -> Option<T> {
    let section = section_value(merged, name).deserialize();
    section.map_err(|error| refusals.push(refusal::bad_value(merged, name, &error))).ok()
}

fn section_value(merged: &Figment, name: &str) -> Value {
    merged.find_value(name).expect("the defaults have every section")
}

fn dict_of(settings: &Settings) -> Dict {
    let value = Value::serialize(settings).expect("settings have only string keys");
    value.into_dict().expect("a struct is a dictionary")
}
