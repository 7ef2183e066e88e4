//! `POST /api/v1/agent/logout`: the login of the bearer's token ends, and with it his desks. May be repeated.

use axum::{extract::State, http::StatusCode};
use tandem_protocol::{desk::DeskAsk, link::Answer};

use crate::{app::Shared, problem::Problem, rest::auth::Bearer};

/// Answers 204.
pub(in crate::rest) async fn logout(State(app): State<Shared>, bearer: Bearer) -> Result<StatusCode, Problem> {
    app.oversight.forget(bearer.0);
    match app.engine.ask_interaction(DeskAsk::Logout { token: bearer.0 }).await? {
        Answer::Told(_) => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::internal()),
    }
}
