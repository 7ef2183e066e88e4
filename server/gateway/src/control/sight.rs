//! Something that is asked for now and then and shown to all who look: the last answer, how old it is, and whether a newer
//! one is on its way. However many look, it is asked for once at a time and no more often than is wished.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{sync::watch, time::timeout};

use crate::{app::Shared, problem::Problem};

/// See the module. Cheap to clone; clones are the same.
#[derive(Debug)]
pub(super) struct Sight<T>(Arc<watch::Sender<Seen<T>>>);

/// What is known at a moment.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    /// The last answer that was none of refusal, and when it came.
    pub(crate) last: Option<(Arc<T>, Instant)>,
    /// Why there is nothing newer, if that was said.
    pub(crate) refusal: Option<Problem>,
    asked_at: Option<Instant>,
    is_asked: bool,
}

/// How old something is, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Age(u64);

impl Age {
    pub(crate) fn since(at: Instant) -> Self {
        Self(u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl<T: Send + Sync + 'static> Sight<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Seen { last: None, refusal: None, asked_at: None, is_asked: false })))
    }

    /// What is known.
    pub(super) fn seen(&self) -> Seen<T> {
        self.0.borrow().clone()
    }

    /// Has it asked for, unless that was done within `every` or is being done. The question has no bound of its own: it is
    /// one, and ends with the gateway.
    pub(super) fn ask<F>(&self, app: &Shared, every: Duration, question: impl FnOnce() -> F)
    where
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let is_due = self.0.send_if_modified(|seen| {
            let is_due = !seen.is_asked && seen.asked_at.is_none_or(|at| at.elapsed() >= every);
            if is_due {
                (seen.asked_at, seen.is_asked) = (Some(Instant::now()), true);
            }
            is_due
        });
        if is_due {
            let asking = Asking(self.clone());
            let (question, stopping) = (question(), app.stopping.clone());
            app.tasks.spawn(async move {
                if let Some(answer) = stopping.run_until_cancelled(question).await {
                    asking.answered(answer);
                }
            });
        }
    }

    /// What is known once nothing is asked for any more, or after so long.
    pub(super) async fn settled(&self, wait_max: Duration) -> Seen<T> {
        let mut changes = self.0.subscribe();
        // The sender is ours: it cannot be gone. Late: what is known stays of use.
        let _ = timeout(wait_max, changes.wait_for(|seen| !seen.is_asked)).await;
        self.seen()
    }
}

/// One question under way; whatever becomes of it, the next one may be asked.
struct Asking<T: Send + Sync + 'static>(Sight<T>);

impl<T: Send + Sync + 'static> Asking<T> {
    fn answered(self, answer: Result<T, Problem>) {
        self.0.0.send_modify(|seen| match answer {
            Ok(value) => (seen.last, seen.refusal) = (Some((Arc::new(value), Instant::now())), None),
            Err(problem) => seen.refusal = Some(problem),
        });
    }
}

impl<T: Send + Sync + 'static> Drop for Asking<T> {
    fn drop(&mut self) {
        self.0.0.send_modify(|seen| seen.is_asked = false);
    }
}

impl<T> Clone for Sight<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self {
            last: self.last.clone(),
            refusal: self.refusal.clone(),
            asked_at: self.asked_at,
            is_asked: self.is_asked,
        }
    }
}
