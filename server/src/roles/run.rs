//! `tandem run`: starts the roles as child processes of this executable and keeps them running.
//!
//! It is no other code path: each child is `tandem engine`, `tandem interaction`, `tandem gateway` or `tandem echo` with
//! the same settings file. The supervisor holds no chat state, so that nothing is lost with it. [`board`] decides what
//! is worth saying, [`child`] starts and ends one process, [`keeper`] starts it again when it dies, [`login`] tells how
//! one gets into the workspace.

mod backoff;
mod board;
mod child;
mod fact;
mod keeper;
mod login;
mod program;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use self::{
    board::{Board, News, Who},
    child::{Running, StartError},
    fact::Fact,
    keeper::Keeper,
    program::{Program, Programs},
};
use crate::{
    accounts::Accounts,
    credentials,
    lifecycle::{data_dir::DataDir, failure::Failure, listen::listen, notify::Notifier, signals::EndSignals},
    settings::Settings,
    store::Place,
};

/// News from the children that wait to be said; a keeper whose news finds no room waits, and so does its child's
/// next line.
const NEWS_MAX: usize = 64;

/// How long the pair may take, beyond the lease's expiry, until one engine is primary and the other its backup.
const PAIR_WAIT: Duration = Duration::from_secs(15);

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The settings file, which the children read too.
    pub(crate) config: Option<PathBuf>,
    /// The database as it was given on the command line, where it was; without a password, which is refused there.
    pub(crate) store: Option<String>,
    /// The settings.
    pub(crate) settings: Settings,
    /// Whether facts are said as JSON.
    pub(crate) json: bool,
}

/// Runs everything until a signal asks to end.
pub(crate) async fn supervise(plan: Plan) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let Some(opened) = signals.unless_received(open(&plan.settings)).await else { return Ok(()) };
    let accounts = opened?;
    let data = DataDir::at(&plan.settings.engine.data_dir.0.0).map_err(Failure::runtime)?;
    let _lock = data.lock_run().map_err(Failure::runtime)?;
    let programs = Programs::new(&plan, &data)?;
    look_at_ports(&plan.settings)?;
    let (news, mut heard) = mpsc::channel(NEWS_MAX);
    let mut crew = Crew { keepers: Vec::new(), news };
    let mut board = Board::new(accounts.place(), data.path(), plan.settings.gateway.place.tls.files().is_some());
    let notifier = Notifier::of_this_process();
    let outcome = tokio::select! {
        outcome = start_and_watch(&plan, programs, accounts, &mut crew, &mut board, &mut heard, &notifier) => outcome,
        () = signals.received() => Ok(()),
        // The one thread that does all this.
        () = notifier.clone().watch(async || true) => Ok(()),
    };
    notifier.stopping();
    Fact::Stopping {}.say(plan.json);
    drop(heard);
    crew.end(board.primary()).await;
    if outcome.is_ok() {
        Fact::Stopped {}.say(plan.json);
    }
    outcome
}

/// Opens what the children will open: what is wrong with it is said before anything is started. The log of sessions is
/// closed again; the accounts are needed once more.
async fn open(settings: &Settings) -> Result<Accounts, Failure> {
    let place = Place::of(&settings.store, &settings.engine.data_dir.0.0).map_err(Failure::runtime)?;
    drop(place.open_store(&settings.pair.name.0).await.map_err(Failure::runtime)?);
    let place = Place::of(&settings.store, &settings.interaction.data_dir.0.0).map_err(Failure::runtime)?;
    credentials::of_links(&settings.links).map_err(Failure::runtime)?;
    credentials::of_gateway(&settings.gateway.place.tls).map_err(Failure::runtime)?;
    Ok(Accounts::open(place, "run").await?)
}

/// A busy port is found before anything is started and logged. The children bind for themselves later.
fn look_at_ports(settings: &Settings) -> Result<(), Failure> {
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let [a, b] = settings.run.engine_ports.0.0.map(loopback);
    let places = [("engine a", a), ("engine b", b), ("the gateway", settings.gateway.place.listen.0)];
    let metrics = settings.run.metrics_ports().into_iter().flatten().map(|port| ("the metrics", loopback(port)));
    let places = places.into_iter().chain(metrics);
    let listeners: Result<Vec<_>, _> = places.map(|(who, address)| listen(who, address)).collect();
    listeners.map(drop).map_err(Failure::runtime)
}

/// Never returns while all is well. A failure before all is started ends everything; later ones are mended.
async fn start_and_watch(
    plan: &Plan,
    programs: Programs,
    accounts: Accounts,
    crew: &mut Crew,
    board: &mut Board,
    heard: &mut mpsc::Receiver<News>,
    notifier: &Notifier,
) -> Result<(), Failure> {
    let say = |facts: Vec<Fact>| facts.iter().for_each(|fact| fact.say(plan.json));
    let mut heed = async |board: &mut Board, until: fn(&Board) -> bool| {
        let deadline = Instant::now() + plan.settings.engine.lease.expiry.0 + PAIR_WAIT;
        while !until(board) {
            let news = timeout_at(deadline, heard.recv()).await.map_err(|_| Failure::runtime(NoPair))?;
            say(board.on(news.expect("the crew keeps a sender")));
        }
        Ok::<(), Failure>(())
    };
    let primary = crew.start(programs.engine_a).await?.unwrap_or_default();
    // Side by side they would race for the lease: which one is primary after a fresh start is not left to chance.
    heed(board, Board::has_role).await?;
    crew.start(programs.engine_b).await?;
    // As late as can be: a password that is made here is told only when all is up, so what often fails comes before.
    let login = login::login(plan, &accounts).await?;
    drop(accounts);
    crew.start(programs.interaction.linked_to(&primary)).await?;
    crew.start(programs.gateway.linked_to(&primary)).await?;
    if let Some(echo) = programs.echo {
        crew.start(echo.linked_to(&primary)).await?;
    }
    say(board.expect(crew.keepers.len(), login));
    heed(board, Board::is_complete).await?;
    notifier.ready("the whole system");
    loop {
        say(board.on(heard.recv().await.expect("the crew keeps a sender")));
    }
}

/// The engines do not come to terms.
#[derive(Debug, thiserror::Error)]
#[error("the engines did not become primary and backup in time; their log says why")]
struct NoPair;

/// The children and those who keep them.
struct Crew {
    keepers: Vec<Keeper>,
    news: mpsc::Sender<News>,
}

impl Crew {
    /// Starts a child and keeps it from then on; returns where it listens.
    async fn start(&mut self, program: Program) -> Result<Option<String>, StartError> {
        let running = Running::start(&program).await?;
        let address = running.ready.address.clone();
        self.keepers.push(Keeper::start(program, running, self.news.clone()));
        Ok(address)
    }

    /// Ends all in order: the gateway says goodbye to browsers while the others still answer, the interaction server
    /// finishes its work while the engines do, and the backup goes before the primary, so that it does not take over.
    async fn end(mut self, primary: Option<Who>) {
        let order = |keeper: &Keeper| match keeper.who.role {
            "gateway" => 0,
            "echo" => 1,
            "interaction" => 2,
            _ if Some(keeper.who) != primary => 3,
            _ => 4,
        };
        self.keepers.sort_by_key(order);
        for keeper in self.keepers {
            keeper.end().await;
        }
    }
}
