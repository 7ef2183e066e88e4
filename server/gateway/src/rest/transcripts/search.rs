//! `GET /api/v1/transcripts?q=&contact=&from=&until=&after=&limit=`: messages of live and ended sessions in which all
//! words occur, the newest first.

use axum::{Json, extract::State};
use serde::Deserialize;
use tandem_protocol::{
    ContactId,
    archive::{Hits, Look, SEARCH_CHARS_MAX, Search},
};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, limit::limit_of, look::look, moment::Moment, query::Query},
};

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct SearchTranscripts {
    /// The words; the last one may be a beginning.
    q: String,
    contact: Option<ContactId>,
    /// Only what was said at this moment or later.
    from: Option<Moment>,
    /// Only what was said before this moment.
    until: Option<Moment>,
    /// `next` of an earlier answer.
    after: Option<String>,
    limit: Option<u32>,
}

impl SearchTranscripts {
    fn search(self) -> Result<Search, Problem> {
        let limit = limit_of(self.limit)?;
        if self.q.trim().is_empty() || self.q.chars().count() > SEARCH_CHARS_MAX {
            return Err(Problem::bad_request(format!("q has words, and at most {SEARCH_CHARS_MAX} characters.")));
        }
        let ms = |moment: Option<Moment>| moment.map(|Moment(at)| at);
        let (from_ms, until_ms) = (ms(self.from), ms(self.until));
        Ok(Search { text: self.q, contact: self.contact, from_ms, until_ms, after: self.after, limit })
    }
}

/// Answers 200.
pub(in crate::rest) async fn search(
    State(app): State<Shared>,
    bearer: Bearer,
    Query(query): Query<SearchTranscripts>,
) -> Result<Json<Hits>, Problem> {
    look(&app, bearer, Look::Search(query.search()?)).await.map(Json)
}
