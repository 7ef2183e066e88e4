//! What an operator's Prometheus reads of each role, and that it is counted when it happens.

mod failing;
mod shown;

use tandem_tests::{Figures, System, Watched};

/// One figure as it stands.
async fn figure(system: &System, whose: Watched, name: &str, labels: &[(&str, &str)]) -> f64 {
    let figures: Figures = system.figures(whose).await;
    figures.sum(name, labels).unwrap_or_else(|| panic!("{whose:?} has no {name} {labels:?}"))
}
