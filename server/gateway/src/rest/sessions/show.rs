//! `GET /api/v1/sessions/{session}`: the session's state.

use axum::{Json, extract::State};
use serde::Serialize;
use tandem_protocol::{
    ParticipantId, Seq, SessionId, SessionState, Visibility,
    link::{Answer, Request},
};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, path::InSession},
};

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Shown {
    session: SessionId,
    /// Who the token's holder is in it.
    participant: Option<ParticipantId>,
    /// Its last event.
    head: Seq,
    state: SessionState,
}

/// See the module.
pub(in crate::rest) async fn show(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
) -> Result<Json<Shown>, Problem> {
    // A page of one event is the smallest thing that carries the state.
    let read = Request::Read { session, by: bearer.credential(), after: Seq::ZERO, limit: 1 };
    let Answer::Page(mut page) = app.engine.ask(session, read).await? else { return Err(Problem::internal()) };
    page.narrow(page.participant.map_or(Visibility::All, |participant| page.state.sees(participant)));
    Ok(Json(Shown { session, participant: page.participant, head: page.head, state: page.state }))
}
