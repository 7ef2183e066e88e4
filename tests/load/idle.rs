//! The memory of idle clients: what gateway and engine hold more with them than without.

use futures_util::{StreamExt, TryStreamExt, stream};
use tandem_tests::{Primary, System, usage};

use crate::{relay, sessions};

/// Clients that connect before the first measure, so that what every process needs once is not counted.
const FIRST: usize = 50;

/// Memory in bytes a client, of one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerClient {
    pub(crate) name: &'static str,
    pub(crate) pss_bytes: u64,
    pub(crate) rss_bytes: u64,
}

/// Measures the gateway and the primary, with a session for each client.
pub(crate) async fn of_tandem(system: &mut System, clients: usize) -> Vec<PerClient> {
    let processes = [("gateway", system.gateway_pid()), ("primary", system.pid_of(Primary).await)];
    let rest = system.rest();
    let first = sessions::open_idle(&rest, FIRST).await;
    let before = processes.map(|(_, pid)| usage::memory(pid));
    let held = sessions::open_idle(&rest, clients).await;
    let measured = (0..).zip(processes).map(|(at, (name, pid)): (usize, _)| grown(name, before[at], pid, clients));
    let measured = measured.collect();
    drop((first, held));
    measured
}

/// Measures the bare relay.
pub(crate) async fn of_relay(relay: &relay::Process, clients: usize) -> Vec<PerClient> {
    let connect = |count: usize| stream::iter(0..count).map(|room| relay.connect(room)).buffer_unordered(16);
    let first: Vec<_> = connect(FIRST).try_collect().await.expect("the relay takes every client");
    let before = usage::memory(relay.pid());
    let held: Vec<_> = connect(clients).try_collect().await.expect("the relay takes every client");
    let measured = vec![grown("relay", before, relay.pid(), clients)];
    drop((first, held));
    measured
}

fn grown(name: &'static str, before: Option<usage::Memory>, pid: u32, clients: usize) -> PerClient {
    let (before, after) = before.zip(usage::memory(pid)).expect("the process lives");
    let clients = u64::try_from(clients).expect("fits");
    let each = |before: u64, after: u64| after.saturating_sub(before) / clients;
    PerClient {
        name,
        pss_bytes: each(before.pss_bytes, after.pss_bytes),
        rss_bytes: each(before.rss_bytes, after.rss_bytes),
    }
}
