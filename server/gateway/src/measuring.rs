//! Counts HTTP requests by their route, which is one of those there are and never the path as it was sent.

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::Response,
};
use tandem_telemetry::GATEWAY;
use tokio::time::Instant;

/// What a request counts under that no route has.
const NO_ROUTE: &str = "none";

/// A layer around all routes.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let since = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = word_of(request.method());
    let response = next.run(request).await;
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    GATEWAY.requests.of([route, method, response.status().as_str()]).inc();
    GATEWAY.request.of([route]).observe(since.elapsed());
    response
}

/// A client may send any word as a method; those that nothing here has count as one.
fn word_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
