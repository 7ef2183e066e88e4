//! `/api/v1/control`: what administrators see and do. It works while things are broken, which is when it is needed.

mod acts;
mod drills;
mod part;
mod restorations;
mod sessions;
mod status;
mod switchover;
mod takeovers;
mod who;

use axum::{
    Router,
    routing::{get, post},
};
use tandem_protocol::PairName;

use crate::{app::Shared, engine::Pair, problem::Problem};

/// All routes below `/api/v1/control`.
pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/status", get(status::status))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{session}/restorations", get(restorations::list))
        .route("/takeovers", get(takeovers::list))
        .route("/acts", get(acts::list))
        .route("/switchover", post(switchover::switch_over))
        .merge(drills::router())
}

/// The pair of this name; without one, the only one there is.
fn pair_of<'a>(app: &'a Shared, name: Option<&PairName>) -> Result<&'a Pair, Problem> {
    let found = match name {
        Some(name) => app.engine.pairs().named(name),
        None => {
            let mut pairs = app.engine.pairs().iter();
            pairs.next().filter(|_| pairs.next().is_none())
        }
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = app.engine.pairs().iter().map(|pair| pair.name.as_str()).collect();
        Problem::bad_request(format!("pair must be one of: {}.", names.join(", ")))
    })
}
