//! [`Hosts`]: two machines and the network between them, which can be cut and mended.
//!
//! Each host is a network namespace of its own, joined by a bridge to the place where the test itself runs, with whatever
//! is neither of the two: the database, the customers. Nothing of it is in the machine's own network: the test runs
//! itself once more inside a new namespace ([`in_own_network`]), so that all of it ends with that process, however it
//! ends. That takes root or user namespaces; where there are neither the test fails and says so.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// Tells the test that it runs inside already.
const INSIDE: &str = "INSIDE_OF_ITS_OWN_NETWORK";

/// What a host's keeper does: it holds the namespace until its stdin ends, and dies with the test.
const KEEPER: &str = "ip link set lo up && echo up && read -r _";

/// Where whoever is no host is reached.
pub const ELSEWHERE: &str = "10.0.0.5";

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The first one.
    A,
    /// The other one.
    B,
}

impl Host {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// Its address.
    #[must_use]
    pub fn address(self) -> &'static str {
        ["10.0.0.1", "10.0.0.2"][self as usize]
    }

    /// The bridge's end of its cable.
    fn port(self) -> &'static str {
        ["host-a", "host-b"][self as usize]
    }
}

/// Two hosts with cables to a bridge.
#[derive(Debug)]
pub struct Hosts {
    keepers: [Child; 2],
}

/// Runs a story in a network of its own. `name` is the test's whole name, by which it is run once more, inside.
///
/// # Panics
/// When the story fails, or this machine lets nobody have a network of his own.
pub fn in_own_network(name: &str, story: impl Future<Output = ()>) {
    if std::env::var_os(INSIDE).is_some() {
        done(&["ip", "link", "set", "lo", "up"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        return runtime.block_on(story);
    }
    let is_root = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"));
    // Not as root inside: PostgreSQL would refuse to run.
    let own_user: &[&str] = if is_root { &[] } else { &["--user", "--map-current-user", "--keep-caps"] };
    let own = std::env::current_exe().expect("a running test has an executable");
    let output = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net"])
        .args(own_user)
        .arg(own)
        .args([name, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap_or_else(|error| panic!("this test needs setpriv and unshare (util-linux): {error}"));
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let needs =
        "this test needs root or user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_net_namespaces)";
    assert!(!said.contains("unshare failed"), "{needs}:\n{said}");
    assert!(output.status.success() && said.contains("1 passed"), "inside of its own network ({name}):\n{said}");
}

impl Hosts {
    /// Two hosts, with cables.
    ///
    /// # Panics
    /// When the network cannot be built, such as without `ip` and `bridge`.
    #[must_use]
    pub fn join() -> Self {
        assert!(std::env::var_os(INSIDE).is_some(), "a network of hosts is built inside of in_own_network");
        done(&["ip", "link", "add", "switch", "type", "bridge"]);
        done(&["ip", "address", "add", &format!("{ELSEWHERE}/24"), "dev", "switch"]);
        done(&["ip", "link", "set", "switch", "up"]);
        Self { keepers: Host::BOTH.map(plug) }
    }

    /// The begin of a command that runs on a host and replaces itself by what follows.
    #[must_use]
    pub fn on(&self, host: Host) -> Vec<OsString> {
        ["nsenter", "--net", "--target", &self.keepers[host as usize].id().to_string()].map(OsString::from).to_vec()
    }

    /// Pulls a host's cable: nobody reaches it and it reaches nobody, without a word.
    ///
    /// # Panics
    /// When it cannot be pulled.
    pub fn pull(&self, host: Host) {
        done(&["ip", "link", "set", host.port(), "down"]);
    }

    /// Puts a host's cable back.
    ///
    /// # Panics
    /// When it cannot be put back.
    pub fn plug(&self, host: Host) {
        done(&["ip", "link", "set", host.port(), "up"]);
    }

    /// Lets nothing through between the two hosts, while both reach everybody else.
    ///
    /// # Panics
    /// When it cannot be cut.
    pub fn cut(&self) {
        Host::BOTH.into_iter().for_each(|host| isolated(host, "on"));
    }

    /// Lets everything through again.
    ///
    /// # Panics
    /// When it cannot be mended.
    pub fn mend(&self) {
        Host::BOTH.into_iter().for_each(|host| isolated(host, "off"));
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for keeper in &mut self.keepers {
            // Its namespace ends with it and with whoever else is in it.
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

fn isolated(host: Host, how: &str) {
    done(&["bridge", "link", "set", "dev", host.port(), "isolated", how]);
}

/// Makes a host, with a cable to the bridge.
fn plug(host: Host) -> Child {
    let mut keeper = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", KEEPER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("setpriv and unshare are there");
    let mut line = String::new();
    let stdout = keeper.stdout.take().expect("stdout is piped");
    let is_up = BufReader::new(stdout).read_line(&mut line).is_ok() && line.trim() == "up";
    assert!(is_up, "a host has a network of its own");
    let (inside, address) = (keeper.id().to_string(), format!("{}/24", host.address()));
    done(&["ip", "link", "add", host.port(), "type", "veth", "peer", "name", "eth0", "netns", &inside]);
    done(&["ip", "link", "set", host.port(), "master", "switch", "up"]);
    let there = ["nsenter", "--net", "--target", &inside, "ip"];
    done(&[&there[..], &["address", "add", &address, "dev", "eth0"]].concat());
    done(&[&there[..], &["link", "set", "eth0", "up"]].concat());
    keeper
}

/// Runs a command that must work.
fn done(command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).output();
    let output = output.unwrap_or_else(|error| panic!("this test needs {} (iproute2): {error}", command[0]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", command.join(" "));
}
