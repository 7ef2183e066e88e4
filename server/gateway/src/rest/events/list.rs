//! `GET /api/v1/sessions/{session}/events?after=&limit=&wait=`: the events after a number, in order.
//!
//! With `wait` it is a long poll: the participant counts as connected meanwhile, and the answer comes with the first
//! new event, at the latest after so many seconds, then perhaps without any.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tandem_protocol::{
    ParticipantId, Seq, SessionId, SessionState, Visibility,
    limits::PAGE_EVENTS_MAX,
    link::{Answer, Page, Request},
};
use tokio::time::{Instant, timeout_at};

use crate::{
    app::Shared,
    engine::Reading,
    problem::{Ending, Problem},
    registry::{ReaderKind, Step},
    rest::{auth::Bearer, path::InSession, query::Query},
};

/// The longest wait: shorter than the patience of the proxies in between.
const WAIT_SECONDS_MAX: u64 = 30;

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ListEvents {
    /// The last event the caller has.
    #[serde(default)]
    after: Seq,
    /// Events at most; 1 to 500.
    limit: Option<usize>,
    /// Seconds; 0 to 30.
    #[serde(default)]
    wait: u64,
}

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Events {
    session: SessionId,
    /// Who the token's holder is in it.
    participant: Option<ParticipantId>,
    /// What to pass as `after` next time.
    after: Seq,
    /// The session's last event; when it is greater than `after`, there is more to read at once.
    head: Seq,
    /// False when the caller named an event the session never had: the events are those from the first on.
    recovered: bool,
    events: Vec<Arc<RawValue>>,
    state: SessionState,
}

/// A page and how it answers the question.
struct Found {
    page: Page,
    after: Seq,
    recovered: bool,
}

impl Found {
    /// What of a page after `after` its reader may read.
    fn of(mut page: Page, after: Seq, recovered: bool) -> Self {
        let through = page.events.last().map_or(after, |event| event.seq);
        page.narrow(page.participant.map_or(Visibility::All, |participant| page.state.sees(participant)));
        // A page of which nothing is for the reader must not be asked for again and again.
        let after = if page.events.is_empty() { through } else { after };
        Self { page, after, recovered }
    }
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    InSession(session): InSession,
    bearer: Bearer,
    Query(query): Query<ListEvents>,
) -> Result<Json<Events>, Problem> {
    let limit = query.limit.unwrap_or(PAGE_EVENTS_MAX);
    if !(1..=PAGE_EVENTS_MAX).contains(&limit) {
        return Err(Problem::bad_request("limit must be 1 to 500."));
    }
    if query.wait > WAIT_SECONDS_MAX {
        return Err(Problem::bad_request("wait must be 0 to 30 seconds."));
    }
    let found = if query.wait == 0 {
        read(&app, session, bearer, query.after, limit).await?
    } else {
        let reading = app.engine.read_along(session, bearer.0, query.after, ReaderKind::Poll);
        poll(&app, reading.map_err(Problem::from)?, Duration::from_secs(query.wait)).await?
    };
    Ok(Json(answer(session, found, limit)))
}

fn answer(session: SessionId, found: Found, limit: usize) -> Events {
    let Found { mut page, after, recovered } = found;
    page.events.truncate(limit);
    Events {
        session,
        participant: page.participant,
        after: page.events.last().map_or(after, |event| event.seq),
        head: page.head,
        recovered,
        events: page.events.into_iter().map(|event| event.event).collect(),
        state: page.state,
    }
}

/// What there is now.
async fn read(app: &Shared, session: SessionId, bearer: Bearer, after: Seq, limit: usize) -> Result<Found, Problem> {
    let page = async |after| {
        let read = Request::Read { session, by: bearer.credential(), after, limit: limit as u32 };
        match app.engine.ask(session, read).await? {
            Answer::Page(page) => Ok(page),
            _ => Err(Problem::internal()),
        }
    };
    let found = page(after).await?;
    if after <= found.head {
        return Ok(Found::of(found, after, true));
    }
    Ok(Found::of(page(Seq::ZERO).await?, Seq::ZERO, false))
}

/// What there is now or, when that is nothing, what comes within the wait.
async fn poll(app: &Shared, reading: Reading, wait: Duration) -> Result<Found, Problem> {
    let mut until = Instant::now() + app.engine.wait_max();
    let mut found: Option<Found> = None;
    loop {
        match timeout_at(until, reading.step()).await {
            Ok(Step::Arrival(arrival)) => {
                // The wait for events begins when the engine has let the reader in.
                if found.is_none() {
                    until = Instant::now() + wait;
                }
                let recovered = arrival.welcome.unwrap_or(true) && found.as_ref().is_none_or(|found| found.recovered);
                let now = Found { page: arrival.page, after: arrival.after, recovered };
                if !now.page.events.is_empty() {
                    return Ok(now);
                }
                found = Some(now);
            }
            Ok(Step::Advance) => reading.advance(),
            Ok(Step::End(Ending::Ended)) | Err(_) => return found.ok_or_else(Problem::unavailable),
            Ok(Step::End(ending)) => return Err(ending.into()),
            // A poll gets no frames, and a step waits until there is something to do.
            Ok(Step::Frame(_) | Step::Idle) => {}
        }
    }
}
