//! `GET /api/v1/control/sessions?pair=&after=&limit=`: the open sessions of a pair, a part at a time.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tandem_protocol::{
    PairName, SessionId,
    control::{Control, SESSIONS_LIMIT_MAX, SessionSummary, Told},
};

use super::{pair_of, part::limit_of, who::Looking};
use crate::{app::Shared, control::ask, problem::Problem, rest::query::Query};

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ListSessions {
    pair: Option<PairName>,
    after: Option<SessionId>,
    limit: Option<u32>,
}

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Sessions {
    sessions: Vec<SessionSummary>,
    /// As `after` it goes on from here; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<SessionId>,
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    Looking(overseer): Looking,
    Query(query): Query<ListSessions>,
) -> Result<Json<Sessions>, Problem> {
    let limit = limit_of(query.limit, SESSIONS_LIMIT_MAX)?;
    let pair = pair_of(&app, query.pair.as_ref())?;
    let told = ask(&app, pair, &overseer, Control::Sessions { after: query.after, limit }).await?;
    let Told::Sessions(sessions) = told else { return Err(Problem::internal()) };
    let is_full = sessions.len() >= limit as usize;
    let next = sessions.last().filter(|_| is_full).map(|last| last.session);
    Ok(Json(Sessions { sessions, next }))
}
