//! One role by itself, as an operator starts it on a machine of its own.

use std::ffi::OsString;

use crate::{deadline::eventually, executable, logs::Logs, process::Process};

/// A running role; it is killed when it is dropped.
#[derive(Debug)]
pub struct Alone {
    /// Where it listens; empty for a role that does not.
    pub address: String,
    logs: Logs,
    _process: Process,
}

impl Alone {
    /// Starts `tandem` with these arguments and waits until it serves.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(arguments: &[&str]) -> Self {
        let logs = Logs::default();
        let own = arguments.iter().map(OsString::from);
        let command: Vec<OsString> = [executable::tandem().into()].into_iter().chain(own).collect();
        let mut process = Process::start(arguments[0], &command, &logs);
        let address = process.ready().await.address;
        Self { address, logs, _process: process }
    }

    /// Waits until it has logged this.
    ///
    /// # Panics
    /// When it has not in time.
    pub async fn logs(&self, text: &str) {
        eventually(&format!("{text:?} is logged"), async || self.logs.matching(text).pop()).await;
    }
}
