//! `GET /api/v1/sessions/{session}/contact`: the contact of a session, for a login.

use axum::{Json, extract::State};
use tandem_protocol::archive::{Contact, Look};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, look::look, path::InSession},
};

/// Answers 200; null for a stranger's session.
pub(in crate::rest) async fn contact(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
) -> Result<Json<Option<Contact>>, Problem> {
    look(&app, bearer, Look::ContactOf { session }).await.map(Json)
}
