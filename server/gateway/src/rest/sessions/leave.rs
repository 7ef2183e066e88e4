//! `POST /api/v1/sessions/{session}/leave`: the participant leaves. May be repeated.

use axum::{extract::State, http::StatusCode};
use tandem_protocol::link::{Answer, Request};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, path::InSession},
};

/// Answers 204; the events that follow from it tell the rest.
pub(in crate::rest) async fn leave(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
) -> Result<StatusCode, Problem> {
    match app.engine.ask(session, Request::Leave { session, by: bearer.credential() }).await? {
        Answer::Done => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::internal()),
    }
}
