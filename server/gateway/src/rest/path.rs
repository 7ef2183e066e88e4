//! The session, or the contact, in a path.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use tandem_protocol::{ContactId, SessionId};

use crate::problem::Problem;

/// `{session}` of the route.
#[derive(Debug, Clone, Copy)]
pub(super) struct InSession(pub(super) SessionId);

impl<S: Send + Sync> FromRequestParts<S> for InSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let session = text.ok().and_then(|Path(text)| text.parse().ok());
        session.map(Self).ok_or_else(|| Problem::bad_request("The session's id in the path must be a UUID."))
    }
}

/// `{contact}` of the route.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfContact(pub(super) ContactId);

impl<S: Send + Sync> FromRequestParts<S> for OfContact {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let number = Path::<u64>::from_request_parts(parts, state).await;
        let contact = number.map(|Path(number)| Self(ContactId(number)));
        contact.map_err(|_| Problem::bad_request("The contact in the path must be a number."))
    }
}
