//! The session in a path.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use tandem_protocol::SessionId;

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
