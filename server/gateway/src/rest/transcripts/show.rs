//! `GET /api/v1/transcripts/{session}?format=`: the transcript of a live or ended session, for a login.

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{
        auth::Bearer,
        path::InSession,
        query::Query,
        transcripts::{
            answer::answer,
            form::{Wish, form_of},
            source::Source,
        },
    },
};

/// Answers 200 with all that the login may read.
pub(in crate::rest) async fn show(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    answer(app, Source::Archive { session, bearer }, form_of(wish, &headers)).await
}
