//! Processes on this host: what this one is, whether the lease's holder still runs, and its end when it is hung.
//!
//! A process id alone may have been given away, so a process is known by id, start time and the host it runs on
//! (design section 3). What cannot be read counts as running: a wrong "gone" costs a takeover, a wrong kill a process.

use std::{fs, io};

use tandem_protocol::Timestamp;
use tandem_store::Holder;

use crate::clock::wall;

/// This process as the lease records it.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) host: String,
    pub(crate) pid: u32,
    pub(crate) started: u64,
    /// The name of the machine and the moment of the start, for people.
    pub(crate) hostname: String,
    pub(crate) started_at: Timestamp,
}

impl Process {
    pub(crate) fn this() -> io::Result<Self> {
        let pid = std::process::id();
        let stat = Stat::read(pid)?;
        let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let started_at = Timestamp(wall().0.saturating_sub(stat.age_ms(&fs::read_to_string("/proc/uptime")?)));
        Ok(Self { host: host()?, pid, started: stat.started, hostname, started_at })
    }

    /// Whether the holder is known to run no longer: it was on this host, and its process is over.
    pub(crate) fn knows_gone(&self, holder: &Holder) -> bool {
        if holder.host != self.host {
            return false;
        }
        match Stat::read(holder.pid) {
            Ok(stat) => stat.is_over || stat.started != holder.pid_started,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Whether the holder is this very process.
    pub(crate) fn is(&self, holder: &Holder) -> bool {
        (&holder.host, holder.pid, holder.pid_started) == (&self.host, self.pid, self.started)
    }

    /// Ends the holder's process if it is on this host and still the same; false when it is not.
    pub(crate) fn kill(&self, holder: &Holder) -> bool {
        if holder.host != self.host || holder.pid == self.pid || self.knows_gone(holder) {
            return false;
        }
        let Some(pid) = i32::try_from(holder.pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
    }
}

/// The running kernel and the process namespace in it: where a process id means something.
fn host() -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid")?;
    Ok(format!("{} {}", boot.trim(), namespace.display()))
}

/// What `/proc/<pid>/stat` says, as far as it is needed (proc(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    /// A zombie or dead: its files and locks are released.
    is_over: bool,
    /// Field 22, in clock ticks since boot.
    started: u64,
}

impl Stat {
    fn read(pid: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "unreadable process status"))
    }

    /// For how long it has run, in milliseconds; `/proc/uptime` begins with the seconds since boot (proc(5)).
    fn age_ms(&self, uptime: &str) -> u64 {
        let up: f64 = uptime.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
        let started = self.started as f64 / rustix::param::clock_ticks_per_second() as f64;
        ((up - started).max(0.0) * 1_000.0) as u64
    }

    /// The second field is the program's name in parentheses and may hold anything, so the rest is counted from its
    /// last parenthesis: the state is field 3.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let is_over = matches!(*fields.first()?, "Z" | "X");
        Some(Self { is_over, started: fields.get(22 - 3)?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::EngineName;

    use super::*;

    fn holder(process: &Process) -> Holder {
        Holder {
            name: EngineName::new("a").expect("valid"),
            address: "127.0.0.1:1".into(),
            host: process.host.clone(),
            pid: process.pid,
            pid_started: process.started,
        }
    }

    #[test]
    fn a_programs_name_may_look_like_fields() {
        let text = "7 (a) Z 1 (b) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        assert_eq!(Stat::parse(text), Some(Stat { is_over: false, started: 4711 }));
    }

    #[test]
    fn an_age_is_the_time_from_the_start_to_now() {
        let ticks = rustix::param::clock_ticks_per_second();
        let stat = Stat { is_over: false, started: 100 * ticks };
        assert_eq!(stat.age_ms("101.50 380.12\n"), 1_500);
        assert_eq!(stat.age_ms("99.99 380.12\n"), 0, "a clock that differs a little");
        let this = Process::this().expect("/proc is there");
        assert!(this.started_at <= wall() && !this.hostname.is_empty());
    }

    #[test]
    fn this_process_is_not_gone_and_is_never_killed_by_itself() {
        let this = Process::this().expect("/proc is there");
        assert!(!this.knows_gone(&holder(&this)));
        assert!(!this.kill(&holder(&this)));
    }

    #[test]
    fn a_reused_process_id_is_another_process() {
        let this = Process::this().expect("/proc is there");
        let former = Holder { pid_started: this.started - 1, ..holder(&this) };
        assert!(this.knows_gone(&former));
        assert!(!this.kill(&former));
    }

    #[test]
    fn a_process_of_another_host_is_never_known_to_be_gone() {
        let this = Process::this().expect("/proc is there");
        let far = Holder { host: "elsewhere".into(), pid_started: 0, ..holder(&this) };
        assert!(!this.knows_gone(&far));
        assert!(!this.kill(&far));
    }
}
