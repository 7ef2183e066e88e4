//! `POST /api/v1/sessions/{session}/participants`: adds a bot or workflow, which gets a token of its own.
//!
//! May be repeated with the same `client_id` (or `Idempotency-Key`) by the same caller. Client ids of joins are
//! shared by all callers of a session: a second caller with the same id is told of the first one's participant and
//! gets a token that opens nothing, so ids should be random.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use tandem_protocol::{
    ClientId, ParticipantId, ParticipantKind, Seq, SessionId, Visibility,
    link::{Answer, Join, Request},
};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, body::Body, client_id, path::InSession},
    secret,
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct AddParticipant {
    name: String,
    client_id: Option<ClientId>,
}

/// The answer, 201.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Added {
    session: SessionId,
    token: String,
    participant: ParticipantId,
    seq: Seq,
}

/// See the module.
pub(in crate::rest) async fn add(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
    headers: HeaderMap,
    Body(body): Body<AddParticipant>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let client_id = match client_id::of(body.client_id, &headers)? {
        Some(client_id) => client_id,
        None => ClientId::new(&secret::random_text()).expect("43 letters, digits, - and _ are a client id"),
    };
    let token = app.secret.participant_token_of(session, &bearer.0, client_id.as_str());
    let answer = app.engine.ask(
        session,
        Request::Join(Join {
            session,
            by: bearer.credential(),
            client_id,
            kind: ParticipantKind::External,
            name: body.name,
            token_hash: Some(secret::hash_of(&token)),
            visibility: Visibility::All,
            agent: None,
            taking: None,
            replacing: Vec::new(),
        }),
    );
    let Answer::Joined { participant, seq } = answer.await? else { return Err(Problem::internal()) };
    Ok((StatusCode::CREATED, Json(Added { session, token, participant, seq })))
}
