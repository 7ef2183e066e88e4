//! One connection: how it is set up, and what is asked over it, each call with a deadline.
//!
//! It exists so that durability (D-1) and every time limit are decided in one place: no other file sets a parameter
//! that a guarantee rests on. A call that is not answered in time leaves the connection unusable; whoever holds it
//! drops it.

use std::{
    collections::HashMap,
    error::Error,
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, Row, Statement,
    types::{Format, IsNull, ToSql, Type, to_sql_checked},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    address::{Host, Place, PostgresAddress},
    fault::{Fault, source_of_io},
    tls::{self, TlsFault},
};
use crate::Cause;

/// The oldest server that this is written for; older ones are no longer maintained.
pub(super) const SERVER_VERSION_MIN: i32 = 130_000;

/// The schema that holds all tables, so that a database may have others beside them.
pub(super) const SCHEMA: &str = "tandem";

/// How long one host may take to connect and log in, before the next is tried.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a call waits for its answer. Above the server's own limit, which says more; it counts when the server is
/// stopped or out of reach.
const CALL_WAIT_MAX: Duration = Duration::from_secs(12);

/// As [`CALL_WAIT_MAX`] for bringing up the tables. The server's own limit for it is the same.
pub(super) const MIGRATION_WAIT_MAX: Duration = Duration::from_secs(60 * 60);

/// A silent peer is asked for a sign of life after this long, …
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
/// … then in this interval, …
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
/// … and given up after so many questions.
const KEEPALIVE_PROBES: u32 = 3;

/// What the server is told about each connection.
///
/// - `synchronous_commit`: a commit is answered when it is flushed, with standbys too where the server has them (D-1).
///   Said here, a laxer default of the server, the database or the role does not count.
/// - `statement_timeout`: nothing hangs for ever, and nothing is still at it long after its caller has gone.
/// - `idle_in_transaction_session_timeout`: whoever is stopped inside a transaction does not keep its locks.
/// - `default_transaction_isolation`: the fence of a statement that had to wait for the lease's row compares the row as
///   it is then, and not as it was.
/// - `plan_cache_mode`, `jit`: the statements are few and always alike; a plan is made once.
const PARAMETERS: [(&str, &str); 7] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "1s"),
    ("default_transaction_isolation", r"read\ committed"),
    ("search_path", SCHEMA),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
];

/// What a connection is for; it decides how long a statement waits for somebody's lock (`lock_timeout`).
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Whoever takes over must hear soon that somebody holds the lease's row.
    Log,
    /// Nobody waits for a takeover there, and an agent's deed is better done late than refused.
    Directory,
}

impl Purpose {
    fn lock_timeout(self) -> (&'static str, &'static str) {
        ("lock_timeout", if matches!(self, Self::Log) { "250ms" } else { "2s" })
    }
}

/// Makes connections to the host of an address that takes writes.
pub(super) struct Connector {
    address: PostgresAddress,
    purpose: Purpose,
    tls: MakeRustlsConnect,
    /// The host that took writes last; tried first, so that after a failover no connection waits for the dead one.
    first: AtomicUsize,
}

impl Connector {
    /// Reads the certificates that the address names.
    pub(super) fn new(address: PostgresAddress, purpose: Purpose) -> Result<Self, TlsFault> {
        let tls = tls::connector(&address.tls)?;
        Ok(Self { address, purpose, tls, first: AtomicUsize::new(0) })
    }

    /// Connects to the first host that takes writes. Otherwise the fault is the most telling of all hosts': what a
    /// server says counts for more than that one cannot be reached.
    pub(super) async fn connect(&self) -> Result<Connection, Fault> {
        let hosts = &self.address.hosts;
        let first = self.first.load(Ordering::Relaxed);
        let mut told: Option<Fault> = None;
        for at in (first..first + hosts.len()).map(|at| at % hosts.len()) {
            match self.connect_to(&hosts[at]).await {
                Ok(connection) => {
                    self.first.store(at, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(fault) if told.as_ref().is_none_or(|told| tells(&fault) > tells(told)) => told = Some(fault),
                Err(_) => {}
            }
        }
        Err(told.expect("an address has one host at least"))
    }

    async fn connect_to(&self, host: &Host) -> Result<Connection, Fault> {
        let config = self.config(host);
        let work = async {
            let (client, driver) = config.connect(self.tls.clone()).await.map_err(not_connected)?;
            let driver = tokio::spawn(async move {
                // Whoever waits for an answer hears of it as well.
                if let Err(error) = driver.await {
                    tracing::debug!(error = %Fault::from(error), "a connection to the database has ended");
                }
            });
            let connection = Connection { client, driver, statements: HashMap::new() };
            connection.check().await?;
            Ok(connection)
        };
        timeout(CONNECT_WAIT_MAX, Box::pin(work)).await.map_err(|_| Fault::Silent)?
    }

    fn config(&self, host: &Host) -> Config {
        let mut config = Config::new();
        match &host.place {
            Place::Network(name) => config.host(name),
            Place::Socket(folder) => config.host_path(folder),
        };
        if let Some(password) = &self.address.password {
            config.password(password);
        }
        let parameters = PARAMETERS.into_iter().chain([self.purpose.lock_timeout()]);
        let options: Vec<_> = parameters.map(|(name, value)| format!("-c {name}={value}")).collect();
        config
            .port(host.port)
            .user(&self.address.user)
            .dbname(&self.address.database)
            .application_name("tandem")
            .options(options.join(" "))
            .ssl_mode(tls::mode(&self.address.tls))
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_PROBES)
            .tcp_user_timeout(CALL_WAIT_MAX);
        config
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.address)
    }
}

/// How much a fault says about what is wrong.
fn tells(fault: &Fault) -> u8 {
    match fault {
        Fault::Lost(_) | Fault::Silent | Fault::NoSuchHost(_) => 0,
        Fault::ReadOnly => 1,
        _ => 2,
    }
}

/// What the driver's error means while there is no connection yet. The driver tells some of its errors apart by their
/// wording only; the stories of opening hold it to that.
fn not_connected(error: tokio_postgres::Error) -> Fault {
    if let Some(source) = source_of_io(&error) {
        let is_about_tls = source.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
        let is_about_name = error.source().is_some() && is_unresolved(source);
        let copy = io::Error::new(source.kind(), source.to_string());
        return match () {
            () if is_about_tls => Fault::Tls(Cause::new(copy)),
            () if is_about_name => Fault::NoSuchHost(copy),
            () => Fault::Lost(copy),
        };
    }
    let source = error.source().map(|source| Cause::new(io::Error::other(source.to_string())));
    match (error.to_string().as_str(), source) {
        ("error performing TLS handshake", Some(source)) => Fault::Tls(source),
        ("authentication error" | "invalid configuration", Some(source)) => Fault::Login(source),
        _ => Fault::from(error),
    }
}

/// A name that cannot be looked up is an error of no kind that Rust knows.
fn is_unresolved(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && error.to_string().starts_with("failed to lookup address information")
}

/// A connection to a server that takes writes.
pub(super) struct Connection {
    client: Client,
    /// Reads and writes the socket; ends with this.
    driver: JoinHandle<()>,
    /// What is prepared, by its text. As many as this crate has statements.
    statements: HashMap<&'static str, Statement>,
}

impl Connection {
    /// Whether it is known to be of no more use.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The driver's end, for a transaction that may take long and so has no deadline.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a statement that gives rows. Returns when the server is ready for the next: what the statement has written
    /// is committed then (D-1).
    pub(super) async fn query(&mut self, sql: &'static str, parameters: &Parameters<'_>) -> Result<Vec<Row>, Fault> {
        let work = async {
            let statement = prepared(&self.client, &mut self.statements, sql).await?;
            self.client.query(&statement, parameters).await
        };
        Ok(timeout(CALL_WAIT_MAX, work).await.map_err(|_| Fault::Silent)??)
    }

    /// Runs a statement and says how many rows it has changed. Returns as [`Connection::query`] does.
    pub(super) async fn execute(&mut self, sql: &'static str, parameters: &Parameters<'_>) -> Result<u64, Fault> {
        let work = async {
            let statement = prepared(&self.client, &mut self.statements, sql).await?;
            self.client.execute(&statement, parameters).await
        };
        Ok(timeout(CALL_WAIT_MAX, work).await.map_err(|_| Fault::Silent)??)
    }

    /// Runs statements that have no parameters and give no rows.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        Ok(timeout(CALL_WAIT_MAX, self.client.batch_execute(sql)).await.map_err(|_| Fault::Silent)??)
    }

    /// As [`Connection::batch`] for bringing up the tables, which may take long.
    pub(super) async fn migrate(&mut self, sql: &str) -> Result<(), Fault> {
        Ok(timeout(MIGRATION_WAIT_MAX, self.client.batch_execute(sql)).await.map_err(|_| Fault::Silent)??)
    }

    /// Refuses a server that the store cannot rely on; in one round trip.
    async fn check(&self) -> Result<(), Fault> {
        let sql = "SELECT current_setting('server_version_num')::integer,
                          current_setting('transaction_read_only')::boolean,
                          current_setting('server_encoding')";
        let found = self.client.query_typed(sql, &[]).await?;
        let row = found.first().ok_or(Fault::Row("settings"))?;
        check(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The driver alone would wait for answers that may never come.
        self.driver.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

fn check(version: i32, is_read_only: bool, encoding: &str) -> Result<(), Fault> {
    match () {
        () if version < SERVER_VERSION_MIN => Err(Fault::OldServer(version)),
        () if is_read_only => Err(Fault::ReadOnly),
        () if encoding != "UTF8" => Err(Fault::Encoding(encoding.to_owned())),
        () => Ok(()),
    }
}

async fn prepared(
    client: &Client,
    statements: &mut HashMap<&'static str, Statement>,
    sql: &'static str,
) -> Result<Statement, tokio_postgres::Error> {
    if let Some(statement) = statements.get(sql) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql).await?;
    statements.insert(sql, statement.clone());
    Ok(statement)
}

/// The parameters of a statement.
pub(super) type Parameters<'p> = [&'p (dyn ToSql + Sync)];

/// A parameter that must not be printed: the driver writes all parameters into the log when it is at its most
/// talkative. Everything that people have written, and every secret, goes to the driver in this.
pub(super) struct Unprinted<T>(pub(super) T);

impl<T> fmt::Debug for Unprinted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T: ToSql> ToSql for Unprinted<T> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(of, out)
    }

    fn accepts(of: &Type) -> bool {
        T::accepts(of)
    }

    fn encode_format(&self, of: &Type) -> Format {
        self.0.encode_format(of)
    }

    to_sql_checked!();
}

/// A connector that several share.
pub(super) type SharedConnector = Arc<Connector>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_refused_for_its_age_its_encoding_and_for_taking_no_writes() {
        check(SERVER_VERSION_MIN, false, "UTF8").expect("is good");
        assert!(matches!(check(129_999, false, "UTF8"), Err(Fault::OldServer(129_999))));
        assert!(matches!(check(150_000, true, "UTF8"), Err(Fault::ReadOnly)));
        assert!(matches!(check(150_000, false, "LATIN1"), Err(Fault::Encoding(encoding)) if encoding == "LATIN1"));
    }

    #[test]
    fn what_people_write_is_not_printed_by_the_driver() {
        assert_eq!(format!("{:?}", Unprinted("hello")), "…");
    }
}
