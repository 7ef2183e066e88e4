//! `POST /api/v1/agent/login`: an agent, or a bot, gets a token with which his desks are opened.
//!
//! The interaction server judges the password and slows down who guesses; it gets the token's hash only.

use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use tandem_protocol::{
    LoginName, Secret,
    desk::{DeskAsk, LoggedIn},
    link::Answer,
};

use crate::{
    app::Shared,
    origin,
    problem::Problem,
    rest::{body::Body, whence::Whence},
    secret,
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Login {
    name: LoginName,
    password: Secret,
}

/// The answer, 200.
#[derive(Serialize)]
pub(in crate::rest) struct Entitled {
    token: String,
    #[serde(flatten)]
    account: LoggedIn,
}

/// See the module.
pub(in crate::rest) async fn login(
    State(app): State<Shared>,
    Whence(from): Whence,
    headers: HeaderMap,
    Body(Login { name, password }): Body<Login>,
) -> Result<Json<Entitled>, Problem> {
    // A foreign page must not log its visitor in as somebody.
    origin::check(&headers, &app.settings.allowed_origins, app.is_encrypted)?;
    let token = secret::random_text();
    let ask = DeskAsk::Login { name, password, token: secret::hash_of(&token), from };
    let Answer::Told(told) = app.engine.ask_interaction(ask).await? else { return Err(Problem::internal()) };
    let account = serde_json::from_str(told.get()).map_err(|error| {
        tracing::error!(%error, "the interaction server answered a login with something else");
        Problem::internal()
    })?;
    Ok(Json(Entitled { token, account }))
}
