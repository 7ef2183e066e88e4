//! `GET /api/v1/sessions/{session}/transcript?format=`: what a participant may read of a live or ended session, whole.

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

/// Answers 200.
pub(in crate::rest) async fn transcript(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    answer(app, Source::Engine { session, bearer }, form_of(wish, &headers)).await
}
