//! `GET /api/v1/contacts/{contact}`: a contact by number. One that was merged into another answers as that.

use axum::{Json, extract::State};
use tandem_protocol::archive::{Contact, Look};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, look::look, path::OfContact},
};

/// Answers 200.
pub(in crate::rest) async fn show(
    State(app): State<Shared>,
    OfContact(contact): OfContact,
    bearer: Bearer,
) -> Result<Json<Contact>, Problem> {
    look(&app, bearer, Look::Contact { contact }).await.map(Json)
}
