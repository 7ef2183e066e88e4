//! A pair in which all is well, for the tests of what is said of one.

use super::{BackupStatus, EngineStatus, LinkStatus, PairStatus, SavingStatus, SessionCounts, StoreStatus, Traffic};
use crate::{EngineName, Epoch, PairName, Timestamp};

/// Engine a serves, engine b stands by; a gateway, the interaction server, a bot and this very command are linked.
pub(super) fn whole() -> PairStatus {
    PairStatus {
        pair: PairName::new("main").expect("valid"),
        at_ms: Timestamp(90_000),
        epoch: Epoch(4),
        since_ms: Timestamp(10_000),
        primary: engine("a"),
        backup: Some(BackupStatus { engine: engine("b"), since_ms: Timestamp(20_000), heard_ms_ago: 212 }),
        links: vec![
            link("gateway", "gateway", "10.0.0.3:1"),
            link("interaction", "interaction", "10.0.0.3:2"),
            link("echo", "external", "10.0.0.3:3"),
            link("status", "control", "10.0.0.3:4"),
        ],
        sessions: SessionCounts {
            open: 120,
            waiting: 3,
            live: 120,
            clients: 230,
            sessions_max: 100_000,
            clients_max: 200_000,
        },
        traffic: Traffic::default(),
        saving: SavingStatus::default(),
        store: StoreStatus { place: "/var/lib/tandem".into(), in_reach: true },
        blockers: Vec::new(),
        drills_allowed: true,
    }
}

/// A link that was heard of a moment ago.
pub(super) fn link(name: &str, role: &str, from: &str) -> LinkStatus {
    LinkStatus {
        name: name.into(),
        role: role.into(),
        from: from.into(),
        since_ms: Some(Timestamp(11_000)),
        heard_ms_ago: 31,
        knows_pair: true,
    }
}

fn engine(name: &str) -> EngineStatus {
    EngineStatus {
        name: EngineName::new(name).expect("valid"),
        address: format!("{name}:7301"),
        host: "chat-1".into(),
        pid: 811,
        version: "0.1.0".into(),
        started_ms: Timestamp(9_000),
    }
}
