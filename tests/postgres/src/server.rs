//! [`Server`]: a PostgreSQL server in a folder of its own.
//!
//! One server is shared by the tests of a process; a test that stops its server starts one of its own. Each lives in a
//! temporary folder and ends, with its folder, when this process does, however that ends: a shell waits for the end of a
//! pipe that only this process holds open. Without PostgreSQL on the machine the tests fail and say what to install.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};

use crate::{
    GUARDED, PASSWORD, SUPERUSER, USER,
    certificates::certificates,
    database::Database,
    owner::{Owner, programs},
    waiting::eventually,
};

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

/// Where a server listens, unless a test has a network of its own for it.
const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Where one that has an address to itself listens.
const USUAL_PORT: u16 = 5432;

/// Who is let in, and how; further lines let in the network of a server that listens elsewhere.
const ACCESS: &str = "
local all,replication all trust
host  all banished 127.0.0.1/32 reject
host  all guarded  127.0.0.1/32 scram-sha-256
host  all all      127.0.0.1/32 trust
";

/// A server in a folder of its own.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    address: Ipv4Addr,
    port: u16,
    databases: AtomicU32,
    /// Whether those who log in are known to it.
    roles: OnceCell<()>,
    /// See [`Server::copy`].
    template: OnceCell<String>,
}

/// A server that runs. Dropping it stops the server and keeps the folder, unless the process ends.
#[derive(Debug)]
pub struct Running(Child);

impl Server {
    /// The server that the tests of this process share.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine, or it does not start.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Result<(Arc<Server>, Running), String>> = OnceLock::new();
        let start = || {
            let server = Self::make()?;
            let running = server.try_start()?;
            Ok((Arc::new(server), running))
        };
        match SHARED.get_or_init(start) {
            Ok((server, _)) => Arc::clone(server),
            Err(reason) => panic!("{reason}"),
        }
    }

    /// Makes a server of its own, which does not run yet.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::make().unwrap_or_else(|reason| panic!("{reason}")))
    }

    /// As [`Server::new`], listening at the usual port of an address in a network that only the test is in: whoever
    /// reaches it is let in.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine.
    #[must_use]
    pub fn at(address: Ipv4Addr) -> Arc<Self> {
        Arc::new(Self::make_at(address, USUAL_PORT).unwrap_or_else(|reason| panic!("{reason}")))
    }

    fn make() -> Result<Self, String> {
        Self::make_at(LOOPBACK, free_port())
    }

    fn make_at(address: Ipv4Addr, port: u16) -> Result<Self, String> {
        let server = Self::bare(address, port)?;
        server.prepare()?;
        Ok(server)
    }

    /// A folder and a place to listen.
    fn bare(address: Ipv4Addr, port: u16) -> Result<Self, String> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("tandem-pg-").tempdir().map_err(|error| error.to_string())?.keep();
        Owner::find()?.own(&folder)?;
        let (databases, roles, template) = (AtomicU32::new(0), OnceCell::new(), OnceCell::new());
        Ok(Self { programs, folder, address, port, databases, roles, template })
    }

    fn prepare(&self) -> Result<(), String> {
        self.run("initdb", &["-N", "-A", "trust", "-E", "UTF8", "--locale=C", "-U", SUPERUSER])?;
        let (root, certificate, key) = certificates();
        for (name, text) in [("root.pem", &root), ("server.pem", &certificate), ("server.key", &key)] {
            self.write(name, text)?;
        }
        let neighbours = if self.address == LOOPBACK { "" } else { "host all all samenet trust\n" };
        self.write("data/pg_hba.conf", &format!("{ACCESS}{neighbours}"))?;
        self.configure()
    }

    /// Makes a standby of this server, which runs: a copy that follows it. It does not run yet.
    ///
    /// # Panics
    /// When this server does not run.
    #[must_use]
    pub fn standby(&self) -> Arc<Self> {
        Arc::new(self.copied().unwrap_or_else(|reason| panic!("{reason}")))
    }

    fn copied(&self) -> Result<Self, String> {
        let standby = Self::bare(LOOPBACK, free_port())?;
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
    ///
    /// # Panics
    /// When no standby follows.
    pub async fn waits_for_its_standby(&self) {
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

    /// Makes a standby take writes; returns when it does.
    ///
    /// # Panics
    /// When it is no standby.
    pub async fn is_promoted(&self) {
        self.warden("postgres").await.batch_execute("SELECT pg_promote()").await.expect("is promoted");
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
            "listen_addresses = '{}'\nport = {}\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             ssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\n",
            self.address,
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
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(&self) -> Running {
        self.try_start().unwrap_or_else(|reason| panic!("{reason}"))
    }

    fn try_start(&self) -> Result<Running, String> {
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
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    /// Where it listens, at its address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// The lines of the server's own log that contain a text.
    ///
    /// # Panics
    /// When it never ran.
    #[must_use]
    pub fn log(&self, text: &str) -> Vec<String> {
        let log = fs::read(self.folder.join("log")).expect("a server that ran has a log");
        let log = String::from_utf8_lossy(&log);
        log.lines().filter(|line| line.contains(text)).map(ToOwned::to_owned).collect()
    }

    /// A connection that may do everything.
    ///
    /// # Panics
    /// When the server does not run.
    pub async fn warden(&self, database: &str) -> Client {
        let mut config = Config::new();
        config.host_path(&self.folder).port(self.port).user(SUPERUSER).dbname(database);
        let (client, driver) = config.connect(NoTls).await.expect("connects");
        drop(tokio::spawn(driver));
        client
    }

    /// An empty database of which [`USER`] is the owner; `options` as `CREATE DATABASE` takes them.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn database(self: &Arc<Self>, options: &str) -> Database {
        self.roles.get_or_init(async || self.make_roles().await).await;
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let warden = self.warden("postgres").await;
        warden.batch_execute(&format!("CREATE DATABASE {name} OWNER {USER} {options}")).await.expect("is made");
        Database::new(Arc::clone(self), name)
    }

    async fn make_roles(&self) {
        let roles = format!(
            "CREATE ROLE {USER} LOGIN; CREATE ROLE banished LOGIN;
             CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}' IN ROLE {USER}"
        );
        self.warden("postgres").await.batch_execute(&roles).await.expect("are made");
    }

    /// A copy of a database that is made ready once: making tables takes longer than copying them.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn copy(self: &Arc<Self>, make_ready: impl AsyncFn(&Database)) -> Database {
        let make = async || {
            let template = self.database("").await;
            make_ready(&template).await;
            // Nobody can copy a database while somebody is in it.
            let warden = self.warden("postgres").await;
            let is_left = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
            eventually("the template is left alone", async || {
                let row = warden.query_one(is_left, &[&template.name()]).await.expect("reads");
                (row.get::<_, i64>(0) == 0).then_some(())
            })
            .await;
            template.name().to_owned()
        };
        let template = self.template.get_or_init(make).await;
        self.database(&format!("TEMPLATE {template}")).await
    }
}

impl Running {
    /// Stops the server as an operator does: whoever is connected is cut off.
    pub fn stop(self) {
        self.end("fast");
    }

    /// Stops it as a loss of power does.
    pub fn crash(self) {
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

/// A port that was free a moment ago; the socket's name has it too, in a folder of its own.
///
/// # Panics
/// When no port is free.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
