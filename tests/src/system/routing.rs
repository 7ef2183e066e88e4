//! An interaction server that several pairs have in common: told of the primary of each.

use super::{System, judged::Judged};
use crate::{deadline::eventually, executable, part::Part};

/// See the module. It keeps its directory in the first pair's data.
#[derive(Debug)]
pub struct CommonInteraction(Judged);

/// What its log says of a pair of which all is known.
const KNOWN: &str = "every session of the pair is known";

impl CommonInteraction {
    /// Starts it, and waits until all is known of each of these.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn of(systems: &[&System]) -> Self {
        let folder = tempfile::Builder::new().prefix("tandem-test-").tempdir().expect("the temp folder is writable");
        let pair = |system: &&System| {
            let (name, primary) = (system.pair(), &system.engines[0].address);
            format!("[[interaction.pairs]]\nname = \"{name}\"\nprimary = \"{primary}\"\n")
        };
        let settings = folder.path().join("interaction.toml");
        let text: String = systems.iter().map(pair).collect();
        std::fs::write(&settings, text).expect("the temp folder is writable");
        let command = [executable::tandem().into(), "interaction".into(), "--config".into(), settings.into()];
        let cache = folder.path().join("pair.json");
        let place = ["--pair-cache".into(), cache.into(), "--data".into(), systems[0].data().into()];
        let part = Part::new("common interaction", String::new(), command.into_iter().chain(place).collect());
        let mut server = Self(Judged::new(folder, part));
        server.0.part.start().await;
        for system in systems {
            server.knows(system).await;
        }
        server
    }

    /// Waits until all is known of a pair, for the first time in its lives.
    ///
    /// # Panics
    /// When it is not in time.
    async fn knows(&self, system: &System) {
        let what = format!("all is known of the pair {}", system.pair());
        let name = format!("pair={}", system.pair());
        let is_known = async || self.log(KNOWN).into_iter().find(|line| line.contains(&name));
        eventually(&what, is_known).await;
    }

    /// `kill -9`, and it is started again.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn is_killed_and_restarted(&mut self) {
        self.0.part.kill();
        self.0.part.start().await;
    }

    /// The lines of its log that contain a text.
    #[must_use]
    pub fn log(&self, text: &str) -> Vec<String> {
        self.0.log(text)
    }

    /// Declares that a WARN or ERROR line with this text is what the test provokes.
    pub fn expect_log(&mut self, text: &str) {
        self.0.expect_log(text);
    }

    /// Ends it cleanly, and fails when its log has trouble that the test did not declare.
    ///
    /// # Panics
    /// As said.
    pub async fn finish(self) {
        self.0.finish().await;
    }
}
