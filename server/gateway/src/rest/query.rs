//! The query of a request, refused as a problem when it is malformed.

use std::error::Error;

use axum::{
    extract::{self, FromRequestParts},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// See the module.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match extract::Query::from_request_parts(parts, state).await {
            Ok(extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                // Its source names the parameter; what it says itself is of this program.
                let cause = rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string);
                Err(Problem::bad_request(format!("The query: {cause}.")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Wish {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        limit: Option<u32>,
    }

    #[tokio::test]
    async fn a_malformed_query_is_refused_with_the_name_of_what_is_wrong() {
        for (query, sentence) in [("limit=9", None), ("limit=-1", Some("The query: limit: invalid digit"))] {
            let request = Request::builder().uri(format!("/?{query}")).body(()).expect("is a request");
            let (mut parts, ()) = request.into_parts();
            let refused = Query::<Wish>::from_request_parts(&mut parts, &()).await.err();
            let detail = refused.map(|problem| format!("{problem:?}"));
            assert_eq!(detail.is_some(), sentence.is_some(), "{detail:?}");
            assert!(detail.is_none_or(|detail| detail.contains(sentence.unwrap_or_default())));
        }
    }
}
