//! `PATCH /api/v1/contacts/{contact}`: a contact gets another name, other attributes, other identities. What the body
//! does not name stays. May be repeated: it says how things are to be.

use axum::{Json, extract::State};
use tandem_protocol::archive::{Amendment, Contact, Look};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, body::Body, look::look, path::OfContact},
};

/// Answers 200 with the contact as it is then.
pub(in crate::rest) async fn amend(
    State(app): State<Shared>,
    OfContact(contact): OfContact,
    bearer: Bearer,
    Body(change): Body<Amendment>,
) -> Result<Json<Contact>, Problem> {
    look(&app, bearer, Look::Amend { contact, change }).await.map(Json)
}
