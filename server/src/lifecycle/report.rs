//! What a role says on stdout: that it is ready and, for an engine, whether it is primary. Logs never go there.
//!
//! One JSON object a line, for `tandem run` and for tests; a sentence when stdout is a terminal.

use std::{
    fmt,
    io::{IsTerminal, Write},
};

use serde::{Deserialize, Serialize};
use tandem_protocol::{EngineName, Epoch};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    /// The process serves. Always the first line, once.
    Ready(Ready),
    /// The engine's part in its pair, now and at each change.
    Role(EngineRole),
}

/// See [`Report::Ready`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// `engine`, `gateway`, `interaction` or `echo`.
    pub(crate) role: String,
    /// The engine's name; the role again where there is only one.
    pub(crate) name: String,
    /// Where it listens, with the concrete port; none for a role that only connects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    /// Where it shows its metrics, with the concrete port, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<String>,
    /// The process.
    pub(crate) pid: u32,
}

/// See [`Report::Role`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EngineRole {
    /// The engine.
    pub(crate) name: EngineName,
    /// What it is.
    pub(crate) role: PairRole,
    /// The epoch in which it is that.
    pub(crate) epoch: Epoch,
}

/// An engine's part in its pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PairRole {
    /// It serves.
    Primary,
    /// It stands by.
    Backup,
}

impl Report {
    /// Says it. A reader that has gone away is no failure: the role serves others too.
    pub(crate) fn print(&self) {
        let mut stdout = std::io::stdout().lock();
        let _ = if stdout.is_terminal() { writeln!(stdout, "{self}") } else { writeln!(stdout, "{}", self.json()) };
        let _ = stdout.flush();
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("a report has only string keys")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(Ready { role, name, address, metrics, pid }) => {
                let name = if role == name { String::new() } else { format!(" {name}") };
                let address = address.as_ref().map(|address| format!(" on {address}")).unwrap_or_default();
                let metrics =
                    metrics.as_ref().map(|at| format!(", metrics on http://{at}/metrics")).unwrap_or_default();
                write!(f, "{role}{name} is ready{address}{metrics} (process {pid}); stop it with Ctrl-C")
            }
            Self::Role(EngineRole { name, role: PairRole::Primary, epoch }) => {
                write!(f, "engine {name} is primary, epoch {epoch}")
            }
            Self::Role(EngineRole { name, role: PairRole::Backup, epoch }) => {
                write!(f, "engine {name} is backup, epoch {epoch}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_says_that_it_is_ready_in_one_line_of_json() {
        let [address, metrics] = ["127.0.0.1:7301", "127.0.0.1:7311"].map(|at| Some(at.to_owned()));
        let ready = Ready { role: "engine".into(), name: "a".into(), address, metrics, pid: 12 };
        let json =
            r#"{"ready":{"role":"engine","name":"a","address":"127.0.0.1:7301","metrics":"127.0.0.1:7311","pid":12}}"#;
        assert_eq!(Report::Ready(ready.clone()).json(), json);
        assert_eq!(serde_json::from_str::<Report>(json).expect("reads back"), Report::Ready(ready));
    }

    #[test]
    fn an_engine_says_its_part_in_one_line_of_json() {
        let name = EngineName::new("b").expect("is a valid name");
        let report = Report::Role(EngineRole { name, role: PairRole::Primary, epoch: Epoch(2) });
        assert_eq!(report.json(), r#"{"role":{"name":"b","role":"primary","epoch":2}}"#);
        assert_eq!(report.to_string(), "engine b is primary, epoch 2");
    }
}
