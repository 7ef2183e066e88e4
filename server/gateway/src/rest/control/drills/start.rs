//! `POST /api/v1/control/drills`: begins a drill, which goes on by itself.
//!
//! It names the epoch of which its plan spoke, so that nobody fails whom nobody has spoken of.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tandem_protocol::{Epoch, PairName, control::DrillFailure};
use uuid::Uuid;

use super::planned;
use crate::{
    app::Shared,
    drills::Wanted,
    problem::{Kind, Problem},
    rest::{
        body::Body,
        control::{pair_of, who::Acting},
    },
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct StartDrill {
    pair: Option<PairName>,
    failure: DrillFailure,
    sessions: Option<u32>,
    every_ms: Option<u64>,
    epoch: Epoch,
}

/// The answer, 202.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Started {
    id: Uuid,
}

/// See the module.
pub(in crate::rest) async fn start(
    State(app): State<Shared>,
    Acting(overseer): Acting,
    Body(StartDrill { pair, failure, sessions, every_ms, epoch }): Body<StartDrill>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let pair = pair_of(&app, pair.as_ref())?;
    let plan = planned(pair.name.clone(), failure, sessions, every_ms)?;
    let wanted = Wanted { app: &app, pair, by: overseer.actor() };
    // What is in the way is told at once, and not by a drill that ends as it begins.
    let briefing = wanted.brief(&plan).await?;
    if briefing.epoch != epoch {
        let now = briefing.epoch;
        let sentence = format!("The primary has changed: this is epoch {now}, and the plan was of epoch {epoch}.");
        return Err(Problem::new(Kind::DrillBlocked, sentence));
    }
    if !briefing.blockers.is_empty() {
        return Err(Problem::new(Kind::DrillBlocked, format!("{}.", briefing.blockers.join("; "))));
    }
    let id = app.drills.begin(&wanted, plan, epoch)?;
    Ok((StatusCode::ACCEPTED, Json(Started { id })))
}
