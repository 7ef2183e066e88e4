//! A system whose roles tell a service manager of themselves.

use rustix::process::Signal;

use super::{Builder, System};
use crate::{part::Part, service_manager::ServiceManager};

impl Builder {
    /// With each role started as this manager's service of the same name.
    #[must_use]
    pub fn managed_by(mut self, manager: &ServiceManager) -> Self {
        self.manager = Some(manager.clone());
        self
    }
}

impl System {
    pub(super) fn is_managed_by(&mut self, manager: &ServiceManager) {
        for part in self.parts() {
            part.starts_through(manager.starts(part.name));
        }
    }

    /// SIGSTOP, and SIGCONT later, of the process of a service.
    ///
    /// # Panics
    /// When the system has no such service or it does not run.
    pub fn signals_service(&mut self, name: &str, signal: Signal) {
        let part = self.parts().find(|part| part.name == name);
        part.unwrap_or_else(|| panic!("there is no {name}")).running().signal(signal);
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        self.engines.iter_mut().chain([&mut self.gateway]).chain(&mut self.interaction).chain(&mut self.echo)
    }
}
