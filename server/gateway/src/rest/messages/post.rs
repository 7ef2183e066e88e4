//! `POST /api/v1/sessions/{session}/messages`: says something.
//!
//! It has an id, `client_id` or `Idempotency-Key`, by which a repeat is known and answered as the first was (D-3).
//! During a failover it waits; what is answered is saved (D-1).

use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use tandem_protocol::{
    ClientId, ErrorCode, ParticipantId, Refusal, Seq, Timestamp, Visibility,
    link::{Answer, Request, Send},
};
use tandem_telemetry::GATEWAY;
use tokio::time::Instant;

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, body::Body, client_id, path::InSession},
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct PostMessage {
    text: String,
    client_id: Option<ClientId>,
    /// Who may read it; everybody when it is not said.
    #[serde(default)]
    visibility: Visibility,
}

/// The answer, 200; the same for a repeat.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Posted {
    client_id: ClientId,
    participant: ParticipantId,
    seq: Seq,
    at_ms: Timestamp,
    /// Whether it is on the disk; absent when it is.
    #[serde(skip_serializing_if = "Clone::clone")]
    durable: bool,
}

/// See the module.
pub(in crate::rest) async fn post(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
    headers: HeaderMap,
    Body(PostMessage { text, client_id, visibility }): Body<PostMessage>,
) -> Result<Json<Posted>, Problem> {
    let client_id = client_id::of(client_id, &headers)?.ok_or_else(|| {
        Problem::bad_request(
            "A message needs an id of yours, client_id or Idempotency-Key, so that it may be repeated.",
        )
    })?;
    if text.len() > app.settings.message_bytes_max {
        GATEWAY.limits.of(["message_bytes"]).inc();
        let message = format!("The text has more than {} bytes.", app.settings.message_bytes_max);
        return Err(Refusal::new(ErrorCode::MessageTooLong, message).into());
    }
    let send = Send { session, by: bearer.credential(), client_id: client_id.clone(), text, visibility };
    let since = Instant::now();
    let answer = app.engine.ask(session, Request::Send(send)).await?;
    GATEWAY.acknowledgement.observe(since.elapsed());
    match answer {
        Answer::Saved { seq, at_ms, participant, durable } => {
            Ok(Json(Posted { client_id, participant, seq, at_ms, durable }))
        }
        _ => Err(Problem::internal()),
    }
}
