//! `GET /api/v1/control/acts?pair=&before=&limit=`: what operators have done, newest first. The record is one for all pairs
//! of a store; `pair` says whose primary is asked for it.

use axum::{Json, extract::State};
use serde::Serialize;
use tandem_protocol::control::{Act, Control, Told};

use super::{pair_of, part::Earlier, who::Looking};
use crate::{app::Shared, control::ask, problem::Problem, rest::query::Query};

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Acts {
    acts: Vec<Act>,
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    Looking(overseer): Looking,
    Query(query): Query<Earlier>,
) -> Result<Json<Acts>, Problem> {
    let limit = query.limit()?;
    let pair = match &query.pair {
        Some(name) => pair_of(&app, Some(name))?,
        // Whichever can be asked.
        None => app.engine.pairs().any(),
    };
    let before_ms = query.before.map(|before| before.0);
    match ask(&app, pair, &overseer, Control::Acts { before_ms, limit }).await? {
        Told::Acts(acts) => Ok(Json(Acts { acts })),
        _ => Err(Problem::internal()),
    }
}
