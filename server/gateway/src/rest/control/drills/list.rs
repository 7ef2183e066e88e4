//! `GET /api/v1/control/drills?pair=`: the drill under way, and those there were, newest first. It is answered at once,
//! also while a drill has just killed the primary.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tandem_drill::Progress;
use tandem_protocol::{
    PairName,
    control::{Control, Drill, Told},
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    app::Shared,
    control::ask,
    drills::Ended,
    problem::Problem,
    rest::{
        control::{pair_of, who::Looking},
        query::Query,
    },
};

/// Drills in an answer.
const DRILLS_MAX: u32 = 50;

/// How long the pair's word is waited for; without it, it is its last one.
const WORD_MAX: Duration = Duration::from_millis(500);

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ListDrills {
    pair: Option<PairName>,
}

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Drills {
    running: Option<Running>,
    /// What became of the last one that this gateway has carried out.
    last: Option<Ended>,
    drills: Vec<Drill>,
}

/// The one under way.
#[derive(Debug, Serialize)]
struct Running {
    id: Uuid,
    #[serde(flatten)]
    progress: Progress,
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    Looking(overseer): Looking,
    Query(ListDrills { pair }): Query<ListDrills>,
) -> Result<Json<Drills>, Problem> {
    let pair = pair_of(&app, pair.as_ref())?;
    let asked = Control::Drills { before_ms: None, limit: DRILLS_MAX };
    let told = match timeout(WORD_MAX, ask(&app, pair, &overseer, asked)).await {
        Ok(Ok(Told::Drills(drills))) => Some(drills),
        _ => None,
    };
    let drills = app.drills.of(&pair.name, told);
    let running = app.drills.running().map(|(id, progress)| Running { id, progress });
    Ok(Json(Drills { running, last: app.drills.last(), drills }))
}
