//! One row of the table: what a metric is called and how it is to be read. The page `server/METRICS.md` is compared with
//! it, and so are the alert rules and the dashboard.

use prometheus_client::registry::Registry;

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// As Prometheus knows it; a histogram is read by this name and `_bucket`, `_sum` and `_count`.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// By what it is told apart.
    pub labels: &'static [Label],
    /// What it says, without a full stop.
    pub help: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts what was measured by how large it was.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// All values that it takes, which are there from the start; none where they come from the settings or the routes.
    pub values: &'static [&'static str],
}

/// Metrics that a process has together.
pub trait Group: Sync {
    /// Their rows.
    fn rows(&self) -> &'static [Row];

    /// Makes them readable.
    fn register(&self, registry: &mut Registry);
}
