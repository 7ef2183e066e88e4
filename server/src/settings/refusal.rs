//! Why settings are refused, one line each: which source, which key, which value, what is allowed.

use std::fmt;

use figment::{
    Figment,
    error::Kind,
    value::{Dict, Value},
};

use super::{check::Unfit, links, pairs::Clash, sources::Layer, store};

/// What stands for a value that must not be repeated.
pub(super) const NOT_SHOWN: &str = "(not shown)";

/// One reason.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The file cannot be read.
    #[error("{file}: cannot be read: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{file}: line {line} is not valid TOML: {}", one_line(.message))]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// As the parser puts it.
        message: String,
    },
    /// There is no such setting.
    #[error("{origin}: unknown key {key}; {} allows {}", table_name(.table), .allowed.join(", "))]
    UnknownKey {
        /// File, variable or flag.
        origin: String,
        /// The whole key.
        key: String,
        /// The table that it stands in; empty for the top.
        table: String,
        /// The keys of that table.
        allowed: Vec<String>,
    },
    /// A value stands where a table belongs.
    #[error("{origin}: {key} = {value} is refused; {key} is a table with {}", .allowed.join(", "))]
    NotATable {
        /// File, variable or flag.
        origin: String,
        /// The whole key.
        key: String,
        /// The value as TOML writes it.
        value: String,
        /// The keys of the table.
        allowed: Vec<String>,
    },
    /// A value is out of its bounds.
    #[error("{origin}: {key} = {value} is refused; {why}")]
    BadValue {
        /// File, variable or flag.
        origin: String,
        /// The whole key.
        key: String,
        /// The value as TOML writes it.
        value: String,
        /// What is allowed.
        why: String,
    },
    /// The values are each in their bounds and do not go together.
    #[error("{origin}: {unfit}")]
    Unfit {
        /// Where the value that has to change comes from.
        origin: String,
        /// What does not go together.
        unfit: Unfit,
    },
    /// The pairs of a section cannot be used together.
    #[error("{origin}: {clash}")]
    Pairs {
        /// Where the setting that has to change comes from.
        origin: String,
        /// Why.
        clash: Clash,
    },
}

/// All reasons; never empty.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Refusals(pub(crate) Vec<Refusal>);

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Refusal::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Every key of the layer that the defaults do not have, in nested tables too.
pub(super) fn unknown_keys(layer: &Layer, known: &Dict) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    collect_unknown(&layer.origin, "", &layer.values, known, &mut refusals);
    refusals
}

fn collect_unknown(origin: &str, table: &str, given: &Dict, known: &Dict, refusals: &mut Vec<Refusal>) {
    for (name, value) in given {
        let key = if table.is_empty() { name.clone() } else { format!("{table}.{name}") };
        let origin = origin.to_owned();
        match (known.get(name), value) {
            (None, _) => {
                let (table, allowed) = (table.to_owned(), known.keys().cloned().collect());
                refusals.push(Refusal::UnknownKey { origin, key, table, allowed });
            }
            (Some(Value::Dict(_, known)), Value::Dict(_, given)) => {
                collect_unknown(&origin, &key, given, known, refusals);
            }
            // The entries of a list of tables are like the first of those that the defaults have.
            (Some(Value::Array(_, known)), Value::Array(_, given)) => {
                let Some(Value::Dict(_, known)) = known.first() else { continue };
                for (at, entry) in given.iter().enumerate() {
                    let Value::Dict(_, entry) = entry else { continue };
                    collect_unknown(&origin, &format!("{key}[{at}]"), entry, known, refusals);
                }
            }
            (Some(Value::Dict(_, known)), value) => {
                let allowed = known.keys().cloned().collect();
                let value = as_given(&key, value);
                refusals.push(Refusal::NotATable { origin, key, value, allowed });
            }
            (Some(_), _) => {}
        }
    }
}

/// The refusal of a value, out of what serde says of it; the error's path begins within the section.
pub(super) fn bad_value(merged: &Figment, section: &str, error: &figment::Error) -> Refusal {
    let step = |key: String, name: &String| match name.parse::<usize>() {
        Ok(at) => format!("{key}[{at}]"),
        Err(_) => format!("{key}.{name}"),
    };
    let key = error.path.iter().fold(section.to_owned(), step);
    let origin = origin_of(merged, &key);
    let table = merged.find_value(section).ok();
    let value = table.as_ref().and_then(|table| inside(table, &error.path));
    let value = value.map_or_else(|| "(nothing)".to_owned(), |value| as_given(&key, value));
    let why = match &error.kind {
        Kind::MissingField(name) => format!("it must have {name}"),
        Kind::InvalidType(_, allowed) | Kind::InvalidValue(_, allowed) | Kind::InvalidLength(_, allowed) => {
            format!("it must be {}", readable(allowed))
        }
        other => other.to_string(),
    };
    Refusal::BadValue { origin, key, value, why }
}

/// What a path leads to, through tables by name and through lists by number.
fn inside<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Dict(_, table) => table.get(name),
        Value::Array(_, list) => list.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Where the value of a key comes from. A list comes from one source as a whole.
pub(super) fn origin_of(merged: &Figment, key: &str) -> String {
    let key = key.split('[').next().unwrap_or_default();
    merged.find_metadata(key).map_or_else(|| "default".to_owned(), |metadata| metadata.name.to_string())
}

/// Whether the value of a key must never be shown.
pub(super) fn is_secret(key: &str) -> bool {
    key.ends_with("-secret") || key == links::KEY || links::KEY.rsplit('.').next() == Some(key)
}

/// Whether a password may be a part of what was given for a key, for the table that it should stand in too.
pub(super) fn may_hold_password(key: &str) -> bool {
    let table = format!("{key}.");
    key == store::ADDRESS || [store::ADDRESS, links::KEY].iter().any(|secret| secret.starts_with(&table))
}

/// As [`written`], for a value that is not understood: not even where a password begins and ends is known in it.
fn as_given(key: &str, value: &Value) -> String {
    if may_hold_password(key) { NOT_SHOWN.to_owned() } else { written(key, value) }
}

/// A value as TOML writes it, on one line; a secret is not shown.
pub(super) fn written(key: &str, value: &Value) -> String {
    match value {
        _ if is_secret(key) => "(secret)".to_owned(),
        Value::String(_, text) => toml::Value::String(text.clone()).to_string(),
        Value::Char(_, char) => toml::Value::String(char.to_string()).to_string(),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128()) {
            (Some(number), _) => number.to_string(),
            (_, Some(number)) => number.to_string(),
            _ => number.to_f64().unwrap_or_default().to_string(),
        },
        Value::Empty(..) => "(nothing)".to_owned(),
        Value::Dict(_, dict) => {
            let entries = dict.iter().map(|(name, value)| format!("{name} = {}", written(name, value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(_, values) => {
            format!("[{}]", values.iter().map(|value| written(key, value)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// serde's own words for the plain types, as an operator puts them.
fn readable(allowed: &str) -> String {
    match allowed {
        "a boolean" => "true or false".to_owned(),
        "a string" => "a text in quotes".to_owned(),
        "usize" | "u32" | "u64" => "a whole number".to_owned(),
        structure if structure.starts_with("struct ") => "a table".to_owned(),
        "a sequence" => "a list, such as [\"…\", \"…\"]".to_owned(),
        other => other.to_owned(),
    }
}

fn table_name(table: &str) -> String {
    match table.rsplit_once('[') {
        _ if table.is_empty() => "the top level".to_owned(),
        Some((list, _)) => format!("[[{list}]]"),
        None => format!("[{table}]"),
    }
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}
