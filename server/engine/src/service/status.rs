//! How the pair stands, as its primary sees it, for whoever asks. Nothing is decided by it, and asking costs the
//! sessions nothing: what would need a look into each of them is counted as it changes.

use std::time::Duration;

use tandem_protocol::{
    SessionId, Timestamp,
    control::{
        BackupStatus, EngineStatus, LinkStatus, PairStatus, SESSIONS_LIMIT_MAX, SavingStatus, SessionCounts,
        SessionSummary, StoreStatus, Traffic,
    },
    link::{Deputy, LinkRole},
};
use tandem_session::{AutoSave, Core, LinkId, Now, Recent};
use tokio::time::Instant;

use super::{Linked, Service};
use crate::clock::wall;

/// A renewal of the lease that has been at the store for so long shows that the store is not in reach, whatever comes
/// of it later: as a rule it takes milliseconds.
const RENEWAL_LATE: Duration = Duration::from_millis(1_500);

/// What the service keeps for nothing but the status.
#[derive(Debug)]
pub(super) struct Standing {
    /// Since when this engine serves, while it does.
    serving_since: Timestamp,
    /// Each batch that was saved, and how long that took.
    pub(super) saves: Recent,
    /// Since when a renewal of the lease is at the store.
    pub(super) renewing_since: Option<Instant>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { serving_since: Timestamp::ZERO, saves: Recent::new(Duration::ZERO), renewing_since: None }
    }
}

impl Standing {
    /// Of an engine that begins to serve.
    pub(super) fn serving(now: Now) -> Self {
        Self { serving_since: now.wall, saves: Recent::new(now.elapsed), renewing_since: None }
    }
}

impl Service {
    /// None while this engine does not serve.
    pub(super) fn status(&self) -> Option<PairStatus> {
        let (epoch, core) = self.core.as_ref()?;
        let store = self.store_status();
        Some(PairStatus {
            pair: self.settings.pair.clone(),
            at_ms: wall(),
            epoch: *epoch,
            since_ms: self.standing.serving_since,
            primary: self.engine_status(),
            backup: self.backup_status(),
            links: self.link_status(),
            sessions: self.session_counts(core),
            traffic: self.traffic(core),
            saving: self.saving_status(core),
            blockers: self.switching.in_the_way(&self.circumstances(store.in_reach)),
            store,
            drills_allowed: self.settings.allow_drills,
        })
    }

    /// The open sessions after this one, at most so many; none while this engine does not serve.
    pub(super) fn open_sessions(&self, after: Option<SessionId>, limit: u32) -> Option<Vec<SessionSummary>> {
        let (_, core) = self.core.as_ref()?;
        Some(core.summaries(after, limit.min(SESSIONS_LIMIT_MAX) as usize))
    }

    fn engine_status(&self) -> EngineStatus {
        EngineStatus {
            name: self.settings.name.clone(),
            address: self.settings.advertise.clone(),
            host: self.process.hostname.clone(),
            pid: self.process.pid,
            version: self.settings.software.clone(),
            started_ms: self.process.started_at,
        }
    }

    fn backup_status(&self) -> Option<BackupStatus> {
        let (link, peer) = self.backup.as_ref()?;
        let linked = self.links.get(link)?;
        let (hostname, software, started_ms) = match &self.deputy {
            Some(Deputy { hostname, software, started_ms, .. }) => (hostname.clone(), software.clone(), *started_ms),
            None => Default::default(),
        };
        let engine = EngineStatus {
            name: peer.name.clone(),
            address: peer.address.clone(),
            host: hostname,
            pid: peer.pid,
            version: software,
            started_ms,
        };
        let (since_ms, heard_ms_ago) = (linked.since.unwrap_or_default(), millis(linked.line.heard.ago()));
        Some(BackupStatus { engine, since_ms, heard_ms_ago })
    }

    /// In the order in which they came.
    fn link_status(&self) -> Vec<LinkStatus> {
        let pair = self.pair();
        let mut links: Vec<(&LinkId, &Linked)> = self.links.iter().collect();
        links.sort_unstable_by_key(|(link, _)| **link);
        let status = |linked: &Linked| LinkStatus {
            name: linked.hello.name.clone(),
            role: linked.hello.role.word().to_owned(),
            from: linked.line.peer.to_string(),
            since_ms: linked.since,
            heard_ms_ago: millis(linked.line.heard.ago()),
            knows_pair: linked.knows.is_some() && linked.knows == pair,
        };
        let others = links.into_iter().filter(|(_, linked)| !matches!(linked.hello.role, LinkRole::Standby(_)));
        others.map(|(_, linked)| status(linked)).collect()
    }

    fn session_counts(&self, core: &Core) -> SessionCounts {
        let counts = core.counts();
        let limits = &self.settings.sessions;
        SessionCounts {
            open: counts.open as u64,
            waiting: counts.waiting as u64,
            live: counts.open.saturating_sub(counts.dormant) as u64,
            clients: counts.attachments as u64,
            sessions_max: limits.sessions_max as u64,
            clients_max: limits.clients_max as u64,
        }
    }

    fn traffic(&self, core: &Core) -> Traffic {
        let answers = core.answers(self.clock.now().elapsed);
        Traffic {
            messages: core.messages(),
            messages_per_s: answers.per_s,
            answer_p50_us: answers.p50_us,
            answer_p99_us: answers.p99_us,
        }
    }

    fn saving_status(&self, core: &Core) -> SavingStatus {
        let saves = self.standing.saves.figures(self.clock.now().elapsed);
        SavingStatus {
            waiting: core.events_waiting() as u64,
            batch_ms: self.saving_since.map(|since| millis(since.elapsed())),
            sessions_behind: core.sessions_behind() as u64,
            at_end: self.settings.sessions.auto_save == AutoSave::AtEnd,
            save_p50_us: saves.p50_us,
            save_p99_us: saves.p99_us,
        }
    }

    fn store_status(&self) -> StoreStatus {
        let is_late = self.standing.renewing_since.is_some_and(|since| since.elapsed() >= RENEWAL_LATE);
        StoreStatus { place: self.settings.store_place.clone(), in_reach: !self.is_lease_lost && !is_late }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
