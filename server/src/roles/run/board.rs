//! What the supervisor knows of its children and what of it is worth saying: news in, facts out; no clock, no I/O.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tandem_protocol::Epoch;

use super::fact::{Fact, Login, Part, Started};
use crate::{
    lifecycle::report::{EngineRole, PairRole, Ready, Report},
    store::Place,
};

/// A child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    /// Its subcommand.
    pub(super) role: &'static str,
    /// The engine's name; the role again where there is only one.
    pub(super) name: &'static str,
}

/// Something happened to a child.
#[derive(Debug)]
pub(super) enum News {
    /// It is up, for the first time or again.
    Ready(Who, Ready),
    /// It says something.
    Says(Report),
    /// It died.
    Ended {
        /// Who.
        who: Who,
        /// Its process.
        pid: u32,
        /// How.
        how: String,
    },
    /// It did not come up again; the next try is after the wait.
    NotBack {
        /// Who.
        who: Who,
        /// Why.
        why: String,
        /// The wait.
        wait: Duration,
    },
}

#[derive(Debug)]
struct Child {
    who: Who,
    pid: u32,
    address: Option<String>,
    metrics: Option<String>,
    /// For an engine that has said it since it was started.
    role: Option<PairRole>,
    /// An engine stands by again and it is not said yet.
    is_back: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Board {
    /// As [`Started::store`].
    store: Option<String>,
    data_dir: PathBuf,
    /// How pages are reached.
    scheme: &'static str,
    children: Vec<Child>,
    /// None until all children were started once: how many they are, and how one logs in.
    expected: Option<(usize, Login)>,
    is_complete: bool,
}

impl Board {
    /// A board without children, of a system that keeps everything in this place and runs on this data directory, and
    /// whose gateway encrypts or does not.
    pub(super) fn new(place: &Place, data_dir: &Path, is_encrypted: bool) -> Self {
        let scheme = if is_encrypted { "https" } else { "http" };
        let store = matches!(place, Place::Database(_)).then(|| place.to_string());
        Self { store, data_dir: data_dir.to_owned(), scheme, children: Vec::new(), expected: None, is_complete: false }
    }

    /// The system is complete with this many children, and a pair among them; `login` is then told with it.
    pub(super) fn expect(&mut self, children: usize, login: Login) -> Vec<Fact> {
        self.expected = Some((children, login));
        self.completed()
    }

    /// Whether the system was complete once.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether an engine has said what it is.
    pub(super) fn has_role(&self) -> bool {
        self.children.iter().any(|child| child.role.is_some())
    }

    /// The engine that serves, as far as known.
    pub(super) fn primary(&self) -> Option<Who> {
        self.with_role(PairRole::Primary).map(|child| child.who)
    }

    /// Takes in news; returns what is to be said.
    pub(super) fn on(&mut self, news: News) -> Vec<Fact> {
        match news {
            News::Ready(who, ready) => self.on_ready(who, ready),
            News::Says(Report::Role(role)) => self.on_role(&role),
            News::Says(Report::Ready(_)) => Vec::new(),
            News::Ended { who, pid, how } => self.on_ended(who, pid, how),
            News::NotBack { who, why, wait } => {
                let wait_ms = u64::try_from(wait.as_millis()).expect("a wait is far below 2^64 ms");
                vec![Fact::NotBack { role: who.role, name: who.name, why, wait_ms }]
            }
        }
    }

    fn on_ready(&mut self, who: Who, ready: Ready) -> Vec<Fact> {
        let now =
            Child { who, pid: ready.pid, address: ready.address, metrics: ready.metrics, role: None, is_back: false };
        match self.children.iter_mut().find(|child| child.who == who) {
            None => {
                self.children.push(now);
                self.completed()
            }
            Some(child) => {
                *child = now;
                // An engine is back when it says as what.
                let is_back = who.role != "engine";
                is_back
                    .then_some(Fact::CameBack { role: who.role, name: who.name, pid: ready.pid, kill: None })
                    .into_iter()
                    .collect()
            }
        }
    }

    fn on_role(&mut self, said: &EngineRole) -> Vec<Fact> {
        let is_said = |child: &&mut Child| child.who.role == "engine" && child.who.name == said.name.as_str();
        let Some(child) = self.children.iter_mut().find(is_said) else { return Vec::new() };
        let before = child.role.replace(said.role);
        let (name, pid) = (child.who.name, child.pid);
        if !self.is_complete {
            return self.completed();
        }
        let mut facts = match (before, said.role) {
            (Some(PairRole::Primary), PairRole::Primary) | (Some(PairRole::Backup), PairRole::Backup) => Vec::new(),
            (_, PairRole::Primary) => self.took_over(name, pid, said.epoch),
            (Some(PairRole::Primary), PairRole::Backup) => vec![Fact::SteppedDown { name, pid }],
            (None, PairRole::Backup) => {
                child.is_back = true;
                Vec::new()
            }
        };
        facts.extend(self.came_back());
        facts
    }

    /// A deposed primary that hangs cannot say so; there is only one.
    fn took_over(&mut self, name: &'static str, pid: u32, epoch: Epoch) -> Vec<Fact> {
        for child in &mut self.children {
            if child.who.name != name && child.role == Some(PairRole::Primary) {
                child.role = None;
            }
        }
        vec![Fact::TookOver { name, pid, epoch }]
    }

    /// The backup is back once it is known whose backup it is: each engine's word comes by its own way, so that the
    /// backup's may be heard before the new primary's.
    fn came_back(&mut self) -> Vec<Fact> {
        let Some(kill) = self.with_role(PairRole::Primary).map(|primary| primary.pid) else { return Vec::new() };
        let said = |child: &mut Child| {
            let (name, pid) = (child.who.name, child.pid);
            std::mem::take(&mut child.is_back).then_some(Fact::CameBack { role: "engine", name, pid, kill: Some(kill) })
        };
        self.children.iter_mut().filter_map(said).collect()
    }

    fn on_ended(&mut self, who: Who, pid: u32, how: String) -> Vec<Fact> {
        let child = self.children.iter_mut().find(|child| child.who == who);
        let was = child.and_then(|child| {
            child.is_back = false;
            child.role.take()
        });
        vec![Fact::Ended { role: who.role, name: who.name, pid, was, how }]
    }

    /// The start-up's last word, once.
    fn completed(&mut self) -> Vec<Fact> {
        let expected = self.expected.as_ref().filter(|(children, _)| self.children.len() >= *children);
        let pair = (self.with_role(PairRole::Primary), self.with_role(PairRole::Backup));
        let (Some((_, login)), false, (Some(primary), Some(backup))) = (expected, self.is_complete, pair) else {
            return Vec::new();
        };
        let other = |role| self.children.iter().find(|child| child.who.role == role).map(part);
        let (Some(gateway), Some(interaction)) = (other("gateway"), other("interaction")) else { return Vec::new() };
        let page = |page| format!("{}://{}/{page}", self.scheme, gateway.address.as_deref().unwrap_or_default());
        let started = Started {
            sample: page("sample"),
            workspace: page("workspace"),
            control: page("control"),
            login: login.clone(),
            primary: part(primary),
            backup: part(backup),
            interaction,
            gateway,
            echo: other("echo"),
            store: self.store.clone(),
            data_dir: self.data_dir.clone(),
        };
        self.is_complete = true;
        vec![Fact::Started(Box::new(started))]
    }

    fn with_role(&self, role: PairRole) -> Option<&Child> {
        self.children.iter().find(|child| child.role == Some(role))
    }
}

fn part(child: &Child) -> Part {
    let (address, metrics) = (child.address.clone(), child.metrics.clone());
    Part { name: child.who.name, pid: child.pid, address, metrics }
}

#[cfg(test)]
mod tests;
