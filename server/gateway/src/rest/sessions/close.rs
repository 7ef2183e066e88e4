//! `POST /api/v1/sessions/{session}/close`: ends the session for everyone. May be repeated.

use axum::{extract::State, http::StatusCode};
use tandem_protocol::link::{Answer, Request};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, path::InSession},
};

/// Answers 204; the last event is in the session's events.
pub(in crate::rest) async fn close(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
) -> Result<StatusCode, Problem> {
    match app.engine.ask(session, Request::Close { session, by: bearer.credential() }).await? {
        Answer::Done => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::internal()),
    }
}
