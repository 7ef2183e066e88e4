//! How a pair stands: as its primary tells, as often as somebody looks, and what the gateway knows by itself meanwhile.

use std::{sync::Arc, time::Duration};

use tandem_protocol::{
    Pair as Known, PairName,
    control::{Actor, Control, PairStatus, Told},
    link::Answer,
};

use super::{Age, ask_as};
use crate::{
    app::Shared,
    engine::Pair,
    problem::Problem,
    registry::{Away, unexpected},
};

/// How often a primary is asked, however many pages look.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How long its answer is waited for: with it a page is answered within a second, and a primary that is well answers in a
/// fraction of it.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// A pair, as this gateway sees it.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Its name.
    pub(crate) name: PairName,
    /// How long its primary has been away; none while it is there.
    pub(crate) away: Option<Away>,
    /// Who is primary and who is backup, as the primary told last.
    pub(crate) known: Option<Known>,
    /// The last status, and how old it is.
    pub(crate) status: Option<(Arc<PairStatus>, Age)>,
    /// Why there is no newer one, if the primary says so.
    pub(crate) refusal: Option<Problem>,
    /// Sessions of it that are read here.
    pub(crate) sessions: usize,
    /// Requests that wait for their answer.
    pub(crate) unacked: usize,
}

/// Looks at each pair at once.
pub(crate) async fn watch(app: &Shared) -> Vec<Watched> {
    let looks = app.engine.pairs().iter().enumerate().map(|(at, pair)| look(app, at, pair));
    futures_util::future::join_all(looks).await
}

async fn look(app: &Shared, at: usize, pair: &Pair) -> Watched {
    let sight = &app.oversight.pairs[at];
    let seen = if pair.is_connected() {
        let (asked, name) = (app.clone(), pair.name.clone());
        sight.ask(app, ASK_EVERY, || async move { ask(&asked, &name).await });
        sight.settled(WAIT_MAX).await
    } else {
        // A question that is under way is answered by the successor.
        sight.seen()
    };
    let link = pair.status();
    Watched {
        name: pair.name.clone(),
        away: pair.registry.away(),
        known: link.pair,
        status: seen.last.map(|(status, at)| (status, Age::since(at))),
        refusal: seen.refusal,
        sessions: pair.registry.session_count(),
        unacked: link.unacked,
    }
}

/// The answer of whoever is primary: the link repeats the question through failovers, so one is enough for ever.
async fn ask(app: &Shared, name: &PairName) -> Result<PairStatus, Problem> {
    let pair = app.engine.pairs().named(name).expect("a gateway's pairs stay the same");
    let by = Actor { who: "gateway".into(), from: format!("process {}", std::process::id()) };
    match ask_as(app, pair, by, Control::Status, Duration::MAX).await? {
        Told::Status(status) => Ok(*status),
        told => Err(unexpected(&Answer::Control(told)).into()),
    }
}
