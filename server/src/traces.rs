//! Traces as OpenTelemetry knows them: the spans that [`tandem_telemetry::trace`] tells of go to a collector, some at a
//! time, by OTLP over HTTP as JSON.
//!
//! Whoever ends a span never waits: what finds no room here, and what the collector does not take, is lost and counted.
//! Without an endpoint nothing of this exists. Called by each role.

use std::time::Duration;

use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks},
};
use tandem_telemetry::{
    PROCESS,
    trace::{self, Ended, Value, Works},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::settings::TracesSection;

/// Spans that may wait for the collector: some seconds of a busy system of whose messages one in a hundred is traced.
const WAITING_MAX: usize = 8_192;

/// Spans in one request.
const BATCH_MAX: usize = 512;

/// How long spans are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(200);

/// How long the collector may take for a request.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// How long a process that ends waits for its last spans to be taken.
const END_MAX: Duration = Duration::from_secs(2);

/// The way of a process's spans to the collector; or none, where the settings have no endpoint.
#[derive(Debug)]
pub(crate) struct Traces {
    stop: CancellationToken,
    sending: Option<JoinHandle<()>>,
}

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to {endpoint}: {cause}")]
pub(crate) struct NotSent {
    endpoint: String,
    cause: opentelemetry_otlp::ExporterBuildError,
}

impl Traces {
    /// Begins where the settings want it; `role` and `about` name the process. Must be called within a Tokio runtime.
    pub(crate) fn start(
        section: &TracesSection,
        role: &str,
        about: &[(&'static str, String)],
    ) -> Result<Self, NotSent> {
        let stop = CancellationToken::new();
        let Some(endpoint) = &section.endpoint else { return Ok(Self { stop, sending: None }) };
        let endpoint = format!("{}/v1/traces", endpoint.0);
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpJson).with_timeout(ANSWER_MAX);
        let built = exporter.with_endpoint(&endpoint).build();
        let mut exporter = built.map_err(|cause| NotSent { endpoint: endpoint.clone(), cause })?;
        let about = about.iter().map(|(name, value)| KeyValue::new(*name, value.clone()));
        let own = [KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
        let resource = Resource::builder_empty().with_service_name(format!("tandem-{role}"));
        exporter.set_resource(&resource.with_attributes(own.into_iter().chain(about)).build());
        let (spans, waiting) = mpsc::channel(WAITING_MAX);
        trace::start(section.sample.0, move |ended| {
            if spans.try_send(ended).is_err() {
                PROCESS.spans_lost.inc();
            }
        });
        let sender = Sender { exporter, endpoint, waiting, is_failing: false };
        Ok(Self { sending: Some(tokio::spawn(sender.send(stop.clone()))), stop })
    }

    /// Sends what waits, as far as the collector takes it in time.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        if let Some(sending) = self.sending
            && timeout(END_MAX, sending).await.is_err()
        {
            tracing::warn!("the last spans were not taken in time");
        }
    }
}

struct Sender {
    exporter: SpanExporter,
    endpoint: String,
    waiting: mpsc::Receiver<Ended>,
    is_failing: bool,
}

impl Sender {
    async fn send(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            let has_some = stop.run_until_cancelled(self.waiting.recv_many(&mut batch, BATCH_MAX)).await.is_some();
            if has_some && batch.len() < BATCH_MAX {
                stop.run_until_cancelled(sleep(GATHER)).await;
            }
            while batch.len() < BATCH_MAX
                && let Ok(ended) = self.waiting.try_recv()
            {
                batch.push(ended);
            }
            if batch.is_empty() {
                return;
            }
            self.export(&mut batch).await;
        }
    }

    async fn export(&mut self, batch: &mut Vec<Ended>) {
        let count = batch.len();
        match self.exporter.export(batch.drain(..).map(data_of).collect()).await {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!(endpoint = self.endpoint, "traces are taken again");
                }
            }
            Err(error) => {
                PROCESS.spans_lost.add(count);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(endpoint = self.endpoint, %error, "traces are not taken and are lost; all else goes on");
                }
            }
        }
    }
}

/// A span as the exporter wants it.
fn data_of(ended: Ended) -> SpanData {
    let trace = TraceId::from(ended.own.trace);
    let own = SpanContext::new(trace, ended.own.span.into(), TraceFlags::SAMPLED, false, TraceState::default());
    let mut events = SpanEvents::default();
    events.events = ended.events.into_iter().map(|e| Event::new(e.name, e.at, attributes(e.attributes), 0)).collect();
    let is_for_another = ended.works == Works::ForAnother;
    SpanData {
        span_context: own,
        parent_span_id: ended.parent.map_or(SpanId::INVALID, SpanId::from),
        parent_span_is_remote: is_for_another && ended.parent.is_some(),
        span_kind: if is_for_another { SpanKind::Server } else { SpanKind::Internal },
        name: ended.name.into(),
        start_time: ended.began,
        end_time: ended.ended,
        attributes: attributes(ended.attributes),
        dropped_attributes_count: 0,
        events,
        links: SpanLinks::default(),
        status: ended.failure.map_or(Status::Unset, Status::error),
        instrumentation_scope: InstrumentationScope::builder("tandem").build(),
    }
}

fn attributes(attributes: Vec<(&'static str, Value)>) -> Vec<KeyValue> {
    let attribute = |(name, value)| match value {
        Value::Text(text) => KeyValue::new(name, text),
        Value::Number(number) => KeyValue::new(name, number),
    };
    attributes.into_iter().map(attribute).collect()
}
