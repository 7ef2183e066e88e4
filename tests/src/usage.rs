//! What a process uses of the machine, as the kernel accounts for it.

use std::{fs, time::Duration};

/// The kernel's unit of processor time in `/proc/<pid>/stat`; 100 a second on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Its share of resident memory in bytes, shared pages divided among those who share them.
    pub pss_bytes: u64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
}

/// Measures a process's memory; none when it is gone.
#[must_use]
pub fn memory(pid: u32) -> Option<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let bytes = |key: &str| {
        let line = rollup.lines().find(|line| line.starts_with(key))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    };
    Some(Memory { pss_bytes: bytes("Pss:")?, rss_bytes: bytes("Rss:")? })
}

/// The processor time a process has used so far, its own and the kernel's for it; none when it is gone.
#[must_use]
pub fn processor(pid: u32) -> Option<Duration> {
    let fields = stat(pid)?;
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some(TICK * (ticks(11)? + ticks(12)?))
}

/// The state letter of a process, such as `T` for stopped; none when it is gone.
#[must_use]
pub fn state(pid: u32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// The fields of `/proc/<pid>/stat` after the name, which may hold spaces.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_dead_one_has_none() {
        let own = memory(std::process::id()).expect("this process lives");
        assert!(own.rss_bytes >= own.pss_bytes && own.pss_bytes > 100_000, "{own:?}");
        assert_eq!(memory(u32::MAX), None);
    }

    #[test]
    fn this_process_runs_and_uses_the_processor() {
        assert!(matches!(state(std::process::id()), Some('R' | 'S')));
        assert!(processor(std::process::id()).is_some());
        assert_eq!(processor(u32::MAX), None);
    }
}
