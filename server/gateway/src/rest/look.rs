//! What is looked up for a login, or changed in a contact: the interaction server decides who may, and answers.

use serde::de::DeserializeOwned;
use tandem_protocol::{archive::Look, desk::DeskAsk, link::Answer};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, whence::Whence},
};

/// The answer, which is what [`Look`] says of the question.
pub(super) async fn look<T: DeserializeOwned>(app: &Shared, bearer: Bearer, look: Look) -> Result<T, Problem> {
    ask(app, DeskAsk::Look { token: bearer.0, look, from: None }).await
}

/// As [`look`], of what cannot be undone: it is written down who has done it, and from where.
pub(super) async fn act<T: DeserializeOwned>(
    app: &Shared,
    bearer: Bearer,
    Whence(from): Whence,
    look: Look,
) -> Result<T, Problem> {
    ask(app, DeskAsk::Look { token: bearer.0, look, from: Some(from) }).await
}

async fn ask<T: DeserializeOwned>(app: &Shared, ask: DeskAsk) -> Result<T, Problem> {
    let Answer::Told(told) = app.engine.ask_interaction(ask).await? else { return Err(Problem::internal()) };
    serde_json::from_str(told.get()).map_err(|error| {
        tracing::error!(%error, "the interaction server answered a question with something else");
        Problem::internal()
    })
}
