//! `POST /api/v1/sessions`: opens a session with its first customer.
//!
//! With an `Idempotency-Key` of at least 16 characters it may be repeated: the same key with the same body is the
//! same session and answers with the same token. The key is then as good as the token; make it random.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tandem_protocol::{
    ParticipantId, Seq, SessionId,
    link::{Answer, Open},
    properties,
};
use uuid::Uuid;

use crate::{
    app::Shared,
    engine::NewId,
    problem::Problem,
    rest::{body::Body, client_id::idempotency_key},
    secret::{self, Secret},
};

/// The shortest key: a random one of so many characters cannot be guessed.
const KEY_CHARS_MIN: usize = 16;

/// The longest key.
const KEY_CHARS_MAX: usize = 255;

/// What a customer is called who gives no name.
const NAME_DEFAULT: &str = "Customer";

/// The body.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct CreateSession {
    name: Option<String>,
    subject: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

/// The answer, 201.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Created {
    session: SessionId,
    token: String,
    participant: ParticipantId,
    seq: Seq,
}

/// See the module.
pub(in crate::rest) async fn create(
    State(app): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<CreateSession>,
) -> Result<Response, Problem> {
    check_properties(&body.properties)?;
    let (id, token) = identify(&app.secret, idempotency_key(&headers)?, &body)?;
    let opened = app.engine.open(id, |session| Open {
        session,
        subject: body.subject.clone(),
        properties: body.properties.clone(),
        name: body.name.clone().unwrap_or_else(|| NAME_DEFAULT.to_owned()),
        token_hash: secret::hash_of(&token),
    });
    let (session, Answer::Joined { participant, seq }) = opened.await? else { return Err(Problem::internal()) };
    let location = [(header::LOCATION, format!("/api/v1/sessions/{session}"))];
    Ok((StatusCode::CREATED, location, Json(Created { session, token, participant, seq })).into_response())
}

/// What Tandem says of a session in its properties, nobody else says.
fn check_properties(given: &BTreeMap<String, String>) -> Result<(), Problem> {
    let reserved = properties::RESERVED;
    if given.keys().any(|key| key.starts_with(reserved)) {
        return Err(Problem::bad_request(format!("Properties whose key begins with \"{reserved}\" are Tandem's own.")));
    }
    Ok(())
}

/// What the new session's id is made of, and its customer's token: derived when the request has a key, random otherwise.
fn identify(secret: &Secret, key: Option<&str>, body: &CreateSession) -> Result<(NewId, String), Problem> {
    let Some(key) = key else { return Ok((NewId::Random(Uuid::now_v7()), secret::random_text())) };
    if !(KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&key.len()) {
        return Err(Problem::bad_request("Idempotency-Key must have 16 to 255 characters, chosen at random."));
    }
    let request = serde_json::to_vec(body).expect("a body has only string keys");
    Ok((NewId::Derived(secret.id_of(key, &request)), secret.customer_token_of(key, &request)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &str) -> CreateSession {
        CreateSession { name: Some(name.into()), subject: None, properties: BTreeMap::new() }
    }

    #[test]
    fn a_repeat_is_the_same_session_with_the_same_token() {
        let secret = Secret::load(None, None).expect("is made");
        let key = Some("0123456789abcdef");
        let first = identify(&secret, key, &body("Ada")).expect("is fine");
        assert_eq!(identify(&secret, key, &body("Ada")), Ok(first.clone()));
        assert_ne!(identify(&secret, key, &body("Bob")), Ok(first));
    }

    #[test]
    fn without_a_key_each_is_a_session_of_its_own() {
        let secret = Secret::load(None, None).expect("is made");
        let made = || identify(&secret, None, &body("Ada")).expect("is fine");
        assert_ne!(made(), made());
    }

    #[test]
    fn a_property_that_is_tandems_own_is_refused() {
        let given = |key: &str| BTreeMap::from([(key.to_owned(), "x".to_owned())]);
        assert!(check_properties(&given("tandem.drill")).is_err());
        assert!(check_properties(&given("tandemtour")).is_ok());
    }

    #[test]
    fn a_key_that_could_be_guessed_is_refused() {
        let secret = Secret::load(None, None).expect("is made");
        assert!(identify(&secret, Some("order-17"), &body("Ada")).is_err());
    }
}
