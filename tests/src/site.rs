//! [`Site`]: Tandem on two machines, set up as the page "High availability on two machines" says, with a database and
//! customers in a third place.
//!
//! The machines are [`Hosts`]; what runs on them is started by the command lines of the units with the settings of the
//! page. [`Site::finish`] ends everything cleanly and judges what is left, as [`crate::System`] does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use tandem_postgres::{Running, Server};
use tokio::process::{Child, Command};

use crate::{
    ServiceManager, command, deployment,
    hosts::{ELSEWHERE, Host, Hosts},
    part::Part,
    rest::{Rest, Ticket},
};

/// How long a role may give no sign of life; no story of this harness counts them.
const WATCHDOG: std::time::Duration = std::time::Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub struct Site {
    /// Holds what is `/etc/tandem` and `/var/lib/tandem` on either machine.
    folder: tempfile::TempDir,
    hosts: Hosts,
    manager: ServiceManager,
    engines: [Part; 2],
    gateways: [Part; 2],
    interaction: Part,
    allowed: Vec<String>,
    is_finished: bool,
    _database: (Arc<Server>, Running),
}

impl Site {
    /// Sets both machines up and starts everything; engine a is primary.
    ///
    /// # Panics
    /// When a role does not come up.
    pub async fn start() -> Self {
        let hosts = Hosts::join();
        let database = database().await;
        let folder = tempfile::Builder::new().prefix("tandem-site-").tempdir().expect("the temp folder is writable");
        let manager = ServiceManager::with_watchdog(WATCHDOG);
        let machine = |host: Host| folder.path().join(name(host));
        let certificates = folder.path().join("certificates");
        let dir = certificates.to_str().expect("a temp folder's name is text");
        let hosts_named = Host::BOTH.iter().flat_map(|host| ["--host", host.address()]);
        command::run(["certificates", "make", "--dir", dir].into_iter().chain(hosts_named), "").done();
        Host::BOTH.into_iter().for_each(|host| set_up(host, &machine(host), &certificates));
        let part = |name: &'static str, address: String, host: Host, unit: &str, instance: &str| {
            let command = deployment::command(&machine(host), unit, instance);
            Part::new(name, address, [hosts.on(host), manager.starts(name), command].concat())
        };
        let engine = |host: Host, name| {
            let address = format!("{}:7301", host.address());
            part(name, address, host, "tandem-engine@.service", self::name(host))
        };
        let gateway = |host: Host, name| part(name, gateway_of(host), host, "tandem-gateway.service", "");
        let engines = [engine(Host::A, "engine a"), engine(Host::B, "engine b")];
        let gateways = [gateway(Host::A, "gateway a"), gateway(Host::B, "gateway b")];
        let interaction = part("interaction", String::new(), Host::A, "tandem-interaction.service", "");
        let (allowed, is_finished) = (Vec::new(), false);
        let mut site =
            Self { folder, hosts, manager, engines, gateways, interaction, allowed, is_finished, _database: database };
        site.engines[0].start().await;
        site.is(Host::A, "primary", 1).await;
        site.engines[1].start().await;
        site.is(Host::B, "backup", 1).await;
        for part in site.gateways.iter_mut().chain([&mut site.interaction]) {
            part.start().await;
        }
        for part in site.gateways.iter().chain([&site.interaction]) {
            let linked = async || part.logs.matching("welcomed by the primary").pop();
            crate::eventually(&format!("{} is linked to the primary", part.name), linked).await;
        }
        site
    }

    /// The network.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// A program elsewhere that uses the gateway of this host.
    #[must_use]
    pub fn rest(&self, host: Host) -> Rest {
        Rest::at(&gateway_of(host))
    }

    /// Waits until the engine of a host tells that it is this in this epoch.
    ///
    /// # Panics
    /// When it does not.
    pub async fn is(&self, host: Host, role: &str, epoch: u64) {
        let engine = name(host);
        let status = format!("STATUS=engine {engine} is {role}, epoch {epoch}");
        self.manager.hears(self.engines[host as usize].name, &status).await;
    }

    /// Everything that the engine of a host has told its manager that it is.
    #[must_use]
    pub fn told_by(&self, host: Host) -> Vec<String> {
        let told = self.manager.told_by(self.engines[host as usize].name);
        told.into_iter().filter_map(|state| Some(state.strip_prefix("STATUS=")?.to_owned())).collect()
    }

    /// The lines of an engine's log that contain a text.
    #[must_use]
    pub fn engine_log(&self, host: Host, text: &str) -> Vec<String> {
        self.engines[host as usize].logs.matching(text)
    }

    /// Waits for a line in the log of a host's gateway.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn gateway_logs(&self, host: Host, text: &str) {
        let part = &self.gateways[host as usize];
        let what = format!("{} logs {text:?}", part.name);
        crate::eventually(&what, async || part.logs.matching(text).pop()).await;
    }

    /// Has a program on a host say something in a session by the gateway there.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn says_from(&self, host: Host, ticket: &Ticket, client_id: &str, text: &str) -> Saying {
        let body = serde_json::json!({ "text": text, "client_id": client_id }).to_string();
        let (address, port) = (host.address(), "8080");
        let request = format!(
            "POST /api/v1/sessions/{}/messages HTTP/1.1\r\nhost: {address}:{port}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            ticket.session,
            ticket.token,
            body.len()
        );
        // The shell's own way to a socket: a program on that host, without anything being installed for it.
        let script = r#"exec 3<>"/dev/tcp/$1/$2" && printf %s "$3" >&3 && cat <&3"#;
        let command = self.hosts.on(host);
        let child = Command::new(&command[0])
            .args(&command[1..])
            .args(["bash", "-c", script, "program", address, port, &request])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("bash is there");
        Saying(child)
    }

    /// Declares that a WARN or ERROR line with this text is what the test provokes.
    pub fn expect_log(&mut self, text: &str) {
        self.allowed.push(text.to_owned());
    }

    /// `kill -9` of the engine of a host.
    pub fn kill(&mut self, host: Host) {
        self.engines[host as usize].kill();
    }

    /// Starts the engine of a host again.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self, host: Host) {
        self.engines[host as usize].start().await;
    }

    /// Ends everything cleanly, the backup before the primary, and fails when a log has trouble that the test did not
    /// declare.
    ///
    /// # Panics
    /// As said.
    pub async fn finish(mut self, primary: Host) {
        self.is_finished = true;
        if primary == Host::A {
            self.engines.reverse();
        }
        let mut trouble = Vec::new();
        for part in self.gateways.iter_mut().chain([&mut self.interaction]).chain(&mut self.engines) {
            part.end().await;
            part.logs.settle(part.name).await;
            let lines = part.logs.unexpected(&self.allowed);
            trouble.extend(lines.into_iter().map(|line| format!("{}: {line}", part.name)));
        }
        assert!(trouble.is_empty(), "trouble that the test did not declare:\n{}", trouble.join("\n"));
    }

    /// The folder that is a host's root.
    #[must_use]
    pub fn machine(&self, host: Host) -> PathBuf {
        self.folder.path().join(name(host))
    }
}

/// Somebody on a host who says something and waits for the answer.
#[derive(Debug)]
pub struct Saying(Child);

impl Saying {
    /// The HTTP status of the answer, if it has come.
    ///
    /// # Panics
    /// When there is none although the program has ended.
    pub async fn status(self) -> u16 {
        let output = self.0.wait_with_output().await.expect("a child can be waited for");
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no HTTP answer: {answer:?}"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for part in self.engines.iter().chain(&self.gateways).chain([&self.interaction]) {
                eprintln!("--- log of {}:\n{}", part.name, part.logs.lines().join("\n"));
            }
        } else {
            assert!(self.is_finished, "a test ends its site with finish(), which judges it");
        }
    }
}

/// As the page calls it, and the engine on it.
fn name(host: Host) -> &'static str {
    ["a", "b"][host as usize]
}

fn gateway_of(host: Host) -> String {
    format!("{}:8080", host.address())
}

/// The database server, with what the page has its administrator make.
async fn database() -> (Arc<Server>, Running) {
    let server = Server::at(ELSEWHERE.parse().expect("is an address"));
    let running = server.start();
    let sql = deployment::blocks().into_iter().filter(|(language, _)| language == "sql").map(|(_, sql)| sql);
    let warden = server.warden("postgres").await;
    for statement in sql.flat_map(|sql| sql.split_inclusive(";\n").map(ToOwned::to_owned).collect::<Vec<_>>()) {
        // One by one: a database is not made inside of a transaction.
        warden.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    (server, running)
}

/// Writes the files of a machine.
fn set_up(host: Host, root: &Path, certificates: &Path) {
    let settings = root.join("etc/tandem");
    fs::create_dir_all(settings.join("secrets")).expect("the temp folder is writable");
    fs::create_dir_all(root.join("var/lib/tandem")).expect("the temp folder is writable");
    let write = |name: &str, text: &str| fs::write(settings.join(name), text).expect("the temp folder is writable");
    write("tandem.toml", &deployment::below(root, &deployment::file("/etc/tandem/tandem.toml")));
    let engine = format!("engine-{}.env", name(host));
    write(&engine, &deployment::file(&format!("/etc/tandem/{engine}")));
    let number = host as usize + 1;
    write("gateway.env", &deployment::file(&format!("/etc/tandem/gateway.env, on machine {number}")));
    write("secrets/db-password", "as in the page\n");
    let certificates = certificates.display();
    let copy = |from: &str, to: &str| fs::copy(format!("{certificates}/{from}"), settings.join("secrets").join(to));
    for (from, to) in [(".pem", "links.pem"), (".key", "links.key")] {
        copy(&format!("{}{from}", host.address()), to).expect("it was made");
    }
    copy("authority.pem", "authority.pem").expect("it was made");
}
