//! Who asks: `Authorization: Bearer <token>` (RFC 6750 §2.1). Never a token in a URL, which logs and histories keep.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use tandem_protocol::{ErrorCode, TokenHash, link::Credential};

use crate::{
    problem::{Kind, Problem},
    secret,
};

/// The hash of the request's token, a participant's or a login's; whoever is asked finds out whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bearer(pub(super) TokenHash);

impl Bearer {
    pub(super) fn credential(self) -> Credential {
        Credential::Token(self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty());
        let (_, token) = token
            .ok_or_else(|| Problem::new(Kind::Refused(ErrorCode::Unauthorized), "Send the token as a bearer token."))?;
        Ok(Self(secret::hash_of(token.trim())))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn hash(value: Option<&str>) -> Result<TokenHash, Kind> {
        let mut request = Request::builder();
        if let Some(value) = value {
            request = request.header(header::AUTHORIZATION, value);
        }
        let (mut parts, ()) = request.body(()).expect("is a request").into_parts();
        let bearer = Bearer::from_request_parts(&mut parts, &()).await;
        bearer.map(|bearer| bearer.0).map_err(|problem| problem.kind())
    }

    #[tokio::test]
    async fn only_a_bearer_token_counts() {
        assert_eq!(hash(Some("Bearer t-1")).await, Ok(secret::hash_of("t-1")));
        assert_eq!(hash(Some("bearer t-1")).await, Ok(secret::hash_of("t-1")));
        for other in [None, Some("Bearer"), Some("Bearer "), Some("Basic dDo="), Some("t-1")] {
            assert_eq!(hash(other).await, Err(Kind::Refused(ErrorCode::Unauthorized)), "{other:?}");
        }
    }
}
