//! `POST /api/v1/contacts/{contact}/merge`: another contact becomes a part of this one. May be repeated.

use axum::{Json, extract::State};
use serde::Deserialize;
use tandem_protocol::{
    ContactId,
    archive::{Contact, Look},
};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, body::Body, look, path::OfContact, whence::Whence},
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Merge {
    /// Who is no longer a contact of his own.
    from: ContactId,
}

/// Answers 200 with the contact that both are now.
pub(in crate::rest) async fn merge(
    State(app): State<Shared>,
    OfContact(into): OfContact,
    bearer: Bearer,
    whence: Whence,
    Body(Merge { from }): Body<Merge>,
) -> Result<Json<Contact>, Problem> {
    if into == from {
        return Err(Problem::bad_request("A contact cannot be merged into itself."));
    }
    look::act(&app, bearer, whence, Look::Merge { into, from }).await.map(Json)
}
