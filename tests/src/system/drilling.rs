//! Drills of a system, by the operator's command.

use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tandem_protocol::{
    SessionId,
    control::{Control, Drill, SESSIONS_LIMIT_MAX, Told},
};
use tokio::task::JoinHandle;

use super::System;
use crate::{
    command::{self, Ran, Running},
    deadline::eventually,
};

/// What a drill came to, as the command says it with `--json`.
#[derive(Debug, Deserialize)]
pub struct Drilled {
    /// The drill.
    pub drill: Drill,
    /// Whether it proves what it is to prove.
    pub passed: bool,
    /// What else is to be said of it.
    pub remarks: Vec<String>,
}

/// A drill that is under way.
#[derive(Debug)]
pub struct Drilling {
    pid: Pid,
    ended: Arc<tokio::sync::Mutex<JoinHandle<Ran>>>,
}

impl Drilling {
    fn of(running: Running) -> Self {
        let pid = Pid::from_raw(i32::try_from(running.pid()).expect("a process id")).expect("a process id");
        let ended = tokio::task::spawn_blocking(move || running.ends());
        Self { pid, ended: Arc::new(ended.into()) }
    }

    /// The terminal is gone, as with a connection by which somebody was logged in.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn loses_terminal(&self) {
        kill_process(self.pid, Signal::KILL).expect("the terminal is there");
    }

    /// The signal of a closed terminal. It may have ended before.
    pub fn hangs_up(&self) {
        let _ = kill_process(self.pid, Signal::HUP);
    }

    /// Ctrl-C.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn interrupt(&self) {
        kill_process(self.pid, Signal::INT).expect("the command runs");
    }

    /// How the command ended, and what it said.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub async fn ends(self) -> Ran {
        let mut ended = self.ended.lock().await;
        (&mut *ended).await.expect("a command that fails says so")
    }

    /// Its exit code, and what it came to.
    ///
    /// # Panics
    /// When it says anything else.
    pub async fn outcome(self) -> (Option<i32>, Drilled) {
        let Ran { code, stdout, stderr } = self.ends().await;
        let outcome = serde_json::from_str(&stdout);
        (code, outcome.unwrap_or_else(|error| panic!("no drill in {stdout:?}: {error}; it said {stderr:?}")))
    }
}

impl System {
    /// Runs `tandem drill` with these flags beside those that name the system, and does not wait for it. Through which
    /// gateway, the flags may say.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn begins_drill(&self, flags: &[&str]) -> Drilling {
        self.begins_drill_through(&[], flags)
    }

    /// As [`System::begins_drill`], started by another command that goes before it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn begins_drill_through(&self, prefix: &[&str], flags: &[&str]) -> Drilling {
        let prefix: Vec<_> = prefix.iter().map(Into::into).collect();
        Drilling::of(command::begin(&prefix, self.drill_arguments(flags), ""))
    }

    /// As [`System::begins_drill`] at a terminal, where this is typed.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn begins_drill_at_terminal(&self, flags: &[&str], typed: &str) -> Drilling {
        Drilling::of(command::begin_at_terminal(&self.drill_arguments(flags), typed))
    }

    fn drill_arguments(&self, flags: &[&str]) -> Vec<String> {
        let gateway = format!("http://{}", self.gateway_address());
        let says_which = flags.iter().any(|flag| ["--history", "--gateway"].contains(flag));
        let via = if !says_which { &["--gateway", &gateway][..] } else { &[] };
        let own = ["drill", "--pair", self.pair.as_str(), "--primary", &self.engines[0].address];
        own.iter().chain(via).chain(flags).map(|&argument| argument.to_owned()).collect()
    }

    /// Runs `tandem drill` to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn runs_drill(&self, flags: &[&str]) -> Ran {
        self.begins_drill(flags).ends().await
    }

    /// Takes note that a drill is about to take the primary away.
    pub fn expects_failure(&mut self) {
        self.expect_log(super::LOST);
    }

    /// The open sessions of a drill, once there are so many and customers speak in each.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn sessions_of_drill(&self, count: usize) -> Vec<SessionId> {
        eventually(&format!("{count} sessions of a drill are open"), async || {
            let asked = Control::Sessions { after: None, limit: SESSIONS_LIMIT_MAX };
            let Ok(Told::Sessions(open)) = self.control(asked).await else { return None };
            let speaks = |head: Option<tandem_protocol::Seq>| head.is_some_and(|head| head.0 > 3);
            let theirs = open.into_iter().filter(|session| session.drill && speaks(session.head));
            let theirs: Vec<SessionId> = theirs.map(|session| session.session).collect();
            (theirs.len() == count).then_some(theirs)
        })
        .await
    }

    /// How many sessions are open.
    ///
    /// # Panics
    /// When the primary does not say it.
    pub async fn open_sessions(&self) -> u64 {
        match self.control(Control::Status).await {
            Ok(Told::Status(status)) => status.sessions.open,
            other => panic!("no status: {other:?}"),
        }
    }
}
