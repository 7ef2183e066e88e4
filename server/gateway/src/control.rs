//! What administrators see of the pairs, and who may see it: asked of the engines and of the interaction server, kept for
//! all who look at the same time, and told also while neither answers.
//!
//! It changes nothing by itself. The REST actions of `/api/v1/control` are its only callers.

mod access;
mod arrival;
mod sight;
mod watch;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tandem_protocol::{
    PairName, TokenHash,
    control::{Act, Actor, Control, ControlAsk, Noted, PairStatus, Told},
    desk::Overview,
    link::{Answer, Request},
};
use tokio::time::Instant;

pub(crate) use access::{Asker, Overseer};
use sight::Sight;
pub(crate) use sight::{Age, Seen};
pub(crate) use watch::{Watched, watch};

use crate::{app::Shared, engine::Pair, problem::Problem, registry::unexpected};

/// How long an answer of an engine is waited for that is no status: somebody looks at the page and is told sooner that
/// it is away.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// See the module.
pub(crate) struct Oversight {
    /// How each pair stands, in the order of the gateway's list.
    pairs: Vec<Sight<PairStatus>>,
    /// How agents and queues stand, as an administrator was told, by the hash of his token.
    overseers: Mutex<HashMap<TokenHash, Kept>>,
}

/// What is kept of one login.
#[derive(Clone)]
struct Kept {
    sight: Sight<Overview>,
    /// That he came is written down.
    is_noted: bool,
    /// When it was last of use; the one that was not for the longest time makes room.
    used_at: Instant,
}

impl Oversight {
    /// Nothing is known yet of so many pairs.
    pub(crate) fn new(pairs: usize) -> Self {
        Self { pairs: (0..pairs).map(|_| Sight::new()).collect(), overseers: Mutex::default() }
    }
}

/// Asks a pair's primary on behalf of an administrator, and waits for its answer.
pub(crate) async fn ask(app: &Shared, pair: &Pair, by: &Overseer, act: Control) -> Result<Told, Problem> {
    ask_as(app, pair, by.actor(), act, ANSWER_MAX).await
}

/// Has written down what an administrator has done; he does not wait for it, for he may have come because nothing can be
/// written.
pub(crate) fn note(app: &Shared, pair: &PairName, by: &Overseer, act: Act) {
    let (asked, pair, by) = (app.clone(), pair.clone(), by.clone());
    let noting = async move {
        let pair = asked.engine.pairs().named(&pair).expect("a gateway's pairs stay the same");
        let kind = act.act;
        if let Err(problem) = ask(&asked, pair, &by, Control::Note(Box::new(Noted::Act(act)))).await {
            tracing::warn!(act = ?kind, why = problem.detail(), "what an administrator has done is not written down");
        }
    };
    let stopping = app.stopping.clone();
    app.tasks.spawn(async move { stopping.run_until_cancelled(noting).await.unwrap_or(()) });
}

async fn ask_as(app: &Shared, pair: &Pair, by: Actor, act: Control, wait_max: Duration) -> Result<Told, Problem> {
    match app.engine.ask_pair(pair, Request::Control(ControlAsk { by, act }), wait_max).await? {
        Answer::Control(told) => Ok(told),
        answer => Err(unexpected(&answer).into()),
    }
}
