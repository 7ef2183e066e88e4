//! A system whose links prove who they are.

use std::path::PathBuf;

use tandem_link::Credentials;

use super::{Builder, SETTINGS, System};
use crate::{deadline::eventually, guard::Guard};

impl Builder {
    /// With links that prove themselves so, and a test that can as well.
    #[must_use]
    pub fn guarded_by(mut self, guard: &Guard) -> Self {
        self.credentials = guard.credentials();
        guard.settings().into_iter().fold(self, |builder, (name, value)| builder.setting(name, value))
    }
}

impl System {
    /// The settings file of all its roles.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.folder.path().join(SETTINGS)
    }

    /// From now on a test proves itself so, as after a key or certificate was replaced.
    pub fn is_asked_with(&mut self, credentials: Credentials) {
        self.credentials = credentials;
    }

    /// `host:port` of an engine.
    pub async fn engine_address(&self, engine: super::Engine) -> String {
        let at = self.find(engine).await;
        self.engines[at].address.clone()
    }

    /// Waits until every role that runs has this in its log so many times.
    ///
    /// # Panics
    /// When one has not in time.
    pub async fn every_role_logs(&self, text: &str, times: usize) {
        let all = self.engines.iter().chain([&self.gateway]).chain(&self.interaction).chain(&self.echo);
        for part in all.filter(|part| part.process.is_some()) {
            let what = format!("{} logs {text:?}", part.name);
            eventually(&what, async || (part.logs.matching(text).len() >= times).then_some(())).await;
        }
    }

    /// Every line that any role has logged, and the command line that each was started with as everybody can read it.
    pub fn all_that_can_be_seen(&mut self) -> Vec<String> {
        let others = self.interaction.iter_mut().chain(&mut self.echo).chain([&mut self.gateway]);
        let mut seen = Vec::new();
        for part in self.engines.iter_mut().chain(others) {
            seen.extend(part.logs.lines());
            let path = format!("/proc/{}/cmdline", part.running().pid());
            let line = std::fs::read(&path).expect("a running process has a command line");
            seen.push(String::from_utf8_lossy(&line).replace('\0', " "));
        }
        seen
    }
}
