//! A real PostgreSQL server for the tests of this process, and a database on it for each test.
//!
//! One server is shared; a test that stops its server starts one of its own. Each lives in a temporary folder and ends,
//! with its folder, when this process does, however that ends: a shell waits for the end of a pipe that only this
//! process holds open. Without PostgreSQL on the machine the tests fail and say what to install.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{sync::OnceCell, time::timeout};
use tokio_postgres::{Client, Config, NoTls};

use crate::{
    PostgresAddress, PostgresStore,
    postgres::{
        connection::{Connection, Connector, Purpose},
        tests::pair,
    },
};

/// How long anything may take that a test waits for; only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(40);

/// Whoever may do everything; the tests' own hand.
const SUPERUSER: &str = "warden";

/// Whom the stores log in as: owns its databases and nothing else, as an operator would set it up.
pub(super) const USER: &str = "tandem";

/// As [`USER`], let in with a password only.
pub(super) const GUARDED: &str = "guarded";
pub(super) const PASSWORD: &str = "correct horse";

/// Starts the server, says so, and stops it as a line says, or at once at the end of the pipe; then the folder goes
/// too.
const KEEPER: &str = r#"
    trap '' INT HUP TERM
    "$1/pg_ctl" -D "$2/data" -l "$2/log" -w -s start || { cat "$2/log"; exit 1; }
    echo ready
    read -r how
    "$1/pg_ctl" -D "$2/data" -m "${how:-immediate}" -w -s stop
    [ -n "$how" ] || rm -rf "$2"
"#;

/// Who is let in, and how.
const ACCESS: &str = "
local all,replication all trust
host  all banished 127.0.0.1/32 reject
host  all guarded  127.0.0.1/32 scram-sha-256
host  all all      127.0.0.1/32 trust
";

/// See [`Database::gate`]. A store's own limit does not count for the wait.
const GATE: &str = "
    CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;
    CREATE TRIGGER gate AFTER INSERT ON events EXECUTE FUNCTION pass()";

/// A server in a folder of its own.
pub(super) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    template: OnceCell<String>,
}

/// A server that runs. Dropping it stops the server and keeps the folder, unless the process ends.
pub(super) struct Running(Child);

impl Server {
    /// The server that the tests of this process share.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Result<(Arc<Server>, Running), String>> = OnceLock::new();
        let start = || {
            let server = Self::new()?;
            let running = server.start()?;
            Ok((Arc::new(server), running))
        };
        match SHARED.get_or_init(start) {
            Ok((server, _)) => Arc::clone(server),
            Err(reason) => panic!("{reason}"),
        }
    }

    /// Makes a server that does not run yet.
    pub(super) fn new() -> Result<Self, String> {
        let server = Self::bare()?;
        server.prepare()?;
        Ok(server)
    }

    /// A folder and a port.
    fn bare() -> Result<Self, String> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("tandem-pg-").tempdir().map_err(|error| error.to_string())?.keep();
        Owner::find()?.own(&folder)?;
        Ok(Self { programs, folder, port: free_port(), databases: AtomicU32::new(0), template: OnceCell::new() })
    }

    fn prepare(&self) -> Result<(), String> {
        self.run("initdb", &["-N", "-A", "trust", "-E", "UTF8", "--locale=C", "-U", SUPERUSER])?;
        let (root, certificate, key) = certificates();
        for (name, text) in [("root.pem", &root), ("server.pem", &certificate), ("server.key", &key)] {
            self.write(name, text)?;
        }
        self.write("data/pg_hba.conf", ACCESS)?;
        self.configure()
    }

    /// Makes a standby of this server, which runs: a copy that follows it. It does not run yet.
    pub(super) fn standby(&self) -> Result<Self, String> {
        let standby = Self::bare()?;
        let of = format!("host={} port={} user={SUPERUSER} application_name=standby", self.folder.display(), self.port);
        standby.run("pg_basebackup", &["-c", "fast", "-R", "-d", &of])?;
        for name in ["root.pem", "server.pem", "server.key"] {
            let text = fs::read_to_string(self.folder.join(name)).map_err(|error| error.to_string())?;
            standby.write(name, &text)?;
        }
        standby.configure()?;
        Ok(standby)
    }

    /// Waits for the standby from now on, before anything is committed.
    pub(super) async fn waits_for_its_standby(&self) {
        let warden = self.warden("postgres").await;
        warden.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'").await.expect("sets");
        warden.batch_execute("SELECT pg_reload_conf()").await.expect("reads");
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        eventually("the standby follows", async || {
            let row = warden.query_one(sql, &[]).await.expect("reads");
            (row.get::<_, i64>(0) == 1).then_some(())
        })
        .await;
    }

    /// Runs one of the server's programs on the folder of its data.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Owner::find()?.command(&self.programs.join(program));
        let output = command.args(arguments).arg("-D").arg(self.folder.join("data")).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn configure(&self) -> Result<(), String> {
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             ssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\n",
            self.port,
            self.folder.display()
        );
        self.write("data/postgresql.conf", &settings)
    }

    /// Writes a file of the folder, for the server alone.
    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        let written = fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o600)))
            .map_err(|error| format!("{}: {error}", path.display()));
        written.and_then(|()| Owner::find()?.own(&path))
    }

    /// Starts it; returns when it takes connections.
    pub(super) fn start(&self) -> Result<Running, String> {
        let mut keeper = Owner::find()?.command(Path::new("/bin/sh"));
        keeper.args(["-c", KEEPER, "keeper"]).args([&self.programs, &self.folder]);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = keeper.spawn().map_err(|error| error.to_string())?;
        let mut said = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        while output.read_line(&mut said).is_ok_and(|bytes| bytes > 0) && !said.ends_with("ready\n") {}
        if said.ends_with("ready\n") { Ok(Running(child)) } else { Err(format!("PostgreSQL does not start: {said}")) }
    }

    /// The certificate that vouches for the server's, whose name is `localhost`.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The path of the server's socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// A connection that may do everything.
    pub(super) async fn warden(&self, database: &str) -> Client {
        let mut config = Config::new();
        config.host_path(&self.folder).port(self.port).user(SUPERUSER).dbname(database);
        let (client, driver) = config.connect(NoTls).await.expect("connects");
        drop(tokio::spawn(driver));
        client
    }

    /// A database of which [`USER`] is the owner.
    pub(super) async fn database(self: &Arc<Self>, options: &str) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let warden = self.warden("postgres").await;
        warden.batch_execute(&format!("CREATE DATABASE {name} OWNER {USER} {options}")).await.expect("is made");
        Database { server: Arc::clone(self), name }
    }

    /// A database that has the tables already; the others are copies of it.
    async fn template(self: &Arc<Self>) -> &str {
        let make = async || {
            let warden = self.warden("postgres").await;
            let roles = format!(
                "CREATE ROLE {USER} LOGIN; CREATE ROLE banished LOGIN;
                 CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}' IN ROLE {USER}"
            );
            warden.batch_execute(&roles).await.expect("are made");
            let template = self.database("").await;
            drop(PostgresStore::open(&template.address(), &pair()).await.expect("opens"));
            // Nobody can copy a database while somebody is in it.
            let is_left = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
            eventually("the template is left alone", async || {
                let row = warden.query_one(is_left, &[&template.name]).await.expect("reads");
                (row.get::<_, i64>(0) == 0).then_some(())
            })
            .await;
            template.name
        };
        self.template.get_or_init(make).await
    }
}

impl Running {
    /// Stops the server as an operator does: whoever is connected is cut off.
    pub(super) fn stop(self) {
        self.end("fast");
    }

    /// Stops it as a loss of power does.
    pub(super) fn crash(self) {
        self.end("immediate");
    }

    fn end(mut self, how: &str) {
        let mut pipe = self.0.stdin.take().expect("it is piped");
        writeln!(pipe, "{how}").expect("the keeper reads");
        let status = self.0.wait().expect("the keeper ends");
        assert!(status.success(), "the server stops: {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // At the end of its pipe the keeper stops the server and removes the folder.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The keeper of a server that runs removes the folder itself.
        if !self.folder.join("data/postmaster.pid").exists() {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// A database of one test.
pub(super) struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// An empty one on the shared server.
    pub(super) async fn empty() -> Self {
        let server = Server::shared();
        server.template().await;
        server.database("").await
    }

    /// One that has the tables.
    pub(super) async fn with_tables() -> Self {
        Self::with_tables_on(&Server::shared()).await
    }

    /// As [`Database::with_tables`] on another server.
    pub(super) async fn with_tables_on(server: &Arc<Server>) -> Self {
        let template = server.template().await;
        server.database(&format!("TEMPLATE {template}")).await
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// By the server's socket.
    pub(super) fn address(&self) -> PostgresAddress {
        let folder = self.server.folder.display().to_string().replace('/', "%2F");
        parsed(&format!("postgres://{USER}@{folder}:{}/{}", self.server.port, self.name))
    }

    /// By the network, as `who` and with parameters.
    pub(super) fn network(&self, who: &str, parameters: &str) -> PostgresAddress {
        parsed(&format!("postgres://{who}@127.0.0.1:{}/{}{parameters}", self.server.port, self.name))
    }

    /// A connection that may do everything; it finds Tandem's tables.
    pub(super) async fn warden(&self) -> Client {
        let warden = self.server.warden(&self.name).await;
        warden.batch_execute("SET search_path = tandem").await.expect("sets");
        warden
    }

    /// A connection of the kind that stores use.
    pub(super) async fn like_a_store(&self) -> Connection {
        let connector = Connector::new(self.address(), Purpose::Log).expect("no certificates are asked for");
        connector.connect().await.expect("connects")
    }

    /// Another one on the same server.
    pub(super) async fn another(&self, options: &str) -> Self {
        self.server.database(options).await
    }

    /// Cuts every connection of a store.
    pub(super) async fn cut_off(&self) {
        self.run(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    }

    /// Closes a gate in the middle of the statement that stores events.
    pub(super) async fn gate(&self) -> Gate {
        self.run(GATE).await;
        let gate = self.warden().await;
        gate.batch_execute("SELECT pg_advisory_lock(7)").await.expect("locks");
        Gate(gate)
    }

    /// Waits until somebody waits for a lock.
    pub(super) async fn waits_for_a_lock(&self) {
        self.until("somebody waits for a lock", "wait_event_type = 'Lock'", true).await;
    }

    /// Waits until no store is connected.
    pub(super) async fn is_left_alone(&self) {
        self.until("nobody is connected", &format!("usename = '{USER}'"), false).await;
    }

    async fn until(&self, what: &str, condition: &str, expected: bool) {
        let warden = self.warden().await;
        let sql =
            format!("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND ({condition})");
        eventually(what, async || {
            let row = warden.query_one(&sql, &[]).await.expect("reads");
            (row.get::<_, bool>(0) == expected).then_some(())
        })
        .await;
    }

    /// Runs statements that may do everything.
    pub(super) async fn run(&self, sql: &str) {
        self.warden().await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A number that a query gives.
    pub(super) async fn number(&self, sql: &str) -> i64 {
        self.warden().await.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }
}

/// Closed, it keeps every insert into the log from going on, for as long as it takes.
pub(super) struct Gate(Client);

impl Gate {
    /// Lets go on what waits, and all that comes.
    pub(super) async fn open(self) {
        self.0.batch_execute("SELECT pg_advisory_unlock(7)").await.expect("unlocks");
    }
}

/// An address that is known to be one.
pub(super) fn parsed(address: &str) -> PostgresAddress {
    address.parse().unwrap_or_else(|error| panic!("{address}: {error}"))
}

/// Waits for a future; a test that waits in vain fails with `what`.
pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// Asks again until the condition gives something. Each question goes to a server or to another task, so that others
/// run.
pub(super) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Whose processes the server's are: PostgreSQL refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Result<Self, String> {
        let us = fs::metadata("/proc/self").map_err(|error| error.to_string())?.uid();
        if us != 0 {
            return Ok(Self(None));
        }
        let accounts = fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
        let postgres = accounts.lines().find_map(|line| {
            let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        postgres.map(|ids| Self(Some(ids))).ok_or_else(|| {
            "PostgreSQL does not run as root and there is no account postgres: apt-get install postgresql".into()
        })
    }

    fn own(&self, path: &Path) -> Result<(), String> {
        let owned = self.0.map_or(Ok(()), |(user, group)| chown(path, Some(user), Some(group)));
        owned.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Where the server's programs are: Debian keeps them apart by version and off the path.
fn programs() -> Result<PathBuf, String> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    folders.reverse();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = folders.into_iter().find(|folder| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file()));
    found.ok_or_else(|| "these tests need a PostgreSQL server: apt-get install postgresql".into())
}

/// A port that was free a moment ago; the socket's name has it too, in a folder of its own.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

/// A root certificate, and one for `localhost` with its key, in PEM.
fn certificates() -> (String, String, String) {
    let key = || KeyPair::generate().expect("a key is made");
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, key()).expect("signs");
    let own = key();
    let server = CertificateParams::new(["localhost".to_owned()]).expect("is a name");
    let server = server.signed_by(&own, &root).expect("signs");
    (root.pem(), server.pem(), own.serialize_pem())
}
