//! What else the machine is doing: figures of a busy machine are read as ratios.

use std::{fs, thread};

/// The machine at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// Tasks that ran or waited for a core in the last minute, on average, those of this program included.
    pub(crate) load: f64,
}

impl Machine {
    /// As it is now; what the kernel does not say counts as 0.
    pub(crate) fn now() -> Self {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|text| text.split_whitespace().next()?.parse().ok());
        Self { cores, load: load.unwrap_or(0.0) }
    }
}
