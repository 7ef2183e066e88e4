//! A whole Tandem of real processes on one data directory: two engines, a gateway and, where a test wants them, the
//! interaction server with its agents and the echo participant.
//!
//! Each role is a process of its own, so that a test can kill, stop and restart it; a restarted role gets its old
//! address. [`System::finish`] ends everything cleanly and judges what is left: a test that does not call it fails.

mod control;
mod drilling;
mod fronts;
mod guarding;
mod judged;
mod managed;
mod pairs;
mod routing;
mod staff;
mod status;
mod switching;
mod versions;
mod watching;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Instant,
};

use rustix::process::Signal;
use tandem_link::Credentials;
use tandem_postgres::{Database, USER};
use tandem_protocol::PairName;

use crate::{
    deadline::eventually,
    executable,
    part::Part,
    ports,
    probe::{self, Role as Answer},
    rest::Rest,
    service_manager::ServiceManager,
    store::Store,
};

pub use crate::probe::Role;
pub use drilling::{Drilled, Drilling};
pub use pairs::CommonGateway;
pub use routing::CommonInteraction;
pub use versions::Spoken;
pub use watching::Watched;

/// Which engine is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The one named a.
    A,
    /// The one named b.
    B,
    /// Whichever serves now.
    Primary,
    /// Whichever stands by now.
    Backup,
}

/// The one settings file that all roles of a system read.
const SETTINGS: &str = "system.toml";

/// How a system is to be.
#[derive(Debug)]
pub struct Builder {
    settings: toml::Table,
    echo: bool,
    interaction: bool,
    data: Option<PathBuf>,
    store: Store,
    /// The database's address for each engine; the settings file has the one for all others.
    stores: Option<[String; 2]>,
    prefix: Vec<OsString>,
    silent_backup: bool,
    watched: bool,
    speaks: versions::Spoken,
    manager: Option<ServiceManager>,
    credentials: Credentials,
}

impl Builder {
    /// Sets one setting of the common file by its dotted name, such as `engine.settings.limit-for-sessions`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl Into<toml::Value>) -> Self {
        let mut path: Vec<&str> = name.split('.').collect();
        let key = path.pop().expect("a split has a last part");
        let mut table = &mut self.settings;
        for section in path {
            let entry = table.entry(section).or_insert_with(|| toml::Table::new().into());
            table = entry.as_table_mut().expect("a section is a table");
        }
        table.insert(key.to_owned(), value.into());
        self
    }

    /// With the echo participant.
    #[must_use]
    pub fn echo(mut self) -> Self {
        self.echo = true;
        self
    }

    /// With the interaction server, so that agents can come.
    #[must_use]
    pub fn agents(mut self) -> Self {
        self.interaction = true;
        self
    }

    /// With its data in this directory instead of one of its own.
    #[must_use]
    pub fn data(mut self, data: &Path) -> Self {
        self.data = Some(data.to_owned());
        self
    }

    /// With everything in a store of this kind, which is the system's own.
    #[must_use]
    pub fn on(mut self, store: Store) -> Self {
        self.store = store;
        self
    }

    /// With everything in this database, which all reach by the network.
    #[must_use]
    pub fn postgres(self, database: &Database) -> Self {
        let address = database.by_network(USER, "");
        self.postgres_at(&address, [&address, &address])
    }

    /// With everything in a database that the roles know by this address, and the engines each by his own.
    #[must_use]
    pub fn postgres_at(mut self, address: &str, engines: [&str; 2]) -> Self {
        self.stores = Some(engines.map(str::to_owned));
        self.setting("store.address", address)
    }

    /// With each engine started through this command, which must replace itself by it (`exec`).
    #[must_use]
    pub fn engines_through(mut self, prefix: &[OsString]) -> Self {
        self.prefix = prefix.to_vec();
        self
    }

    /// With every role showing its metrics.
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.watched = true;
        self
    }

    /// With the backup not started yet.
    #[must_use]
    pub fn without_backup(mut self) -> Self {
        self.silent_backup = true;
        self
    }

    /// Starts it; engine a is primary.
    ///
    /// # Panics
    /// When a role does not come up.
    pub async fn start(mut self) -> System {
        if let Store::Postgres = self.store {
            self = self.postgres(&Database::empty().await);
        }
        let folder = tempfile::Builder::new().prefix("tandem-test-").tempdir().expect("the temp folder is writable");
        let data = self.data.clone().unwrap_or_else(|| folder.path().join("data"));
        std::fs::create_dir_all(&data).expect("a data directory can be made");
        let settings = folder.path().join(SETTINGS);
        std::fs::write(&settings, self.settings.to_string()).expect("the temp folder is writable");
        let mut system = System::of(&self, folder, &settings, &data);
        system.speaks(self.speaks);
        if let Some(manager) = &self.manager {
            system.is_managed_by(manager);
        }
        system.engines[0].start().await;
        // An engine is ready before it has the lease: the other must not be faster.
        system.which(Engine::Primary).await;
        if !self.silent_backup {
            system.engines[1].start().await;
            system.is_complete().await;
        }
        system.gateway.start().await;
        for part in system.interaction.iter_mut().chain(&mut system.echo) {
            part.start().await;
        }
        system.is_linked().await;
        system
    }
}

/// What the other engine warns of when a test takes the primary away.
const LOST: &str = "lost the primary";

/// What a link says when both engines have been away for some seconds.
const NOBODY: &str = "no primary is found";

fn named(at: usize) -> Engine {
    if at == 0 { Engine::A } else { Engine::B }
}

/// A running system.
#[derive(Debug)]
pub struct System {
    /// Holds settings, data and caches; deleted with the system.
    folder: tempfile::TempDir,
    data: PathBuf,
    /// The address of the database, where everything is in one.
    store: Option<String>,
    pair: PairName,
    /// What a test proves itself with where it asks an engine.
    credentials: Credentials,
    engines: [Part; 2],
    gateway: Part,
    interaction: Option<Part>,
    echo: Option<Part>,
    allowed: Vec<String>,
    is_finished: bool,
}

impl System {
    /// A system with the default settings and without the echo participant.
    ///
    /// # Panics
    /// When a role does not come up.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A system that is to be otherwise.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            settings: toml::Table::new(),
            echo: false,
            interaction: false,
            data: None,
            store: Store::Files,
            stores: None,
            prefix: Vec::new(),
            silent_backup: false,
            watched: false,
            speaks: versions::Spoken::default(),
            manager: None,
            credentials: Credentials::default(),
        }
    }

    fn of(builder: &Builder, folder: tempfile::TempDir, settings: &Path, data: &Path) -> Self {
        let command = |role: &str, more: &[&str]| -> Vec<OsString> {
            let own = [executable::tandem().into(), role.into(), "--config".into(), settings.into()];
            own.into_iter().chain(more.iter().map(OsString::from)).collect()
        };
        let engine = |at: usize, name: &'static str, letter: &str| {
            let address = ports::reserve();
            let own = command("engine", &["--name", letter, "--listen", &address, "--data"]);
            let store = builder.stores.iter().flat_map(|stores| ["--store".into(), OsString::from(&stores[at])]);
            let command = builder.prefix.iter().cloned().chain(own).chain([data.into()]).chain(store).collect();
            Part::new(name, address, command)
        };
        let mut engines = [engine(0, "engine a", "a"), engine(1, "engine b", "b")];
        // Told of the primary only; the rest they learn and keep.
        let linked = |name: &'static str, address: String, more: &[OsString]| {
            let cache = folder.path().join(format!("pair-{name}.json"));
            let own = command(name, &["--primary", &engines[0].address, "--pair-cache"]);
            let more = more.iter();
            Part::new(name, address, own.into_iter().chain([cache.into()]).chain(more.cloned()).collect())
        };
        let address = ports::reserve();
        let mut gateway = linked("gateway", address.clone(), &["--listen".into(), address.into()]);
        let on_data = ["--data".into(), data.into()];
        let mut interaction = builder.interaction.then(|| linked("interaction", String::new(), &on_data));
        let mut echo = builder.echo.then(|| linked("echo", String::new(), &[]));
        let others = [&mut gateway].into_iter().chain(&mut interaction).chain(&mut echo);
        engines.iter_mut().chain(others).filter(|_| builder.watched).for_each(Part::is_watched);
        let (data, allowed, is_finished) = (data.to_owned(), Vec::new(), false);
        let store = builder.stores.as_ref().map(|stores| stores[0].clone());
        let pair = pairs::pair_of(&builder.settings);
        let credentials = builder.credentials.clone();
        Self { credentials, folder, data, store, pair, engines, gateway, interaction, echo, allowed, is_finished }
    }

    /// An integrator's program that uses the gateway.
    #[must_use]
    pub fn rest(&self) -> Rest {
        Rest::at(&self.gateway.address)
    }

    /// `host:port` of the gateway.
    #[must_use]
    pub fn gateway_address(&self) -> &str {
        &self.gateway.address
    }

    /// Where the engines keep their data.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The system's own folder, for what else a test needs on disk.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id of the gateway.
    pub fn gateway_pid(&mut self) -> u32 {
        self.gateway.running().pid()
    }

    /// What an engine says it is.
    pub async fn role_of(&self, engine: Engine) -> Role {
        let at = self.find(engine).await;
        self.answer_of(at).await
    }

    /// Waits until one engine serves and the other stands by it.
    ///
    /// # Panics
    /// When that does not happen in time.
    pub async fn is_complete(&self) {
        eventually("one engine is primary and knows the other as its backup", async || {
            let [a, b] = [self.answer_of(0).await, self.answer_of(1).await];
            match (a, b) {
                (Answer::Primary(pair), Answer::Backup(_)) | (Answer::Backup(_), Answer::Primary(pair)) => pair.backup,
                _ => None,
            }
        })
        .await;
    }

    /// Waits until gateway, interaction server and echo have met the primary: before that they know no other engine than the configured
    /// one, and a test that kills it would wait until it comes back.
    async fn is_linked(&self) {
        for part in self.echo.iter().chain(&self.interaction).chain([&self.gateway]) {
            let what = format!("{} is linked to the primary", part.name);
            eventually(&what, async || part.logs.matching("welcomed by the primary").pop()).await;
        }
    }

    /// Which engine, A or B, is meant right now; waits until there is one.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn which(&self, engine: Engine) -> Engine {
        named(self.find(engine).await)
    }

    /// The process id of an engine.
    pub async fn pid_of(&mut self, engine: Engine) -> u32 {
        let at = self.find(engine).await;
        self.engines[at].running().pid()
    }

    /// `kill -9`; returns which engine it was, to restart it by.
    pub async fn kill(&mut self, engine: Engine) -> Engine {
        self.kill_timed(engine).await.1
    }

    /// `kill -9`, with the moment of the signal, which is well before the process is gone.
    pub async fn kill_timed(&mut self, engine: Engine) -> (Instant, Engine) {
        let at = self.find(engine).await;
        self.expect_log(LOST);
        let now = Instant::now();
        self.engines[at].kill();
        if self.engines.iter().all(|engine| engine.process.is_none()) {
            self.expect_log(NOBODY);
        }
        (now, named(at))
    }

    /// Kills both engines before either can take over.
    pub fn kill_both(&mut self) {
        self.expect_log(LOST);
        self.expect_log(NOBODY);
        // Both are stopped first: what the first signal sets in motion must not run before the second.
        for engine in &mut self.engines {
            engine.running().signal(Signal::STOP);
        }
        self.engines.iter_mut().for_each(Part::kill);
    }

    /// Starts a killed engine again and waits until it is up, in whichever role.
    pub async fn restart(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        self.engines[at].start().await;
    }

    /// Starts an engine again without waiting for it.
    pub async fn launch(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        self.engines[at].launch();
    }

    /// Waits for an engine that was launched.
    pub async fn is_up(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        self.engines[at].is_ready().await;
    }

    /// Which engine is dead.
    ///
    /// # Panics
    /// When both run.
    #[must_use]
    pub fn down(&self) -> Engine {
        let at = self.engines.iter().position(|part| part.process.is_none());
        named(at.expect("an engine is dead"))
    }

    /// Takes note that an engine's process was ended by somebody else, so that it can be restarted.
    ///
    /// # Panics
    /// When it was not.
    pub async fn forget(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        let process = self.engines[at].process.take().expect("the engine was started");
        process.exit().await;
    }

    /// Whether the process of an engine runs, in whatever state.
    pub async fn is_running(&mut self, engine: Engine) -> bool {
        let at = self.find(engine).await;
        self.engines[at].process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// Waits until an engine has ended by itself, such as one that refuses to start; its exit code.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn ends(&mut self, engine: Engine) -> Option<i32> {
        let at = self.find(engine).await;
        let process = self.engines[at].process.take().expect("the engine was started");
        process.exit().await.code()
    }

    /// SIGSTOP: the process hangs and everyone takes it for alive; returns which engine it was.
    pub async fn stop(&mut self, engine: Engine) -> Engine {
        let at = self.find(engine).await;
        self.expect_log(LOST);
        self.engines[at].running().signal(Signal::STOP);
        named(at)
    }

    /// SIGCONT.
    pub async fn cont(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        self.engines[at].running().signal(Signal::CONT);
    }

    /// SIGTERM to an engine, and waits until it has stopped; returns which engine it was.
    ///
    /// # Panics
    /// When it does not stop, or not cleanly.
    pub async fn shut_down(&mut self, engine: Engine) -> Engine {
        let at = self.find(engine).await;
        self.expect_log(LOST);
        self.engines[at].end().await;
        named(at)
    }

    /// Declares that a WARN or ERROR line with this text is what the test provokes.
    pub fn expect_log(&mut self, text: &str) {
        self.allowed.push(text.to_owned());
    }

    /// The lines of an engine's log, over all its lives, that contain a text.
    pub async fn engine_log(&self, engine: Engine, text: &str) -> Vec<String> {
        self.engines[self.find(engine).await].logs.matching(text)
    }

    /// Waits for a line in an engine's log.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn engine_logs(&self, engine: Engine, text: &str) -> String {
        let logs = &self.engines[self.find(engine).await].logs;
        eventually(&format!("{engine:?} logs {text:?}"), async || logs.matching(text).pop()).await
    }

    /// Waits for one more line in an engine's log than there were.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn engine_logs_again(&self, engine: Engine, text: &str, before: usize) {
        let logs = &self.engines[self.find(engine).await].logs;
        let what = format!("{engine:?} logs {text:?} once more");
        eventually(&what, async || (logs.matching(text).len() > before).then_some(())).await;
    }

    /// Ends everything cleanly, and fails when a log has trouble that the test did not declare or when a process is
    /// left behind.
    ///
    /// # Panics
    /// As said.
    pub async fn finish(mut self) {
        // Set first: a panic in here must not be followed by that of the drop.
        self.is_finished = true;
        // The backup first: it would be right to say that it has lost the primary.
        if !matches!(self.answer_of(1).await, Role::Primary(_)) {
            self.engines.reverse();
        }
        let linked = [&mut self.gateway].into_iter().chain(&mut self.interaction);
        let parts = self.echo.iter_mut().chain(linked).chain(self.engines.iter_mut());
        let mut trouble = Vec::new();
        for part in parts {
            if part.process.is_some() {
                part.end().await;
            }
            part.logs.settle(part.name).await;
            let lines = part.logs.unexpected(&self.allowed);
            trouble.extend(lines.into_iter().map(|line| format!("{}: {line}", part.name)));
        }
        assert!(trouble.is_empty(), "trouble that the test did not declare:\n{}", trouble.join("\n"));
    }

    async fn answer_of(&self, at: usize) -> Role {
        if self.engines[at].process.is_none() {
            return Role::Down;
        }
        probe::ask(&self.engines[at].address, &self.pair, &self.credentials).await
    }

    /// The place of an engine in `engines`.
    async fn find(&self, engine: Engine) -> usize {
        match engine {
            Engine::A => 0,
            Engine::B => 1,
            Engine::Primary => {
                let is_primary = |role: &Role| matches!(role, Role::Primary(_));
                self.find_by("an engine is primary", is_primary).await
            }
            Engine::Backup => {
                let is_backup = |role: &Role| matches!(role, Role::Backup(_));
                self.find_by("an engine is backup", is_backup).await
            }
        }
    }

    async fn find_by(&self, what: &str, wanted: impl Fn(&Role) -> bool) -> usize {
        eventually(what, async || {
            for at in 0..self.engines.len() {
                if wanted(&self.answer_of(at).await) {
                    return Some(at);
                }
            }
            None
        })
        .await
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_logs();
        } else {
            assert!(self.is_finished, "a test ends its system with finish(), which judges it");
        }
    }
}

impl System {
    /// Prints all logs to stderr, as a failing test does.
    pub fn show_logs(&self) {
        for part in self.engines.iter().chain([&self.gateway]).chain(&self.interaction).chain(&self.echo) {
            eprintln!("--- log of {}:\n{}", part.name, part.logs.lines().join("\n"));
        }
    }
}
