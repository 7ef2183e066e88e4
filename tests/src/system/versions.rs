//! Systems whose processes are of two neighbouring releases, and their upgrade.

use tandem_protocol::LinkVersion;

use super::{Builder, Engine, System};
use crate::part::Part;

/// Which processes know nothing newer than the first version of the link protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Engine a.
    pub old_a: bool,
    /// Engine b.
    pub old_b: bool,
    /// Gateway, interaction server and echo participant.
    pub old_roles: bool,
}

fn version(is_old: bool) -> Option<LinkVersion> {
    is_old.then_some(LinkVersion::FIRST)
}

impl Builder {
    /// With processes of these versions.
    #[must_use]
    pub fn speaking(mut self, speaks: Spoken) -> Self {
        self.speaks = speaks;
        self
    }
}

impl System {
    pub(super) fn speaks(&mut self, speaks: Spoken) {
        self.engines[0].speaks(version(speaks.old_a));
        self.engines[1].speaks(version(speaks.old_b));
        self.roles().for_each(|role| role.speaks(version(speaks.old_roles)));
    }

    fn roles(&mut self) -> impl Iterator<Item = &mut Part> {
        self.echo.iter_mut().chain(&mut self.interaction).chain([&mut self.gateway])
    }

    /// Ends an engine and starts the new release of it.
    ///
    /// # Panics
    /// When it does not end cleanly or does not come up.
    pub async fn upgrades_engine(&mut self, engine: Engine) {
        let at = self.find(engine).await;
        self.engines[at].end().await;
        self.engines[at].speaks(None);
        self.engines[at].start().await;
        self.is_complete().await;
    }

    /// Ends everything else, one after the other, and starts the new release of it.
    ///
    /// # Panics
    /// When one does not end cleanly or does not come up.
    pub async fn upgrades_roles(&mut self) {
        for role in self.roles() {
            role.end().await;
            role.speaks(None);
            role.start().await;
        }
    }
}
