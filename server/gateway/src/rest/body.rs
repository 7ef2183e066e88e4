//! The JSON body of a request, within its bounds of size and time.

use std::time::Duration;

use axum::{
    body,
    extract::{FromRequest, Request},
    http::header,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::problem::{Kind, Problem};

/// The largest body that is read: as the largest frame of a WebSocket's client.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long a body may take to arrive, so that slow senders do not hold connections.
const BODY_MAX: Duration = Duration::from_secs(10);

/// See the module. No request with a body knows fields that it ignores: a misspelt one is told.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::new(Kind::UnsupportedMediaType, "Set Content-Type to application/json."));
        }
        let too_large = || Problem::new(Kind::BodyTooLarge, format!("At most {BODY_BYTES_MAX} bytes are read."));
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: usize| length > BODY_BYTES_MAX) {
            return Err(too_large());
        }
        let read = body::to_bytes(request.into_body(), BODY_BYTES_MAX);
        let late = |_| Problem::new(Kind::BodyTooSlow, "Send the body at once.");
        // The connection is gone, or the limit was met; in the first case nobody reads what is answered.
        let bytes = timeout(BODY_MAX, read).await.map_err(late)?.map_err(|_| too_large())?;
        let parsed = serde_json::from_slice(&bytes);
        parsed.map(Self).map_err(|error| Problem::bad_request(format!("The body: {error}.")))
    }
}

fn is_json(request: &Request) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    async fn kind(content_type: &str, body: String) -> Result<Value, Kind> {
        let request = Request::builder().header(header::CONTENT_TYPE, content_type);
        let request = request.body(body::Body::from(body)).expect("is a request");
        Body::from_request(request, &()).await.map(|body| body.0).map_err(|problem| problem.kind())
    }

    #[tokio::test]
    async fn json_is_read_and_everything_else_told_apart() {
        use tandem_protocol::ErrorCode::BadRequest;
        assert_eq!(kind("application/json; charset=utf-8", "[1]".into()).await, Ok(serde_json::json!([1])));
        assert_eq!(kind("text/plain", "[1]".into()).await, Err(Kind::UnsupportedMediaType));
        assert_eq!(kind("application/json", "[1".into()).await, Err(Kind::Refused(BadRequest)));
        let large = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX));
        assert_eq!(kind("application/json", large).await, Err(Kind::BodyTooLarge));
    }
}
