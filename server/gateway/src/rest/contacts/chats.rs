//! `GET /api/v1/contacts/{contact}/chats?before=&limit=`: a contact's chats, the newest first.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tandem_protocol::archive::{Look, PastChat};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, limit::limit_of, look::look, moment::Moment, path::OfContact, query::Query},
};

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ListChats {
    /// Only those that began before.
    before: Option<Moment>,
    limit: Option<u32>,
}

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Chats {
    chats: Vec<PastChat>,
}

/// See the module.
pub(in crate::rest) async fn chats(
    State(app): State<Shared>,
    OfContact(contact): OfContact,
    bearer: Bearer,
    Query(query): Query<ListChats>,
) -> Result<Json<Chats>, Problem> {
    let limit = limit_of(query.limit)?;
    let before_ms = query.before.map(|Moment(at)| at);
    let chats = look(&app, bearer, Look::Chats { contact, before_ms, limit }).await?;
    Ok(Json(Chats { chats }))
}
