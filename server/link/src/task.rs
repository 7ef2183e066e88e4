//! The link's one task: search a primary, serve the connection until it is lost, begin again.
//!
//! No step of the way from a loss to the next delivery waits for a timer: the search begins at once with both engines
//! of the pair, and the first welcome of an epoch that is not older than the greatest seen wins.

use std::{convert::Infallible, fmt, sync::Arc};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tandem_protocol::{
    Epoch, Pair,
    link::{FromEngine, Hello, ToEngine},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Duration, Instant, sleep_until},
};
use tracing::{debug, info, warn};

use crate::{
    attempt::{Verdict, Welcomed, attempt},
    cache,
    connection::{ConnectionError, ConnectionSettings},
    follow::{Follow, Learnt},
    incoming::{Incoming, Owner},
    link::Shared,
    search::{Next, Search},
    settings::LinkSettings,
};

/// A search that takes longer is worth a person's attention; a failover is far shorter.
const SEARCH_WARN_AFTER: Duration = Duration::from_secs(2);

pub(crate) struct Task<O: Owner> {
    settings: LinkSettings,
    connection: ConnectionSettings,
    follow: Follow,
    shared: Arc<Shared<O::Tag>>,
    owner: Arc<O>,
    /// The pair to keep for the next start; the last one counts.
    kept: watch::Sender<Option<Pair>>,
    /// The writers of this connection and, while it ends, of the last; and the keeper of the cache. Awaited at the end.
    tasks: JoinSet<()>,
    lost_at: Option<Instant>,
}

/// Why a connection was lost.
#[derive(Debug, thiserror::Error)]
enum Loss {
    #[error("the engine closed the connection")]
    Closed,
    #[error("the engine is no longer primary")]
    SteppedDown,
    /// In this epoch.
    #[error("the engine has handed over, as planned")]
    Moved(Epoch),
    #[error(transparent)]
    Failed(#[from] ConnectionError),
}

/// A search under way.
struct Searching {
    search: Search,
    warn_at: Option<Instant>,
}

impl<O: Owner> Task<O> {
    pub(crate) fn new(settings: LinkSettings, follow: Follow, shared: Arc<Shared<O::Tag>>, owner: Arc<O>) -> Self {
        let (kept, pairs) = watch::channel(None);
        let mut tasks = JoinSet::new();
        if let Some(path) = settings.cache.clone() {
            tasks.spawn(cache::keep(path, pairs));
        }
        let connection = settings.connection();
        Self { settings, connection, follow, shared, owner, kept, tasks, lost_at: None }
    }

    pub(crate) async fn run(mut self) {
        let shared = self.shared.clone();
        tokio::select! {
            biased;
            () = shared.stop.notified() => {}
            never = self.serve_forever() => match never {},
        }
        let Self { kept, mut tasks, .. } = self;
        drop(kept);
        // Each writer has a bound for its goodbye, and the keeper ends with its teller.
        while tasks.join_next().await.is_some() {}
    }

    async fn serve_forever(&mut self) -> Infallible {
        loop {
            let (address, welcomed) = self.search().await;
            let (pair, since) = (welcomed.welcome.pair.clone(), Instant::now());
            let loss = self.serve(&address, welcomed).await;
            info!(
                pair = %pair.name, engine = %pair.primary.name, %address, epoch = %pair.epoch, cause = %loss,
                connected_ms = since.elapsed().as_millis(), "link: lost the primary"
            );
        }
    }

    async fn search(&mut self) -> (String, Welcomed) {
        let now = Instant::now();
        let search = Search::new(self.follow.candidates(), now, fastrand::Rng::new());
        let mut searching = Searching { search, warn_at: Some(now + SEARCH_WARN_AFTER) };
        let (settings, connection) = (self.settings.clone(), self.connection.clone());
        let mut attempts = FuturesUnordered::new();
        loop {
            let due = loop {
                match searching.search.next(Instant::now()) {
                    Next::Try(address) => attempts.push(attempt(address, self.hello(), &settings, &connection)),
                    Next::Wait(due) => break Some(due),
                    Next::Busy => break None,
                }
            };
            let wake = due.into_iter().chain(searching.warn_at).min();
            tokio::select! {
                biased;
                Some((address, verdict)) = attempts.next() => {
                    if let Some(welcomed) = self.judge(&address, verdict, &mut searching.search) {
                        return (address, welcomed);
                    }
                }
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
            }
            searching.warn_when_long(&self.settings);
        }
    }

    fn hello(&self) -> Hello {
        let LinkSettings { pair, role, name, speaks, .. } = &self.settings;
        Hello::new(*speaks, pair.clone(), role.clone(), name, self.follow.epoch_seen())
    }

    /// What an attempt means for the search; the connection if it is over.
    fn judge(
        &mut self,
        address: &str,
        verdict: Result<Verdict, ConnectionError>,
        search: &mut Search,
    ) -> Option<Welcomed> {
        match verdict {
            Ok(Verdict::Welcome(welcomed)) => match self.learn(&welcomed.welcome.pair) {
                Learnt::NewEpoch | Learnt::Changed | Learnt::Known => return Some(*welcomed),
                Learnt::Disbelieved => self.disbelieve(address, &welcomed.welcome.pair, search),
            },
            Ok(Verdict::NotPrimary(pair)) => self.redirect(address, pair.as_ref(), search),
            Ok(Verdict::Refused(refusal)) => {
                if self.refused(address, &refusal, search) == 1 {
                    warn!(pair = %self.settings.pair, %address, code = ?refusal.code, %refusal, "link: the engine refuses this link");
                }
            }
            Err(ConnectionError::Unproven(unproven)) => {
                self.refused(address, &unproven, search);
                self.settings.credentials.complain(address, &unproven);
            }
            Err(error) => {
                let failures = search.failed(address, Instant::now());
                debug!(%address, %error, failures, "link: an attempt failed");
            }
        }
        None
    }

    /// It takes a person to change that. Returns how often this address has done so in a row.
    fn refused(&self, address: &str, why: &dyn fmt::Display, search: &mut Search) -> u32 {
        self.shared.lock().refused = Some(format!("{address}: {why}"));
        search.refused(address, Instant::now())
    }

    fn disbelieve(&self, address: &str, pair: &Pair, search: &mut Search) {
        if search.failed(address, Instant::now()) == 1 {
            let epoch_seen = self.follow.epoch_seen();
            warn!(
                %address, pair = %pair.name, epoch = %pair.epoch, %epoch_seen,
                "link: an engine that was deposed, or of another pair, calls itself primary; it is not believed"
            );
        }
    }

    fn redirect(&mut self, address: &str, pair: Option<&Pair>, search: &mut Search) {
        let now = Instant::now();
        let failures = search.failed(address, now);
        let learnt = pair.map(|pair| (self.learn(pair), pair));
        debug!(%address, ?learnt, failures, "link: the engine is not primary");
        if let Some((Learnt::NewEpoch | Learnt::Changed, pair)) = learnt {
            search.follow(self.follow.candidates(), now);
            if matches!(learnt, Some((Learnt::NewEpoch, _))) {
                search.urge(&pair.primary.address, now);
            }
        }
    }

    fn learn(&mut self, pair: &Pair) -> Learnt {
        let learnt = self.follow.learn(pair);
        if matches!(learnt, Learnt::NewEpoch | Learnt::Changed) {
            self.shared.lock().pair = self.follow.pair().cloned();
            self.kept.send_replace(Some(pair.clone()));
        }
        learnt
    }

    /// Serves one connection to its end, which the owner has been told when this returns.
    async fn serve(&mut self, address: &str, welcomed: Welcomed) -> Loss {
        let Welcomed { welcome, mut reader, outbox, writing } = welcomed;
        let (pair, speaks) = (welcome.pair, welcome.speaks.min(self.settings.speaks.most));
        // Writers of connections before this one have ended.
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(writing);
        let primary = (pair.primary.name.clone(), speaks);
        let resumed = self.shared.lock().connected(outbox, primary, || self.shared.next_id());
        info!(
            pair = %pair.name, engine = %pair.primary.name, %address, epoch = %pair.epoch, version = %speaks,
            lost_ms = self.lost_at.map(|lost_at| lost_at.elapsed().as_millis()),
            sessions = resumed.sessions, requests = resumed.requests, "link: welcomed by the primary"
        );
        self.shared.lock().say(&ToEngine::Knows(pair.clone()));
        self.owner.on(Incoming::Connected { pair });
        resumed.refused.into_iter().for_each(|refused| self.owner.on(refused));
        let loss = self.read(&mut reader).await;
        let moved_to = match &loss {
            Loss::Moved(epoch) => Some(*epoch),
            Loss::Closed | Loss::SteppedDown | Loss::Failed(_) => None,
        };
        let lost_at = Instant::now();
        self.lost_at = Some(lost_at);
        self.shared.lock().lost(lost_at.into_std());
        self.owner.on(Incoming::Lost { at: lost_at.into_std(), moved_to });
        loss
    }

    async fn read(&mut self, reader: &mut crate::connection::Reader<FromEngine>) -> Loss {
        let (mut frames, mut incoming) = (Vec::new(), Vec::new());
        loop {
            match reader.next_batch(&mut frames).await {
                Ok(true) => {}
                Ok(false) => return Loss::Closed,
                Err(error) => return error.into(),
            }
            let loss = self.sort(&mut frames, &mut incoming);
            for incoming in incoming.drain(..) {
                self.owner.on(incoming);
            }
            if let Some(loss) = loss {
                return loss;
            }
        }
    }

    /// Turns frames into what the owner is told, under one lock for all that came together.
    fn sort(&mut self, frames: &mut Vec<FromEngine>, incoming: &mut Vec<Incoming<O::Tag>>) -> Option<Loss> {
        let now = std::time::Instant::now();
        let mut state = self.shared.lock();
        let speaks = state.speaks();
        for from_engine in frames.drain(..) {
            if from_engine.since() > speaks {
                // What it does not know of this side it cannot have been told.
                return Some(ConnectionError::OutOfTurn.into());
            }
            match from_engine {
                FromEngine::Pair(pair) => {
                    if matches!(self.follow.learn(&pair), Learnt::NewEpoch | Learnt::Changed) {
                        state.pair = Some(pair.clone());
                        self.kept.send_replace(Some(pair.clone()));
                        state.say(&ToEngine::Knows(pair.clone()));
                        incoming.push(Incoming::Pair(pair));
                    }
                }
                FromEngine::Moved(pair) => {
                    drop(state);
                    self.learn(&pair);
                    return Some(Loss::Moved(pair.epoch));
                }
                FromEngine::NotPrimary(pair) => {
                    drop(state);
                    if let Some(pair) = pair {
                        self.learn(&pair);
                    }
                    return Some(Loss::SteppedDown);
                }
                FromEngine::Welcome(_) | FromEngine::Refused(_) => return Some(ConnectionError::OutOfTurn.into()),
                other => incoming.extend(state.on_frame(other, now)),
            }
        }
        let restored = state.take_restored();
        drop(state);
        if let Some(restored) = restored.filter(|restored| restored.attached + restored.refused > 0) {
            let lost_for = now.saturating_duration_since(restored.lost_at);
            info!(
                pair = %self.settings.pair,
                sessions = restored.attached,
                refused = restored.refused,
                lost_ms = lost_for.as_millis(),
                "link: all sessions are attached again"
            );
        }
        None
    }
}

impl Searching {
    fn warn_when_long(&mut self, settings: &LinkSettings) {
        if self.warn_at.is_some_and(|warn_at| warn_at <= Instant::now()) {
            self.warn_at = None;
            warn!(pair = %settings.pair, "link: no primary is found; the search goes on");
        }
    }
}
