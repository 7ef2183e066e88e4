//! `/healthz` and `/readyz`, for whatever watches the process.

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::{Value, json};
use tandem_protocol::PairName;

use crate::{app::Shared, problem::Problem};

/// One pair, as this gateway is linked to it.
#[derive(Debug, Serialize)]
struct PairStatus<'a> {
    pair: &'a PairName,
    connected: bool,
    /// Sessions of it that are read here.
    sessions: usize,
}

/// The process is alive.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// The process serves: it is connected to a primary, of whichever pair, and does not shut down.
pub(crate) async fn readyz(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    if !app.engine.pairs().is_any_connected() || app.stopping.is_cancelled() {
        return Err(Problem::unavailable());
    }
    let pairs = app.engine.pairs().iter().map(|pair| PairStatus {
        pair: &pair.name,
        connected: pair.is_connected(),
        sessions: pair.registry.session_count(),
    });
    let pairs: Vec<PairStatus<'_>> = pairs.collect();
    let (sessions, desks) = (pairs.iter().map(|pair| pair.sessions).sum::<usize>(), app.engine.desk_count());
    Ok(Json(json!({ "status": "ready", "sessions": sessions, "desks": desks, "pairs": pairs })))
}
