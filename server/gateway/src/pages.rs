//! The pages and the files they load, with the headers that keep a browser strict and its cache right.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use sha2::{Digest, Sha256};
use tandem_web::{ControlPage, PageError, SamplePage, WorkspacePage};

use crate::{
    app::Shared,
    problem::{Kind, Problem},
};

/// The routes of people.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/sample") }))
        .route("/sample", get(sample))
        .route("/workspace", get(workspace))
        .route("/control", get(control))
        .route("/static/{*path}", get(asset))
}

async fn sample(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let page = SamplePage { notices: app.settings.sample_notices, version: env!("CARGO_PKG_VERSION") };
    respond(tandem_web::sample(&page), &headers)
}

async fn workspace(headers: HeaderMap) -> Result<Response, Problem> {
    let page = WorkspacePage { version: env!("CARGO_PKG_VERSION") };
    respond(tandem_web::workspace(&page), &headers)
}

async fn control(headers: HeaderMap) -> Result<Response, Problem> {
    let page = ControlPage { version: env!("CARGO_PKG_VERSION") };
    respond(tandem_web::control(&page), &headers)
}

/// A page, which a browser keeps and asks about each time.
fn respond(rendered: Result<String, PageError>, headers: &HeaderMap) -> Result<Response, Problem> {
    let html = rendered.map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::internal()
    })?;
    let digest = Sha256::digest(html.as_bytes());
    let etag = format!("\"{}\"", digest[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let about = About { content_type: "text/html; charset=utf-8", etag, cache_control: "no-cache" };
    Ok(about.respond(headers, html.into()))
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = tandem_web::asset(&path);
    let asset = asset.ok_or_else(|| Problem::new(Kind::NoSuchRoute, "There is no such file."))?;
    let cache_control = asset.cache_control();
    let about = About { content_type: asset.content_type, etag: asset.etag, cache_control };
    Ok(about.respond(&headers, asset.bytes.into_owned().into()))
}

/// What a browser is told of a file.
struct About {
    content_type: &'static str,
    etag: String,
    cache_control: &'static str,
}

impl About {
    /// The file, or 304 when the browser has it (RFC 9110 §13.1.2).
    fn respond(self, asked: &HeaderMap, body: Body) -> Response {
        let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|list| list.split(',')).map(str::trim);
        let is_known = known.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag);
        let mut response =
            if is_known { StatusCode::NOT_MODIFIED.into_response() } else { (StatusCode::OK, body).into_response() };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        let policy = HeaderValue::from_static(tandem_web::CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        let etag = HeaderValue::try_from(self.etag).expect("digits in quotes are a header's value");
        headers.insert(header::ETAG, etag);
        response
    }
}
