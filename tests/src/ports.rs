//! Ports that a killed role gets back when it is started again.
//!
//! Port 0 gives a port of the range from which the kernel also takes the source ports of outgoing connections: while
//! the role is dead, a customer's connection may take its port, and the restart fails. So the harness reserves
//! below that range, where only listeners go.

use std::{collections::HashSet, net::TcpListener, sync::Mutex};

/// The lowest port handed out: above the well-known ones and those of databases and browsers' drivers.
const LOWEST: u16 = 12_000;

/// Tries before giving up; nearly every port of the range is free, so more mean that something is broken.
const TRIES_MAX: usize = 1_000;

/// Ports handed out by this process, so that two systems in one test never meet.
static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// An address on loopback that nothing listens at, for the life of this process.
///
/// # Panics
/// When no port is free, which a machine with this many listeners would be the first to have.
pub(crate) fn reserve() -> String {
    let highest = outgoing_from().max(LOWEST + 1_000);
    for _ in 0..TRIES_MAX {
        let port = fastrand::u16(LOWEST..highest);
        let mut taken = TAKEN.lock().expect("no test panics while it reserves a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && taken.get_or_insert_default().insert(port) {
            return format!("127.0.0.1:{port}");
        }
    }
    panic!("no free port from {LOWEST} to {highest}")
}

/// The first port of the kernel's range for outgoing connections.
fn outgoing_from() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_whitespace().next().and_then(|low| low.parse().ok()).unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_below_those_of_outgoing_connections() {
        let first = reserve();
        let second = reserve();
        assert_ne!(first, second);
        let port: u16 = first.rsplit(':').next().expect("has a port").parse().expect("is a number");
        assert!((LOWEST..outgoing_from().max(LOWEST + 1_000)).contains(&port));
    }
}
