//! `POST /api/v1/control/drills/cancel`: calls off the drill under way. It is under way until its sessions are erased.

use axum::{extract::State, http::StatusCode};
use tandem_protocol::control::{Act, ActKind};
use uuid::Uuid;

use crate::{app::Shared, clock, control::note, rest::control::who::Acting};

/// Answers 204, also where none is under way: it is then over.
pub(in crate::rest) async fn cancel(State(app): State<Shared>, Acting(overseer): Acting) -> StatusCode {
    if let Some(pair) = app.drills.cancel() {
        let by = overseer.actor();
        tracing::info!(from = by.from, "an administrator calls the drill off");
        // It need not be he who has begun it, and it may be about to end as it would have.
        let (id, at_ms) = (Uuid::now_v7(), clock::now());
        let act = Act {
            id,
            at_ms,
            by,
            act: ActKind::Drill,
            about: pair.to_string(),
            outcome: "asked to be called off".into(),
        };
        note(&app, &pair, &overseer, act);
    }
    StatusCode::NO_CONTENT
}
