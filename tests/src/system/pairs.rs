//! Several pairs on one store: each is a [`System`] with the same data, and one gateway is told of the primary of each.

use std::path::PathBuf;

use tandem_protocol::PairName;

use super::{System, judged::Judged};
use crate::{deadline::eventually, executable, part::Part, ports, rest::Rest};

/// The pair that these settings are about.
pub(super) fn pair_of(settings: &toml::Table) -> PairName {
    let name = settings.get("pair").and_then(|pair| pair.get("name")).and_then(toml::Value::as_str);
    PairName::new(name.unwrap_or("main")).expect("a test gives its pairs valid names")
}

impl System {
    /// The pair that its engines are.
    #[must_use]
    pub fn pair(&self) -> &PairName {
        &self.pair
    }
}

/// A gateway that several pairs have in common. Each system's own gateway knows that system's pair only.
#[derive(Debug)]
pub struct CommonGateway(Judged);

impl CommonGateway {
    /// Starts a gateway that is told of the configured primary of each of these, and waits until it is linked to all.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn of(systems: &[&System]) -> Self {
        let folder = tempfile::Builder::new().prefix("tandem-test-").tempdir().expect("the temp folder is writable");
        let address = ports::reserve();
        let settings = settings_in(&folder);
        let command = [executable::tandem().into(), "gateway".into(), "--config".into(), settings.into()];
        let place = ["--listen".into(), address.clone().into()];
        let part = Part::new("common gateway", address, command.into_iter().chain(place).collect());
        let mut gateway = Self(Judged::new(folder, part));
        gateway.starts_with(systems).await;
        gateway
    }

    /// Ends it and starts it again with this list.
    ///
    /// # Panics
    /// When it does not end cleanly or does not come up.
    pub async fn is_told_of(&mut self, systems: &[&System]) {
        self.0.part.end().await;
        self.starts_with(systems).await;
    }

    async fn starts_with(&mut self, systems: &[&System]) {
        let pair = |system: &&System| {
            format!("[[gateway.pairs]]\nname = \"{}\"\nprimary = \"{}\"\n", system.pair, system.engines[0].address)
        };
        // An operator's command that reads these settings finds each pair through it, too.
        let cache = format!("[gateway]\npair-cache = {:?}\n", self.0.folder.path().join("pair.json"));
        let text: String = [cache].into_iter().chain(systems.iter().map(pair)).collect();
        std::fs::write(self.settings(), text).expect("the temp folder is writable");
        self.0.part.start().await;
        for system in systems {
            self.shows(system.pair(), true).await;
        }
    }

    /// The settings that it reads.
    pub(super) fn settings(&self) -> PathBuf {
        settings_in(&self.0.folder)
    }

    /// Waits until `/readyz` says whether this pair is connected.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn shows(&self, pair: &PairName, connected: bool) {
        let ready = self.rest().request(reqwest::Method::GET, "/readyz");
        eventually(&format!("the gateway shows {pair} as connected: {connected}"), async || {
            let body = crate::rest::answer(ready.try_clone().expect("has no body")).await.body;
            let pairs = body["pairs"].as_array()?;
            pairs.iter().any(|shown| shown["pair"] == pair.as_str() && shown["connected"] == connected).then_some(())
        })
        .await;
    }

    /// An integrator's program that uses it.
    #[must_use]
    pub fn rest(&self) -> Rest {
        Rest::at(&self.0.part.address)
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

fn settings_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("gateway.toml")
}
