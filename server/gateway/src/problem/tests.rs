//! The mapping is a contract: what is asserted here may only grow.

use std::collections::HashSet;

use axum::body::to_bytes;
use serde_json::{Value, json};

use super::*;

async fn document(problem: Problem) -> (axum::http::HeaderMap, Value) {
    let response = problem.into_response();
    let headers = response.headers().clone();
    let body = to_bytes(response.into_body(), 4096).await.expect("is short");
    (headers, serde_json::from_slice(&body).expect("is JSON"))
}

#[tokio::test]
async fn a_problem_is_an_rfc_9457_document() {
    let (headers, body) = document(Problem::unavailable()).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(headers[header::RETRY_AFTER], "1");
    assert_eq!(
        body,
        json!({
            "type": "/api/v1/problems/unavailable",
            "title": "No engine answered in time",
            "status": 503,
            "detail": "No chat engine answered in time; repeat the request unchanged.",
            "code": "unavailable",
            "retry_after_ms": 1000,
        })
    );
}

#[tokio::test]
async fn a_missing_token_names_the_scheme() {
    let refusal = Refusal::new(ErrorCode::Unauthorized, "There is no token.");
    let (headers, body) = document(refusal.into()).await;
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(body["status"], 401);
    assert!(body.get("retry_after_ms").is_none(), "repeating does not help");
}

#[test]
fn every_shared_code_is_spelt_as_on_the_other_interfaces() {
    for kind in KINDS {
        if let Kind::Refused(code) = kind {
            assert_eq!(json!(code), json!(kind.code()));
        }
    }
}

#[test]
fn no_code_means_two_things() {
    let codes: HashSet<_> = KINDS.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), KINDS.len());
}

#[test]
fn a_client_may_come_back_exactly_when_the_close_code_says_so() {
    let all = [
        Ending::GoingAway,
        Ending::SlowReader,
        Ending::Silent,
        Ending::Unavailable,
        Ending::Busy,
        Ending::BadFrame,
        Ending::Unauthorized,
        Ending::UnknownSession,
        Ending::Ended,
        Ending::FrameTooLarge,
        Ending::NoHello,
    ];
    for ending in all {
        let comes_back = ending.reconnect(Duration::from_secs(5)).is_some();
        assert_eq!((comes_back, ending.passes()), (ending.code() < 4500, comes_back), "{ending:?}");
    }
}
