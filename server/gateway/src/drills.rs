//! The drills that this gateway carries out for administrators: one at a time, whether or not anybody looks on.
//!
//! The gateway holds a drill because it outlives the engine that is to fail. The REST actions of
//! `/api/v1/control/drills` are its only callers.

mod within;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tandem_drill::{Asker, Gateway, NotBegun, Plan, Progress, Rehearsal, Report, brief};
use tandem_protocol::{
    Epoch, PairName,
    control::{Actor, Drill},
};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use tandem_drill::Briefing;

use self::within::{Link, Within};
use crate::{
    app::Shared,
    engine::Pair,
    problem::{Kind, Problem},
};

/// How long whoever asks what a drill would do waits: the store is tried for it, and there may be no primary.
const BRIEF_MAX: Duration = Duration::from_secs(8);

/// See the module.
#[derive(Default)]
pub(crate) struct Drills(Mutex<State>);

#[derive(Default)]
struct State {
    running: Option<Running>,
    last: Option<Ended>,
    /// The drills of each pair as last told, for while nobody tells.
    told: BTreeMap<PairName, Vec<Drill>>,
}

struct Running {
    id: Uuid,
    pair: PairName,
    progress: watch::Receiver<Progress>,
    cancel: CancellationToken,
}

/// What became of the last drill that this gateway has carried out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ended {
    pub(crate) id: Uuid,
    /// Why nothing was begun, where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_begun: Option<String>,
    /// The drill, which the pair's list has too once it is written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drill: Option<Drill>,
    /// What else is to be said of it.
    pub(crate) remarks: Vec<String>,
}

/// Who wants a drill at which pair.
pub(crate) struct Wanted<'a> {
    pub(crate) app: &'a Shared,
    pub(crate) pair: &'a Pair,
    pub(crate) by: Actor,
}

impl Wanted<'_> {
    fn asker(&self) -> Asker {
        let link = Link { app: self.app.clone(), pair: self.pair.name.clone() };
        Asker::new(Arc::new(link), self.by.clone())
    }

    fn gateway(&self) -> Within {
        Within { app: self.app.clone() }
    }

    /// What it would do, and what is in its way.
    pub(crate) async fn brief(&self, plan: &Plan) -> Result<Briefing, Problem> {
        let (asker, gateway) = (self.asker(), self.gateway());
        let told = timeout(BRIEF_MAX, brief(plan, &asker, &gateway)).await;
        told.map_err(|_| Problem::unavailable())?.map_err(within::problem)
    }
}

impl Drills {
    /// Begins a drill that goes on by itself, if no other one does.
    pub(crate) fn begin(&self, wanted: &Wanted<'_>, plan: Plan, agreed: Epoch) -> Result<Uuid, Problem> {
        let mut state = self.lock();
        if state.running.is_some() {
            return Err(Problem::new(Kind::DrillRunning, "A drill is under way; one is carried out at a time."));
        }
        let (id, progress) = (plan.id, watch::Sender::new(Progress::default()));
        // A gateway that is stopped clears up first.
        let cancel = wanted.app.stopping.child_token();
        let pair = plan.pair.clone();
        state.running = Some(Running { id, pair, progress: progress.subscribe(), cancel: cancel.clone() });
        tracing::info!(%id, pair = %plan.pair, failure = ?plan.failure, from = wanted.by.from, "a drill begins");
        let gateway: Arc<dyn Gateway> = Arc::new(wanted.gateway());
        let rehearsal = Rehearsal::new(plan, wanted.asker(), gateway, progress, cancel);
        let app = wanted.app.clone();
        wanted.app.tasks.spawn(async move {
            let came_to = rehearsal.run(agreed).await;
            app.drills.is_over(id, came_to);
        });
        Ok(id)
    }

    /// How far the one is that is under way.
    pub(crate) fn running(&self) -> Option<(Uuid, Progress)> {
        self.lock().running.as_ref().map(|running| (running.id, running.progress.borrow().clone()))
    }

    /// What became of the last one.
    pub(crate) fn last(&self) -> Option<Ended> {
        self.lock().last.clone()
    }

    /// Calls off what is under way, and says at which pair; none where nothing was, or it had been called off already. It is
    /// under way until its sessions are erased.
    pub(crate) fn cancel(&self) -> Option<PairName> {
        let state = self.lock();
        let running = state.running.as_ref().filter(|running| !running.cancel.is_cancelled())?;
        running.cancel.cancel();
        Some(running.pair.clone())
    }

    /// The drills of a pair: as told now, or as told last.
    pub(crate) fn of(&self, pair: &PairName, told: Option<Vec<Drill>>) -> Vec<Drill> {
        let mut state = self.lock();
        if let Some(told) = told {
            state.told.insert(pair.clone(), told);
        }
        state.told.get(pair).cloned().unwrap_or_default()
    }

    fn is_over(&self, id: Uuid, came_to: Result<Report, NotBegun>) {
        let ended = match came_to {
            Ok(Report { drill, remarks }) => {
                tracing::info!(%id, passed = drill.is_passed(), aborted = drill.aborted, "a drill is over");
                Ended { id, not_begun: None, drill: Some(drill), remarks }
            }
            Err(not_begun) => {
                tracing::info!(%id, %not_begun, "a drill was not begun");
                Ended { id, not_begun: Some(not_begun.to_string()), drill: None, remarks: Vec::new() }
            }
        };
        let mut state = self.lock();
        (state.running, state.last) = (None, Some(ended));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
