//! `[traces]`: to which collector of OpenTelemetry traces go, and how many. Every role reads it; all of a system are to
//! have the same, so that each trace is whole.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};

use super::values::{HostPort, Text, Written};

/// The section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TracesSection {
    /// The collector, by OTLP over HTTP; nothing is traced when absent.
    pub(crate) endpoint: Option<Text<Collector>>,
    /// Which part of all messages is traced. The gateway decides it for all.
    pub(crate) sample: Part,
}

impl Default for TracesSection {
    fn default() -> Self {
        Self { endpoint: None, sample: Part(0.01) }
    }
}

/// Never NaN, so that settings can be compared.
impl Eq for TracesSection {}

/// `http://host:port`, where a collector takes `/v1/traces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collector(HostPort);

impl FromStr for Collector {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let place = text.strip_prefix("http://").ok_or(())?;
        place.trim_end_matches('/').parse().map(Self).map_err(|_| ())
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl Written for Collector {
    const ALLOWED: &'static str = "http:// with a host and a port, such as \"http://127.0.0.1:4318\"; a collector beside \
                                   Tandem can pass traces on by TLS";
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Part(pub(crate) f64);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl Visitor<'_> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1, such as 0.01 for one in a hundred")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if (0.0..=1.0).contains(&number) {
            Ok(Part(number))
        } else {
            Err(E::invalid_value(Unexpected::Float(number), &self))
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match number {
            0 => Ok(Part(0.0)),
            1 => Ok(Part(1.0)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        u64::try_from(number)
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
            .and_then(|number| self.visit_u64(number))
    }

    // The environment has texts only.
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let number = text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))?;
        self.visit_f64(number)
    }
}
