//! Planned switchovers of a system, by the operator's command and by a signal.

use std::ffi::OsString;

use rustix::process::Signal;
use tandem_protocol::{Switched, SwitchoverOutcome};
use tokio::task::JoinHandle;

use super::{Engine, System};
use crate::{
    command::{self, Ran},
    deadline::eventually,
};

/// A command that is under way.
#[derive(Debug)]
pub struct Switching(JoinHandle<Ran>);

impl Switching {
    /// Waits until it has ended, with or without an outcome: its only address may be that of an engine that is dead.
    ///
    /// # Panics
    /// When it is ended by a signal.
    pub async fn ends(self) -> i32 {
        self.0.await.expect("a command that fails says so").code.expect("it ends by itself")
    }

    /// What it says in the end, and its exit code.
    ///
    /// # Panics
    /// When it says anything else.
    pub async fn outcome(self) -> (Option<i32>, SwitchoverOutcome) {
        let Ran { code, stdout, stderr } = self.0.await.expect("a command that fails says so");
        let outcome = serde_json::from_str(&stdout);
        (code, outcome.unwrap_or_else(|error| panic!("no outcome in {stdout:?}: {error}; it said {stderr:?}")))
    }
}

impl System {
    /// Runs `tandem switchover` with these flags beside those that name the system.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn runs_switchover(&self, flags: &[&str]) -> Ran {
        let running = self.launches_switchover(flags);
        running.await.expect("a command that fails says so")
    }

    /// What `tandem switchover` with these flags says, as JSON.
    ///
    /// # Panics
    /// When it says anything else.
    pub async fn switchover_outcome(&self, flags: &[&str]) -> (Option<i32>, SwitchoverOutcome) {
        self.begins_switchover_with(flags).outcome().await
    }

    /// Runs `tandem switchover` and does not wait for it.
    #[must_use]
    pub fn begins_switchover(&self) -> Switching {
        self.begins_switchover_with(&[])
    }

    fn begins_switchover_with(&self, flags: &[&str]) -> Switching {
        let flags: Vec<&str> = flags.iter().copied().chain(["--json"]).collect();
        Switching(self.launches_switchover(&flags))
    }

    fn launches_switchover(&self, flags: &[&str]) -> JoinHandle<Ran> {
        self.launches("switchover", flags)
    }

    /// Runs an operator's command that asks the pair, with these flags beside those that name the system.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn runs(&self, command: &'static str, flags: &[&str]) -> Ran {
        self.launches(command, flags).await.expect("a command that fails says so")
    }

    fn launches(&self, command: &'static str, flags: &[&str]) -> JoinHandle<Ran> {
        let own = [command, "--pair", self.pair.as_str(), "--primary", &self.engines[0].address].map(OsString::from);
        let config = ["--config".into(), self.settings().into()];
        let arguments: Vec<OsString> = own.into_iter().chain(config).chain(flags.iter().map(OsString::from)).collect();
        tokio::task::spawn_blocking(move || command::run(arguments, ""))
    }

    /// Waits until nothing is in the way of a switchover.
    ///
    /// # Panics
    /// When something stays in the way.
    pub async fn may_switch_over(&self) {
        eventually("nothing is in the way of a switchover", async || {
            let (_, outcome) = self.switchover_outcome(&["--dry-run"]).await;
            matches!(outcome, SwitchoverOutcome::Clear { .. }).then_some(())
        })
        .await;
    }

    /// Switches over as soon as nothing is in the way.
    ///
    /// # Panics
    /// When it is not done.
    pub async fn switches_over(&self) -> Switched {
        self.may_switch_over().await;
        self.switches_over_now().await
    }

    /// Switches over.
    ///
    /// # Panics
    /// When it is not done.
    pub async fn switches_over_now(&self) -> Switched {
        match self.switchover_outcome(&[]).await {
            (Some(0), SwitchoverOutcome::Done(switched)) => switched,
            other => panic!("not switched over: {other:?}"),
        }
    }

    /// Sends an engine the signal to switch over.
    ///
    /// # Panics
    /// When there is no such engine in time.
    pub async fn signals_switchover(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        self.engines[at].running().signal(Signal::USR1);
    }
}
