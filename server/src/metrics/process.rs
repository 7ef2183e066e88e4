//! What the kernel says of this process, looked at whenever somebody reads the metrics.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};
use tandem_telemetry::PROCESS;

/// The process began about now.
pub(super) fn began(now: SystemTime) {
    // A clock before 1970 is of no use to anybody who reads this.
    PROCESS.started.set(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
}

/// Takes all figures anew. What cannot be read keeps its last value.
pub(super) fn look() {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(used.tv_sec), u32::try_from(used.tv_nsec));
    if let (Ok(seconds), Ok(nanos)) = (seconds, nanos) {
        PROCESS.cpu.set(Duration::new(seconds, nanos));
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kib) = figure(&status, "VmRSS:") {
        PROCESS.memory.set(kib * 1024);
    }
    if let Some(threads) = figure(&status, "Threads:") {
        PROCESS.threads.set(threads);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // Reading the directory opens one more.
        PROCESS.fds.set(open.count().saturating_sub(1));
    }
    if let Some(max) = getrlimit(Resource::Nofile).current.and_then(|max| usize::try_from(max).ok()) {
        PROCESS.fds_max.set(max);
    }
}

/// The number after a word at the beginning of a line.
fn figure(status: &str, word: &str) -> Option<usize> {
    let rest = status.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_the_kernel_are_read_by_their_words() {
        let status = "Name:\ttandem\nVmRSS:\t   12345 kB\nThreads:\t7\n";
        assert_eq!((figure(status, "VmRSS:"), figure(status, "Threads:")), (Some(12_345), Some(7)));
        assert_eq!(figure(status, "VmSwap:"), None);
    }
}
