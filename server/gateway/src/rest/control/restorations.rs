//! `GET /api/v1/control/sessions/{session}/restorations`: what was done to restore a session, oldest first.

use axum::{Json, extract::State};
use serde::Serialize;
use tandem_protocol::control::{Control, Restoration, Told};

use super::who::Looking;
use crate::{app::Shared, control::ask, problem::Problem, rest::path::InSession};

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Restorations {
    restorations: Vec<Restoration>,
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    InSession(session): InSession,
    Looking(overseer): Looking,
) -> Result<Json<Restorations>, Problem> {
    let pair = app.engine.pairs().of(session);
    match ask(&app, pair, &overseer, Control::Restorations { session }).await? {
        Told::Restorations(restorations) => Ok(Json(Restorations { restorations })),
        _ => Err(Problem::internal()),
    }
}
