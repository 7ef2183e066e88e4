//! `/api/v1/control/drills`: a failure rehearsed on the running system.

mod cancel;
mod list;
mod plan;
mod start;

use std::time::Duration;

use axum::{
    Router,
    routing::{get, post},
};
use tandem_drill::{EVERY_DEFAULT, Plan, SESSIONS_DEFAULT};
use tandem_protocol::{PairName, control::DrillFailure};

use crate::{app::Shared, problem::Problem};

/// The routes.
pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/drills", get(list::list).post(start::start))
        .route("/drills/plan", post(plan::plan))
        .route("/drills/cancel", post(cancel::cancel))
}

/// What is wished for, where it is one that a running system bears.
fn planned(
    pair: PairName,
    failure: DrillFailure,
    sessions: Option<u32>,
    every_ms: Option<u64>,
) -> Result<Plan, Problem> {
    let every = every_ms.map_or(EVERY_DEFAULT, Duration::from_millis);
    let plan = Plan::new(pair, failure, sessions.unwrap_or(SESSIONS_DEFAULT), every);
    plan.map_err(|bad| Problem::bad_request(format!("{bad}.")))
}
