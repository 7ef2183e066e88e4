//! A collector of OpenTelemetry, as far as these stories need one: it takes spans by OTLP over HTTP and keeps them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tandem_tests::eventually;
use tokio::{net::TcpListener, task::JoinHandle};

/// A span as it was told.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) service: String,
    pub(super) trace: String,
    pub(super) span: String,
    /// Empty for the first of its trace.
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) events: Vec<String>,
    pub(super) failure: Option<String>,
}

type Told = Arc<Mutex<Vec<Value>>>;

/// It ends when it is dropped.
pub(super) struct Collector {
    address: String,
    told: Told,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(told): State<Told>, Json(request): Json<Value>) -> Json<Value> {
    told.lock().expect("no story panics while it holds it").push(request);
    Json(json!({}))
}

impl Collector {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("is bound").to_string();
        let told = Told::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(told.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is aborted");
        });
        Self { address, told, serving }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that it was told, as it came.
    pub(super) fn texts(&self) -> Vec<String> {
        self.told.lock().expect("no story panics while it holds it").iter().map(Value::to_string).collect()
    }

    /// The spans, trace by trace.
    pub(super) fn traces(&self) -> Vec<Vec<Seen>> {
        let told = self.told.lock().expect("no story panics while it holds it").clone();
        let mut traces: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for resource in told.iter().flat_map(|request| list(&request["resourceSpans"])) {
            let service = attributes(&resource["resource"])["service.name"].clone();
            for span in list(&resource["scopeSpans"]).iter().flat_map(|scope| list(&scope["spans"])) {
                let seen = seen(&service, span);
                traces.entry(seen.trace.clone()).or_default().push(seen);
            }
        }
        traces.into_values().collect()
    }

    /// Waits for a trace of so many spans.
    pub(super) async fn has_trace_of(&self, spans: usize) -> Vec<Seen> {
        let what = format!("a trace of {spans} spans is told");
        eventually(&what, async || self.traces().into_iter().find(|trace| trace.len() == spans)).await
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn seen(service: &str, span: &Value) -> Seen {
    let text = |name: &str| span[name].as_str().unwrap_or_default().to_owned();
    // 64-bit numbers are texts in the JSON of OTLP.
    let moment = |name: &str| text(name).parse().expect("is a moment in nanoseconds");
    Seen {
        service: service.to_owned(),
        trace: text("traceId"),
        span: text("spanId"),
        parent: text("parentSpanId"),
        name: text("name"),
        began: moment("startTimeUnixNano"),
        ended: moment("endTimeUnixNano"),
        attributes: attributes(span),
        events: list(&span["events"]).iter().filter_map(|event| event["name"].as_str()).map(str::to_owned).collect(),
        failure: span["status"]["message"].as_str().filter(|message| !message.is_empty()).map(str::to_owned),
    }
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = |attribute: &Value| {
        let value = attribute["value"].as_object()?.values().next()?;
        Some((attribute["key"].as_str()?.to_owned(), text(value)))
    };
    list(&of["attributes"]).iter().filter_map(one).collect()
}
