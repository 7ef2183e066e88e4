//! The text in which Prometheus reads the metrics of a process (its text format 0.0.4).

use std::borrow::Cow;

use prometheus_client::{encoding::prometheus_text, registry::Registry};

use crate::row::Group;

/// What one process has to show.
#[derive(Debug)]
pub struct Exposition(Registry);

impl Exposition {
    /// What the text is, for whoever sends it over HTTP.
    pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

    /// These groups; each of their metrics carries these labels too.
    #[must_use]
    pub fn of(labels: &[(&'static str, String)], groups: &[&dyn Group]) -> Self {
        let labels = labels.iter().map(|(name, value)| (Cow::Borrowed(*name), Cow::Owned(value.clone())));
        let mut registry = Registry::with_labels(labels);
        groups.iter().for_each(|group| group.register(&mut registry));
        Self(registry)
    }

    /// How they stand now.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0).expect("a String can be written to");
        text
    }
}
