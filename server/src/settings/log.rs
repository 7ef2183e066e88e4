//! `[log]`: what is logged and how. Every role reads it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::values::{Text, Written};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct LogSection {
    /// How each line looks.
    pub(crate) format: Text<LogFormat>,
    /// What is logged.
    pub(crate) level: Text<LogLevel>,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: Text(LogFormat::Text), level: Text(LogLevel("info".into())) }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Text, Self::Json].into_iter().find(|format| format.to_string() == text).ok_or(())
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl Written for LogFormat {
    const ALLOWED: &'static str = "\"text\" or \"json\"";
}

/// What would print every statement to the database, and every handshake, at a level more talkative than this.
const CAPPED: [&str; 3] = ["tokio_postgres", "tokio_postgres_rustls", "rustls"];

/// The level at which they stop; what is asked of one of them by its name still counts.
const CAP: LevelFilter = LevelFilter::INFO;

/// A filter in the directive syntax of tracing-subscriber, checked when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLevel(String);

impl LogLevel {
    /// The filter.
    pub(crate) fn filter(&self) -> EnvFilter {
        EnvFilter::try_new(self.directives()).expect("the directives were parsed when the settings were read")
    }

    /// The level for everything that is not named stands alone; of several the last counts, as with the filter.
    fn directives(&self) -> String {
        let alone = self.0.split(',').filter_map(|directive| directive.parse::<LevelFilter>().ok()).next_back();
        if alone.is_none_or(|level| level <= CAP) {
            return self.0.clone();
        }
        let capped: String = CAPPED.iter().map(|module| format!("{module}={CAP},")).collect();
        capped + &self.0
    }
}

impl FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // A lone word that is no level would be taken for the name of a module and silence everything.
        let first = text.split(',').next().unwrap_or_default();
        let starts_with_level = first.contains('=') || first.parse::<LevelFilter>().is_ok();
        if !starts_with_level || EnvFilter::try_new(text).is_err() {
            return Err(());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Written for LogLevel {
    const ALLOWED: &'static str =
        "off, error, warn, info, debug or trace, or such levels by module, as in \"info,tandem_link=debug\"";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(text: &str) -> String {
        text.parse::<LogLevel>().expect("is a level").directives()
    }

    #[test]
    fn what_prints_every_statement_is_capped_unless_it_is_asked_for_by_name() {
        let capped = "tokio_postgres=info,tokio_postgres_rustls=info,rustls=info,";
        for quiet in ["off", "warn", "info", "info,tandem_link=debug", "tandem_link=trace"] {
            assert_eq!(directives(quiet), quiet);
        }
        for talkative in ["debug", "trace", "tandem_link=info,debug", "debug,rustls=trace"] {
            assert_eq!(directives(talkative), format!("{capped}{talkative}"));
        }
    }
}
