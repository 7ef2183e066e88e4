//! Where settings come from: the file, the environment and the command line, each as one layer over the defaults.
//!
//! A layer carries the name by which its owner knows it (a path, a variable, a flag), which every refusal and
//! `tandem config show` repeat.

use std::path::{Path, PathBuf};

use figment::{
    Figment, Metadata, Profile, Provider,
    value::{Dict, Map, Tag, Value},
};

use super::refusal::Refusal;

/// What every variable of Tandem's begins with.
const ENVIRONMENT_PREFIX: &str = "TANDEM_";

/// Names the file itself, and is therefore no key of it.
const CONFIG_VARIABLE: &str = "TANDEM_CONFIG";

/// A setting given on the command line. It has no `Debug`, nor has anything here that holds values as they were given:
/// there may be secrets among them.
#[derive(Clone)]
pub(crate) struct Flag {
    /// As typed, such as `--listen`.
    pub(crate) flag: &'static str,
    /// The key that it sets, such as `gateway.listen`.
    pub(crate) key: &'static str,
    /// The value.
    pub(crate) value: Value,
}

impl Flag {
    /// The flag, where it was given.
    pub(crate) fn of(flag: &'static str, key: &'static str, value: Option<impl Into<Value>>) -> Option<Self> {
        value.map(|value| Self { flag, key, value: value.into() })
    }
}

/// Everything given besides the defaults.
#[derive(Clone, Default)]
pub(crate) struct Given {
    /// The TOML file.
    pub(crate) file: Option<PathBuf>,
    /// The process's environment.
    pub(crate) environment: Vec<(String, String)>,
    /// The command line.
    pub(crate) flags: Vec<Flag>,
}

impl Given {
    /// What this process was given: its environment and these.
    pub(crate) fn to_this_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        // A variable that is not UTF-8 cannot be one of ours: our names and values are.
        let environment = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self { file, environment: environment.collect(), flags }
    }

    /// The layers, weakest first: flags > environment > file.
    pub(super) fn layers(&self) -> Result<Vec<Layer>, Refusal> {
        let mut layers = Vec::new();
        if let Some(path) = &self.file {
            layers.push(Layer::of_file(path)?);
        }
        let ours = |name: &str| name.starts_with(ENVIRONMENT_PREFIX) && name != CONFIG_VARIABLE;
        layers.extend(self.environment.iter().filter(|(name, _)| ours(name)).map(Layer::of_variable));
        layers.extend(self.flags.iter().map(Layer::of_flag));
        Ok(layers)
    }
}

/// One source and what it sets.
pub(super) struct Layer {
    /// How its owner knows it.
    pub(super) origin: String,
    /// What it sets.
    pub(super) values: Dict,
}

impl Layer {
    fn of_file(path: &Path) -> Result<Self, Refusal> {
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) => return Err(Refusal::Unreadable { file, cause }),
        };
        let table: toml::Table = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            Refusal::Syntax { file: file.clone(), line, message: error.message().to_owned() }
        })?;
        let value = Value::serialize(table).expect("a TOML table has only string keys");
        let values = value.into_dict().expect("a table is a dictionary");
        Ok(Self { origin: file, values })
    }

    /// `TANDEM_ENGINE__LEASE__RENEW` is `engine.lease.renew`.
    fn of_variable((name, text): &(String, String)) -> Self {
        let key = name[ENVIRONMENT_PREFIX.len()..].to_lowercase().replace("__", ".").replace('_', "-");
        Self { origin: name.clone(), values: nested(&key, variable_value(text)) }
    }

    fn of_flag(flag: &Flag) -> Self {
        Self { origin: flag.flag.to_owned(), values: nested(flag.key, flag.value.clone()) }
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// All layers over the defaults, later ones stronger.
pub(super) fn merged(defaults: Dict, layers: &[Layer]) -> Figment {
    let defaults = Layer { origin: "default".into(), values: defaults };
    layers.iter().fold(Figment::from(&defaults), |merged, layer| merged.merge(layer))
}

/// Everything is a string in the environment; booleans, numbers and lists are told by their form.
fn variable_value(text: &str) -> Value {
    match text {
        "true" => Value::from(true),
        "false" => Value::from(false),
        list if list.starts_with('[') => {
            let table = toml::from_str::<toml::Table>(&format!("list = {list}"));
            table.ok().and_then(|table| Value::serialize(&table["list"]).ok()).unwrap_or_else(|| Value::from(list))
        }
        text => match text.parse::<u64>() {
            // Only a number that is written as numbers are: 007 is a name.
            Ok(number) if number.to_string() == text => Value::from(number),
            _ => Value::from(text),
        },
    }
}

/// `a.b` = v as { a: { b: v } }.
fn nested(key: &str, value: Value) -> Dict {
    match key.split_once('.') {
        Some((first, rest)) => Dict::from([(first.to_owned(), Value::Dict(Tag::Default, nested(rest, value)))]),
        None => Dict::from([(key.to_owned(), value)]),
    }
}
