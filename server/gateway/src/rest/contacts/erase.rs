//! `DELETE /api/v1/contacts/{contact}`: a contact is erased, with all that was said in his chats. It goes on by itself;
//! a repeat tells how far it is.

use axum::{Json, extract::State, http::StatusCode};
use tandem_protocol::archive::{Erasure, Look};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, look, path::OfContact, whence::Whence},
};

/// Answers 202.
pub(in crate::rest) async fn erase(
    State(app): State<Shared>,
    OfContact(contact): OfContact,
    bearer: Bearer,
    whence: Whence,
) -> Result<(StatusCode, Json<Erasure>), Problem> {
    let erasure = look::act(&app, bearer, whence, Look::Erase { contact }).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure)))
}
