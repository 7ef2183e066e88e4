//! What can be measured, each in its unit. A handle is cheap to clone and stays the same metric.

use std::{borrow::Cow, fmt, sync::atomic::AtomicU64, sync::atomic::Ordering, time::Duration};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::{MetricType, TypedMetric, counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry},
};

use crate::row::{Kind, Row};

/// Bounds of what is measured in seconds: from a commit to a fast disk to what makes a person give up.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds of what is counted at a time: up to the largest batch.
const SIZES: [f64; 13] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];

/// What a field of a group can be.
pub(crate) trait Measured: Sized {
    /// How it behaves.
    const KIND: Kind;

    /// One with nothing in it.
    fn new(row: &'static Row) -> Self;

    /// Makes it readable under the name of its row.
    fn register(&self, row: &'static Row, registry: &mut Registry);
}

/// The encoder appends what a counter's name ends with.
fn add(row: &'static Row, metric: impl Metric, registry: &mut Registry) {
    registry.register(row.name.strip_suffix("_total").unwrap_or(row.name), row.help, metric);
}

/// How often something happened.
#[derive(Debug, Clone, Default)]
pub struct Count(Counter);

impl Count {
    /// Once more.
    pub fn inc(&self) {
        self.0.inc();
    }

    /// So many times more.
    pub fn add(&self, count: usize) {
        self.0.inc_by(count as u64);
    }
}

/// How many there are.
#[derive(Debug, Clone, Default)]
pub struct Level(Gauge);

impl Level {
    /// So many.
    pub fn set(&self, level: usize) {
        self.0.set(i64::try_from(level).unwrap_or(i64::MAX));
    }

    /// 1 for yes.
    pub fn set_whether(&self, is: bool) {
        self.0.set(is.into());
    }

    /// One more, for as long as the guard lives.
    #[must_use]
    pub fn one_more(&self) -> impl Drop + Send + 'static {
        self.0.inc();
        OneMore(self.clone())
    }
}

struct OneMore(Level);

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.0.dec();
    }
}

/// A number of any size, with a fraction.
#[derive(Debug, Clone, Default)]
pub struct Number(Gauge<f64, AtomicU64>);

impl Number {
    /// It is this.
    pub fn set(&self, number: f64) {
        self.0.set(number);
    }
}

/// Seconds that something else has counted.
#[derive(Debug, Clone, Default)]
pub struct TotalSeconds(Counter<f64, AtomicU64>);

impl TotalSeconds {
    /// So many until now.
    pub fn set(&self, total: Duration) {
        self.0.inner().store(total.as_secs_f64().to_bits(), Ordering::Relaxed);
    }
}

/// How long something takes.
#[derive(Debug, Clone)]
pub struct Seconds(Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(SECONDS))
    }
}

impl Seconds {
    /// It took this.
    pub fn observe(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}

/// How many there are at a time.
#[derive(Debug, Clone)]
pub struct Sizes(Histogram);

impl Default for Sizes {
    fn default() -> Self {
        Self(Histogram::new(SIZES))
    }
}

impl Sizes {
    /// There were so many.
    pub fn observe(&self, size: usize) {
        self.0.observe(size as f64);
    }
}

macro_rules! measured {
    ($($name:ty, $kind:ident;)*) => {$(
        impl EncodeMetric for $name {
            fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
                self.0.encode(encoder)
            }

            fn metric_type(&self) -> MetricType {
                Self::TYPE
            }
        }

        impl TypedMetric for $name {
            const TYPE: MetricType = MetricType::$kind;
        }

        impl Measured for $name {
            const KIND: Kind = Kind::$kind;

            fn new(_: &'static Row) -> Self {
                Self::default()
            }

            fn register(&self, row: &'static Row, registry: &mut Registry) {
                add(row, self.clone(), registry);
            }
        }
    )*};
}

measured! {
    Count, Counter;
    Level, Gauge;
    Number, Gauge;
    TotalSeconds, Counter;
    Seconds, Histogram;
    Sizes, Histogram;
}

type Values = Vec<(&'static str, Cow<'static, str>)>;

/// A metric for each value of its labels. Whoever counts often keeps what [`By::of`] gives.
#[derive(Debug, Clone)]
pub struct By<M> {
    row: &'static Row,
    family: Family<Values, M, fn() -> M>,
}

impl<M: Clone> By<M> {
    /// The one with these values, in the order of the row's labels.
    ///
    /// # Panics
    /// When they are not as many as the labels.
    pub fn of<const N: usize>(&self, values: [&str; N]) -> M {
        let labels = self.row.labels;
        assert_eq!(labels.len(), N, "{} is told apart by {N} labels", self.row.name);
        let given = labels.iter().zip(values).map(|(label, value)| {
            debug_assert!(label.values.is_empty() || label.values.contains(&value), "{value} is in the table");
            (label.name, Cow::Owned(value.to_owned()))
        });
        self.family.get_or_create_owned(&given.collect())
    }
}

impl<M: Measured + Default + Clone + EncodeMetric + TypedMetric + fmt::Debug + Send + Sync + 'static> Measured
    for By<M>
{
    const KIND: Kind = M::KIND;

    fn new(row: &'static Row) -> Self {
        let by = Self { row, family: Family::new_with_constructor(M::default) };
        // What has not happened yet shows as 0 and not as nothing: a rule that looks for its growth sees the first time.
        if let [label] = row.labels {
            label.values.iter().for_each(|value| drop(by.of([value])));
        }
        by
    }

    fn register(&self, row: &'static Row, registry: &mut Registry) {
        add(row, self.family.clone(), registry);
    }
}
