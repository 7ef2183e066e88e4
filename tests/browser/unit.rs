//! The unit tests of the browser library, `unit/*.test.js`, run by the browser itself: no other JavaScript engine is
//! needed on a fresh machine. They use the library as it stands in the tree, without a gateway.

use std::path::{Component, Path, PathBuf};

use axum::{
    Router,
    extract::Path as UrlPath,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;
use tandem_tests::executable::repository;
use tokio::net::TcpListener;

use crate::browser::Browser;

/// What became of one unit test.
#[derive(Debug, Deserialize)]
struct Outcome {
    name: String,
    error: Option<String>,
}

/// Serves the library, the templates and the tests until the test ends; returns where.
async fn serve() -> String {
    let library = get(|UrlPath(path): UrlPath<String>| async { file("static", path) });
    let tests = get(|UrlPath(path): UrlPath<String>| async { file("tests/browser/unit", path) });
    let templates = get(|UrlPath(path): UrlPath<String>| async { file("templates", path) });
    let app = Router::new()
        .route("/static/{*path}", library)
        .route("/templates/{*path}", templates)
        .route("/unit/{*path}", tests);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn file(folder: &str, path: String) -> Response {
    let path = PathBuf::from(path);
    let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("js") => "text/javascript",
        Some("html") => "text/html",
        _ => "text/plain",
    };
    match std::fs::read(Path::new(repository()).join(folder).join(path)) {
        Ok(bytes) if is_below => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test]
async fn the_modules_of_the_browser_library_keep_their_word() {
    let url = serve().await;
    let browser = Browser::start().await;
    let page = browser.visits(&format!("{url}/unit/page.html")).await;
    page.until("the unit tests have run", "globalThis.results !== undefined").await;
    let results = page.run("return globalThis.results;", json!([])).await;
    let outcomes: Vec<Outcome> = serde_json::from_value(results).expect("the page leaves outcomes");
    for Outcome { name, error } in &outcomes {
        println!("{}: {name}", error.as_deref().unwrap_or("ok"));
    }
    let failed = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
    assert_eq!(failed, 0, "of {} unit tests; see above", outcomes.len());
    assert!(outcomes.len() >= 60, "only {} unit tests were found", outcomes.len());
    browser.finish(&["favicon.ico"]).await;
}
