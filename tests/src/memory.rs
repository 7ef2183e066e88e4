//! The memory of a process, as the kernel accounts for it.

use std::fs;

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Its share of resident memory in bytes, shared pages divided among those who share them.
    pub pss_bytes: u64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
}

/// Measures a process; none when it is gone.
#[must_use]
pub fn of(pid: u32) -> Option<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let bytes = |key: &str| {
        let line = rollup.lines().find(|line| line.starts_with(key))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    };
    Some(Memory { pss_bytes: bytes("Pss:")?, rss_bytes: bytes("Rss:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_dead_one_has_none() {
        let own = of(std::process::id()).expect("this process lives");
        assert!(own.rss_bytes >= own.pss_bytes && own.pss_bytes > 100_000, "{own:?}");
        assert_eq!(of(u32::MAX), None);
    }
}
