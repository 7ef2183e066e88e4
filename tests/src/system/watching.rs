//! A system whose metrics are read.

use super::{Engine, System};
use crate::{deadline::eventually, figures::Figures};

/// Whose metrics are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// An engine's.
    Engine(Engine),
    /// The gateway's.
    Gateway,
    /// The interaction server's.
    Interaction,
    /// The echo participant's.
    Echo,
}

impl System {
    /// The metrics of a role as they stand.
    ///
    /// # Panics
    /// When the system was not started as one that is watched, or the role does not run.
    pub async fn figures(&self, whose: Watched) -> Figures {
        let part = match whose {
            Watched::Engine(engine) => &self.engines[self.find(engine).await],
            Watched::Gateway => &self.gateway,
            Watched::Interaction => self.interaction.as_ref().expect("there is an interaction server"),
            Watched::Echo => self.echo.as_ref().expect("there is an echo participant"),
        };
        assert!(!part.metrics.is_empty(), "{} is watched", part.name);
        Figures::at(&part.metrics).await
    }

    /// Waits until a figure, summed over what its other labels tell apart, is so much.
    ///
    /// # Panics
    /// When that does not happen in time.
    pub async fn shows(&self, whose: Watched, name: &str, labels: &[(&str, &str)], wanted: f64) {
        self.shows_that(whose, name, labels, |value| value == wanted).await;
    }

    /// Waits until a figure is as wanted.
    ///
    /// # Panics
    /// When that does not happen in time.
    pub async fn shows_that(&self, whose: Watched, name: &str, labels: &[(&str, &str)], wanted: impl Fn(f64) -> bool) {
        let what = format!("{whose:?} shows {name} {labels:?} as wanted");
        eventually(&what, async || self.figures(whose).await.sum(name, labels).filter(|value| wanted(*value))).await;
    }
}
