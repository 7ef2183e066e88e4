//! Everything the gateway serves over HTTP, and what holds for all of it: every error is a problem document, also
//! for paths that there are not and for our own bugs.

use std::any::Any;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    app::Shared,
    health, measuring, pages,
    problem::{Kind, Problem},
    rest,
};

/// For a year, and for this host only: what stands beside it is not the gateway's to decide.
const INSIST: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The whole service.
pub(crate) fn router(app: Shared) -> Router {
    let routes = Router::new()
        .merge(pages::router())
        .nest("/api/v1", rest::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    let is_encrypted = app.is_encrypted;
    let routes = guarded(routes).with_state(app);
    if is_encrypted { routes.layer(middleware::from_fn(insist)) } else { routes }
}

/// The routes, with an answer for everything else that may come and may happen.
fn guarded<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .fallback(|| async { Problem::new(Kind::NoSuchRoute, "There is nothing at this path.") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "The Allow header names the methods there are.")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(harden))
        .layer(middleware::from_fn(measuring::measure))
}

/// Headers without which a browser is less strict than it can be; an answer that says nothing of its storing is not
/// to be stored, since it may carry a token.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A browser that was here once never comes by plain HTTP again (RFC 6797): nobody on the way can have it do so.
async fn insist(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, INSIST);
    response
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has written what happened and where.
    tracing::error!("a request's handler panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::StatusCode};
    use tower::ServiceExt;

    use super::*;

    async fn breaks() -> &'static str {
        panic!("the story wants it so")
    }

    async fn answer(path: &str) -> Response {
        let request = Request::builder().uri(path).body(Body::empty()).expect("is a request");
        guarded(Router::new().route("/broken", get(breaks))).oneshot(request).await.expect("always answers")
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_with_a_problem() {
        let response = answer("/broken").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[tokio::test]
    async fn an_answer_that_says_nothing_of_storing_is_not_stored() {
        assert_eq!(answer("/nothing").await.headers()[header::CACHE_CONTROL], "no-store");
    }
}
