//! An integrator's program: speaks REST with a gateway.
//!
//! It repeats nothing by itself and hides no status, so that a test sees what the gateway says. A request during a
//! failover is the gateway's to hold and to finish.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tandem_protocol::{ClientId, ErrorCode, ParticipantId, RawEvent, Seq, SessionId};

/// How long the program waits for an answer: longer than any failover, so that only a hang reaches it.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Events asked for in one page when a whole transcript is read.
const PAGE: u32 = 200;

/// A program that knows a gateway.
#[derive(Debug, Clone)]
pub struct Rest {
    base: String,
    http: reqwest::Client,
}

/// A participant of a session, as the gateway named him: what opening and joining return.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ticket {
    /// The session.
    pub session: SessionId,
    /// The participant's secret.
    pub token: String,
    /// The participant's number.
    pub participant: ParticipantId,
    /// The event by which he joined.
    pub seq: Seq,
}

/// An answer, whatever it says.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub kind: String,
    /// The `Retry-After` header, if any.
    pub retry_after: Option<String>,
    /// The JSON body; null where there is none.
    pub body: Value,
}

impl Reply {
    /// The body as what the caller expects.
    ///
    /// # Panics
    /// When the status is not 2xx or the body is something else.
    #[must_use]
    pub fn done<T: for<'de> Deserialize<'de>>(self) -> T {
        self.is_done();
        let body = self.body.to_string();
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("unexpected body {body}: {error}"))
    }

    /// Fails unless the request was done.
    ///
    /// # Panics
    /// When the status is not 2xx.
    pub fn is_done(&self) {
        assert!((200..300).contains(&self.status), "refused with {}: {}", self.status, self.body);
    }

    /// The code of a refusal.
    ///
    /// # Panics
    /// When the answer is not a problem of RFC 9457 whose status agrees with the status line.
    #[must_use]
    pub fn problem(&self) -> String {
        assert_eq!(self.kind, "application/problem+json", "{} {}", self.status, self.body);
        assert_eq!(self.body["status"], self.status, "{}", self.body);
        for member in ["type", "title", "code"] {
            assert!(self.body[member].is_string(), "a problem has {member}: {}", self.body);
        }
        self.body["code"].as_str().expect("is a string").to_owned()
    }

    /// Whether the answer is a problem with this code.
    #[must_use]
    pub fn is_refused_with(&self, code: ErrorCode) -> bool {
        serde_json::to_value(code).expect("a code serialises") == self.problem()
    }
}

impl Rest {
    /// A program that uses the gateway at `host:port`.
    ///
    /// # Panics
    /// When the HTTP client cannot be built.
    #[must_use]
    pub fn at(address: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_MAX).build();
        Self { base: format!("http://{address}"), http: http.expect("a client without TLS needs nothing") }
    }

    /// `host:port` of the gateway.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Any request; `path` begins with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Opens a session.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(&self, name: &str) -> Ticket {
        self.try_open(json!({ "name": name })).await.done()
    }

    /// Opens a session that the echo participant joins.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open_with_echo(&self, name: &str) -> Ticket {
        self.try_open(json!({ "name": name, "properties": { "echo": "on" } })).await.done()
    }

    /// Opens a session with properties, such as the queue it is for.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open_with(&self, name: &str, properties: Value) -> Ticket {
        self.try_open(json!({ "name": name, "properties": properties })).await.done()
    }

    /// Asks for a session.
    pub async fn try_open(&self, body: Value) -> Reply {
        answer(self.request(Method::POST, "/api/v1/sessions").json(&body)).await
    }

    /// Adds a participant of kind EXTERNAL.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn join(&self, ticket: &Ticket, name: &str) -> Ticket {
        let body = json!({ "name": name, "client_id": format!("join-{}", fastrand::u64(..)) });
        self.post(ticket, "participants", &body).await.done()
    }

    /// Says something; the answer has the event's number.
    pub async fn say(&self, ticket: &Ticket, client_id: &ClientId, text: &str) -> Reply {
        self.post(ticket, "messages", &json!({ "client_id": client_id, "text": text })).await
    }

    /// Reads a page of events, waiting for the first of them up to `wait` when there is none yet.
    pub async fn events(&self, ticket: &Ticket, after: Seq, limit: u32, wait: Option<&str>) -> Reply {
        let wait = wait.map(|wait| format!("&wait={wait}")).unwrap_or_default();
        self.get(ticket, &format!("/events?after={after}&limit={limit}{wait}")).await
    }

    /// Reads the whole transcript, page by page.
    ///
    /// # Panics
    /// When a page is refused.
    pub async fn transcript(&self, ticket: &Ticket) -> Vec<RawEvent> {
        let mut events: Vec<RawEvent> = Vec::new();
        loop {
            let after = events.last().map_or(Seq::ZERO, |event| event.seq);
            let page = self.events(ticket, after, PAGE, None).await;
            let page: Vec<RawEvent> = events_of(&page.done::<Value>());
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// The session's state.
    pub async fn state(&self, ticket: &Ticket) -> Reply {
        self.get(ticket, "").await
    }

    /// Leaves the session.
    pub async fn leave(&self, ticket: &Ticket) -> Reply {
        self.post(ticket, "leave", &json!({})).await
    }

    /// Ends the session.
    pub async fn close(&self, ticket: &Ticket) -> Reply {
        self.post(ticket, "close", &json!({})).await
    }

    async fn get(&self, ticket: &Ticket, rest: &str) -> Reply {
        let path = format!("/api/v1/sessions/{}{rest}", ticket.session);
        answer(self.request(Method::GET, &path).bearer_auth(&ticket.token)).await
    }

    async fn post(&self, ticket: &Ticket, action: &str, body: &Value) -> Reply {
        let path = format!("/api/v1/sessions/{}/{action}", ticket.session);
        answer(self.request(Method::POST, &path).bearer_auth(&ticket.token).json(body)).await
    }
}

/// Sends a request and reads the whole answer.
///
/// # Panics
/// When there is none: the gateway is down.
pub async fn answer(request: RequestBuilder) -> Reply {
    try_answer(request).await.expect("the gateway answers")
}

/// Sends a request to a gateway that may be down.
pub async fn try_answer(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let kind = header("content-type").unwrap_or_default();
    let retry_after = header("retry-after");
    let status = response.status().as_u16();
    let body = serde_json::from_str(&response.text().await?).unwrap_or(Value::Null);
    Ok(Reply { status, kind, retry_after, body })
}

/// The events of a page.
///
/// # Panics
/// When the page has none or they are malformed.
#[must_use]
pub fn events_of(page: &Value) -> Vec<RawEvent> {
    let events = page["events"].as_array().unwrap_or_else(|| panic!("a page has events: {page}"));
    let raw = |event: &Value| {
        let parsed = serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{event}: {error}"));
        RawEvent::of(&parsed)
    };
    events.iter().map(raw).collect()
}
