//! `/healthz` and `/readyz`, for whatever watches the process.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{app::Shared, problem::Problem};

/// The process is alive.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// The process serves: it is connected to a primary and does not shut down.
pub(crate) async fn readyz(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    if !app.engine.status().connected || app.stopping.is_cancelled() {
        return Err(Problem::unavailable());
    }
    let (sessions, desks) = (app.engine.session_count(), app.engine.desk_count());
    Ok(Json(json!({ "status": "ready", "sessions": sessions, "desks": desks })))
}
