//! `POST /api/v1/control/switchover`: has a pair's primary hand over to its backup, or finds out what would be in the way.
//!
//! It names the epoch that is to end, as the status said: repeated, or asked a moment too late, it moves nothing back.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::Deserialize;
use tandem_protocol::{
    Epoch, PairName, Switchover, SwitchoverOutcome,
    link::{Answer, Request},
};

use super::{pair_of, who::Acting};
use crate::{app::Shared, problem::Problem, registry::unexpected, rest::body::Body};

/// How long the outcome is waited for: longer than all waits of a switchover together.
const OUTCOME_MAX: Duration = Duration::from_secs(60);

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct SwitchOver {
    pair: Option<PairName>,
    epoch: Epoch,
    #[serde(default)]
    dry_run: bool,
}

/// Answers 200 with the outcome, or 409 with what is in the way.
pub(in crate::rest) async fn switch_over(
    State(app): State<Shared>,
    Acting(overseer): Acting,
    Body(SwitchOver { pair, epoch, dry_run }): Body<SwitchOver>,
) -> Result<Json<SwitchoverOutcome>, Problem> {
    let pair = pair_of(&app, pair.as_ref())?;
    let actor = overseer.actor();
    if !dry_run {
        tracing::info!(pair = %pair.name, epoch = epoch.0, from = actor.from, "an administrator asks for a switchover");
    }
    let asked = Switchover { from: epoch, dry_run, by: Some(actor) };
    // The link asks the successor when the primary was gone before it answered.
    match app.engine.ask_pair(pair, Request::Switchover(asked), OUTCOME_MAX).await? {
        Answer::Switchover(SwitchoverOutcome::Blocked(blockers)) => Err(Problem::blocked(blockers)),
        Answer::Switchover(outcome) => Ok(Json(outcome)),
        answer => Err(unexpected(&answer).into()),
    }
}
