//! `POST /api/v1/control/drills/plan`: what a drill would do, and what is in its way. It changes nothing.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tandem_protocol::{EngineName, Epoch, PairName, control::DrillFailure};

use super::planned;
use crate::{
    app::Shared,
    drills::{Briefing, Wanted},
    problem::Problem,
    rest::{
        body::Body,
        control::{pair_of, who::Acting},
    },
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct PlanDrill {
    pair: Option<PairName>,
    failure: DrillFailure,
    sessions: Option<u32>,
    every_ms: Option<u64>,
}

/// The answer, 200. `epoch` is what who agrees to it names.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Planned {
    says: Vec<String>,
    blockers: Vec<String>,
    from: EngineName,
    epoch: Epoch,
}

/// See the module.
pub(in crate::rest) async fn plan(
    State(app): State<Shared>,
    Acting(overseer): Acting,
    Body(PlanDrill { pair, failure, sessions, every_ms }): Body<PlanDrill>,
) -> Result<Json<Planned>, Problem> {
    let pair = pair_of(&app, pair.as_ref())?;
    let plan = planned(pair.name.clone(), failure, sessions, every_ms)?;
    let wanted = Wanted { app: &app, pair, by: overseer.actor() };
    let Briefing { says, blockers, from, epoch } = wanted.brief(&plan).await?;
    Ok(Json(Planned { says, blockers, from, epoch }))
}
