//! What `tandem run` says on stdout: sentences for people, one JSON object a line with `--json`.

use std::{fmt, io::Write, path::PathBuf};

use serde::Serialize;
use tandem_protocol::{Epoch, LoginName, Secret};

use crate::lifecycle::report::PairRole;

/// Something worth saying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fact {
    /// The whole system serves.
    Started(Box<Started>),
    /// A child died; it is started again.
    Ended {
        /// `engine`, `gateway`, `interaction` or `echo`.
        role: &'static str,
        /// The engine's name; the role again where there is only one.
        name: &'static str,
        /// The process that is no more.
        pid: u32,
        /// What an engine was in its pair.
        #[serde(skip_serializing_if = "Option::is_none")]
        was: Option<PairRole>,
        /// How it died.
        how: String,
    },
    /// The other engine serves now.
    TookOver {
        /// The engine.
        name: &'static str,
        /// Its process.
        pid: u32,
        /// The epoch since then.
        epoch: Epoch,
    },
    /// A primary that was deposed stands by now.
    SteppedDown {
        /// The engine.
        name: &'static str,
        /// Its process.
        pid: u32,
    },
    /// A child that had died is up again; an engine as the backup.
    CameBack {
        /// `engine`, `gateway`, `interaction` or `echo`.
        role: &'static str,
        /// The engine's name; the role again where there is only one.
        name: &'static str,
        /// Its new process.
        pid: u32,
        /// The primary's process, for who wants to try it once more.
        #[serde(skip_serializing_if = "Option::is_none")]
        kill: Option<u32>,
    },
    /// A child that had died did not come up again.
    NotBack {
        /// `engine`, `gateway`, `interaction` or `echo`.
        role: &'static str,
        /// The engine's name; the role again where there is only one.
        name: &'static str,
        /// Why.
        why: String,
        /// When it is tried again.
        wait_ms: u64,
    },
    /// Everything is being ended.
    Stopping {},
    /// Everything has ended.
    Stopped {},
}

/// See [`Fact::Started`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Started {
    /// The customer's page.
    pub(super) sample: String,
    /// The agent's page.
    pub(super) workspace: String,
    /// The administrator's page.
    pub(super) control: String,
    /// How to get in there.
    #[serde(skip_serializing_if = "Login::has_no_name")]
    pub(super) login: Login,
    /// The engine that serves.
    pub(super) primary: Part,
    /// The engine that stands by.
    pub(super) backup: Part,
    /// The interaction server.
    pub(super) interaction: Part,
    /// The gateway.
    pub(super) gateway: Part,
    /// The echo participant, where it was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) echo: Option<Part>,
    /// The database in which everything is kept, where it is not the data directory; without its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) store: Option<String>,
    /// Where everything is kept; with a database, locks and caches only.
    pub(super) data_dir: PathBuf,
}

/// How a person gets into the workspace, and as an administrator into the control page. As JSON the name and, where it is new, the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Login {
    /// With an account that was just made.
    Made {
        /// Its name.
        name: LoginName,
        /// Its password, which nobody can tell any more after this.
        password: Secret,
    },
    /// With the account that an earlier run made.
    Known {
        /// Its name.
        name: LoginName,
        /// The command that gives it another password.
        #[serde(skip)]
        hint: String,
    },
    /// With an account of one's own.
    Own {
        /// The command that lists them.
        #[serde(skip)]
        hint: String,
    },
    /// Not yet.
    Nobody {
        /// The command that makes an account.
        #[serde(skip)]
        hint: String,
    },
}

impl Login {
    fn has_no_name(&self) -> bool {
        matches!(self, Self::Own { .. } | Self::Nobody { .. })
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { name, password } => {
                write!(f, "log in as {name} with the password {}, shown only now", password.reveal())
            }
            Self::Known { name, hint } => write!(f, "log in as {name}; for a new password: {hint}"),
            Self::Own { hint } => write!(f, "log in with your account; to see which there are: {hint}"),
            Self::Nobody { hint } => write!(f, "nobody has an account yet; to make one: {hint}"),
        }
    }
}

/// A child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    /// The engine's name; the role where there is only one.
    pub(super) name: &'static str,
    /// Its process.
    pub(super) pid: u32,
    /// Where it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// Where it shows its metrics, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<String>,
}

impl Fact {
    /// Says it. A reader that has gone away is no failure: the chats go on.
    pub(super) fn say(&self, json: bool) {
        let mut stdout = std::io::stdout().lock();
        let _ = match json {
            true => writeln!(stdout, "{}", serde_json::to_string(self).expect("a fact has only string keys")),
            false => writeln!(stdout, "{self}"),
        };
        let _ = stdout.flush();
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(started) => started.fmt(f),
            Self::Ended { role, name, pid, was, how } => {
                let was = match was {
                    Some(PairRole::Primary) => ", the primary",
                    Some(PairRole::Backup) => ", the backup",
                    None => "",
                };
                write!(f, "{} (process {pid}{was}) ended: {how}; it is started again", called(role, name))
            }
            Self::TookOver { name, pid, epoch } => {
                write!(f, "engine {name} (process {pid}) took over and is the primary, epoch {epoch}")
            }
            Self::SteppedDown { name, pid } => write!(f, "engine {name} (process {pid}) stepped down to backup"),
            Self::CameBack { role: "engine", name, pid, kill } => {
                write!(f, "engine {name} (process {pid}) came back as the backup")?;
                kill.map_or(Ok(()), |kill| write!(f, "; to try it once more: kill -9 {kill}"))
            }
            Self::CameBack { role, name, pid, .. } => write!(f, "{} (process {pid}) came back", called(role, name)),
            Self::NotBack { why, wait_ms, .. } => write!(f, "{why}; next try in {wait_ms} ms"),
            Self::Stopping {} => write!(f, "stopping: gateway, echo, interaction, backup, primary"),
            Self::Stopped {} => write!(f, "stopped"),
        }
    }
}

impl Started {
    /// One address in full and the ports of the others; all are on loopback.
    fn metrics(&self) -> Option<String> {
        let parts = [&self.primary, &self.backup, &self.gateway, &self.interaction].into_iter().chain(&self.echo);
        let shown: Vec<(&str, &str)> =
            parts.filter_map(|part| Some((part.name, part.metrics.as_ref()?.rsplit(':').next()?))).collect();
        let (first, _) = shown.split_first()?;
        let ports: Vec<String> = shown.iter().map(|(name, port)| format!("{name} {port}")).collect();
        Some(format!("http://127.0.0.1:{}/metrics  (ports: {})", first.1, ports.join(", ")))
    }
}

impl fmt::Display for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Tandem is running.")?;
        writeln!(f, "  customers    {}", self.sample)?;
        writeln!(f, "  agents       {}", self.workspace)?;
        writeln!(f, "  operators    {}", self.control)?;
        writeln!(f, "               {}", self.login)?;
        let parts = [
            ("primary", format!("engine {}", self.primary.name), Some(&self.primary)),
            ("backup", format!("engine {}", self.backup.name), Some(&self.backup)),
            ("interaction", String::new(), Some(&self.interaction)),
            ("gateway", String::new(), Some(&self.gateway)),
            ("echo", String::new(), self.echo.as_ref()),
        ];
        for (what, name, part) in parts {
            let Some(part) = part else { continue };
            let row =
                format!("  {what:<13}{name:<10}process {:<9}{}", part.pid, part.address.as_deref().unwrap_or_default());
            writeln!(f, "{}", row.trim_end())?;
        }
        if let Some(metrics) = self.metrics() {
            writeln!(f, "  metrics      {metrics}")?;
        }
        if let Some(store) = &self.store {
            writeln!(f, "  store        {store}")?;
        }
        writeln!(f, "  data         {}", self.data_dir.display())?;
        writeln!(f, "Kill the primary and chat on: kill -9 {}", self.primary.pid)?;
        write!(f, "Stop everything with Ctrl-C.")
    }
}

fn called(role: &str, name: &str) -> String {
    if role == name { role.to_owned() } else { format!("{role} {name}") }
}
