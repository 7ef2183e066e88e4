//! The little of WebDriver that the stories need (W3C WebDriver 2), and Chromium's two additions: its log and its
//! own protocol. JSON over HTTP on loopback, so the HTTP client that the harness has anyway is enough.
//!
//! What a browser refuses fails the test at once, with the browser's own words.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tandem_tests::within;

/// The name under which WebDriver returns an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser session.
#[derive(Debug, Clone)]
pub(crate) struct WebDriver {
    http: Client,
    /// Of the session, without a slash at its end.
    url: String,
}

impl WebDriver {
    /// Starts a browser; also returns what it says of itself.
    pub(crate) async fn start(driver: &str, capabilities: Value) -> (Self, Value) {
        let web = Self { http: Client::new(), url: format!("{driver}/session") };
        let wish = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let started = web.post("", wish).await;
        let session = started["sessionId"].as_str().expect("a session has an id");
        let url = format!("{}/{session}", web.url);
        (Self { url, ..web }, started["capabilities"].clone())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.call(Method::DELETE, path, None).await
    }

    /// Runs a function body in the page and returns what it returns.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// The first element that a selector finds.
    pub(crate) async fn find(&self, selector: &str) -> String {
        let found = self.post("/element", json!({ "using": "css selector", "value": selector })).await;
        found[ELEMENT].as_str().expect("an element has a reference").to_owned()
    }

    /// The element that has the focus.
    pub(crate) async fn focused(&self) -> String {
        self.get("/element/active").await[ELEMENT].as_str().expect("a page has a focus").to_owned()
    }

    /// Presses keys at an element, as a keyboard does.
    pub(crate) async fn keys(&self, element: &str, text: &str) {
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Chromium's own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let what = format!("the browser answers {method} {path}");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = async { request.send().await?.json::<Value>().await };
        let mut answer = within(&what, answer).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{what}: {} {}", value["error"], value["message"]);
        value
    }
}
