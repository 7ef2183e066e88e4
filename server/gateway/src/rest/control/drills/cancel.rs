//! `POST /api/v1/control/drills/cancel`: calls off the drill under way. It is under way until its sessions are erased.

use axum::{extract::State, http::StatusCode};

use crate::{app::Shared, rest::control::who::Acting};

/// Answers 204, also where none is under way: it is then over.
pub(in crate::rest) async fn cancel(State(app): State<Shared>, Acting(overseer): Acting) -> StatusCode {
    if app.drills.cancel() {
        tracing::info!(from = overseer.actor().from, "an administrator calls the drill off");
    }
    StatusCode::NO_CONTENT
}
