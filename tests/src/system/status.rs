//! How a system stands, as `tandem status` and `tandem sessions` say it.

use std::ffi::OsString;

use serde_json::Value;

use super::{CommonGateway, System};
use crate::{
    command::{self, Ran},
    deadline::eventually,
};

impl System {
    /// Runs `tandem status` with these flags; it knows where both engines are.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn runs_status(&self, flags: &[&str]) -> Ran {
        self.runs_of_both("status", flags).await
    }

    /// What `tandem status --json` says of the pair, and its exit code.
    ///
    /// # Panics
    /// When it says anything else.
    pub async fn status(&self) -> (Option<i32>, Value) {
        let ran = self.runs_status(&["--json"]).await;
        let mut said = json(&ran);
        (ran.code, said["pairs"][0].take())
    }

    /// Waits until all is well, and returns what is said then.
    ///
    /// # Panics
    /// When something stays otherwise.
    pub async fn is_well(&self) -> Value {
        eventually("all is well", async || {
            let (code, said) = self.status().await;
            (code == Some(0)).then_some(said)
        })
        .await
    }

    /// What `tandem sessions --json` with these flags lists.
    ///
    /// # Panics
    /// When it fails.
    pub async fn lists_sessions(&self, flags: &[&str]) -> Vec<Value> {
        let flags: Vec<&str> = flags.iter().copied().chain(["--json"]).collect();
        let listed = self.runs_of_both("sessions", &flags).await.done();
        listed.lines().map(|line| serde_json::from_str(line).expect("a session is a line")).collect()
    }

    /// As a person reads the list.
    ///
    /// # Panics
    /// When it fails.
    pub async fn shows_sessions(&self, flags: &[&str]) -> String {
        self.runs_of_both("sessions", flags).await.done()
    }

    async fn runs_of_both(&self, command: &str, flags: &[&str]) -> Ran {
        let both = self.engines.each_ref().map(|engine| engine.address.as_str()).join(",");
        let own = [command, "--pair", self.pair.as_str(), "--primary", &both].map(OsString::from);
        let config = ["--config".into(), self.settings().into()];
        let arguments = own.into_iter().chain(config).chain(flags.iter().map(OsString::from));
        runs(arguments.collect()).await
    }
}

impl CommonGateway {
    /// Runs `tandem status` with these flags and the gateway's settings.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn runs_status(&self, flags: &[&str]) -> Ran {
        let own = ["status".into(), "--config".into(), self.settings().into()];
        runs(own.into_iter().chain(flags.iter().map(OsString::from)).collect()).await
    }

    /// The pairs of which `tandem status --json` tells, and its exit code.
    ///
    /// # Panics
    /// When it says anything else.
    pub async fn status(&self) -> (Option<i32>, Vec<Value>) {
        let ran = self.runs_status(&["--json"]).await;
        let pairs = json(&ran)["pairs"].take();
        (ran.code, pairs.as_array().expect("is a list").clone())
    }
}

fn json(ran: &Ran) -> Value {
    let said = serde_json::from_str(&ran.stdout);
    said.unwrap_or_else(|error| panic!("no status in {:?}: {error}; it said {:?}", ran.stdout, ran.stderr))
}

async fn runs(arguments: Vec<OsString>) -> Ran {
    let running = tokio::task::spawn_blocking(move || command::run(arguments, ""));
    running.await.expect("a command that fails says so")
}
