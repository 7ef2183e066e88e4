//! `GET /api/v1/control/takeovers?pair=&before=&limit=`: a pair's takeovers, newest first.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tandem_protocol::{
    Epoch, PairName,
    control::{Control, JOURNAL_LIMIT_MAX, Takeover, Told},
};

use super::{pair_of, part::limit_of, who::Looking};
use crate::{app::Shared, control::ask, problem::Problem, rest::query::Query};

/// The query; `before` is an epoch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ListTakeovers {
    pair: Option<PairName>,
    before: Option<u64>,
    limit: Option<u32>,
}

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Takeovers {
    takeovers: Vec<Takeover>,
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    Looking(overseer): Looking,
    Query(query): Query<ListTakeovers>,
) -> Result<Json<Takeovers>, Problem> {
    let limit = limit_of(query.limit, JOURNAL_LIMIT_MAX)?;
    let pair = pair_of(&app, query.pair.as_ref())?;
    match ask(&app, pair, &overseer, Control::Takeovers { before: query.before.map(Epoch), limit }).await? {
        Told::Takeovers(takeovers) => Ok(Json(Takeovers { takeovers })),
        _ => Err(Problem::internal()),
    }
}
