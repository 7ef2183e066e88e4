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
    health, pages,
    problem::{Kind, Problem},
    rest,
};

/// The whole service.
pub(crate) fn router(app: Shared) -> Router {
    Router::new()
        .merge(pages::router())
        .nest("/api/v1", rest::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(|| async { Problem::new(Kind::NoSuchRoute, "There is nothing at this path.") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "The Allow header names the methods there are.")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(harden))
        .with_state(app)
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

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has written what happened and where.
    tracing::error!("a request's handler panicked");
    Problem::internal().into_response()
}
